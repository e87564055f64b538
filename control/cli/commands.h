/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of commands and options: main.c reads the command line by them, and the help, the
 * manual page and the completion in shells are made from them. Threads: one; the tables are
 * constant. */
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
	/* What must follow, words with a blank between, CLI_OPERANDS_MAX at most; NULL: nothing.
	 * Completion goes by them: FILE is a file, NAME an upstream, a|b one of these words. */
	const char *operand;
	unsigned takes; /* enum command_takes */
	enum cli_exit (*run)(const struct cli_options *options);
	const char *summary; /* words without a full stop */
	const char *details; /* sentences with line ends; "" is fine */
};

struct command_option {
	char letter;
	const char *name;
	const char *argument; /* NULL: none */
	const char *help;
	unsigned bit; /* of the commands that take it; 0: all */
};

/* Both end with a row whose name is NULL. */
extern const struct command commands[];
extern const struct command_option command_options[];

/* The command that `words` begin with, and how many of them its name takes; NULL: none. */
const struct command *command_find(char *const *words, int count, int *taken);

/* How many operands it wants. */
int command_operands(const struct command *command);

#endif
