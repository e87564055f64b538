/* SPDX-License-Identifier: BSD-3-Clause */
/* The healthy minimum of each pool: health takes no upstream out of use if a pool would be left
 * with fewer usable members than `healthy_min_percent` of all.
 *
 * If most of a pool has failed, a member with bad probes may still answer some queries; or the
 * probes are wrong, and then for all upstreams at once. The minimum only keeps upstreams in use, it
 * never puts one back, and an override (health.h) takes precedence. Members that the operator took
 * out count as missing. Pure. */
#ifndef EPHEMERA_CONTROL_FARM_HEALTHY_MIN_H
#define EPHEMERA_CONTROL_FARM_HEALTHY_MIN_H

#include <stdbool.h>
#include <stddef.h>

#include "control/config/config.h"

/* How many members of a pool of `member_count` must stay usable. */
unsigned healthy_min_count(unsigned member_count, uint32_t percent);

/* The name of a pool that needs the usable upstream with that index in the configuration; NULL:
 * none. `usable`, by the same index, are all usable upstreams including this one. */
const char *healthy_min_pool(const struct config *config, unsigned upstream, const bool *usable);

#endif
