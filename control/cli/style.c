/* SPDX-License-Identifier: BSD-3-Clause */
/* Widths, style marks and bars. */
#include "control/cli/style.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MIN 20
#define COLUMNS_MAX 1000

static unsigned
columns_within(unsigned long columns)
{
	return columns < COLUMNS_MIN   ? COLUMNS_MIN
	       : columns > COLUMNS_MAX ? COLUMNS_MAX
				       : (unsigned)columns;
}

struct style
style_of_stdout(void)
{
	const char *columns = getenv("COLUMNS"), *no_colour = getenv("NO_COLOR"),
		   *kind = getenv("TERM");
	struct style style = {.columns = STYLE_COLUMNS_DEFAULT, .terminal = isatty(STDOUT_FILENO)};
	struct winsize size;

	if (style.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		style.columns = columns_within(size.ws_col);
		style.rows = size.ws_row;
	} else if (columns != NULL && strtoul(columns, NULL, 10) > 0) {
		style.columns = columns_within(strtoul(columns, NULL, 10));
	}
	style.colour = style.terminal && (no_colour == NULL || *no_colour == 0) &&
		       (kind == NULL || strcmp(kind, "dumb") != 0);
	setlocale(LC_CTYPE, "");
	style.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	return style;
}

static const char *
style_code(const struct style *style, char mark)
{
	if (!style->terminal)
		return "";
	switch (mark) {
	case 1:
		return "\033[0m";
	case 2:
		return "\033[1m";
	case 3:
		return style->colour ? "\033[32m" : "";
	case 4:
		return style->colour ? "\033[33m" : "\033[1m";
	case 5:
		return style->colour ? "\033[1;31m" : "\033[7m";
	default:
		return style->colour ? "\033[90m" : "";
	}
}

static bool
is_mark(char byte)
{
	return byte >= 1 && byte <= 6;
}

/* Whether the byte begins a character. */
static bool
is_first(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

int
style_width(const char *text)
{
	int width = 0;

	for (; *text != 0; text++)
		width += !is_mark(*text) && is_first(*text);
	return width;
}

/* Copies an escape sequence in the text, as ports_render() writes them; it has no width either. */
static const char *
sequence_copy(const char *text, FILE *out)
{
	do
		putc(*text++, out);
	while (*text != 0 && *text != 'm' && *text != '\n');
	return text;
}

void
style_print(const struct style *style, const char *text, bool clip, FILE *out)
{
	unsigned column = 0, row = 0;
	bool styled = false;

	for (; *text != 0; text++) {
		if (is_mark(*text)) {
			styled = *text != 1;
			fputs(style_code(style, *text), out);
		} else if (*text == '\n') {
			fputs(styled ? style_code(style, 1) : "", out);
			fputs(clip ? "\033[K" : "\n", out);
			if (clip && ++row == style->rows)
				return;
			fputs(clip ? "\r\n" : "", out);
			styled = false;
			column = 0;
		} else if (*text == '\033') {
			text = sequence_copy(text, out);
			putc(*text, out);
			if (*text == 0)
				return;
		} else if (!clip || (is_first(*text) ? ++column : column) <= style->columns) {
			putc(*text, out);
		}
	}
}

const char *
style_bar(const struct style *style, double share, unsigned columns, char *text)
{
	/* Blocks of one to seven eighths. */
	static const char *const parts[] = {"",
					    "\xe2\x96\x8f",
					    "\xe2\x96\x8e",
					    "\xe2\x96\x8d",
					    "\xe2\x96\x8c",
					    "\xe2\x96\x8b",
					    "\xe2\x96\x8a",
					    "\xe2\x96\x89"};
	unsigned eighths = (unsigned)lround(share * columns * 8);
	char *out = text;

	*out = 0;
	if (share > 0 && eighths == 0)
		eighths = 1; /* more than nothing must be visible */
	if (!style->unicode) {
		memset(out, '#', (eighths + 7) / 8);
		out[(eighths + 7) / 8] = 0;
		return text;
	}
	for (; eighths >= 8; eighths -= 8)
		out = stpcpy(out, "\xe2\x96\x88");
	strcpy(out, parts[eighths]);
	return text;
}
