/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether an upstream gives questions back in the letter case they were asked in, as 0x20 needs it.
 *
 * A response that fits its query in everything but the case of letters comes from a server that
 * changes them (RFC 4343 lets it), or from someone who has guessed all the rest. Responses to
 * probes count too. The case is not kept once CASE_WATCH_RESPONSES such responses came within an
 * interval and were more than half of its responses; an interval lasts CASE_WATCH_NS, and longer
 * where fewer than twice as many responses have come. A few of them prove nothing, and forgers who
 * get that far can't switch 0x20 off while the upstream answers.
 *
 * Pure: time is an argument. */
#ifndef EPHEMERA_CONTROL_FARM_CASE_WATCH_H
#define EPHEMERA_CONTROL_FARM_CASE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CASE_WATCH_NS	     UINT64_C(10000000000)
#define CASE_WATCH_RESPONSES 4

/* Counters of one upstream, which only grow while a dataplane lives. */
struct case_sample {
	uint64_t responses;  /* believed */
	uint64_t wrong_case; /* that differed from their question in letter case alone */
};

struct case_watch {
	bool not_kept;		 /* until case_watch_init() */
	bool watching;		 /* an interval is under way */
	uint64_t since_ns;	 /* when it began */
	struct case_sample base; /* the counters then */
	struct case_sample
		last; /* those of the interval that decided; 0 where an earlier process saw it */
};

/* Begins; `not_kept`: as it is known already. */
void case_watch_init(struct case_watch *watch, bool not_kept);

/* The counters begin again, or the case is not drawn now: what was seen of this interval is
 * void. */
void case_watch_forget(struct case_watch *watch);

/* The counters, as they are now, of an upstream whose questions go out in random case; true when
 * this shows that it does not keep it: once. */
bool case_watch_on_sample(struct case_watch *watch, const struct case_sample *now, uint64_t now_ns);

#endif
