/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds struct config from struct written: interprets the values and checks them against each
 * other.
 *
 * Each part reports its faults with the line from the tree; its piece of the configuration is valid
 * only if it reported none. Threads: none. */
#ifndef EPHEMERA_CONTROL_CONFIG_BUILD_H
#define EPHEMERA_CONTROL_CONFIG_BUILD_H

#include "control/config/config.h"
#include "control/config/fault.h"
#include "control/config/schema.h"
#include "control/config/tree.h"

struct build {
	struct faults *faults;
	const struct written *written;
	const struct tree_node *top; /* what `written` was read from, checked against the schema */
	struct config *config;
	bool sources_good; /* source.addresses has no fault, so that families can be compared */
	bool pools_used[SNAPSHOT_POOLS_MAX]; /* by a service address or a route */
};

/* The whole configuration. 0, also after faults, or -ENOMEM. */
int config_build(struct build *build);

/* Its parts. net.c: source.*, service.*, rate_limit.*, http.*. */
int build_source(struct build *build);
int build_service(struct build *build);
int build_limit(struct build *build);
int build_http(struct build *build);

/* probe.c: upstreams.probe, upstreams.passive. */
void build_probe(struct build *build);
void build_passive(struct build *build);

/* pools.c: pools, after the servers; and the pools of service addresses. build_pools_unused(),
 * after the routes, warns of unused pools and servers. */
int build_pools(struct build *build);
void build_pools_unused(struct build *build);

/* routes.c: routes, after the pools. */
int build_routes(struct build *build);

/* Parses a unicast address that another host can reach (address_is_host()); false after a fault. */
bool build_address(struct build *build, const struct tree_node *node, const char *text,
		   struct address *address);

/* Finds a pool by name and marks it as used; `node` is where the name is written (NULL: it is a
 * default). False after a fault. */
bool build_pool_find(struct build *build, const struct tree_node *node, const char *name,
		     uint8_t *pool);

/* The hugepage memory in MiB that a dataplane needs: `flows` per worker, `queues` of all interfaces
 * together. */
uint64_t build_memory_mb(uint32_t workers, uint32_t flows, uint32_t interfaces, uint32_t queues);

/* True if `name` has only letters, digits, '.', '_' and '-', which are safe in device arguments,
 * metric labels and on command lines. */
bool build_name_good(const char *name);

#endif
