/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the snapshot, the flat block of memory that the dataplane reads, from configuration,
 * slots, health and neighbours. */
#include "control/state/snapshot_build.h"

#include <string.h>

size_t
build_size_max(void)
{
	return snapshot_size_max();
}

/* The number of slots up to the last used one. */
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
		upstream->interface_index = known->interface_index;
		upstream->resolved = known->resolved;
		if (known->resolved)
			upstream->next_hop = known->next_hop;
		upstream->random_case = slot->random_case && !known->case_not_kept;
		upstream->case_not_kept = slot->random_case && known->case_not_kept;
		upstream->admin_state =
			slot->state == SLOT_ACTIVE ? (uint8_t)known->admin_state : ADMIN_AUTO;
		memcpy(upstream->name, slot->name, sizeof(upstream->name));
	}
}

/* The active slot with this address and port; set->limit: none. */
static unsigned
slot_of(const struct slot_set *set, const struct address *address, uint16_t port)
{
	unsigned slot = 0;

	while (slot < set->limit &&
	       (set->slots[slot].state != SLOT_ACTIVE || set->slots[slot].port != port ||
		!address_equal(&set->slots[slot].address, address)))
		slot++;
	return slot;
}

/* Ranges. Equal lists are stored once. */

struct lists {
	/* Those of the services, and rate_limit.exempt. */
	const struct config_ranges *lists[SNAPSHOT_SERVICES_MAX + 1];
	uint32_t firsts[SNAPSHOT_SERVICES_MAX + 1];
	unsigned count;
	uint32_t range_count;
};

/* The index of the list's first range. */
static uint32_t
lists_place(struct lists *lists, const struct config_ranges *list)
{
	unsigned i = 0;

	while (i < lists->count && !config_ranges_same(lists->lists[i], list))
		i++;
	if (i == lists->count) {
		lists->lists[i] = list;
		lists->firsts[i] = lists->range_count;
		lists->range_count += list->count;
		lists->count++;
	}
	return lists->firsts[i];
}

static void
build_ranges(const struct lists *lists, struct snapshot *snapshot)
{
	for (unsigned i = 0; i < lists->count; i++)
		if (lists->lists[i]->count > 0)
			memcpy(snapshot->ranges + lists->firsts[i], lists->lists[i]->ranges,
			       lists->lists[i]->count * sizeof(snapshot->ranges[0]));
}

static void
build_services(const struct build_input *input, struct lists *lists, struct snapshot *snapshot)
{
	const struct slot_set *set = &input->slots->services;
	const struct config_service *service = &input->config->service;

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
		to->allow_first = lists_place(lists, &listen->allow);
		to->allow_count = listen->allow.count;
	}
}

static void
build_limit(const struct config_limit *limit, struct lists *lists, struct snapshot *snapshot)
{
	if (limit->queries_per_second == 0)
		return;
	snapshot->limit = (struct snapshot_limit){
		.queries_per_second = limit->queries_per_second,
		.burst = limit->burst,
		.prefix4 = limit->prefix4,
		.prefix6 = limit->prefix6,
		.refusal = (uint8_t)limit->refusal,
		.truncate_every = limit->truncate_every,
		.exempt_first = lists_place(lists, &limit->exempt),
		.exempt_count = limit->exempt.count,
	};
}

/* Pools. An upstream that has no slot yet (slots_apply()) is in none. */

struct members {
	struct pool_member rows[SNAPSHOT_MEMBERS_MAX];
	uint32_t count;
};

static void
build_pools(const struct build_input *input, struct members *members, struct snapshot *snapshot)
{
	const struct config *config = input->config;
	const struct slot_set *set = &input->slots->upstreams;
	unsigned slots[SNAPSHOT_UPSTREAMS_MAX];

	for (unsigned i = 0; i < config->upstream_count; i++)
		slots[i] = slot_of(set, &config->upstreams[i].address, config->upstreams[i].port);
	members->count = 0;
	for (unsigned i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		struct snapshot_pool *to = &snapshot->pools[i];

		memcpy(to->name, pool->name, sizeof(to->name));
		to->hash_seed = pool->hash_seed;
		to->load_percent = pool->load_percent;
		to->policy = (uint8_t)pool->policy;
		to->used = 1;
		to->member_first = members->count;
		for (unsigned m = 0; m < pool->member_count; m++) {
			const unsigned upstream = pool->members[m];

			if (slots[upstream] < set->limit)
				members->rows[members->count++] = (struct pool_member){
					.upstream = (uint16_t)slots[upstream],
					.weight = config->upstreams[upstream].weight};
		}
		to->member_count = members->count - to->member_first;
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

/* The variable part; its layout follows from the counts in the fixed part. */
static void
build_tail(const struct config_routes *routes, const struct lists *lists,
	   const struct members *members, struct snapshot *snapshot)
{
	snapshot->range_count = lists->range_count;
	snapshot->member_count = members->count;
	snapshot->suffix_count = routes->suffix_count;
	snapshot->name_bytes = routes->names_bytes;
	snapshot->type_route_count = routes->type_count;
	memset(snapshot->ranges, 0,
	       snapshot_size(snapshot->range_count, snapshot->member_count, snapshot->suffix_count,
			     snapshot->name_bytes) -
		       sizeof(*snapshot));
	build_ranges(lists, snapshot);
	memcpy(snapshot_members(snapshot), members->rows,
	       members->count * sizeof(members->rows[0]));
	build_routes(routes, snapshot);
}

void
build_snapshot(const struct build_input *input, struct snapshot *snapshot)
{
	const struct config *config = input->config;
	const struct slot_set *sources = &input->slots->sources;
	struct lists lists = {.count = 0};
	struct members members;

	memset(snapshot, 0, sizeof(*snapshot));
	snapshot->generation = input->generation;
	snapshot->timeout_ms = config->timeout_ms;
	snapshot->not_allowed = (uint8_t)config->service.not_allowed;
	snapshot->no_upstream = (uint8_t)config->service.no_upstream;
	snapshot->near_miss = (uint8_t)config->protection.near_miss;
	snapshot->near_misses = config->protection.near_misses;
	snapshot->edns_bytes = config->protection.edns_bytes;
	snapshot->waiters = config->protection.coalesce ? config->protection.waiters : 0;
	build_ports(input->slots, snapshot);

	build_services(input, &lists, snapshot);
	snapshot->source_count = set_count(sources);
	for (unsigned i = 0; i < snapshot->source_count; i++)
		if (sources->slots[i].state != SLOT_EMPTY)
			snapshot->sources[i] =
				(struct snapshot_source){.address = sources->slots[i].address,
							 .state = sources->slots[i].state};
	build_upstreams(input, snapshot);
	build_limit(&config->limit, &lists, snapshot);
	build_pools(input, &members, snapshot);
	build_tail(&config->routes, &lists, &members, snapshot);
	snapshot_seal(snapshot);
}

bool
build_same(const struct snapshot *a, const struct snapshot *b)
{
	const size_t after = offsetof(struct snapshot, timeout_ms);

	return a->size_bytes == b->size_bytes &&
	       memcmp((const char *)a + after, (const char *)b + after, a->size_bytes - after) == 0;
}

unsigned
build_pool_usable(const struct snapshot *snapshot, const struct snapshot_pool *pool)
{
	const struct pool_member *members = snapshot_members(snapshot) + pool->member_first;
	unsigned usable = 0;

	for (unsigned i = 0; i < pool->member_count; i++)
		usable += snapshot->upstreams[members[i].upstream].usable;
	return usable;
}
