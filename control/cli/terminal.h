/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminal for a full-screen program: alternate screen, no cursor, keys without Enter.
 *
 * After terminal_open() the terminal is restored whichever way the program ends: by
 * terminal_close(), by exit(), and by a signal that a fault raises. Signals from outside do not
 * interrupt: they are read from terminal_signals(), a descriptor to poll. Threads: one, and one
 * terminal per process. */
#ifndef EPHEMERA_CONTROL_CLI_TERMINAL_H
#define EPHEMERA_CONTROL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum terminal_signal {
	TERMINAL_NOTHING,
	TERMINAL_RESIZED,
	TERMINAL_SUSPEND, /* call terminal_suspend() */
	TERMINAL_QUIT,	  /* SIGINT, SIGTERM, SIGHUP or SIGQUIT: see terminal_quit_signal() */
};

enum terminal_key {
	KEY_NONE = 0,
	KEY_UP = 256,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_END, /* end of input */
};

/* Takes the terminal, which must be the standard output. 0 or -errno. */
int terminal_open(void);
void terminal_close(void);

/* Restores the terminal, stops the process, and takes the terminal again on SIGCONT. */
void terminal_suspend(void);

/* A descriptor that is readable when a signal has arrived. */
int terminal_signals(void);
enum terminal_signal terminal_signal_read(void);
int terminal_quit_signal(void);

/* A descriptor that is readable when a key was pressed; -1: the standard input is no terminal. */
int terminal_keys(void);

/* A character, or enum terminal_key; KEY_NONE: no key, or an unknown one. */
int terminal_key_read(void);

/* Writes all bytes to the terminal. 0 or -errno. */
int terminal_write(const char *text, size_t bytes);

#endif
