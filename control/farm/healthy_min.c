/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts the usable members of pools. */
#include "control/farm/healthy_min.h"

unsigned
healthy_min_count(unsigned member_count, uint32_t percent)
{
	return (unsigned)(((uint64_t)member_count * percent + 99) / 100);
}

/* True if `upstream` is a member and too few would be left without it. */
static bool
pool_needs(const struct config_pool *pool, uint32_t percent, unsigned upstream, const bool *usable)
{
	bool member = false;
	unsigned left = 0;

	for (unsigned i = 0; i < pool->member_count; i++) {
		if (pool->members[i] == upstream)
			member = true;
		else
			left += usable[pool->members[i]];
	}
	return member && left < healthy_min_count(pool->member_count, percent);
}

const char *
healthy_min_pool(const struct config *config, unsigned upstream, const bool *usable)
{
	if (config->healthy_min_percent == 0)
		return NULL;
	for (unsigned i = 0; i < config->pool_count; i++)
		if (pool_needs(&config->pools[i], config->healthy_min_percent, upstream, usable))
			return config->pools[i].name;
	return NULL;
}
