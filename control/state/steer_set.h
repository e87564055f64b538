/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program's maps must hold for a snapshot: a pure function of it.
 *
 * Active and retired entries alike: the responses of what is retired still come in. An address that
 * is in the snapshot twice is in the set once. */
#ifndef EPHEMERA_CONTROL_STATE_STEER_SET_H
#define EPHEMERA_CONTROL_STATE_STEER_SET_H

#include <stdbool.h>

#include "bpf/steer.h"
#include "dataplane/shared/snapshot.h"

/* Room for two snapshots, because the maps hold both while one takes over from the other. */
struct steer_set {
	unsigned service_count, source_count, upstream_count;
	struct steer_service services[2 * STEER_SERVICES_MAX];
	struct steer_address sources[2 * STEER_SOURCES_MAX];
	struct steer_address upstreams[2 * STEER_UPSTREAMS_MAX];
	struct steer_ports ports; /* what is accepted */
};

/* The keys of one of a set's maps: the services, sources or upstreams. */
struct steer_keys {
	const void *keys;
	unsigned count;
	size_t key_bytes;
};

/* Empties the set. */
void steer_set_init(struct steer_set *set);

/* Adds what a snapshot needs; at most two snapshots a set. NULL adds nothing. */
void steer_set_add(struct steer_set *set, const struct snapshot *snapshot);

/* `map`: STEER_MAP_services, STEER_MAP_sources or STEER_MAP_upstreams. */
struct steer_keys steer_set_keys(const struct steer_set *set, enum steer_map map);

bool steer_keys_contain(const struct steer_keys *keys, const void *key);

#endif
