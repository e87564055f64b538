/* SPDX-License-Identifier: BSD-3-Clause */
/* From the file as written to the configuration: what values mean, and whether they fit one another.
 *
 * Each part writes its faults with the line that the tree knows and leaves its piece of the configuration
 * valid only if it found none. Threads: none. */
#ifndef EPHEMERA_CONFIG_BUILD_H
#define EPHEMERA_CONFIG_BUILD_H

#include "config.h"
#include "config_fault.h"
#include "config_tree.h"
#include "schema.h"

struct build {
	struct faults *faults;
	const struct written *written;
	const struct tree_node *top; /* what `written` was read from, checked against the schema */
	struct config *config;
	bool sources_good; /* all source addresses are known: a family may be missed */
};

/* The whole configuration. 0, also after faults, or -ENOMEM. */
int config_build(struct build *build);

/* Its parts in config_net.c: source.*, and service.*. */
int build_source(struct build *build);
int build_service(struct build *build);

/* Takes an address that a machine can have; false after a fault. */
bool build_address(struct build *build, const struct tree_node *node, const char *text,
		   struct address *address);

#endif
