/* SPDX-License-Identifier: BSD-3-Clause */
/* Probes the upstreams and tells when one of them goes up or down. */
#include "farm.h"

#include <errno.h>
#include <string.h>

#include "address.h"

#define PARDON_NS                                                                                            \
	(100 *                                                                                               \
	 NS_PER_MS) /* until a change is in force in the dataplane, and its workers' last bursts are out */

static void
timer_set(struct farm *farm)
{
	uint64_t first = LOOP_NEVER;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct farm_upstream *upstream = &farm->upstreams[i];

		if (upstream->active && upstream->awaiting < FARM_AWAITING_MAX && upstream->due_ns < first)
			first = upstream->due_ns;
	}
	loop_timer_at(farm->loop, &farm->timer, first);
}

/* Outcomes */

static void
change_log(const struct farm *farm, unsigned slot)
{
	const struct slot *named = &farm->slots->upstreams.slots[slot];
	const struct health *health = &farm->upstreams[slot].health;
	char address[ADDRESS_PORT_TEXT_BYTES], reason[HEALTH_REASON_BYTES], words[NEIGHBOUR_WORDS_BYTES] = "";

	address_port_format(&named->address, named->port, address);
	health_reason(health, reason);
	if (!health->up && health->last.event == HEALTH_UNSENT)
		neighbour_words(farm->neighbour, slot, words);
	log_line(LEVEL_NOTICE, "upstream %s (%s) is %s: %s%s%s%s", named->name, address,
		 health->up ? "up" : "down", reason, words[0] != 0 ? " (" : "", words,
		 words[0] != 0 ? ")" : "");
}

/* True if a source address of that family is in force: without one no probe of it can ever be sent. */
static bool
source_exists(const struct farm *farm, bool ipv4)
{
	const struct slot_set *sources = &farm->slots->sources;

	for (unsigned i = 0; i < sources->limit; i++)
		if (sources->slots[i].state == SLOT_ACTIVE &&
		    address_is_ipv4(&sources->slots[i].address) == ipv4)
			return true;
	return false;
}

/* False if it says nothing about the upstream. */
static bool
outcome_of(const struct farm *farm, unsigned slot, const struct probe_answer *answer,
	   struct health_outcome *outcome)
{
	const struct next_hop *hop = &farm->neighbour->hops[slot];

	switch ((enum probe_outcome)answer->outcome) {
	case PROBE_REPLY:
		*outcome = (struct health_outcome){HEALTH_ANSWERED, answer->rcode, answer->latency_us};
		return true;
	case PROBE_TIMEOUT:
		*outcome = (struct health_outcome){.event = HEALTH_TIMEOUT};
		return true;
	case PROBE_UNSENT:
		*outcome = (struct health_outcome){.event = HEALTH_UNSENT};
		return !next_hop_resolved(hop) || !source_exists(farm, address_is_ipv4(&hop->upstream));
	}
	return false;
}

static void
probe_answered(void *owner, uint64_t tag, const struct dataplane_answer *answer)
{
	unsigned slot = tag & UINT16_MAX;
	uint32_t serial = (uint32_t)(tag >> 16);
	struct farm *farm = owner;
	struct farm_upstream *upstream = &farm->upstreams[slot];
	const struct health_rule rule = {farm->probe.rise, farm->probe.fall};
	struct health_outcome outcome;

	upstream->awaiting--;
	timer_set(farm);
	if (answer->status != 0)
		log_line(LEVEL_DEBUG, "probe of slot %u: %s", slot, strerror(-answer->status));
	if (answer->status != 0 || !upstream->active || !outcome_of(farm, slot, answer->body, &outcome))
		return;
	if ((int32_t)(serial - upstream->taken) < 0)
		return;
	upstream->taken = serial;
	upstream->unsent = outcome.event == HEALTH_UNSENT;
	if (outcome.event == HEALTH_TIMEOUT)
		neighbour_suspect(farm->neighbour, slot);
	if (!health_take(&upstream->health, &outcome, &rule, loop_now_ns()))
		return;
	change_log(farm, slot);
	farm->changed(farm->owner);
}

/* Probing */

static void
probe_send(struct farm *farm, unsigned slot)
{
	struct farm_upstream *upstream = &farm->upstreams[slot];
	struct probe_request probe = {.upstream = (uint16_t)slot,
				      .timeout_ms = (uint16_t)farm->probe.timeout_ms,
				      .question_bytes = farm->probe.question_bytes};
	const struct dataplane_request request = {.type = MESSAGE_PROBE,
						  .body = &probe,
						  .body_bytes = sizeof(probe),
						  .fd = -1,
						  .patience_ms = farm->probe.timeout_ms,
						  .answered = probe_answered,
						  .owner = farm,
						  .tag = (uint64_t)++upstream->sent << 16 | slot};
	int status;

	memcpy(probe.question, farm->probe.question, farm->probe.question_bytes);
	status = dataplane_ask(farm->dataplane, &request);
	if (status == 0)
		upstream->awaiting++;
	else
		log_line(LEVEL_DEBUG, "probe of slot %u not sent: %s", slot, strerror(-status));
}

static void
timer_fired(void *owner, uint64_t now)
{
	struct farm *farm = owner;
	uint64_t interval = farm->probe.interval_ms * NS_PER_MS;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct farm_upstream *upstream = &farm->upstreams[i];

		if (!upstream->active || upstream->awaiting >= FARM_AWAITING_MAX || upstream->due_ns > now)
			continue;
		upstream->due_ns += interval; /* keeps its place among the others, unless it is late */
		if (upstream->due_ns <= now)
			upstream->due_ns = now + interval;
		probe_send(farm, i);
	}
	timer_set(farm);
}

/* From outside */

void
farm_init(struct farm *farm, struct loop *loop, struct dataplane *dataplane, struct neighbour *neighbour,
	  const struct stats_reader *stats, void (*changed)(void *owner), void *owner)
{
	memset(farm, 0, sizeof(*farm));
	farm->loop = loop;
	farm->dataplane = dataplane;
	farm->neighbour = neighbour;
	farm->stats = stats;
	farm->timer = (struct loop_timer){.fire = timer_fired, .owner = farm};
	farm->changed = changed;
	farm->owner = owner;
}

void
farm_fini(struct farm *farm)
{
	loop_timer_cancel(farm->loop, &farm->timer);
}

void
farm_seed(struct farm *farm, const struct slots *before, const struct slots *slots,
	  const struct snapshot *snapshot, bool known, uint64_t now_ns)
{
	for (unsigned i = 0; i < snapshot->upstream_count; i++) {
		const struct slot *slot = &slots->upstreams.slots[i];
		struct farm_upstream *upstream = &farm->upstreams[i];

		if (slot->state == SLOT_EMPTY || (known && slot_same(&before->upstreams.slots[i], slot)))
			continue;
		health_init(&upstream->health, HEALTH_KEPT, snapshot->upstreams[i].usable, now_ns);
		case_watch_init(&upstream->case_watch, snapshot->upstreams[i].case_not_kept);
		upstream->base = (struct upstream_stats){0};
		upstream->unsent = false;
	}
}

static bool
any_kept_up(const struct farm *farm, const struct slots *before, const struct slots *after)
{
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct slot *slot = &after->upstreams.slots[i];

		if (slot->state == SLOT_ACTIVE && slot_same(slot, &before->upstreams.slots[i]) &&
		    farm->upstreams[i].health.up)
			return true;
	}
	return false;
}

void
farm_admit(struct farm *farm, const struct slots *before, const struct slots *after, uint64_t now_ns)
{
	bool working = any_kept_up(farm, before, after);

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct slot *slot = &after->upstreams.slots[i];
		struct farm_upstream *upstream = &farm->upstreams[i];

		if (slot->state == SLOT_EMPTY || slot_same(slot, &before->upstreams.slots[i]))
			continue;
		health_init(&upstream->health, working ? HEALTH_NEW : HEALTH_ASSUMED, !working, now_ns);
		case_watch_init(&upstream->case_watch, false);
		upstream->unsent = false;
		upstream->base = stats_reader_is_open(farm->stats) ? stats_reader_upstream(farm->stats, i)
								   : (struct upstream_stats){0};
	}
}

/* Those that were active already keep their rhythm. New ones join a running farm at once, because they wait
 * for their first probe; when all begin together, they are spread over the interval. */
void
farm_enforce(struct farm *farm, const struct slots *slots, const struct config_probe *probe, uint64_t now_ns)
{
	bool respread = probe->interval_ms != farm->probe.interval_ms, running = false;
	unsigned count = 0, place = 0;

	farm->probe = *probe;
	farm->slots = slots;
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
			upstream->due_ns = now_ns + probe->interval_ms * NS_PER_MS * place / count;
		else if (!was_active || (upstream->unsent && next_hop_resolved(&farm->neighbour->hops[i])))
			upstream->due_ns = now_ns;
		if (next_hop_resolved(&farm->neighbour->hops[i]))
			upstream->unsent = false;
		place++;
	}
	timer_set(farm);
}

void
farm_pardon(struct farm *farm, unsigned slot, uint64_t now_ns)
{
	struct farm_upstream *upstream = &farm->upstreams[slot];

	if (upstream->health.up)
		upstream->health.run = 0;
	upstream->due_ns = now_ns + PARDON_NS;
	timer_set(farm);
}

void
farm_suspend(struct farm *farm)
{
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		farm->upstreams[i].active = false;
	timer_set(farm);
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

	if (!stats_reader_is_open(farm->stats))
		return (struct upstream_stats){0};
	now = stats_reader_upstream(farm->stats, slot);
	now.queries -= base->queries;
	now.answers -= base->answers;
	now.servfails -= base->servfails;
	now.timeouts -= base->timeouts;
	now.wrong_case -= base->wrong_case;
	return now;
}
