/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether an upstream may be given queries: a state machine over the outcomes of its probes.
 *
 * `fall` bad outcomes in a row take it down, `rise` good ones in a row bring it up. Pure: time is an
 * argument.
 *
 * How an upstream begins:
 * - HEALTH_ASSUMED, up. At the first start nothing is known, and to refuse every query until the first probes
 * are back would be an outage that a restart makes. Up until proven down.
 * - HEALTH_NEW, down. It joins a farm that works; nobody misses it, and a mistyped address must not swallow
 * its share of the queries for `fall` intervals. A single good probe is enough the first time.
 * - HEALTH_KEPT, up or down as the running dataplane had it, after a restart of ephemerad: no flapping. */
#ifndef EPHEMERA_HEALTH_H
#define EPHEMERA_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_REASON_BYTES 128

enum health_origin {
	HEALTH_ASSUMED,
	HEALTH_NEW,
	HEALTH_KEPT,
};

enum health_event {
	HEALTH_ANSWERED, /* a reply; whether it is good depends on its rcode */
	HEALTH_TIMEOUT,
	HEALTH_UNSENT, /* nowhere to send the probe to */
};

/* How many outcomes in a row change the state; each at least 1. */
struct health_rule {
	uint32_t rise, fall;
};

struct health_outcome {
	enum health_event event;
	uint8_t rcode;	     /* of HEALTH_ANSWERED */
	uint32_t latency_us; /* of HEALTH_ANSWERED */
};

struct health {
	bool up;
	bool proven; /* the state comes from probes, not from `origin` */
	enum health_origin origin;
	uint32_t run;		    /* outcomes in a row that speak against the state */
	uint32_t run_decided;	    /* how many decided it, if proven */
	struct health_outcome last; /* that decided it, if proven */
	uint64_t since_ns;
	bool latency_known;
	uint32_t latency_us; /* of the last good probe */
};

void health_init(struct health *health, enum health_origin origin, bool up, uint64_t now_ns);

/* Takes one outcome; true if the state changed. */
bool health_take(struct health *health, const struct health_outcome *outcome, const struct health_rule *rule,
		 uint64_t now_ns);

/* NOERROR and NXDOMAIN: the upstream resolves. Anything else, REFUSED and SERVFAIL above all, is what clients
 * would get from it too. */
bool health_outcome_good(const struct health_outcome *outcome);

/* Why it is up or down, as words for people. Returns `text`. */
const char *health_reason(const struct health *health, char text[HEALTH_REASON_BYTES]);

/* The name of a DNS response code, or "rcode N" written to `text`. RFC 6895 section 2.3 */
const char *health_rcode_name(uint8_t rcode, char text[16]);

#endif
