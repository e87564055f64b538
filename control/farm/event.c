/* SPDX-License-Identifier: BSD-3-Clause */
/* Handles an event of an upstream, and its consequences for the healthy minimum of pools. */
#include "control/farm/farm_pvt.h"
#include "control/farm/healthy_min.h"
#include "control/lib/address.h"

static struct health_rule
farm_rule(const struct farm *farm)
{
	const struct config_probe *probe = &farm->config->probe;

	return (struct health_rule){probe->rise, probe->fall, probe->good_rcodes};
}

static void
change_log(const struct farm *farm, unsigned slot)
{
	const struct slot *named = &farm->slots->upstreams.slots[slot];
	const struct health *health = &farm->upstreams[slot].health;
	char address[ADDRESS_PORT_TEXT_BYTES], reason[HEALTH_REASON_BYTES],
		words[NEIGHBOUR_REASON_BYTES] = "";

	address_port_format(&named->address, named->port, address);
	health_reason(health, reason);
	if (health_state(health) == HEALTH_DOWN && health->decided.type == HEALTH_UNSENT)
		neighbour_reason(farm->parts.neighbour, slot, words);
	log_line(LEVEL_NOTICE, "upstream %s (%s) is %s: %s%s%s%s", named->name, address,
		 health_state_name(health_state(health)), reason, words[0] != 0 ? " (" : "", words,
		 words[0] != 0 ? ")" : "");
}

/* Healthy minimum */

/* The pool whose minimum needs the upstream in that slot, which is usable or has just become
 * unusable. */
static const char *
pool_of_need(const struct farm *farm, unsigned slot)
{
	bool usable[SNAPSHOT_UPSTREAMS_MAX] = {false};
	unsigned index = SNAPSHOT_UPSTREAMS_MAX;

	if (farm->config->healthy_min_percent == 0)
		return NULL;
	for (unsigned i = 0; i < farm->config->upstream_count; i++) {
		const struct config_upstream *upstream = &farm->config->upstreams[i];
		int at = slots_upstream(farm->slots, &upstream->address, upstream->port);

		if (at < 0)
			continue;
		usable[i] = health_usable(&farm->upstreams[at].health);
		if (at == (int)slot)
			index = i;
	}
	return index < SNAPSHOT_UPSTREAMS_MAX ? healthy_min_pool(farm->config, index, usable)
					      : NULL;
}

bool
farm_release(struct farm *farm, uint64_t now_ns)
{
	const struct health_event release = {.type = HEALTH_RELEASE};
	const struct health_rule rule = farm_rule(farm);
	bool changed = false, again;

	do { /* the one kept longest first */
		struct health *first = NULL;
		unsigned slot = 0;

		for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
			struct health *health = &farm->upstreams[i].health;

			if (!health->kept || farm->slots->upstreams.slots[i].state != SLOT_ACTIVE ||
			    (first != NULL && first->since_ns <= health->since_ns) ||
			    pool_of_need(farm, i) != NULL)
				continue;
			first = health;
			slot = i;
		}
		again = first != NULL;
		if (again && health_handle(first, &release, &rule, now_ns)) {
			changed = true;
			change_log(farm, slot);
		}
	} while (again);
	return changed;
}

/* Events */

void
farm_handle(struct farm *farm, unsigned slot, const struct health_event *event, uint64_t now_ns)
{
	struct farm_upstream *upstream = &farm->upstreams[slot];
	const struct health_rule rule = farm_rule(farm);
	bool usable = health_usable(&upstream->health), up = upstream->health.up, changed;

	changed = health_handle(&upstream->health, event, &rule, now_ns);
	if (upstream->health.up != up)
		passive_forget(&upstream->passive); /* start a new window */
	if (!changed)
		return;
	if (usable && health_state(&upstream->health) == HEALTH_DOWN) {
		const struct health_event keep = {.type = HEALTH_KEEP,
						  .pool = pool_of_need(farm, slot)};

		if (keep.pool != NULL)
			health_handle(&upstream->health, &keep, &rule, now_ns);
	}
	change_log(farm, slot);
	farm_release(farm, now_ns);
	farm->parts.changed(farm->parts.owner);
}

void
farm_override(struct farm *farm, unsigned slot, enum admin_state state, uint64_t now_ns)
{
	const struct health_event event = {.type = HEALTH_OVERRIDE, .admin_state = state};

	farm_handle(farm, slot, &event, now_ns);
}

void
farm_poll(struct farm *farm, uint64_t now_ns)
{
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct farm_upstream *upstream = &farm->upstreams[i];
		struct health_event event = {.type = HEALTH_TIMEOUTS};
		struct upstream_stats stats;
		struct passive_counts counts;
		enum passive_verdict verdict;

		if (!upstream->active)
			continue;
		stats = stats_reader_upstream(farm->parts.stats, i);
		counts = (struct passive_counts){stats.responses, stats.servfails, stats.timeouts};
		verdict = passive_on_sample(&upstream->passive, &counts, &farm->config->passive,
					    &event.seen);
		if (verdict == PASSIVE_FINE)
			continue;
		if (verdict == PASSIVE_SERVFAILS)
			event.type = HEALTH_SERVFAILS;
		farm_handle(farm, i, &event, now_ns);
	}
}
