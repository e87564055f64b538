/* SPDX-License-Identifier: BSD-3-Clause */
/* The domains of all routes, while the configuration is read: gathered in the order of the files,
 * then sorted and freed of duplicates.
 *
 *     struct domains domains = {.config_path = path};
 *     domains_add() for each of the configuration, domains_file_add() for each file; domains_build(); and in
 *     any case domains_free().
 *
 * Threads: none. */
#ifndef EPHEMERA_CONTROL_CONFIG_DOMAINS_H
#define EPHEMERA_CONTROL_CONFIG_DOMAINS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"
#include "control/config/fault.h"

#define DOMAINS_FILE_BYTES_MAX (32u << 20)

/* Where a domain is written. */
struct domain {
	uint32_t name_offset; /* in the names; grows in the order of writing */
	unsigned line;
	uint16_t file; /* 0: the configuration; else paths[file - 1] */
	uint8_t name_bytes;
	uint8_t pool;
};

struct domains {
	const char *config_path;
	struct domain *rows;
	unsigned count, room;
	uint8_t *names; /* wire form, lower case, one after the other */
	uint32_t names_bytes, names_room;
	char **paths; /* of the files with lists */
	unsigned path_count;
	unsigned file; /* what is read now, as in struct domain */
	bool full;     /* and that has been said */
};

/* A domain as it is written, where, and what stands before the message about it. */
struct domain_text {
	const char *text;
	unsigned line;
	const char *before;
};

/* Takes a domain of the configuration, or one of the file read now. 0, also after a fault, or
 * -ENOMEM. */
int domains_add(struct domains *domains, struct faults *faults, const struct domain_text *written,
		uint8_t pool);

/* Takes all domains of a file: one a line, with blanks around it, "#" begins a comment. Messages
 * about it name it and its lines. 0, also after a fault, or -ENOMEM. */
int domains_file_add(struct domains *domains, struct faults *faults, const char *path,
		     uint8_t pool);

/* Writes config->routes.suffixes and names; a domain with two pools is a fault that names both
 * places. 0, also after a fault, or -ENOMEM. */
int domains_build(const struct domains *domains, struct faults *faults, struct config *config);

void domains_free(struct domains *domains);

#endif
