/* SPDX-License-Identifier: BSD-3-Clause */
/* Which upstreams are in the farm, their initial state, and what is in force. */
#include "control/farm/farm.h"

#include <string.h>

#include "control/farm/farm_pvt.h"

/* Enough for a change to be in force in the dataplane, and for its workers' last bursts to be
 * sent. */
#define PROBE_AGAIN_NS (100 * NS_PER_MS)

void
farm_init(struct farm *farm, const struct farm_parts *parts)
{
	memset(farm, 0, sizeof(*farm));
	farm->parts = *parts;
	farm->timer = (struct loop_timer){.fire = farm_timer_fired, .owner = farm};
}

void
farm_fini(struct farm *farm)
{
	loop_timer_cancel(farm->parts.loop, &farm->timer);
}

/* Resets everything but health. */
static void
upstream_begin(struct farm_upstream *upstream)
{
	passive_forget(&upstream->passive);
	probe_order_void(&upstream->order);
	upstream->unsent = false;
}

/* The slot's current counters: the base of the upstream's own counters. */
static struct upstream_stats
base_now(const struct farm *farm, unsigned slot)
{
	return stats_reader_is_open(farm->parts.stats)
		       ? stats_reader_upstream(farm->parts.stats, slot)
		       : (struct upstream_stats){0};
}

/* The base from the state file if it is of this slot of this dataplane; otherwise the current
 * counters. */
static struct upstream_stats
base_recall(const struct farm *farm, const struct state_upstream *filed, unsigned slot)
{
	const struct upstream_stats now = base_now(farm, slot);
	const struct upstream_stats base = filed != NULL ? filed->base : now;

	if (filed == NULL || filed->slot != slot ||
	    farm->parts.state->boot_id != farm->parts.dataplane->hello.response.boot_id ||
	    base.queries > now.queries || base.responses > now.responses ||
	    base.servfails > now.servfails || base.timeouts > now.timeouts ||
	    base.wrong_case > now.wrong_case || base.latency_sum_us > now.latency_sum_us ||
	    base.attacked > now.attacked)
		return now;
	return base;
}

static enum admin_state
admin_state_recall(const struct state_upstream *filed, uint8_t otherwise)
{
	return (enum admin_state)(filed != NULL ? filed->admin_state : otherwise);
}

void
farm_seed(struct farm *farm, const struct slots *before, const struct slots *slots,
	  const struct snapshot *snapshot, bool known, uint64_t now_ns)
{
	for (unsigned i = 0; i < snapshot->upstream_count; i++) {
		const struct slot *slot = &slots->upstreams.slots[i];
		struct farm_upstream *upstream = &farm->upstreams[i];
		const struct state_upstream *filed;

		if (slot->state == SLOT_EMPTY ||
		    (known && slot_same(&before->upstreams.slots[i], slot)))
			continue;
		filed = state_upstream(farm->parts.state, &slot->address, slot->port);
		health_init(&upstream->health, HEALTH_KEPT, snapshot->upstreams[i].usable,
			    admin_state_recall(filed, snapshot->upstreams[i].admin_state), now_ns);
		upstream_begin(upstream);
		case_watch_init(&upstream->case_watch, snapshot->upstreams[i].case_not_kept);
		upstream->base = base_recall(farm, filed, i);
	}
}

/* Which upstreams of `config`, by index, stay and are usable. */
static void
kept_usable(const struct farm *farm, const struct slots *before, const struct slots *after,
	    const struct config *config, bool *usable)
{
	for (unsigned i = 0; i < config->upstream_count; i++) {
		const struct config_upstream *upstream = &config->upstreams[i];
		int at = slots_upstream(after, &upstream->address, upstream->port);

		usable[i] = at >= 0 &&
			    slot_same(&before->upstreams.slots[at], &after->upstreams.slots[at]) &&
			    health_usable(&farm->upstreams[at].health);
	}
}

/* The upstreams, by slot, of pools that have no usable member that stays. */
static void
needed_find(const struct config *config, const struct slots *after, const bool *usable,
	    bool *needed)
{
	for (unsigned i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		bool works = false;

		for (unsigned m = 0; m < pool->member_count; m++)
			works |= usable[pool->members[m]];
		for (unsigned m = 0; m < pool->member_count && !works; m++) {
			const struct config_upstream *upstream =
				&config->upstreams[pool->members[m]];
			int at = slots_upstream(after, &upstream->address, upstream->port);

			if (at >= 0)
				needed[at] = true;
		}
	}
}

static bool
any_new(const struct slots *before, const struct slots *after)
{
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (after->upstreams.slots[i].state != SLOT_EMPTY &&
		    !slot_same(&after->upstreams.slots[i], &before->upstreams.slots[i]))
			return true;
	return false;
}

void
farm_admit(struct farm *farm, const struct slots *before, const struct slots *after,
	   const struct config *config, uint64_t now_ns)
{
	bool usable[SNAPSHOT_UPSTREAMS_MAX] = {false}, needed[SNAPSHOT_UPSTREAMS_MAX] = {false};

	if (!any_new(before, after))
		return;
	kept_usable(farm, before, after, config, usable);
	needed_find(config, after, usable, needed);
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct slot *slot = &after->upstreams.slots[i];
		struct farm_upstream *upstream = &farm->upstreams[i];
		const struct state_upstream *filed;

		if (slot->state == SLOT_EMPTY || slot_same(slot, &before->upstreams.slots[i]))
			continue;
		filed = state_upstream(farm->parts.state, &slot->address, slot->port);
		health_init(&upstream->health, needed[i] ? HEALTH_ASSUMED : HEALTH_NEW, needed[i],
			    admin_state_recall(filed, ADMIN_AUTO), now_ns);
		upstream_begin(upstream);
		case_watch_init(&upstream->case_watch, false);
		upstream->base = base_now(farm, i);
	}
}

bool
farm_settle(struct farm *farm, const struct slots *slots, const struct config *config,
	    uint64_t now_ns)
{
	farm->slots = slots;
	farm->config = config;
	/* An override ends when its upstream leaves the configuration. */
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (slots->upstreams.slots[i].state != SLOT_ACTIVE)
			farm->upstreams[i].health.admin_state = ADMIN_AUTO;
	return farm_release(farm, now_ns);
}

/* Upstreams that were active keep their schedule. A new one in a running farm is probed at once,
 * because it waits for its first probe; if all start together, they are spread over the
 * interval. */
void
farm_enforce(struct farm *farm, uint64_t now_ns)
{
	const uint32_t interval_ms = farm->config->probe.interval_ms;
	const struct slots *slots = farm->slots;
	bool respread = interval_ms != farm->interval_ms, running = false;
	unsigned count = 0, place = 0;

	farm->interval_ms = interval_ms;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		running |= farm->upstreams[i].active;
		count += slots->upstreams.slots[i].state == SLOT_ACTIVE;
	}
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct farm_upstream *upstream = &farm->upstreams[i];
		bool was_active = upstream->active;

		upstream->active = slots->upstreams.slots[i].state == SLOT_ACTIVE;
		if (!upstream->active)
			continue;
		if (!running || respread)
			upstream->due_ns = now_ns + interval_ms * NS_PER_MS * place / count;
		else if (!was_active ||
			 (upstream->unsent && next_hop_resolved(&farm->parts.neighbour->hops[i])))
			upstream->due_ns = now_ns;
		if (next_hop_resolved(&farm->parts.neighbour->hops[i]))
			upstream->unsent = false;
		place++;
	}
	farm_timer_set(farm);
}

void
farm_reset_failures(struct farm *farm, unsigned slot, uint64_t now_ns)
{
	struct farm_upstream *upstream = &farm->upstreams[slot];

	if (upstream->health.up)
		upstream->health.run = 0;
	probe_order_void(&upstream->order);
	upstream->due_ns = now_ns + PROBE_AGAIN_NS;
	farm_timer_set(farm);
}

void
farm_suspend(struct farm *farm)
{
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		farm->upstreams[i].active = false;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		passive_forget(&farm->upstreams[i].passive);
	farm_timer_set(farm);
}

void
farm_forget_base(struct farm *farm)
{
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		farm->upstreams[i].base = (struct upstream_stats){0};
}

struct upstream_stats
farm_stats(const struct farm *farm, unsigned slot)
{
	const struct upstream_stats *base = &farm->upstreams[slot].base;
	struct upstream_stats now;

	if (!stats_reader_is_open(farm->parts.stats))
		return (struct upstream_stats){0};
	now = stats_reader_upstream(farm->parts.stats, slot);
	now.queries -= base->queries;
	now.responses -= base->responses;
	now.servfails -= base->servfails;
	now.timeouts -= base->timeouts;
	now.wrong_case -= base->wrong_case;
	now.latency_sum_us -= base->latency_sum_us;
	now.attacked -= base->attacked;
	return now;
}
