/* SPDX-License-Identifier: BSD-3-Clause */
/* The alarm about forged responses: when it starts and ends, and what is reported when.
 *
 * An attack is detected at the end of the first query that had near misses; it starts with the near
 * misses before that. It ends when no query had any for ALARM_QUIET_NS. It is reported at once,
 * then at most every ALARM_EVERY_NS while it grows, and when it ends.
 *
 * Pure: time is an argument. */
#ifndef EPHEMERA_CONTROL_STATS_ALARM_H
#define EPHEMERA_CONTROL_STATS_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#define ALARM_EVERY_NS UINT64_C(10000000000)
#define ALARM_QUIET_NS UINT64_C(60000000000)

/* Counters of the dataplane, monotonic during its life. */
struct alarm_sample {
	uint64_t attacked;    /* queries that had near misses */
	uint64_t near_misses; /* the near misses */
};

enum alarm_event {
	ALARM_NOTHING,
	ALARM_REPORT, /* the attack started or continues: `reported` is what is new */
	ALARM_OVER,
};

struct alarm {
	bool watching; /* `seen` is set */
	bool active;
	/* Of the active attack, or the last one: */
	uint64_t since_ns, last_ns; /* its first and last sign */
	uint64_t queries, near_misses;
	double rate_per_s; /* near misses, over the last ALARM_EVERY_NS to twice that */
	struct alarm_sample reported;
	double reported_rate_per_s; /* near misses per second since the last report */

	struct alarm_sample seen; /* the counters at the last sample */
	uint64_t seen_ns;
	struct alarm_sample reported_base; /* the counters at the last report */
	uint64_t reported_ns;		   /* 0: not reported yet */
	/* The first and the last of the near misses without a pause of ALARM_EVERY_NS. */
	uint64_t streak_ns, streak_last_ns;
	uint64_t streak_base;  /* near misses before the first */
	uint64_t rate_ns[2];   /* start of the rate's interval, and of the next one */
	uint64_t rate_base[2]; /* near misses at these times */
};

/* Starts, also when the counters start at 0. The last attack stays known. */
void alarm_forget(struct alarm *alarm);

/* The current counters; call at least once a second. */
enum alarm_event alarm_on_sample(struct alarm *alarm, const struct alarm_sample *now,
				 uint64_t now_ns);

#endif
