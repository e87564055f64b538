/* SPDX-License-Identifier: BSD-3-Clause */
/* The probes under way to one upstream, and their outcomes in the order in which the probes were
 * sent.
 *
 * An answer comes at once, that there is none only after the probe's timeout, when younger probes
 * may have been answered. Taken as they come, the responses of a server that responses every other
 * probe would look like a row of good ones: so an outcome waits for those of all older probes.
 * Pure. */
#ifndef EPHEMERA_CONTROL_FARM_PROBE_ORDER_H
#define EPHEMERA_CONTROL_FARM_PROBE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/farm/health.h"

#define PROBE_ORDER_UNANSWERED_MAX 3 /* the dataplane tells of a timeout up to half a second late */
#define PROBE_ORDER_MAX		   16 /* with those whose outcomes wait */

struct probe_outcome_held {
	bool known;   /* `event` is valid, or the probe says nothing */
	bool nothing; /* it says nothing about the upstream, or is not to count any more */
	struct health_event event;
};

struct probe_order {
	uint32_t first; /* the serial of the oldest */
	unsigned count;
	struct probe_outcome_held held[PROBE_ORDER_MAX]; /* by serial modulo PROBE_ORDER_MAX */
};

/* True if another probe may be sent now. */
bool probe_order_room(const struct probe_order *order);

/* A probe is sent, where there is room: returns its serial. */
uint32_t probe_order_begin(struct probe_order *order);

/* Its outcome; NULL: it says nothing. Once for each serial. */
void probe_order_end(struct probe_order *order, uint32_t serial, const struct health_event *event);

/* The next outcome in order; false: none is known, or an older one is not. */
bool probe_order_next(struct probe_order *order, struct health_event *event);

/* Those that were sent so far do not count. */
void probe_order_void(struct probe_order *order);

#endif
