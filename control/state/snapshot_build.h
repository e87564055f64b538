/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the snapshot: a pure function of configuration, slots, health and neighbours. What depends
 * on time is in the slots. Equal input yields equal bytes. */
#ifndef EPHEMERA_CONTROL_STATE_SNAPSHOT_BUILD_H
#define EPHEMERA_CONTROL_STATE_SNAPSHOT_BUILD_H

#include "control/config/config.h"
#include "control/state/slots.h"

/* The state of the upstream in a slot, beside its configuration. */
struct build_upstream {
	bool usable;
	bool resolved;
	uint8_t interface_index; /* valid also if no longer resolved: responses may still arrive */
	struct mac next_hop;
	enum admin_state admin_state;
	bool case_not_kept; /* its responses do not keep the letter case of the question */
};

struct build_input {
	const struct config *config;
	const struct slots *slots;
	const struct build_upstream *upstreams; /* SNAPSHOT_UPSTREAMS_MAX, by slot */
	uint64_t generation;
};

/* The largest possible size of a snapshot, in bytes. */
size_t build_size_max(void);

/* Writes the snapshot, sealed, to `snapshot`, which has room for build_size_max() bytes. */
void build_snapshot(const struct build_input *input, struct snapshot *snapshot);

/* True if the two differ at most in their generations. */
bool build_same(const struct snapshot *a, const struct snapshot *b);

/* The number of usable upstreams in one of the snapshot's pools. */
unsigned build_pool_usable(const struct snapshot *snapshot, const struct snapshot_pool *pool);

#endif
