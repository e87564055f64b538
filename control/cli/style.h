/* SPDX-License-Identifier: BSD-3-Clause */
/* How text is laid out and styled on the standard output: width, colours, character set.
 *
 * Renderers write a style mark, one byte, before the text it applies to, and STYLE_END after it.
 * Marks have no width. style_print() replaces them with the terminal's escape sequences, or removes
 * them. Colours are used on terminals only, and not if NO_COLOR is set; bold and reverse video
 * replace them there.
 * Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_STYLE_H
#define EPHEMERA_CONTROL_CLI_STYLE_H

#include <stdbool.h>
#include <stdio.h>

#define STYLE_END     "\001"
#define STYLE_BOLD    "\002"
#define STYLE_GOOD    "\003"
#define STYLE_WARNING "\004"
#define STYLE_BAD     "\005"
#define STYLE_FAINT   "\006"

#define STYLE_COLUMNS_DEFAULT 80

struct style {
	unsigned columns, rows; /* rows 0: no limit */
	bool terminal, colour, unicode;
};

/* The style of the standard output. The width is the terminal's, else that of COLUMNS, else
 * STYLE_COLUMNS_DEFAULT; the locale says whether the character set is UTF-8. */
struct style style_of_stdout(void);

/* Prints `text`, lines with marks. `clip` is for a terminal whose cursor is on the first line: each
 * line is cut to the width and the rest of the terminal's line is cleared; lines after the last row
 * are left out. */
void style_print(const struct style *style, const char *text, bool clip, FILE *out);

/* The columns that a text takes, without marks; UTF-8, each character one column wide. */
int style_width(const char *text);

/* A bar that fills `share` (0 to 1) of `columns`. Writes to `text` (4 * columns + 1 bytes) and
 * returns it. */
const char *style_bar(const struct style *style, double share, unsigned columns, char *text);

#endif
