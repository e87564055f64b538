/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's log: one line a message on stderr, "level: text".
 *
 * A line never blocks: while nobody empties the pipe behind stderr, lines are left out, and the
 * next one that gets through is preceded by how many. Control characters become '?'.
 * Threads: none; the level and the number of lines left out are the process's. */
#ifndef EPHEMERA_CONTROL_LIB_LOG_H
#define EPHEMERA_CONTROL_LIB_LOG_H

enum log_level {
	LEVEL_ERROR,   /* the daemon can't do what it is for */
	LEVEL_WARNING, /* something is wrong, and it goes on */
	LEVEL_NOTICE,  /* a change that an operator wants to know of */
	LEVEL_INFO,
	LEVEL_DEBUG,
};

/* A problem that may come up again and again: it is logged when it appears and when its text
 * changes. Starts as all zeroes. */
struct log_problem {
	char text[256];
};

/* "error", "warning", "notice", "info" or "debug": 0 and *level, or -EINVAL. */
int log_level_parse(const char *text, enum log_level *level);

/* Lines above `level` are not written; LEVEL_INFO at start. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Logs each line of `text` that is not empty. */
void log_lines(enum log_level level, const char *text);

void log_problem(struct log_problem *problem, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Ends the problem; if there was one and `text` is not NULL, logs it as a notice. */
void log_problem_over(struct log_problem *problem, const char *text);

#endif
