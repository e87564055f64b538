/* SPDX-License-Identifier: BSD-3-Clause */
/* How text may look where it goes: width, colours, characters; and styles in text.
 *
 * Renderers put a style's mark, one byte, in front of what it applies to, and STYLE_END behind;
 * marks take no place on the screen. look_print() turns them into what the terminal understands, or
 * takes them out. Colours are used on terminals alone, and not if NO_COLOR is set; bold and reverse
 * then stand for them.
 * Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_LOOK_H
#define EPHEMERA_CONTROL_CLI_LOOK_H

#include <stdbool.h>
#include <stdio.h>

#define STYLE_END     "\001"
#define STYLE_BOLD    "\002"
#define STYLE_GOOD    "\003"
#define STYLE_WARNING "\004"
#define STYLE_BAD     "\005"
#define STYLE_FAINT   "\006"

#define LOOK_COLUMNS_DEFAULT 80

struct look {
	unsigned columns, rows; /* rows 0: as many as there are */
	bool terminal, colour, unicode;
};

/* Of the standard output: the terminal's size, or else COLUMNS, or LOOK_COLUMNS_DEFAULT; characters
 * by the locale. */
struct look look_of_stdout(void);

/* Prints `text`, lines with marks. `clip`: onto a terminal whose cursor is at the first line: each
 * line is cut to the width, and the rest of the terminal's line cleared; lines that do not fit are
 * left out. */
void look_print(const struct look *look, const char *text, bool clip, FILE *out);

/* How many columns a text takes, marks left out; UTF-8, all characters one column wide. */
int look_width(const char *text);

/* A bar of `share` (0 to 1) of `columns`. Writes to `text` (4 * columns + 1 bytes) and returns
 * it. */
const char *look_bar(const struct look *look, double share, unsigned columns, char *text);

#endif
