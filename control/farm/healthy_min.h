/* SPDX-License-Identifier: BSD-3-Clause */
/* The healthy minimum of each pool: health takes no upstream out of use where a pool would be left
 * with fewer usable members than `healthy_min_percent` of all it has.
 *
 * One that probes find bad while most of its pool is gone already may still answer some; or it is
 * the probes that are wrong, and then of all upstreams at once. The minimum never puts one back
 * into use, and an override (health.h) goes before it: it only keeps. Members that the operator
 * took out are missing like others. Pure. */
#ifndef EPHEMERA_CONTROL_FARM_HEALTHY_MIN_H
#define EPHEMERA_CONTROL_FARM_HEALTHY_MIN_H

#include <stdbool.h>
#include <stddef.h>

#include "control/config/config.h"

/* How many members of a pool of `member_count` are to stay usable. */
unsigned healthy_min_count(unsigned member_count, uint32_t percent);

/* The name of a pool that needs the upstream, which is usable; NULL: none does. `upstream` is its
 * index in the configuration; `usable`, by such indexes, says who is in use, it included. */
const char *healthy_min_pool(const struct config *config, unsigned upstream, const bool *usable);

#endif
