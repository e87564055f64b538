/* SPDX-License-Identifier: BSD-3-Clause */
/* The rise and fall of one upstream. */
#include "health.h"

#include <stdio.h>

#include "../dataplane/shared/wire.h"

void
health_init(struct health *health, enum health_origin origin, bool up, uint64_t now_ns)
{
	*health = (struct health){.up = up, .origin = origin, .since_ns = now_ns};
}

bool
health_outcome_good(const struct health_outcome *outcome)
{
	return outcome->event == HEALTH_ANSWERED &&
	       (outcome->rcode == DNS_NOERROR || outcome->rcode == DNS_NXDOMAIN);
}

static uint32_t
run_needed(const struct health *health, const struct health_rule *rule)
{
	if (health->up)
		return rule->fall;
	return health->origin == HEALTH_NEW && !health->proven ? 1 : rule->rise;
}

bool
health_take(struct health *health, const struct health_outcome *outcome, const struct health_rule *rule,
	    uint64_t now_ns)
{
	bool good = health_outcome_good(outcome);

	if (good) {
		health->latency_known = true;
		health->latency_us = outcome->latency_us;
	}
	if (good == health->up) {
		health->run = 0;
		return false;
	}
	health->run++;
	if (health->run < run_needed(health, rule))
		return false;
	health->run_decided = health->run;
	health->last = *outcome;
	health->up = good;
	health->proven = true;
	health->run = 0;
	health->since_ns = now_ns;
	return true;
}

const char *
health_rcode_name(uint8_t rcode, char text[16])
{
	static const char *const names[] = {"NOERROR",	"FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	if (rcode < sizeof(names) / sizeof(names[0]))
		return names[rcode];
	snprintf(text, 16, "rcode %u", rcode);
	return text;
}

static const char *
origin_reason(const struct health *health)
{
	switch (health->origin) {
	case HEALTH_ASSUMED:
		return health->latency_known ? "its probes have been good" : "assumed until probes prove otherwise";
	case HEALTH_NEW:
		return "new: waits for its first good probe";
	case HEALTH_KEPT:
		return "as it was before ephemerad started";
	}
	return "unknown";
}

const char *
health_reason(const struct health *health, char text[HEALTH_REASON_BYTES])
{
	const char *plural = health->run_decided == 1 ? "" : "s in a row";
	char rcode[16];

	if (!health->proven)
		snprintf(text, HEALTH_REASON_BYTES, "%s", origin_reason(health));
	else if (health->up)
		snprintf(text, HEALTH_REASON_BYTES, "%u good probe%s", health->run_decided, plural);
	else if (health->last.event == HEALTH_TIMEOUT)
		snprintf(text, HEALTH_REASON_BYTES, "%u bad probe%s, the last: no answer",
			 health->run_decided, plural);
	else if (health->last.event == HEALTH_UNSENT)
		snprintf(text, HEALTH_REASON_BYTES, "%u bad probe%s, the last: nowhere to send it",
			 health->run_decided, plural);
	else
		snprintf(text, HEALTH_REASON_BYTES, "%u bad probe%s, the last: answered %s",
			 health->run_decided, plural, health_rcode_name(health->last.rcode, rcode));
	return text;
}
