/* SPDX-License-Identifier: BSD-3-Clause */
/* Text for manual pages in mdoc(7), which takes some bytes for its own. Threads: one. */
#ifndef EPHEMERA_CONTROL_MAN_ROFF_H
#define EPHEMERA_CONTROL_MAN_ROFF_H

#include <stdio.h>

/* Writes sentences as lines of running text: wrapped, each sentence on a line of its own, with a
 * capital at the begin and a full stop at the end if they have none. Line ends in `text` are
 * blanks. */
void roff_sentences(const char *text, FILE *out);

/* Writes one argument of a macro's line, with a blank before it. */
void roff_argument(const char *text, FILE *out);

#endif
