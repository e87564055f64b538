/* SPDX-License-Identifier: BSD-3-Clause */
/* Fills the XDP maps of every steered port, through the descriptors that the dataplane's HELLO
 * handed over.
 *
 * They hold what the snapshot in force needs, and while another one takes over, what either needs:
 * what is new is added before the dataplane is told, what is gone is taken out after all workers
 * left it. Needs no capability: who has the descriptors may write. */
#ifndef EPHEMERA_CONTROL_LINK_STEER_MAPS_H
#define EPHEMERA_CONTROL_LINK_STEER_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/link/link.h"
#include "control/state/steer_set.h"

#define STEER_MAPS_UNUSABLE "they are not as they should be: is steer.bpf.o of the same version?"

struct steer_maps {
	const struct dataplane *dataplane;
	bool known; /* `held` is what all the maps hold; false: they are to be listed first */
	struct steer_set held, wanted;
	int cpu_count;
	bool usable; /* they are what they should be; else neither written nor read */
};

void steer_maps_init(struct steer_maps *maps, const struct dataplane *dataplane);

/* A dataplane said HELLO: checks that the maps are what they should be, and forgets what was known
 * of others. 0, -EPROTO, or another -errno; after an error they are not usable until the next
 * HELLO. */
int steer_maps_connected(struct steer_maps *maps);

/* Makes the maps hold exactly what `a` and `b` need; either may be NULL. 0 or -errno; after an
 * error the next call lists the maps and mends them whole. -EPROTO: they are not usable. */
int steer_maps_hold(struct steer_maps *maps, const struct snapshot *a, const struct snapshot *b);

/* Sums the program's verdicts over ports and CPUs. 0 or -errno, -EPROTO: they are not usable. */
int steer_maps_verdicts(const struct steer_maps *maps, uint64_t sums[STEER_VERDICT_COUNT]);

#endif
