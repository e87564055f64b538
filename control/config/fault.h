/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors found in one configuration file: each becomes one line,
 * "FILE:LINE: key: what is wrong: what to do".
 *
 * Values are shown with control and non-ASCII bytes replaced, so that each message stays one line
 * whatever the file holds. Threads: none; one struct faults belongs to one config_load(). */
#ifndef EPHEMERA_CONTROL_CONFIG_FAULT_H
#define EPHEMERA_CONTROL_CONFIG_FAULT_H

#include <stdio.h>

enum {
	FAULTS_MAX = 20,
	FAULT_QUOTE_BYTES = 64, /* of a value shown in a message, with the terminating 0 */
};

struct faults {
	FILE *out;
	const char *path; /* as the user gave it */
	unsigned errors;  /* found, written or not */
	unsigned shown;	  /* lines written, including warnings */
};

/* An error, or a warning, at a line of the file; line 0: about the file as a whole. */
void fault_error(struct faults *faults, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fault_warning(struct faults *faults, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Makes `text` safe to show between quotes: shortened, bytes that are not printable ASCII as '?'.
 * Writes to `quote` (FAULT_QUOTE_BYTES) and returns it. */
const char *fault_quote(const char *text, char *quote);

#endif
