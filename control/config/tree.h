/* SPDX-License-Identifier: BSD-3-Clause */
/* A YAML text as a tree of nodes with line numbers.
 *
 * libyaml parses the text once: the values and the lines in messages come from this tree. Hostile
 * text is refused: depth and number of nodes are limited; a second document, aliases (which could
 * multiply the data), tags and duplicate keys are errors.
 *
 * Threads: none; a tree is read-only once it is built. */
#ifndef EPHEMERA_CONTROL_CONFIG_TREE_H
#define EPHEMERA_CONTROL_CONFIG_TREE_H

#include <stddef.h>

#include "control/config/fault.h"

enum {
	TREE_DEPTH_MAX = 8,
	TREE_NODES_MAX = 262144,
	TREE_KEYS_MAX = 64, /* in one mapping */
	TREE_PATH_BYTES = 128,
};

enum tree_kind {
	TREE_TEXT,
	TREE_LIST,
	TREE_MAPPING,
};

struct tree_node {
	enum tree_kind kind;
	unsigned line;	/* of the value; of the key if the value is empty, a list or a mapping */
	unsigned count; /* children */
	char *key;	/* NULL: an entry of a list, or the top */
	char *text;	/* TREE_TEXT: the value, without NUL bytes */
	struct tree_node *parent, *first, *last, *next;
};

/* Builds the tree of `text`. 0, or -errno after a line to `faults`; a duplicate key is reported
 * there but does not end the parsing. The top is always a mapping. Free it with tree_free(). */
int tree_build(struct faults *faults, const char *text, size_t text_bytes, struct tree_node **top);

void tree_free(struct tree_node *node); /* NULL is fine */

/* The value of `key` in a mapping; NULL if it is absent. `mapping` may be NULL. */
const struct tree_node *tree_find(const struct tree_node *mapping, const char *key);

/* The line of `key` in a mapping, or the line of the mapping if the key is absent. */
unsigned tree_line(const struct tree_node *mapping, const char *key);

/* Writes the keys from the top to a node, "upstreams.servers.port", to `path` (TREE_PATH_BYTES);
 * returns it. */
const char *tree_path(const struct tree_node *node, char *path);

#endif
