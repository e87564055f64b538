/* SPDX-License-Identifier: BSD-3-Clause */
/* Escapes and wraps text for mdoc(7). */
#include "control/man/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define LINE_BYTES 78

static void
byte_write(char byte, FILE *out)
{
	switch (byte) {
	case '\\':
		fputs("\\e", out);
		break;
	case '`':
		fputs("\\(ga", out);
		break;
	case '"':
		fputs("\\(dq", out);
		break;
	case '\'':
		fputs("\\(aq", out);
		break;
	default:
		putc(byte, out);
	}
}

static void
word_write(const char *word, size_t bytes, bool capital, FILE *out)
{
	for (size_t i = 0; i < bytes; i++)
		byte_write(capital && i == 0 ? (char)toupper((unsigned char)word[0]) : word[i],
			   out);
}

/* Whether a word may get a capital: a name with other characters than letters keeps its case. */
static bool
is_prose(const char *word, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (!islower((unsigned char)word[i]) &&
		    !(i + 1 == bytes && ispunct((unsigned char)word[i])))
			return false;
	return true;
}

static bool
ends_sentence(const char *word, size_t bytes)
{
	return bytes > 0 && strchr(".!?", word[bytes - 1]) != NULL;
}

void
roff_sentences(const char *text, FILE *out)
{
	size_t column = 0;
	bool first = true, ended = true;

	for (;;) {
		size_t bytes;

		text += strspn(text, " \t\n");
		bytes = strcspn(text, " \t\n");
		if (bytes == 0)
			break;
		if (column > 0 && (ended || column + 1 + bytes > LINE_BYTES)) {
			putc('\n', out);
			column = 0;
		}
		if (column > 0)
			putc(' ', out);
		else if (*text == '.' || *text == '\'')
			fputs("\\&", out);
		word_write(text, bytes, first && is_prose(text, bytes), out);
		column += bytes + 1;
		ended = ends_sentence(text, bytes);
		first = false;
		text += bytes;
	}
	fputs(first ? "" : ended ? "\n" : ".\n", out);
}

void
roff_literal(const char *line, FILE *out)
{
	if (*line == '.' || *line == '\'')
		fputs("\\&", out);
	for (; *line != 0; line++) {
		if (*line == '-') /* "-" alone is a hyphen in typeset output */
			fputs("\\-", out);
		else
			byte_write(*line, out);
	}
}

void
roff_argument(const char *text, FILE *out)
{
	fputs(" \"", out);
	/* \& keeps a word that is also a macro's name from being one. */
	fputs("\\&", out);
	word_write(text, strlen(text), false, out);
	putc('"', out);
}
