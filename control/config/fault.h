/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors found in one configuration file: each becomes one line, "FILE:LINE: what: fix".
 *
 * What the file says is shown with odd bytes replaced, so that a line stays a line whatever the
 * file holds.
 * Threads: none; one struct faults belongs to one config_load(). */
#ifndef EPHEMERA_CONTROL_CONFIG_FAULT_H
#define EPHEMERA_CONTROL_CONFIG_FAULT_H

#include <stdio.h>

enum {
	FAULTS_MAX = 20,
	FAULT_QUOTE_BYTES = 64, /* of a value shown in a message, with its final 0 */
};

struct faults {
	FILE *out;
	const char *path; /* as the user gave it */
	unsigned errors;  /* found, shown or not */
	unsigned shown;	  /* lines written, warnings too */
};

/* An error, or a warning, at a line of the file; line 0: about the file as a whole. */
void fault_error(struct faults *faults, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fault_warning(struct faults *faults, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `text` fit to be shown between quotes: cut, odd bytes as '?'. Writes to `quote`
 * (FAULT_QUOTE_BYTES), returns it. */
const char *fault_quote(const char *text, char *quote);

#endif
