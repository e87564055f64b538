/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the farm share: farm.c (who is in it), probe.c (its probes), event.c (what
 * happens to an upstream). */
#ifndef EPHEMERA_CONTROL_FARM_FARM_PVT_H
#define EPHEMERA_CONTROL_FARM_FARM_PVT_H

#include "control/farm/farm.h"

/* Sets the timer to the next probe that is due. */
void farm_timer_set(struct farm *farm);
void farm_timer_fired(void *farm, uint64_t now_ns);

/* An event of the upstream in that slot: its state, what its pools keep by it, the log, and
 * `changed`. */
void farm_handle(struct farm *farm, unsigned slot, const struct health_event *event,
		 uint64_t now_ns);

/* Lets go of upstreams that no pool needs any more; true if there were any. `changed` is not
 * called. */
bool farm_release(struct farm *farm, uint64_t now_ns);

#endif
