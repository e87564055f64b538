/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's log: one line per message on stderr, "level: text".
 *
 * Writing never blocks: while stderr is a full pipe, lines are dropped, and their number is logged
 * before the next line that can be written. Control characters become '?'.
 * Threads: none; the level and the number of dropped lines are per process. */
#ifndef EPHEMERA_CONTROL_LIB_LOG_H
#define EPHEMERA_CONTROL_LIB_LOG_H

enum log_level {
	LEVEL_ERROR,   /* a main function does not work */
	LEVEL_WARNING, /* something is wrong, but the daemon continues */
	LEVEL_NOTICE,  /* a change that operators need to know of */
	LEVEL_INFO,
	LEVEL_DEBUG,
};

/* A problem that may repeat: it is logged when it appears and when its text changes. All 0 at
 * first. */
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
