/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots in memory files, as they travel between ephemerad and the dataplane. */
#ifndef EPHEMERA_CONTROL_STATE_SNAPSHOT_FILE_H
#define EPHEMERA_CONTROL_STATE_SNAPSHOT_FILE_H

#include "dataplane/shared/snapshot.h"

/* A sealed memfd with the snapshot in it, the caller's to close; or -errno. */
int snapshot_file_make(const struct snapshot *snapshot);

/* Reads `size_bytes` from the file and validates them; `into` has room for build_size_max() bytes,
 * and is of no use after an error. 0; or -errno, and *why then may say what is wrong, a constant
 * string. */
int snapshot_file_read(int fd, uint64_t size_bytes, struct snapshot *into, const char **why);

#endif
