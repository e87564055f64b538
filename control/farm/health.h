/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether an upstream may be given queries: a state machine over events and their times. Pure.
 *
 * Three things decide, the later ones over the earlier:
 *
 * 1. Health. `fall` bad probes in a row take it down, and so do the passive signs (passive.h);
 * `rise` good
 *    probes in a row bring it up.
 * 2. healthy_min_percent (healthy_min.h). One that health would take out stays in use where its
 * pool would be
 *    left with too few: HEALTH_KEEP. Until it is up again, or HEALTH_RELEASE.
 * 3. An override. The operator drains it, or takes it down or up whatever its probes say, until he
 * says
 *    auto. Health goes on beneath, so that with `auto` it is at once what it ought to be.
 *
 * How an upstream begins:
 * - HEALTH_ASSUMED, up. At the first start, or in a pool of new ones only, nothing is known, and to
 * refuse every query until the first probes are back would be an outage that a restart or reload
 * makes. Up until proven down.
 * - HEALTH_NEW, down. It joins pools that work; nobody misses it, and a mistyped address must not
 * swallow its share of the queries for `fall` intervals. A single good probe is enough the first
 * time.
 * - HEALTH_KEPT, up or down as the running dataplane had it, after a restart of ephemerad: no
 * flapping. */
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
	HEALTH_ANSWERED,  /* a probe's response; whether it is good depends on its rcode */
	HEALTH_TIMEOUT,	  /* a probe without one */
	HEALTH_UNSENT,	  /* nowhere to send the probe to */
	HEALTH_TIMEOUTS,  /* too many queries of clients were not answered */
	HEALTH_SERVFAILS, /* too many of them were answered SERVFAIL */
	HEALTH_KEEP,	  /* a pool needs it for its healthy minimum */
	HEALTH_RELEASE,	  /* no pool needs it any more */
	HEALTH_OVERRIDE,  /* the operator's */
};

struct health_event {
	enum health_event_type type;
	uint8_t rcode;		      /* of HEALTH_ANSWERED */
	uint32_t latency_us;	      /* of HEALTH_ANSWERED */
	struct passive_counts seen;   /* of HEALTH_TIMEOUTS, HEALTH_SERVFAILS */
	const char *pool;	      /* of HEALTH_KEEP; copied */
	enum admin_state admin_state; /* of HEALTH_OVERRIDE */
};

struct health_rule {
	uint32_t rise, fall;  /* how many outcomes in a row change the state; each at least 1 */
	uint16_t good_rcodes; /* bit n: an answer with rcode n is good */
};

struct health {
	bool up;		      /* what health alone says */
	bool kept;		      /* a pool keeps it in use although it is not up */
	bool proven;		      /* `up` comes from events, not from `origin` */
	enum admin_state admin_state; /* the override */
	/* it was given to this process, not read back from the dataplane's snapshot */
	bool overridden;
	enum health_origin origin;
	uint32_t run;			/* outcomes in a row that speak against `up` */
	uint32_t run_decided;		/* how many decided it, if proven by probes */
	struct health_event decided;	/* the one that decided it, if proven */
	char pool[SNAPSHOT_NAME_BYTES]; /* that keeps it */
	uint64_t since_ns;		/* of the state */
	bool latency_known;
	uint32_t latency_us; /* of the last good probe */
};

/* `admin_state`: as an earlier process was told. */
void health_init(struct health *health, enum health_origin origin, bool up,
		 enum admin_state admin_state, uint64_t now_ns);

/* Handles one event; true if the state, or what it is due to, is another one now. A state that
 * health alone would change beneath an override does not count as one. */
bool health_handle(struct health *health, const struct health_event *event,
		   const struct health_rule *rule, uint64_t now_ns);

enum health_state health_state(const struct health *health);

/* True if the dataplane may choose it for queries. */
bool health_usable(const struct health *health);

/* "up", "down", "draining", "forced-up", "forced-down". */
const char *health_state_name(enum health_state state);

/* Whether a probe's outcome is good. */
bool health_event_good(const struct health_event *event, const struct health_rule *rule);

/* Why it is in its state, as words for people. Returns `text`. */
const char *health_reason(const struct health *health, char text[HEALTH_REASON_BYTES]);

#endif
