/* SPDX-License-Identifier: BSD-3-Clause */
/* From the file as written to the configuration: what values mean, and whether they fit one
 * another.
 *
 * Each part writes its faults with the line that the tree knows and leaves its piece of the
 * configuration valid only if it found none. Threads: none. */
#ifndef EPHEMERA_CONTROL_CONFIG_BUILD_H
#define EPHEMERA_CONTROL_CONFIG_BUILD_H

#include "control/config/config.h"
#include "control/config/fault.h"
#include "control/config/tree.h"
#include "control/config/schema.h"

struct build {
	struct faults *faults;
	const struct written *written;
	const struct tree_node *top; /* what `written` was read from, checked against the schema */
	struct config *config;
	bool sources_good; /* all source addresses are known: a family may be missed */
	bool pools_used[SNAPSHOT_POOLS_MAX]; /* an address or a route names them */
};

/* The whole configuration. 0, also after faults, or -ENOMEM. */
int config_build(struct build *build);

/* Its parts. config_net.c: source.*, service.*, rate_limit.*, http.*. */
int build_source(struct build *build);
int build_service(struct build *build);
int build_limit(struct build *build);
int build_http(struct build *build);

/* config_probe.c: upstreams.probe, upstreams.passive. */
void build_probe(struct build *build);
void build_passive(struct build *build);

/* config_pools.c: pools, once the servers are known; and the pools of service addresses.
 * build_pools_unused() warns of what nothing leads to, when the routes are known. */
int build_pools(struct build *build);
void build_pools_unused(struct build *build);

/* config_routes.c: routes, once the pools are known. */
int build_routes(struct build *build);

/* Takes an address that a machine can have; false after a fault. */
bool build_address(struct build *build, const struct tree_node *node, const char *text,
		   struct address *address);

/* Finds a pool by its name, which `node` holds (NULL: it is a default), and marks it as used; false
 * after a fault. */
bool build_pool_find(struct build *build, const struct tree_node *node, const char *name,
		     uint8_t *pool);

/* The hugepages that a dataplane needs with so many workers, flows of each, and ports with that
 * many queues in all; MiB. */
uint64_t build_memory_mb(uint32_t workers, uint32_t flows, uint32_t interfaces, uint32_t queues);

/* A name of letters, digits, '.', '_' and '-', which are safe in device arguments, labels of
 * metrics and on command lines. */
bool build_name_good(const char *name);

#endif
