/* SPDX-License-Identifier: BSD-3-Clause */
/* What clients' own queries say of an upstream, without a probe: the shares that were not answered,
 * or were answered SERVFAIL, of the last ones.
 *
 * Fed with an upstream's counters, as often as one likes. It judges over the last `answers` of
 * them, timeouts included, in steps of an eighth of that; before so many are in, it judges nothing.
 * Pure. */
#ifndef EPHEMERA_CONTROL_FARM_PASSIVE_H
#define EPHEMERA_CONTROL_FARM_PASSIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"

#define PASSIVE_STEPS 8

/* Counters of one upstream, which only grow while a dataplane lives; or their growth. */
struct passive_counts {
	uint64_t responses; /* delivered, any rcode */
	uint64_t servfails; /* of these, SERVFAIL */
	uint64_t timeouts;
};

struct passive {
	bool watching;					/* `last` is set */
	struct passive_counts last;			/* the counters when they were taken last */
	struct passive_counts steps[PASSIVE_STEPS + 1]; /* growth, the oldest first */
	unsigned step_count;
};

enum passive_verdict {
	PASSIVE_FINE,
	PASSIVE_TIMEOUTS,
	PASSIVE_SERVFAILS,
};

/* What was seen is void: the counters begin again, or the upstream is judged afresh. */
void passive_forget(struct passive *passive);

/* The counters as they are now. Not PASSIVE_FINE: *seen is what the verdict is about. */
enum passive_verdict passive_on_sample(struct passive *passive, const struct passive_counts *now,
				       const struct config_passive *rule,
				       struct passive_counts *seen);

#endif
