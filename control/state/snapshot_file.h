/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots in memfds, as ephemerad and the dataplane pass them to each other. */
#ifndef EPHEMERA_CONTROL_STATE_SNAPSHOT_FILE_H
#define EPHEMERA_CONTROL_STATE_SNAPSHOT_FILE_H

#include "dataplane/shared/snapshot.h"

/* Returns a sealed memfd that contains the snapshot, closed by the caller; or -errno. */
int snapshot_file_make(const struct snapshot *snapshot);

/* Reads `size_bytes` from the file and validates them. `into` has room for build_size_max() bytes
 * and is undefined after an error. 0; or -errno, and *why is the reason, a constant string, or
 * NULL. */
int snapshot_file_read(int fd, uint64_t size_bytes, struct snapshot *into, const char **why);

#endif
