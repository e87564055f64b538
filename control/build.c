/* SPDX-License-Identifier: BSD-3-Clause */
/* From configuration, slots, health and neighbours to the flat block that the dataplane runs on. */
#include "build.h"

#include <string.h>

size_t
build_size_max(void)
{
	return snapshot_size(SNAPSHOT_ALLOW_MAX);
}

/* Slots in use, empty ones between included. */
static uint32_t
set_count(const struct slot_set *set)
{
	unsigned count = set->limit;

	while (count > 0 && set->slots[count - 1].state == SLOT_EMPTY)
		count--;
	return count;
}

static void
build_ports(const struct slots *slots, struct snapshot *snapshot)
{
	memcpy(snapshot->ports_draw, slots->ports, sizeof(snapshot->ports_draw));
	memcpy(snapshot->ports_accept, slots->ports, sizeof(snapshot->ports_accept));
	for (unsigned i = 0; i < SLOTS_WITHDRAWN_MAX; i++)
		for (unsigned word = 0; word < SNAPSHOT_BITMAP_WORDS; word++)
			snapshot->ports_accept[word] |= slots->withdrawn[i].words[word];
}

static void
build_upstreams(const struct build_input *input, struct snapshot *snapshot)
{
	const struct slot_set *set = &input->slots->upstreams;

	snapshot->upstream_count = set_count(set);
	for (unsigned i = 0; i < snapshot->upstream_count; i++) {
		const struct slot *slot = &set->slots[i];
		const struct build_upstream *known = &input->upstreams[i];
		struct snapshot_upstream *upstream = &snapshot->upstreams[i];

		if (slot->state == SLOT_EMPTY)
			continue;
		upstream->address = slot->address;
		upstream->port = be16_from(slot->port);
		upstream->state = slot->state;
		upstream->usable = slot->state == SLOT_ACTIVE && known->usable;
		upstream->port_index = known->port_index;
		upstream->resolved = known->resolved;
		if (known->resolved)
			upstream->next_hop = known->next_hop;
		upstream->random_case = slot->random_case && !known->case_not_kept;
		upstream->case_not_kept = slot->random_case && known->case_not_kept;
		memcpy(upstream->name, slot->name, sizeof(upstream->name));
	}
}

void
build_snapshot(const struct build_input *input, struct snapshot *snapshot)
{
	const struct config *config = input->config;
	const struct slot_set *services = &input->slots->services, *sources = &input->slots->sources;

	memset(snapshot, 0, build_size_max());
	snapshot->generation = input->generation;
	snapshot->timeout_ms = config->timeout_ms;
	snapshot->policy = (uint8_t)config->policy;
	snapshot->no_upstream = (uint8_t)config->service.no_upstream;
	snapshot->near_miss = (uint8_t)config->protection.near_miss;
	snapshot->near_misses = config->protection.near_misses;
	snapshot->edns_bytes = config->protection.edns_bytes;
	snapshot->waiters = config->protection.coalesce ? config->protection.waiters : 0;
	build_ports(input->slots, snapshot);

	snapshot->service_count = set_count(services);
	for (unsigned i = 0; i < snapshot->service_count; i++)
		if (services->slots[i].state != SLOT_EMPTY)
			snapshot->services[i] =
				(struct snapshot_service){.address = services->slots[i].address,
							  .port = be16_from(services->slots[i].port),
							  .state = services->slots[i].state};
	snapshot->source_count = set_count(sources);
	for (unsigned i = 0; i < snapshot->source_count; i++)
		if (sources->slots[i].state != SLOT_EMPTY)
			snapshot->sources[i] = (struct snapshot_source){.address = sources->slots[i].address,
									.state = sources->slots[i].state};
	build_upstreams(input, snapshot);

	snapshot->allow_count = config->service.allow_count;
	if (config->service.allow_count > 0)
		memcpy(snapshot->allow, config->service.allow,
		       config->service.allow_count * sizeof(snapshot->allow[0]));
	snapshot_seal(snapshot);
}

bool
build_same(const struct snapshot *a, const struct snapshot *b)
{
	const size_t after = offsetof(struct snapshot, timeout_ms);

	return a->size_bytes == b->size_bytes &&
	       memcmp((const char *)a + after, (const char *)b + after, a->size_bytes - after) == 0;
}
