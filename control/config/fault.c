/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the lines about the errors and warnings in a configuration file. */
#include "control/config/fault.h"

#include <stdarg.h>
#include <string.h>

static void
fault_write(struct faults *faults, unsigned line, const char *kind, const char *format,
	    va_list arguments)
{
	if (faults->shown == FAULTS_MAX)
		return;
	if (++faults->shown == FAULTS_MAX) {
		fprintf(faults->out, "%s: there are more errors: fix these first\n", faults->path);
		return;
	}
	fputs(faults->path, faults->out);
	if (line > 0)
		fprintf(faults->out, ":%u", line);
	fprintf(faults->out, ": %s", kind);
	vfprintf(faults->out, format, arguments);
	fputc('\n', faults->out);
}

void
fault_error(struct faults *faults, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	faults->errors++;
	fault_write(faults, line, "", format, arguments);
	va_end(arguments);
}

void
fault_warning(struct faults *faults, unsigned line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fault_write(faults, line, "warning: ", format, arguments);
	va_end(arguments);
}

const char *
fault_quote(const char *text, char *quote)
{
	size_t bytes = 0;

	while (text[bytes] != 0 && bytes < FAULT_QUOTE_BYTES - 4) {
		quote[bytes] = text[bytes] < ' ' || text[bytes] > '~' ? '?' : text[bytes];
		bytes++;
	}
	strcpy(quote + bytes, text[bytes] != 0 ? "..." : "");
	return quote;
}
