/* SPDX-License-Identifier: BSD-3-Clause */
/* The hint at the end of both daemons' error messages about files in runtime_dir. */
#ifndef EPHEMERA_DATAPLANE_SHARED_RUNTIME_DIR_H
#define EPHEMERA_DATAPLANE_SHARED_RUNTIME_DIR_H

#include <errno.h>

/* A constant string: what to do about `error`, an errno. */
static inline const char *
runtime_dir_hint(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "make room there (`df` and `df -i` show it), or choose another runtime_dir";
	case ENOENT:
		return "make the directory, or choose another runtime_dir";
	default:
		return "choose another runtime_dir";
	}
}

#endif
