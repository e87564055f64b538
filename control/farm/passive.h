/* SPDX-License-Identifier: BSD-3-Clause */
/* Passive health: the share of an upstream's last client queries that timed out or got SERVFAIL.
 *
 * Fed with an upstream's counters, at any interval. Evaluates the last `responses` queries,
 * timeouts included, in steps of an eighth of that; with fewer queries there is no verdict.
 * Pure. */
#ifndef EPHEMERA_CONTROL_FARM_PASSIVE_H
#define EPHEMERA_CONTROL_FARM_PASSIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"

#define PASSIVE_STEPS 8

/* Counters of one upstream, monotonic during the life of a dataplane; or differences of them. */
struct passive_counts {
	uint64_t responses; /* delivered, any rcode */
	uint64_t servfails; /* of these, SERVFAIL */
	uint64_t timeouts;
};

struct passive {
	bool watching;					/* `last` is set */
	struct passive_counts last;			/* the counters at the last call */
	struct passive_counts steps[PASSIVE_STEPS + 1]; /* differences, the oldest first */
	unsigned step_count;
};

enum passive_verdict {
	PASSIVE_FINE,
	PASSIVE_TIMEOUTS,
	PASSIVE_SERVFAILS,
};

/* Discards the window: the counters start at 0, or the state of the upstream changed. */
void passive_forget(struct passive *passive);

/* The current counters. If the result is not PASSIVE_FINE, *seen are the counts it is based on. */
enum passive_verdict passive_on_sample(struct passive *passive, const struct passive_counts *now,
				       const struct config_passive *rule,
				       struct passive_counts *seen);

#endif
