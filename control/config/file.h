/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a configuration file of limited size into memory. Threads: none. */
#ifndef EPHEMERA_CONTROL_CONFIG_FILE_H
#define EPHEMERA_CONTROL_CONFIG_FILE_H

#include <stddef.h>

#include "control/config/fault.h"

#define CONFIG_FILE_BYTES_MAX (4u << 20)

/* Reads the regular file faults->path, of at most `bytes_max` bytes; `what` is its kind, for
 * messages ("a configuration"). 0 and *text (0-terminated, freed by the caller), or -errno after a
 * line to `faults`: absent, unreadable, not a regular file, too large. Never blocks on a pipe or a
 * device. */
int config_file_read(struct faults *faults, const char *what, size_t bytes_max, char **text,
		     size_t *text_bytes);

#endif
