/* SPDX-License-Identifier: BSD-3-Clause */
/* Iterates over this process's open descriptors of one kind, as /proc/self/fd lists them. All
 * [main].
 *
 *   descriptor_walk_open(&walk, "anon_inode:bpf-map");
 *   while ((fd = descriptor_walk_next(&walk)) >= 0) ...
 *   descriptor_walk_close(&walk); */
#ifndef EPHEMERA_DATAPLANE_LIB_DESCRIPTOR_H
#define EPHEMERA_DATAPLANE_LIB_DESCRIPTOR_H

#include <dirent.h>

struct descriptor_walk {
	DIR *directory;
	const char *kind; /* target of the descriptor's link in /proc/self/fd */
};

/* 0 or -errno; errno is set too. */
int descriptor_walk_open(struct descriptor_walk *walk, const char *kind);

/* The next descriptor, or -1 at the end. The caller does not own it: do not close it. */
int descriptor_walk_next(struct descriptor_walk *walk);
void descriptor_walk_close(struct descriptor_walk *walk);

#endif
