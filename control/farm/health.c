/* SPDX-License-Identifier: BSD-3-Clause */
/* The health state of one upstream. */
#include "control/farm/health.h"

#include <stdio.h>
#include <string.h>

void
health_init(struct health *health, enum health_origin origin, bool up, enum admin_state admin_state,
	    uint64_t now_ns)
{
	*health = (struct health){
		.up = up, .admin_state = admin_state, .origin = origin, .since_ns = now_ns};
}

enum health_state
health_state(const struct health *health)
{
	switch (health->admin_state) {
	case ADMIN_DRAIN:
		return HEALTH_DRAINING;
	case ADMIN_UP:
		return HEALTH_FORCED_UP;
	case ADMIN_DOWN:
		return HEALTH_FORCED_DOWN;
	case ADMIN_AUTO:
		break;
	}
	return health->up || health->kept ? HEALTH_UP : HEALTH_DOWN;
}

bool
health_usable(const struct health *health)
{
	enum health_state state = health_state(health);

	return state == HEALTH_UP || state == HEALTH_FORCED_UP;
}

const char *
health_state_name(enum health_state state)
{
	static const char *const names[] = {
		[HEALTH_UP] = "up",
		[HEALTH_DOWN] = "down",
		[HEALTH_DRAINING] = "draining",
		[HEALTH_FORCED_UP] = "forced-up",
		[HEALTH_FORCED_DOWN] = "forced-down",
	};

	return names[state];
}

bool
health_event_good(const struct health_event *event, const struct health_rule *rule)
{
	return event->type == HEALTH_RESPONSE && event->rcode < 16 &&
	       rule->good_rcodes >> event->rcode & 1;
}

/* Events */

static uint32_t
run_needed(const struct health *health, const struct health_rule *rule)
{
	if (health->up)
		return rule->fall;
	return health->origin == HEALTH_NEW && !health->proven ? 1 : rule->rise;
}

static void
health_turn(struct health *health, bool up, const struct health_event *event)
{
	health->run_decided = health->run;
	health->run = 0;
	health->decided = *event;
	health->decided.pool = NULL;
	health->up = up;
	health->proven = true;
	health->kept = false;
}

static void
probe_handle(struct health *health, const struct health_event *event,
	     const struct health_rule *rule)
{
	bool good = health_event_good(event, rule);

	if (good) {
		health->latency_known = true;
		health->latency_us = event->latency_us;
	}
	if (good == health->up) {
		health->run = 0;
		return;
	}
	health->run++;
	if (health->run >= run_needed(health, rule))
		health_turn(health, good, event);
}

bool
health_handle(struct health *health, const struct health_event *event,
	      const struct health_rule *rule, uint64_t now_ns)
{
	enum health_state before = health_state(health);
	bool kept = health->kept;

	switch (event->type) {
	case HEALTH_RESPONSE:
	case HEALTH_TIMEOUT:
	case HEALTH_UNSENT:
		probe_handle(health, event, rule);
		break;
	case HEALTH_TIMEOUTS:
	case HEALTH_SERVFAILS:
		if (health->up)
			health_turn(health, false, event);
		break;
	case HEALTH_KEEP:
		if (health->up)
			break;
		health->kept = true;
		snprintf(health->pool, sizeof(health->pool), "%s", event->pool);
		break;
	case HEALTH_RELEASE:
		health->kept = false;
		break;
	case HEALTH_OVERRIDE:
		health->admin_state = event->admin_state;
		health->overridden = true;
		break;
	}
	if (health_state(health) == before &&
	    (health->kept == kept || health->admin_state != ADMIN_AUTO))
		return false;
	health->since_ns = now_ns;
	return true;
}

/* Text */

/* The name of a DNS response code, or "rcode N" written to `text`. RFC 6895 section 2.3 */
static const char *
rcode_name(uint8_t rcode, char text[16])
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
		return health->latency_known ? "its probes have been good"
					     : "assumed up until probed";
	case HEALTH_NEW:
		return "new: waiting for its first good probe";
	case HEALTH_KEPT:
		return "as it was before ephemerad started";
	}
	return "unknown";
}

static void
decided_reason(const struct health *health, char *text, size_t bytes)
{
	const char *plural = health->run_decided == 1 ? "" : "s in a row";
	const struct health_event *decided = &health->decided;
	unsigned long long all = decided->seen.responses + decided->seen.timeouts;
	char rcode[16];

	if (health->up)
		snprintf(text, bytes, "%u good probe%s", health->run_decided, plural);
	else if (decided->type == HEALTH_TIMEOUTS)
		snprintf(text, bytes, "%llu of its last %llu queries were not answered",
			 (unsigned long long)decided->seen.timeouts, all);
	else if (decided->type == HEALTH_SERVFAILS)
		snprintf(text, bytes, "%llu of its last %llu queries were answered SERVFAIL",
			 (unsigned long long)decided->seen.servfails, all);
	else if (decided->type == HEALTH_TIMEOUT)
		snprintf(text, bytes, "%u bad probe%s, the last: no response", health->run_decided,
			 plural);
	else if (decided->type == HEALTH_UNSENT)
		snprintf(text, bytes, "%u bad probe%s, the last: could not be sent",
			 health->run_decided, plural);
	else
		snprintf(text, bytes, "%u bad probe%s, the last: answered %s", health->run_decided,
			 plural, rcode_name(decided->rcode, rcode));
}

const char *
health_reason(const struct health *health, char text[HEALTH_REASON_BYTES])
{
	const char *who = health->overridden ? "by the operator"
					     : "by the operator, before ephemerad started";
	const char *but = health->up ? "" : "; health is down";
	int used = 0;

	switch (health->admin_state) {
	case ADMIN_DRAIN:
	case ADMIN_DOWN:
		snprintf(text, HEALTH_REASON_BYTES, "%s", who);
		return text;
	case ADMIN_UP:
		snprintf(text, HEALTH_REASON_BYTES, "%s%s", who, but);
		return text;
	case ADMIN_AUTO:
		break;
	}
	if (health->kept)
		used = snprintf(text, HEALTH_REASON_BYTES, "kept: healthy_min_percent of pool %s; ",
				health->pool);
	if (health->proven)
		decided_reason(health, text + used, HEALTH_REASON_BYTES - (size_t)used);
	else
		snprintf(text + used, HEALTH_REASON_BYTES - (size_t)used, "%s",
			 origin_reason(health));
	return text;
}
