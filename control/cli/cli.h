/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line `ephemeractl`: declarations that all its commands share.
 *
 * commands.c has the table of commands, main.c parses the options; each command is a function that
 * takes the options and returns the exit status. Results go to stdout, errors to stderr, one line
 * each. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CLI_H
#define EPHEMERA_CONTROL_CLI_CLI_H

#include <stdbool.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_REFUSED = 1, /* ephemerad refused, or a check failed */
	CLI_USAGE = 2,
	CLI_UNREACHABLE = 3, /* no response from ephemerad */
};

#define CLI_OPERANDS_MAX 2

struct cli_options {
	const char *config_path;		/* NULL: not given */
	const char *socket_path;		/* NULL: not given */
	const char *operands[CLI_OPERANDS_MAX]; /* as many as the command takes */
	bool json, all, print, names, once, live, window;
	unsigned interval_ms;
	long timeout_s; /* -1: not given */
};

/* Shell completion: prints the candidates for the last word, which is at the cursor and may be "",
 * one per line, with a tab and a description. Reorders `words`. CLI_REFUSED: a file name is
 * expected, which the shell completes itself. */
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
