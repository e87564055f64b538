/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines for the operator.
 * Runs:  the main thread.
 * Never: on a packet's way. */
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
