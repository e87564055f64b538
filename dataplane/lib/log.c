/* SPDX-License-Identifier: BSD-3-Clause */
/* Logs to stderr.
 * Runs:  the main thread, never a worker. */
#include "dataplane/lib/log.h"

#include <stdarg.h>
#include <stdio.h>

void
log_line(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "ephemera-dataplane: %s\n", line);
}
