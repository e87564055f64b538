/* SPDX-License-Identifier: BSD-3-Clause */
/* The probes in flight to one upstream; returns their results in the order in which the probes were
 * sent.
 *
 * A response comes at once, but a timeout is known only after the probe's timeout, when later
 * probes may have been answered. In order of arrival, the responses of a server that answers every
 * other probe would look like several good probes in a row. So a result waits for those of all
 * earlier probes. Pure. */
#ifndef EPHEMERA_CONTROL_FARM_PROBE_ORDER_H
#define EPHEMERA_CONTROL_FARM_PROBE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/farm/health.h"

#define PROBE_ORDER_UNANSWERED_MAX 3 /* The dataplane reports a timeout up to half a second late. */
#define PROBE_ORDER_MAX		   16 /* including those whose results wait */

struct probe_outcome_held {
	bool known;   /* `event` is valid, or `nothing` is set */
	bool nothing; /* not counted */
	struct health_event event;
};

struct probe_order {
	uint32_t first; /* the serial of the oldest */
	unsigned count;
	struct probe_outcome_held held[PROBE_ORDER_MAX]; /* by serial modulo PROBE_ORDER_MAX */
};

/* True if another probe may be sent now. */
bool probe_order_room(const struct probe_order *order);

/* A probe is sent; there must be room. Returns its serial. */
uint32_t probe_order_begin(struct probe_order *order);

/* The result of a probe; NULL: it is not counted. Once for each serial. */
void probe_order_end(struct probe_order *order, uint32_t serial, const struct health_event *event);

/* The next result in order; false: the result of the oldest probe is not known yet. */
bool probe_order_next(struct probe_order *order, struct health_event *event);

/* Probes sent so far are not counted. */
void probe_order_void(struct probe_order *order);

#endif
