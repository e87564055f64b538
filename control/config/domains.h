/* SPDX-License-Identifier: BSD-3-Clause */
/* The domains of all routes, while the configuration is read: collected in the order of the files,
 * then sorted, and duplicates removed.
 *
 *     struct domains domains = {.config_path = path};
 *     domains_add();        for each domain in the configuration
 *     domains_file_add();   for each file
 *     domains_build();
 *     domains_free();       also after an error
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
	uint32_t name_offset; /* in struct domains.names; grows in the order read */
	unsigned line;
	uint16_t file; /* 0: the configuration; else paths[file - 1] */
	uint8_t name_bytes;
	uint8_t pool;
};

struct domains {
	const char *config_path;
	struct domain *rows;
	unsigned count, room;
	uint8_t *names; /* wire form, lower case, concatenated */
	uint32_t names_bytes, names_room;
	char **paths; /* of the domain files */
	unsigned path_count;
	unsigned file; /* being read now, as in struct domain */
	bool full;     /* too many domains; this was reported */
};

/* A domain as written, its line, and the prefix of a message about it. */
struct domain_text {
	const char *text;
	unsigned line;
	const char *before;
};

/* Adds a domain from the configuration or from the file being read. 0, also after a fault, or
 * -ENOMEM. */
int domains_add(struct domains *domains, struct faults *faults, const struct domain_text *written,
		uint8_t pool);

/* Adds all domains of a file: one per line, surrounding spaces are ignored, "#" begins a comment.
 * Messages give the file's name and line. 0, also after a fault, or -ENOMEM. */
int domains_file_add(struct domains *domains, struct faults *faults, const char *path,
		     uint8_t pool);

/* Writes config->routes.suffixes and names; a domain with two pools is a fault; its message
 * gives both places. 0, also after a fault, or -ENOMEM. */
int domains_build(const struct domains *domains, struct faults *faults, struct config *config);

void domains_free(struct domains *domains);

#endif
