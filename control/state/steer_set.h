/* SPDX-License-Identifier: BSD-3-Clause */
/* The content that the XDP program's maps need for a snapshot: a pure function of it.
 *
 * Retired entries are included, because responses to them still arrive. An address that is in the
 * snapshot twice is in the set once. */
#ifndef EPHEMERA_CONTROL_STATE_STEER_SET_H
#define EPHEMERA_CONTROL_STATE_STEER_SET_H

#include <stdbool.h>

#include "bpf/steer.h"
#include "dataplane/shared/snapshot.h"

/* Room for two snapshots: during a change the maps hold the content for both. */
struct steer_set {
	unsigned service_count, source_count, upstream_count;
	struct steer_service services[2 * STEER_SERVICES_MAX];
	struct steer_address sources[2 * STEER_SOURCES_MAX];
	struct steer_address upstreams[2 * STEER_UPSTREAMS_MAX];
	struct steer_ports ports; /* accepted ports */
};

/* The keys of one map of a set: services, sources or upstreams. */
struct steer_keys {
	const void *keys;
	unsigned count;
	size_t key_bytes;
};

/* Empties the set. */
void steer_set_init(struct steer_set *set);

/* Adds the keys and ports for a snapshot; at most two snapshots per set. NULL adds nothing. */
void steer_set_add(struct steer_set *set, const struct snapshot *snapshot);

/* `map`: STEER_MAP_services, STEER_MAP_sources or STEER_MAP_upstreams. */
struct steer_keys steer_set_keys(const struct steer_set *set, enum steer_map map);

bool steer_keys_contain(const struct steer_keys *keys, const void *key);

#endif
