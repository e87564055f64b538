/* SPDX-License-Identifier: BSD-3-Clause */
/* The files of this folder, which embed.py compiles into ephemerad. Constant. */
#ifndef EPHEMERA_CONTROL_WEB_WEB_FILES_H
#define EPHEMERA_CONTROL_WEB_WEB_FILES_H

#include <stddef.h>

struct web_file {
	const char *path; /* "/dashboard.js"; index.html is "/" */
	const char *content_type;
	const unsigned char *bytes;
	size_t size;
};

extern const struct web_file web_files[];
extern const unsigned web_file_count;

#endif
