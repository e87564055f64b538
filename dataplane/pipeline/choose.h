/* SPDX-License-Identifier: BSD-3-Clause */
/* The policy that keeps a name at its upstream. [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_CHOOSE_H
#define EPHEMERA_DATAPLANE_PIPELINE_CHOOSE_H

#include "dataplane/pipeline/worker.h"

/* Where a name goes to in the pool's ring: the same on each machine, whatever its letter case. */
uint64_t choose_hash_name(const struct pool *pool, const uint8_t *name, uint32_t name_bytes);

/* The upstream's slot for a hash. Where the pool bounds load, one that would get more than its
 * share of what this worker has in flight in the pool is passed over for the hash's next place
 * (Mirrokni et al., SODA 2018). */
uint16_t choose_hash(struct worker *worker, uint8_t pool, uint64_t hash);

#endif
