/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether an upstream may be given queries: a state machine of events and their times. Pure.
 *
 * Three things decide; a later one takes precedence:
 *
 * 1. Health. `fall` bad probes in a row take it down, and so does passive health (passive.h);
 *    `rise` good probes in a row bring it up.
 * 2. healthy_min_percent (healthy_min.h). An upstream that health would take out stays in use if
 *    its pool would be left with too few (HEALTH_KEEP), until it is up again or HEALTH_RELEASE.
 * 3. An override. The operator drains it, or forces it down or up regardless of its probes, until
 *    `auto`. Health continues underneath, so that its state is right as soon as the override ends.
 *
 * The initial state of an upstream:
 *
 * - HEALTH_ASSUMED, up: at the first start, or in a pool of only new upstreams, nothing is known.
 *   Refusing every query until the first probes return would make each start and reload an outage.
 * - HEALTH_NEW, down: it joins pools that work. It is not needed yet, and a mistyped address must
 *   not lose its share of the queries for `fall` intervals. A single good probe is enough the first
 *   time.
 * - HEALTH_KEPT, up or down as in the running dataplane's snapshot, after a restart of
 *   ephemerad. */
#ifndef EPHEMERA_CONTROL_FARM_HEALTH_H
#define EPHEMERA_CONTROL_FARM_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/farm/passive.h"

#define HEALTH_REASON_BYTES 160

enum health_origin {
	HEALTH_ASSUMED,
	HEALTH_NEW,
	HEALTH_KEPT,
};

enum health_state {
	HEALTH_UP,
	HEALTH_DOWN,
	HEALTH_DRAINING,
	HEALTH_FORCED_UP,
	HEALTH_FORCED_DOWN,
};

enum health_event_type {
	HEALTH_RESPONSE,  /* a response to a probe, good or bad by its rcode */
	HEALTH_TIMEOUT,	  /* a probe without a response */
	HEALTH_UNSENT,	  /* the probe could not be sent */
	HEALTH_TIMEOUTS,  /* too many queries of clients timed out */
	HEALTH_SERVFAILS, /* too many of them got SERVFAIL */
	HEALTH_KEEP,	  /* a pool needs it for its healthy minimum */
	HEALTH_RELEASE,	  /* no pool needs it any more */
	HEALTH_OVERRIDE,  /* set by the operator */
};

struct health_event {
	enum health_event_type type;
	uint8_t rcode;		      /* of HEALTH_RESPONSE */
	uint32_t latency_us;	      /* of HEALTH_RESPONSE */
	struct passive_counts seen;   /* of HEALTH_TIMEOUTS, HEALTH_SERVFAILS */
	const char *pool;	      /* of HEALTH_KEEP; copied */
	enum admin_state admin_state; /* of HEALTH_OVERRIDE */
};

struct health_rule {
	uint32_t rise, fall;  /* results in a row that change the state, at least 1 */
	uint16_t good_rcodes; /* bit n: a response with rcode n is good */
};

struct health {
	bool up;		      /* by health alone */
	bool kept;		      /* a pool keeps it in use although it is down */
	bool proven;		      /* `up` comes from events, not from `origin` */
	enum admin_state admin_state; /* the override */
	/* The override was set in this process, not read from the dataplane's snapshot or the state
	 * file. */
	bool overridden;
	enum health_origin origin;
	uint32_t run;			/* results in a row that contradict `up` */
	uint32_t run_decided;		/* `run` when it was decided by probes */
	struct health_event decided;	/* the event that decided it, if proven */
	char pool[SNAPSHOT_NAME_BYTES]; /* the pool that keeps it */
	uint64_t since_ns;		/* of the state */
	bool latency_known;
	uint32_t latency_us; /* of the last good probe */
};

/* `admin_state`: the override of an earlier process. */
void health_init(struct health *health, enum health_origin origin, bool up,
		 enum admin_state admin_state, uint64_t now_ns);

/* Handles one event; true if the state or its cause changed. A change of health under an override
 * does not count. */
bool health_handle(struct health *health, const struct health_event *event,
		   const struct health_rule *rule, uint64_t now_ns);

enum health_state health_state(const struct health *health);

/* True if the dataplane may choose it for queries. */
bool health_usable(const struct health *health);

/* "up", "down", "draining", "forced-up", "forced-down". */
const char *health_state_name(enum health_state state);

/* Whether the result of a probe is good. */
bool health_event_good(const struct health_event *event, const struct health_rule *rule);

/* Why it is in its state, as text. Returns `text`. */
const char *health_reason(const struct health *health, char text[HEALTH_REASON_BYTES]);

#endif
