/* SPDX-License-Identifier: BSD-3-Clause */
/* Iterates over this process's open descriptors.
 * Runs:  the main thread. */
#include "dataplane/lib/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int
descriptor_walk_open(struct descriptor_walk *walk, const char *kind)
{
	walk->kind = kind;
	walk->directory = opendir("/proc/self/fd");
	return walk->directory == NULL ? -errno : 0;
}

int
descriptor_walk_next(struct descriptor_walk *walk)
{
	struct dirent *entry;

	while ((entry = readdir(walk->directory)) != NULL) {
		char link[64];
		ssize_t length =
			readlinkat(dirfd(walk->directory), entry->d_name, link, sizeof(link) - 1);

		if (length < 0)
			continue;
		link[length] = '\0';
		if (strcmp(link, walk->kind) == 0)
			return atoi(entry->d_name);
	}
	return -1;
}

void
descriptor_walk_close(struct descriptor_walk *walk)
{
	closedir(walk->directory);
}
