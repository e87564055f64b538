/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots: arbitrary bytes, and arbitrary changes to a valid one that is then sealed again.
 * Accepted ones must make a view with consistent tables.
 *
 * Input: a byte for the number of workers, then edits (snapshot_input.h). */
#include <string.h>

#include <sodium.h>

#include "dataplane/tables/view.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/snapshot_input.h"

/* Any rate: it is an argument. */
#define TSC_HZ UINT64_C(2600000000)

#define WORKERS_MAX 3

static void
check_spaces(const struct view *view)
{
	const struct snapshot *s = view->snapshot;

	for (uint32_t w = 0; w < view->worker_count; w++) {
		for (int family = 0; family < FAMILY_COUNT; family++) {
			const struct view_space *space = view_space(view, w, family);

			FUZZ_REQUIRE(space->source_count <= s->source_count);
			for (uint32_t i = 0; i < space->source_count; i++) {
				const struct view_source *source = &space->sources[i];

				FUZZ_REQUIRE(source->slot < s->source_count &&
					     source->port_count > 0);
				FUZZ_REQUIRE(s->sources[source->slot].state == SLOT_ACTIVE);
				FUZZ_REQUIRE(bitmap_test(s->ports_draw, source->ports[0]));
				FUZZ_REQUIRE(bitmap_test(s->ports_draw,
							 source->ports[source->port_count - 1]));
			}
		}
	}
}

static void
check_pool(const struct snapshot *s, const struct pool *pool, const struct snapshot_pool *from)
{
	FUZZ_REQUIRE(pool->usable_count <= (from->used ? from->member_count : 0));
	for (uint32_t i = 0; i < pool->usable_count; i++) {
		const struct snapshot_upstream *u = &s->upstreams[pool->usable[i].upstream];

		FUZZ_REQUIRE(pool->usable[i].upstream < s->upstream_count &&
			     pool->usable[i].weight > 0);
		FUZZ_REQUIRE(u->state == SLOT_ACTIVE && u->resolved);
		FUZZ_REQUIRE(pool->aliases == NULL || (pool->aliases[i].own.weight > 0 &&
						       pool->aliases[i].other.weight > 0));
	}
	for (uint32_t i = 0; pool->ring != NULL && i < POOL_RING_SIZE; i++)
		FUZZ_REQUIRE(pool->ring[i] < pool->usable_count);
}

/* Each suffix and each type is found. */
static void
check_routes(const struct view *view)
{
	const struct snapshot *s = view->snapshot;
	struct route_probe probes[ROUTE_LABELS_MAX + 1];

	for (uint32_t i = 0; i < s->suffix_count; i++) {
		const struct suffix_route *r = &snapshot_suffixes(s)[i];
		const uint8_t *name = snapshot_names(s) + r->name_offset;

		FUZZ_REQUIRE(route_probes(&view->routes, name, r->name_bytes, probes) >= 1);
		FUZZ_REQUIRE(route_suffix(&view->routes, s, name, r->name_bytes, &probes[0]) ==
			     r->pool);
	}
	for (uint32_t i = 0; i < s->type_route_count; i++)
		FUZZ_REQUIRE(route_type(&view->routes, s, s->type_routes[i].type) ==
			     s->type_routes[i].pool);
}

static void
check_view(const struct view *view)
{
	const struct snapshot *s = view->snapshot;

	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++)
		check_pool(s, &view->pools[i], &s->pools[i]);
	check_routes(view);
	for (uint32_t i = 0; i < s->service_count; i++) {
		const struct view_address *entry = view_find(view, &s->services[i].address);
		uint16_t slot;

		if (s->services[i].state == SLOT_EMPTY)
			continue;
		FUZZ_REQUIRE(entry != NULL);
		for (slot = entry->first_service; slot != VIEW_NONE && slot != i;
		     slot = view->next_service[slot])
			FUZZ_REQUIRE(slot < s->service_count);
		FUZZ_REQUIRE(slot == i);
	}
	for (uint32_t i = 0; i < s->upstream_count; i++) {
		const struct view_address *entry = view_find(view, &s->upstreams[i].address);
		uint16_t slot;

		if (s->upstreams[i].state == SLOT_EMPTY)
			continue;
		FUZZ_REQUIRE(entry != NULL);
		for (slot = entry->first_upstream; slot != VIEW_NONE && slot != i;
		     slot = view->next_upstream[slot])
			FUZZ_REQUIRE(slot < s->upstream_count);
		FUZZ_REQUIRE(slot == i);
	}
	check_spaces(view);
}

/* The result of owners_init(), which is too slow to be called each time. */
static struct owners *
owners_fresh(uint32_t workers)
{
	static struct owners made[WORKERS_MAX + 1], owners;

	if (made[workers].worker_count == 0)
		owners_init(&made[workers], workers);
	owners = made[workers];
	return &owners;
}

/* A block of exactly `size` bytes; if it is accepted, a view takes ownership. */
static void
try_block(const uint8_t *bytes, size_t size, uint32_t workers)
{
	struct snapshot *s = malloc(size > 0 ? size : 1);
	struct view *view;
	const char *why = NULL;

	if (s == NULL)
		abort();
	memcpy(s, bytes, size);
	if (snapshot_validate(s, size, &why) != 0) {
		FUZZ_REQUIRE(why != NULL);
		free(s);
		return;
	}
	FUZZ_REQUIRE(why == NULL);
	if (view_make(s, owners_fresh(workers), TSC_HZ, &view) != 0)
		abort();
	check_view(view);
	view_free(view);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct snapshot *s;
	uint32_t workers, claimed_bytes;

	if (sodium_init() < 0)
		abort();
	try_block(bytes, size, 1);
	if (size == 0)
		return 0;
	workers = 1 + bytes[0] % WORKERS_MAX;
	s = snapshot_input_edit(bytes + 1, size - 1);
	claimed_bytes = s->size_bytes;
	try_block((const uint8_t *)s,
		  claimed_bytes < SNAPSHOT_INPUT_ROOM ? claimed_bytes : SNAPSHOT_INPUT_ROOM,
		  workers);
	snapshot_input_seal(s);
	try_block((const uint8_t *)s, s->size_bytes, workers);
	return 0;
}
