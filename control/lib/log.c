/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes log lines to stderr; a repeated problem is logged once. */
#include "control/lib/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 1024 /* below PIPE_BUF: a pipe that polls writable accepts it as a whole */

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug"};
static enum log_level level_max = LEVEL_INFO;
static unsigned long lines_lost;

int
log_level_parse(const char *text, enum log_level *level)
{
	for (unsigned i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void
log_set_level(enum log_level level)
{
	level_max = level;
}

static void
line_write(enum log_level level, const char *text)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[LINE_BYTES_MAX];
	int length, lost = 0;

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)) {
		lines_lost++;
		return;
	}
	if (lines_lost > 0)
		lost = snprintf(line, sizeof(line), "warning: %lu log lines were dropped here\n",
				lines_lost);
	length = snprintf(line + lost, sizeof(line) - (size_t)lost, "%s: %s", level_names[level],
			  text);
	length = length + lost < (int)sizeof(line) - 1 ? length + lost : (int)sizeof(line) - 2;
	for (int i = lost; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[length] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length + 1) < 0)
		lines_lost++;
	else
		lines_lost = 0;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_BYTES_MAX];
	va_list arguments;

	if (level > level_max)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	line_write(level, text);
}

void
log_lines(enum log_level level, const char *text)
{
	while (*text != 0) {
		size_t length = strcspn(text, "\n");

		if (length > 0)
			log_line(level, "%.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

void
log_problem(struct log_problem *problem, enum log_level level, const char *format, ...)
{
	char text[sizeof(problem->text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (strcmp(text, problem->text) == 0)
		return;
	memcpy(problem->text, text, sizeof(text));
	log_line(level, "%s", text);
}

void
log_problem_over(struct log_problem *problem, const char *text)
{
	if (problem->text[0] != 0 && text != NULL)
		log_line(LEVEL_NOTICE, "%s", text);
	problem->text[0] = 0;
}
