/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects the keys of the XDP maps from snapshots. */
#include "control/state/steer_set.h"

#include <string.h>

_Static_assert(STEER_SERVICES_MAX == SNAPSHOT_SERVICES_MAX &&
		       STEER_SOURCES_MAX == SNAPSHOT_SOURCES_MAX &&
		       STEER_UPSTREAMS_MAX == SNAPSHOT_UPSTREAMS_MAX,
	       "the maps have room for all entries of a snapshot");
_Static_assert(sizeof(((struct steer_ports *)NULL)->words) ==
		       sizeof(((struct snapshot *)NULL)->ports_accept),
	       "the two bitmaps of ports have the same layout");

void
steer_set_init(struct steer_set *set)
{
	memset(set, 0, sizeof(*set));
}

struct steer_keys
steer_set_keys(const struct steer_set *set, enum steer_map map)
{
	if (map == STEER_MAP_services)
		return (struct steer_keys){set->services, set->service_count,
					   sizeof(set->services[0])};
	if (map == STEER_MAP_sources)
		return (struct steer_keys){set->sources, set->source_count,
					   sizeof(set->sources[0])};
	return (struct steer_keys){set->upstreams, set->upstream_count, sizeof(set->upstreams[0])};
}

bool
steer_keys_contain(const struct steer_keys *keys, const void *key)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (memcmp((const char *)keys->keys + i * keys->key_bytes, key, keys->key_bytes) ==
		    0)
			return true;
	return false;
}

static void
address_add(struct steer_set *set, enum steer_map map, const struct address *address)
{
	struct steer_keys keys = steer_set_keys(set, map);
	struct steer_address key;

	memcpy(key.bytes, address->bytes, sizeof(key.bytes));
	if (steer_keys_contain(&keys, &key))
		return;
	if (map == STEER_MAP_sources)
		set->sources[set->source_count++] = key;
	else
		set->upstreams[set->upstream_count++] = key;
}

static void
service_add(struct steer_set *set, const struct snapshot_service *service)
{
	struct steer_keys keys = steer_set_keys(set, STEER_MAP_services);
	struct steer_service key = {.port = service->port.raw};

	memcpy(key.address.bytes, service->address.bytes, sizeof(key.address.bytes));
	if (!steer_keys_contain(&keys, &key))
		set->services[set->service_count++] = key;
}

void
steer_set_add(struct steer_set *set, const struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	for (unsigned i = 0; i < snapshot->service_count; i++)
		if (snapshot->services[i].state != SLOT_EMPTY)
			service_add(set, &snapshot->services[i]);
	for (unsigned i = 0; i < snapshot->source_count; i++)
		if (snapshot->sources[i].state != SLOT_EMPTY)
			address_add(set, STEER_MAP_sources, &snapshot->sources[i].address);
	for (unsigned i = 0; i < snapshot->upstream_count; i++)
		if (snapshot->upstreams[i].state != SLOT_EMPTY)
			address_add(set, STEER_MAP_upstreams, &snapshot->upstreams[i].address);
	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		set->ports.words[i] |= snapshot->ports_accept[i];
}
