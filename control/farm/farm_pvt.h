/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of the farm: farm.c (members), probe.c (probes), event.c (events of an
 * upstream). */
#ifndef EPHEMERA_CONTROL_FARM_FARM_PVT_H
#define EPHEMERA_CONTROL_FARM_FARM_PVT_H

#include "control/farm/farm.h"

/* Sets the timer to the next probe. */
void farm_timer_set(struct farm *farm);
void farm_timer_fired(void *farm, uint64_t now_ns);

/* Handles an event of the upstream in that slot: its state, the healthy minimum of its pools, the
 * log, and `changed`. */
void farm_handle(struct farm *farm, unsigned slot, const struct health_event *event,
		 uint64_t now_ns);

/* Releases upstreams that no pool needs any more; true if there were any. `changed` is not
 * called. */
bool farm_release(struct farm *farm, uint64_t now_ns);

#endif
