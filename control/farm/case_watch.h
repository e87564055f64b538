/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether an upstream returns questions in the letter case they were sent in, as 0x20 needs it.
 *
 * A response that matches its query in everything but letter case comes from a server that changes
 * it (RFC 4343 allows that), or from a forger who guessed everything else. Responses to probes
 * count too. An upstream does not keep the case if at least CASE_WATCH_RESPONSES such responses
 * came within an interval and were more than half of its responses. An interval lasts
 * CASE_WATCH_NS, and longer until twice that many responses have come. A few such responses prove
 * nothing, and forgers who get that far can't disable 0x20 while the upstream responds.
 *
 * Pure: time is an argument. */
#ifndef EPHEMERA_CONTROL_FARM_CASE_WATCH_H
#define EPHEMERA_CONTROL_FARM_CASE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CASE_WATCH_NS	     UINT64_C(10000000000)
#define CASE_WATCH_RESPONSES 4

/* Counters of one upstream, monotonic during the life of a dataplane. */
struct case_sample {
	uint64_t responses;  /* accepted */
	uint64_t wrong_case; /* that differed from the question in letter case only */
};

struct case_watch {
	bool not_kept;		 /* until case_watch_init() */
	bool watching;		 /* an interval has begun */
	uint64_t since_ns;	 /* when it began */
	struct case_sample base; /* the counters then */
	struct case_sample last; /* The counts that decided; 0 if an earlier process decided. */
};

/* Starts; `not_kept`: what is known already. */
void case_watch_init(struct case_watch *watch, bool not_kept);

/* The counters start at 0, or random case is off: discards the current interval. */
void case_watch_forget(struct case_watch *watch);

/* The current counters of an upstream whose questions are sent in random case. True once, when they
 * show that it does not keep the case. */
bool case_watch_on_sample(struct case_watch *watch, const struct case_sample *now, uint64_t now_ns);

#endif
