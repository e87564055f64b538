/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line `ephemeractl`: what all its commands share.
 *
 * commands.c has the table of commands, main.c reads the options; each command is a function that
 * gets them and returns the exit status. What a command prints goes to stdout, what went wrong to
 * stderr, one line each. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CLI_H
#define EPHEMERA_CONTROL_CLI_CLI_H

#include <stdbool.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_REFUSED = 1, /* ephemerad said no, or a check failed */
	CLI_USAGE = 2,
	CLI_UNREACHABLE = 3, /* no response from ephemerad */
};

#define CLI_OPERANDS_MAX 2

struct cli_options {
	const char *config_path;		/* NULL: not given */
	const char *socket_path;		/* NULL: not given */
	const char *operands[CLI_OPERANDS_MAX]; /* as many as the command's row has */
	bool json, all, print, names, once, live, window;
	unsigned interval_ms;
	long timeout_s; /* -1: not given */
};

/* Prints what may stand at the cursor, a candidate a line, its description behind a tab; the
 * last of the words, which may be "", is at the cursor, and changes their order. CLI_REFUSED:
 * the name of a file, which shells know best. */
enum cli_exit cli_complete(int count, char **words);

/* The commands. */
enum cli_exit cli_status(const struct cli_options *options);
enum cli_exit cli_top(const struct cli_options *options);
enum cli_exit cli_latency(const struct cli_options *options);
enum cli_exit cli_drops(const struct cli_options *options);
enum cli_exit cli_ports(const struct cli_options *options);
enum cli_exit cli_stats(const struct cli_options *options);
enum cli_exit cli_upstreams(const struct cli_options *options);
enum cli_exit cli_port(const struct cli_options *options);
enum cli_exit cli_entropy(const struct cli_options *options);
enum cli_exit cli_strays(const struct cli_options *options);
enum cli_exit cli_reload(const struct cli_options *options);
enum cli_exit cli_upstream(const struct cli_options *options);
enum cli_exit cli_drain(const struct cli_options *options);
enum cli_exit cli_undrain(const struct cli_options *options);
enum cli_exit cli_ready(const struct cli_options *options);
enum cli_exit cli_config_check(const struct cli_options *options);
enum cli_exit cli_config_diff(const struct cli_options *options);
enum cli_exit cli_config_keys(const struct cli_options *options);
enum cli_exit cli_exec_dataplane(const struct cli_options *options);

#endif
