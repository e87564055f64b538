/* SPDX-License-Identifier: BSD-3-Clause */
/* POLICY_HASH: keeps each name on its upstream. [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_CHOOSE_H
#define EPHEMERA_DATAPLANE_PIPELINE_CHOOSE_H

#include "dataplane/pipeline/worker.h"

/* The hash that places a name in the pool's ring: the same on every machine, in any letter case. */
uint64_t choose_hash_name(const struct pool *pool, const uint8_t *name, uint32_t name_bytes);

/* The slot of the upstream for a hash. If the pool bounds load, an upstream that already has its
 * share of this worker's queries in flight in the pool is skipped, and the hash's next place is
 * tried (Mirrokni et al., SODA 2018). */
uint16_t choose_hash(struct worker *worker, uint8_t pool, uint64_t hash);

#endif
