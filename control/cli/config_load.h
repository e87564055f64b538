/* SPDX-License-Identifier: BSD-3-Clause */
/* The loading of the configuration, and the lines about what is wrong with it. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CONFIG_LOAD_H
#define EPHEMERA_CONTROL_CLI_CONFIG_LOAD_H

#include <stdbool.h>

#include "control/config/config.h"
#include "control/cli/cli.h"

/* Loads `path` and gives the lines that the loading wrote; the caller frees *lines. 0 or -errno. */
int config_load_lines(const char *path, struct config **config, char **lines);

/* Loads the configuration; CLI_OK, or CLI_REFUSED after its mistakes on stderr. Warnings are
 * shown if `warnings`. */
enum cli_exit config_load_print(const char *path, bool warnings, struct config **config);

#endif
