/* SPDX-License-Identifier: BSD-3-Clause */
/* The alarm about forged responses: when it begins, what it says and how often, and when it is
 * over.
 *
 * An attack is known by the first query that saw near misses, which is told when the query ends; it
 * began with the near misses before. It is over when for ALARM_QUIET_NS no other query saw any. It
 * is told at once, then at most every ALARM_EVERY_NS as long as it grows, and when it is over.
 *
 * Pure: time is an argument. */
#ifndef EPHEMERA_CONTROL_STATS_ALARM_H
#define EPHEMERA_CONTROL_STATS_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#define ALARM_EVERY_NS UINT64_C(10000000000)
#define ALARM_QUIET_NS UINT64_C(60000000000)

/* Counters of the dataplane, which only grow while it lives. */
struct alarm_sample {
	uint64_t attacked;    /* queries that saw near misses */
	uint64_t near_misses; /* these */
};

enum alarm_event {
	ALARM_NOTHING,
	ALARM_TELL, /* the attack began, or goes on: `told` is what is new since the last time */
	ALARM_OVER,
};

struct alarm {
	bool watching; /* `seen` is known */
	bool active;
	uint64_t since_ns,
		/* of the attack, the last one if none is active: its first and last sign */
		last_ns;
	uint64_t queries, near_misses; /* of it */
	double rate_per_s; /* near misses, over the last stretch of ALARM_EVERY_NS to twice that */
	struct alarm_sample told;
	double told_rate_per_s; /* near misses a second since the last time that it was told */

	struct alarm_sample seen; /* the counters, the last time */
	uint64_t seen_ns;
	struct alarm_sample told_base; /* and when it was told */
	uint64_t told_ns;	       /* 0: not yet */
	uint64_t streak_ns,
		streak_last_ns; /* near misses with no long pause between: the first, the last */
	uint64_t streak_base;	/* near misses counted before */
	uint64_t rate_ns[2];	/* where the stretch of the rate begins, and the next one */
	uint64_t rate_base[2];	/* near misses counted then */
};

/* Begins; also when the counters begin again. What is known of the last attack stays known. */
void alarm_forget(struct alarm *alarm);

/* The counters as they are now; to be called every second or more often. */
enum alarm_event alarm_on_sample(struct alarm *alarm, const struct alarm_sample *now,
				 uint64_t now_ns);

#endif
