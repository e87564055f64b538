/* SPDX-License-Identifier: BSD-3-Clause */
/* The floor under each pool: health takes no upstream out of use where a pool would be left with fewer usable
 * members than `healthy_min_percent` of all it has.
 *
 * One that probes find bad while most of its pool is gone already may still answer some; or it is the probes
 * that are wrong, and then of all upstreams at once. The floor never puts one back into use, and does not
 * hold against the operator's word: it only keeps. Members that the operator took out are missing like
 * others. Pure. */
#ifndef EPHEMERA_CONTROL_FARM_HEALTHY_MIN_H
#define EPHEMERA_CONTROL_FARM_HEALTHY_MIN_H

#include <stdbool.h>
#include <stddef.h>

#include "control/config/config.h"

/* So many members of a pool of `member_count` are to be usable at the least. */
unsigned floor_of(unsigned member_count, uint32_t percent);

/* The name of a pool that needs the upstream, which is usable; NULL: none does. `upstream` is its index in
 * the configuration; `usable`, by such indexes, says who is in use, it included. */
const char *floor_pool(const struct config *config, unsigned upstream, const bool *usable);

#endif
