/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks ephemerad over its socket: one line of JSON there, one line back. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CLIENT_H
#define EPHEMERA_CONTROL_CLI_CLIENT_H

#include <jansson.h>
#include <stddef.h>

#include "control/cli/cli.h"

/* Sends {"command": command} with the members of `arguments` added (NULL: none; the reference is
 * taken over). CLI_OK and *result (json_decref() it), or another status after a line on stderr;
 * what ephemerad itself says against it stands there as it came. */
enum cli_exit client_ask(const struct cli_options *options, const char *command, json_t *arguments,
			 json_t **result);

/* Where ephemerad listens: as told, or in the configuration's runtime_dir, or at the usual place.
 * CLI_OK, or CLI_REFUSED after the configuration's mistakes on stderr. */
enum cli_exit client_socket_path(const struct cli_options *options, char *path, size_t path_bytes);

/* client_ask(), then the result as JSON if --json says so, else as `show` prints it. */
enum cli_exit client_show(const struct cli_options *options, const char *command, json_t *arguments,
			  void (*show)(const struct cli_options *options, const json_t *result));

#endif
