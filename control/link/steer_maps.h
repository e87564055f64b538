/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the XDP maps of every steered interface, through the descriptors that HELLO returned.
 *
 * The maps hold what the current snapshot needs, and during a change what either snapshot needs:
 * new entries are added before the dataplane gets the new snapshot, old ones are removed after all
 * workers have switched to it. Needs no capability: the descriptors are enough to write. */
#ifndef EPHEMERA_CONTROL_LINK_STEER_MAPS_H
#define EPHEMERA_CONTROL_LINK_STEER_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/link/link.h"
#include "control/state/steer_set.h"

#define STEER_MAPS_UNUSABLE                                                                        \
	"they have an unexpected layout: install ephemerad and steer.bpf.o of the same version"

struct steer_maps {
	const struct link *dataplane;
	bool known; /* `held` is the content of all maps; false: they have to be listed first */
	struct steer_set held, wanted;
	int cpu_count;
	bool usable; /* the maps have the expected layout; else they are not used */
};

void steer_maps_init(struct steer_maps *maps, const struct link *dataplane);

/* Call it after HELLO: checks the layout of the maps, and discards what was known of earlier ones.
 * 0, -EPROTO (unexpected layout), or another -errno; after an error they are not usable until the
 * next HELLO. */
int steer_maps_connected(struct steer_maps *maps);

/* Makes the maps hold exactly what `a` and `b` need; either may be NULL. 0 or -errno (-EPROTO: not
 * usable); after an error the next call lists the maps and repairs them. */
int steer_maps_hold(struct steer_maps *maps, const struct snapshot *a, const struct snapshot *b);

/* Sums the program's verdicts over interfaces and CPUs. 0 or -errno (-EPROTO: not usable). */
int steer_maps_verdicts(const struct steer_maps *maps, uint64_t sums[STEER_VERDICT_COUNT]);

#endif
