/* SPDX-License-Identifier: BSD-3-Clause */
/* From configuration, slots, health and neighbours to the flat block that the dataplane runs on. */
#include "build.h"

#include <string.h>

size_t
build_size_max(void)
{
	return snapshot_size_max();
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

/* The slot of a thing of the configuration, by what it is. */
static unsigned
slot_of(const struct slot_set *set, const struct address *address, uint16_t port)
{
	unsigned slot = 0;

	while (slot < set->limit && (set->slots[slot].state != SLOT_ACTIVE || set->slots[slot].port != port ||
				     !address_equal(&set->slots[slot].address, address)))
		slot++;
	return slot;
}

/* Room for the parts behind the fixed one. Lists of ranges may be the same ones, but are counted each. */
static void
build_counts(const struct config *config, struct snapshot *snapshot)
{
	snapshot->range_count = config->limit.exempt.count;
	for (unsigned i = 0; i < config->service.listen_count; i++)
		snapshot->range_count += config->service.listen[i].allow.count;
	for (unsigned i = 0; i < config->pool_count; i++)
		snapshot->member_count += config->pools[i].member_count;
	snapshot->suffix_count = config->routes.suffix_count;
	snapshot->name_bytes = config->routes.names_bytes;
	snapshot->type_route_count = config->routes.type_count;
}

/* Writes a list from range `first` on; returns the one after it. */
static uint32_t
build_ranges(const struct config_ranges *list, struct snapshot *snapshot, uint32_t first)
{
	for (unsigned i = 0; i < list->count; i++)
		snapshot->ranges[first + i] = list->ranges[i];
	return first + list->count;
}

static void
build_services(const struct build_input *input, struct snapshot *snapshot)
{
	const struct slot_set *set = &input->slots->services;
	const struct config_service *service = &input->config->service;
	uint32_t range = 0;

	snapshot->service_count = set_count(set);
	for (unsigned i = 0; i < snapshot->service_count; i++)
		if (set->slots[i].state != SLOT_EMPTY)
			snapshot->services[i] =
				(struct snapshot_service){.address = set->slots[i].address,
							  .port = be16_from(set->slots[i].port),
							  .state = set->slots[i].state};
	for (unsigned i = 0; i < service->listen_count; i++) {
		const struct config_listen *listen = &service->listen[i];
		const unsigned slot = slot_of(set, &listen->address, listen->port);
		struct snapshot_service *to = &snapshot->services[slot];

		if (slot >= set->limit)
			continue;
		to->pool = listen->pool;
		to->allow_first = range;
		to->allow_count = listen->allow.count;
		range = build_ranges(&listen->allow, snapshot, range);
	}
	snapshot->limit.exempt_first = range;
	snapshot->limit.exempt_count = input->config->limit.exempt.count;
	build_ranges(&input->config->limit.exempt, snapshot, range);
}

/* An upstream that found no slot yet (slots_apply()) is in no pool either. */
static void
build_pools(const struct build_input *input, struct snapshot *snapshot)
{
	const struct config *config = input->config;
	struct pool_member *members = snapshot_members(snapshot);
	uint32_t first = 0;

	for (unsigned i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		struct snapshot_pool *to = &snapshot->pools[i];

		memcpy(to->name, pool->name, sizeof(to->name));
		to->hash_seed = pool->hash_seed;
		to->load_percent = pool->load_percent;
		to->policy = (uint8_t)pool->policy;
		to->used = 1;
		to->member_first = first;
		for (unsigned m = 0; m < pool->member_count; m++) {
			const struct config_upstream *u = &config->upstreams[pool->members[m]];
			const unsigned slot = slot_of(&input->slots->upstreams, &u->address, u->port);

			if (slot < input->slots->upstreams.limit)
				members[first++] = (struct pool_member){.upstream = (uint16_t)slot,
									.weight = u->weight};
		}
		to->member_count = first - to->member_first;
	}
}

static void
build_routes(const struct config_routes *routes, struct snapshot *snapshot)
{
	struct suffix_route *suffixes = snapshot_suffixes(snapshot);

	for (unsigned i = 0; i < routes->suffix_count; i++)
		suffixes[i] = (struct suffix_route){.name_offset = routes->suffixes[i].name_offset,
						    .name_bytes = routes->suffixes[i].name_bytes,
						    .pool = routes->suffixes[i].pool};
	if (routes->names_bytes > 0)
		memcpy(snapshot_names(snapshot), routes->names, routes->names_bytes);
	memcpy(snapshot->type_routes, routes->types, routes->type_count * sizeof(routes->types[0]));
}

static void
build_limit(const struct config_limit *limit, struct snapshot *snapshot)
{
	snapshot->limit.queries_per_second = limit->queries_per_second;
	snapshot->limit.burst = limit->burst;
	snapshot->limit.prefix4 = limit->prefix4;
	snapshot->limit.prefix6 = limit->prefix6;
	snapshot->limit.refusal = (uint8_t)limit->refusal;
	snapshot->limit.truncate_every = limit->truncate_every;
}

void
build_snapshot(const struct build_input *input, struct snapshot *snapshot)
{
	const struct config *config = input->config;
	const struct slot_set *sources = &input->slots->sources;

	memset(snapshot, 0, sizeof(*snapshot));
	build_counts(config, snapshot);
	memset(snapshot->ranges, 0,
	       snapshot_size(snapshot->range_count, snapshot->member_count, snapshot->suffix_count,
			     snapshot->name_bytes) -
		       sizeof(*snapshot));
	snapshot->generation = input->generation;
	snapshot->timeout_ms = config->timeout_ms;
	snapshot->not_allowed = (uint8_t)config->service.not_allowed;
	snapshot->no_upstream = (uint8_t)config->service.no_upstream;
	snapshot->near_miss = (uint8_t)config->protection.near_miss;
	snapshot->near_misses = config->protection.near_misses;
	snapshot->edns_bytes = config->protection.edns_bytes;
	snapshot->waiters = config->protection.coalesce ? config->protection.waiters : 0;
	build_ports(input->slots, snapshot);

	build_services(input, snapshot);
	snapshot->source_count = set_count(sources);
	for (unsigned i = 0; i < snapshot->source_count; i++)
		if (sources->slots[i].state != SLOT_EMPTY)
			snapshot->sources[i] = (struct snapshot_source){.address = sources->slots[i].address,
									.state = sources->slots[i].state};
	build_upstreams(input, snapshot);
	build_pools(input, snapshot);
	build_routes(&config->routes, snapshot);
	build_limit(&config->limit, snapshot);
	snapshot_seal(snapshot);
}

bool
build_same(const struct snapshot *a, const struct snapshot *b)
{
	const size_t after = offsetof(struct snapshot, timeout_ms);

	return a->size_bytes == b->size_bytes &&
	       memcmp((const char *)a + after, (const char *)b + after, a->size_bytes - after) == 0;
}
