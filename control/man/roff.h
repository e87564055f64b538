/* SPDX-License-Identifier: BSD-3-Clause */
/* Escapes text for manual pages in mdoc(7). Threads: one. */
#ifndef EPHEMERA_CONTROL_MAN_ROFF_H
#define EPHEMERA_CONTROL_MAN_ROFF_H

#include <stdio.h>

/* Writes sentences as wrapped text, each sentence on a new line. The first word gets a capital and
 * the last sentence a full stop if it has none. Line ends in `text` count as blanks. */
void roff_sentences(const char *text, FILE *out);

/* Writes one line of a literal display, with its line end if it has one. */
void roff_literal(const char *line, FILE *out);

/* Writes one quoted argument of a macro line, after a blank. */
void roff_argument(const char *text, FILE *out);

#endif
