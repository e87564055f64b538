/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the snapshot: a pure function of configuration, slots (which hold what time has to do with
 * it), health and neighbours. The same input yields the same block, byte for byte. */
#ifndef EPHEMERA_CONTROL_STATE_SNAPSHOT_BUILD_H
#define EPHEMERA_CONTROL_STATE_SNAPSHOT_BUILD_H

#include "control/config/config.h"
#include "control/state/slots.h"

/* What is known of the upstream in a slot besides its configuration. */
struct build_upstream {
	bool usable;
	bool resolved;
	uint8_t interface_index; /* also of one that is not resolved any more: its responses may still come by there
			     */
	struct mac next_hop;
	enum admin_state admin_state;
	bool case_not_kept; /* its responses come in another letter case than they were asked in */
};

struct build_input {
	const struct config *config;
	const struct slots *slots;
	const struct build_upstream *upstreams; /* SNAPSHOT_UPSTREAMS_MAX, by slot */
	uint64_t generation;
};

/* Room for any snapshot. */
size_t build_size_max(void);

/* Writes the snapshot, sealed, to `snapshot`, which has room for build_size_max() bytes. */
void build_snapshot(const struct build_input *input, struct snapshot *snapshot);

/* True if a dataplane would do the same with either: they differ at most in their generations. */
bool build_same(const struct snapshot *a, const struct snapshot *b);

/* How many upstreams of one of the snapshot's pools are given queries. */
unsigned build_pool_usable(const struct snapshot *snapshot, const struct snapshot_pool *pool);

#endif
