/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to ephemerad over its control socket: one line of JSON each way. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CLIENT_H
#define EPHEMERA_CONTROL_CLI_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "control/cli/cli.h"

/* Sends {"command": command} with the members of `arguments` (NULL: none); takes over their
 * reference. CLI_OK and *result, which the caller releases with json_decref(); or another status
 * after an error on stderr. Errors of ephemerad are printed unchanged. */
enum cli_exit client_ask(const struct cli_options *options, const char *command, json_t *arguments,
			 json_t **result);

/* The path of ephemerad's socket: from --socket, or in the runtime_dir of the file given with
 * --config, or the default. CLI_OK, or CLI_REFUSED after the configuration's errors on stderr. */
enum cli_exit client_socket_path(const struct cli_options *options, char *path, size_t path_bytes);

/* client_ask(), then prints the result: as JSON with --json, else with `show`. */
enum cli_exit client_show(const struct cli_options *options, const char *command, json_t *arguments,
			  void (*show)(const struct cli_options *options, const json_t *result));

#endif
