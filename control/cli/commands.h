/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of commands and options. main.c parses the command line with them; the help, the
 * manual page and shell completion are generated from them. Threads: any; they are constant. */
#ifndef EPHEMERA_CONTROL_CLI_COMMANDS_H
#define EPHEMERA_CONTROL_CLI_COMMANDS_H

#include <stddef.h>

#include "control/cli/cli.h"

enum command_takes {
	TAKES_JSON = 1 << 0,
	TAKES_ALL = 1 << 1,
	TAKES_PRINT = 1 << 2,
	TAKES_SOCKET = 1 << 3,
	TAKES_CONFIG = 1 << 4,
	TAKES_NAMES = 1 << 5,
	TAKES_ONCE = 1 << 6,
	TAKES_INTERVAL = 1 << 7,
	TAKES_LIVE = 1 << 8,
	TAKES_WINDOW = 1 << 9,
	TAKES_TIMEOUT = 1 << 10,
	ASKS_DAEMON = TAKES_JSON | TAKES_SOCKET | TAKES_CONFIG,
};

struct command {
	const char *name; /* one word, or two */
	/* The operands, separated by blanks, at most CLI_OPERANDS_MAX; NULL: none. Completion uses
	 * them: FILE is a file, NAME an upstream, a|b one of these words. */
	const char *operand;
	unsigned takes; /* enum command_takes */
	enum cli_exit (*run)(const struct cli_options *options);
	const char *summary; /* a phrase without a full stop */
	const char *details; /* sentences in lines; may be "" */
};

struct command_option {
	char letter;
	const char *name;
	const char *argument; /* NULL: none */
	const char *help;
	unsigned bit; /* set in the commands that take it; 0: all take it */
};

/* Both end with a row whose name is NULL. */
extern const struct command commands[];
extern const struct command_option command_options[];

/* Finds the command that `words` begin with, and in *taken how many of them are its name; NULL: no
 * such command. */
const struct command *command_find(char *const *words, int count, int *taken);

/* The number of operands that the command requires. */
int command_operands(const struct command *command);

#endif
