/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminal for a program that draws on the whole of it: alternate screen, no cursor, keys
 * without Enter.
 *
 * terminal_open() leaves things such that the terminal comes back as it was on every way out: by
 * terminal_close(), by exit(), and by a signal that a fault in the program raises. Signals from
 * outside do not interrupt: they are read from terminal_signals(), a descriptor to poll. Threads:
 * one, and one terminal. */
#ifndef EPHEMERA_CONTROL_CLI_TERMINAL_H
#define EPHEMERA_CONTROL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum terminal_signal {
	TERMINAL_NOTHING,
	TERMINAL_RESIZED,
	TERMINAL_SUSPEND, /* answer with terminal_suspend() */
	TERMINAL_QUIT, /* SIGINT, SIGTERM, SIGHUP or SIGQUIT; terminal_quit_signal() says which */
};

enum terminal_key {
	KEY_NONE = 0,
	KEY_UP = 256,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_END, /* of input: nobody types there */
};

/* The standard output must be a terminal. 0 or -errno. */
int terminal_open(void);
void terminal_close(void);

/* Gives the terminal back, stops the process, and takes it again when it goes on. */
void terminal_suspend(void);

/* Readable when a signal has come. */
int terminal_signals(void);
enum terminal_signal terminal_signal_read(void);
int terminal_quit_signal(void);

/* Readable when a key was pressed; -1: the standard input is no terminal. */
int terminal_keys(void);

/* A character, or enum terminal_key; KEY_NONE: none that is known. */
int terminal_key_read(void);

/* Writes a whole picture. 0 or -errno. */
int terminal_write(const char *text, size_t bytes);

#endif
