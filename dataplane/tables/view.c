/* SPDX-License-Identifier: BSD-3-Clause */
/* Derives the tables of the workers from a snapshot.
 * Runs:  the main thread.
 * Never: relies on more than snapshot_validate() checked. */
#include "dataplane/tables/view.h"

#include <errno.h>
#include <stdlib.h>

#include <sodium.h>

#include "dataplane/tables/flow.h"

static struct view_address *
address_entry(struct view *view, const struct address *address)
{
	uint32_t i = view_address_place(view, address);

	while (view_address_used(view, i) && !address_equal(&view->addresses[i].address, address))
		i = (i + 1) & (VIEW_ADDRESS_SLOTS - 1);
	if (!view_address_used(view, i))
		view->addresses[i] = (struct view_address){.address = *address,
							   .source = VIEW_NONE,
							   .first_service = VIEW_NONE,
							   .first_upstream = VIEW_NONE};
	view->addresses_used[i / 64] |= UINT64_C(1) << i % 64;
	return &view->addresses[i];
}

static void
addresses_fill(struct view *view)
{
	const struct snapshot *s = view->snapshot;

	for (uint32_t i = 0; i < s->service_count; i++) {
		if (s->services[i].state != SLOT_EMPTY) {
			struct view_address *entry = address_entry(view, &s->services[i].address);

			view->next_service[i] = entry->first_service;
			entry->first_service = (uint16_t)i;
		}
	}
	for (uint32_t i = 0; i < s->source_count; i++)
		if (s->sources[i].state != SLOT_EMPTY)
			address_entry(view, &s->sources[i].address)->source = (uint16_t)i;
	for (uint32_t i = 0; i < s->upstream_count; i++) {
		if (s->upstreams[i].state != SLOT_EMPTY) {
			struct view_address *entry = address_entry(view, &s->upstreams[i].address);

			view->next_upstream[i] = entry->first_upstream;
			entry->first_upstream = (uint16_t)i;
		}
	}
}

static int
pools_fill(struct view *view)
{
	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++) {
		int status = pool_derive(view->snapshot, i, &view->pools[i]);

		if (status != 0)
			return status;
		view->empty_pools +=
			view->snapshot->pools[i].used && view->pools[i].usable_count == 0;
	}
	return 0;
}

/* Writes the ports of one worker on one source to `to`; returns how many. `worker` OWNER_NONE: all
 * ports that may be drawn. */
static uint32_t
ports_list(const struct view *view, uint16_t slot, bool ipv4, uint8_t worker, uint16_t *to)
{
	uint32_t count = 0;

	for (uint32_t port = SNAPSHOT_SOURCE_PORT_MIN; port < 65536; port++)
		if (bitmap_test(view->snapshot->ports_draw, (uint16_t)port) &&
		    (worker == OWNER_NONE ||
		     owner_of(&view->owners, slot, ipv4, (uint16_t)port) == worker))
			to[count++] = (uint16_t)port;
	return count;
}

static void
space_add(struct view_space *space, uint16_t slot, const uint16_t *ports, uint32_t count)
{
	if (count > 0)
		space->sources[space->source_count++] =
			(struct view_source){.ports = ports, .port_count = count, .slot = slot};
}

/* Fills every worker's spaces, with port lists in view->ports: one list shared by all addresses
 * that are owned whole, and one per dealt address and worker. */
static void
spaces_fill(struct view *view)
{
	const struct snapshot *s = view->snapshot;
	uint16_t *whole = view->ports, *next;
	uint32_t whole_count = ports_list(view, 0, true, OWNER_NONE, whole);

	next = whole + whole_count;
	for (uint32_t slot = 0; slot < s->source_count; slot++) {
		bool ipv4 = address_is_ipv4(&s->sources[slot].address);
		enum view_family family = ipv4 ? FAMILY_IPV4 : FAMILY_IPV6;

		if (s->sources[slot].state != SLOT_ACTIVE)
			continue;
		if (!view->owners.dealt[family]) {
			uint8_t owner = view->owners.owner[slot];

			space_add(&view->spaces[owner * FAMILY_COUNT + family], (uint16_t)slot,
				  whole, whole_count);
			continue;
		}
		for (uint32_t w = 0; w < view->worker_count; w++) {
			uint32_t count = ports_list(view, (uint16_t)slot, ipv4, (uint8_t)w, next);

			space_add(&view->spaces[w * FAMILY_COUNT + family], (uint16_t)slot, next,
				  count);
			next += count;
		}
	}
}

/* Size of all port lists together: the shared one, and all ports once per dealt address. */
static size_t
ports_needed(const struct view *view)
{
	size_t lists = 1;

	for (uint32_t i = 0; i < view->snapshot->source_count; i++)
		lists += view->owners
				 .dealt[address_is_ipv4(&view->snapshot->sources[i].address) ? 0
											     : 1];
	return lists * 65536;
}

int
view_make(struct snapshot *snapshot, struct owners *owners, uint64_t tsc_hz, struct view **out)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return -ENOMEM;
	owners_update(owners, snapshot);
	view->snapshot = snapshot;
	view->owners = owners->map;
	view->worker_count = owners->worker_count;
	view->timeout_ticks =
		(uint32_t)((uint64_t)snapshot->timeout_ms * tsc_hz / 1000 >> FLOW_TICK_SHIFT) + 1;
	limit_rule_make(&snapshot->limit, tsc_hz, &view->limit);
	randombytes_buf(&view->seed, sizeof(view->seed));
	randombytes_buf(view->address_keys, sizeof(view->address_keys));

	view->spaces = calloc((size_t)view->worker_count * FAMILY_COUNT, sizeof(*view->spaces));
	view->ports = malloc(ports_needed(view) * sizeof(*view->ports));
	if (view->spaces == NULL || view->ports == NULL || pools_fill(view) != 0 ||
	    routes_make(snapshot, &view->routes) != 0) {
		view->snapshot = NULL; /* still the caller's */
		view_free(view);
		return -ENOMEM;
	}
	addresses_fill(view);
	spaces_fill(view);
	*out = view;
	return 0;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++)
		pool_release(&view->pools[i]);
	routes_free(&view->routes);
	free(view->spaces);
	free(view->ports);
	free(view->snapshot);
	free(view);
}
