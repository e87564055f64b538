/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files that describe changes. */
#ifndef EPHEMERA_CONTROL_PUBLISH_CHANGES_PVT_H
#define EPHEMERA_CONTROL_PUBLISH_CHANGES_PVT_H

#include "control/publish/changes.h"

struct changes {
	const struct config *before, *after;
	void (*line)(void *owner, const char *text);
	void *owner;
	unsigned count;
};

/* change.c: writes one line. */
void change(struct changes *changes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Write "KEY: from A to B" if the two differ. */
void change_number(struct changes *changes, const char *key, uint64_t before, uint64_t after);
void change_word(struct changes *changes, const char *key, const char *before, const char *after);
void change_ranges(struct changes *changes, const char *key, const struct config_ranges *before,
		   const struct config_ranges *after);

/* The upstream of `config` with the address and port of `wanted`, or NULL. */
const struct config_upstream *change_upstream_find(const struct config *config,
						   const struct config_upstream *wanted);

/* changes_pools.c: pools, and the domains and types that are routed to them. */
void change_pools(struct changes *changes);
void change_routes(struct changes *changes);

#endif
