/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads the configuration and its error messages for commands. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CONFIG_LOAD_H
#define EPHEMERA_CONTROL_CLI_CONFIG_LOAD_H

#include <stdbool.h>

#include "control/cli/cli.h"
#include "control/config/config.h"

/* Loads `path`. *lines holds the errors and warnings; the caller frees it. 0 or -errno. */
int config_load_lines(const char *path, struct config **config, char **lines);

/* Loads `path`. CLI_OK, or CLI_REFUSED after the errors on stderr. `warnings`: prints warnings
 * too. */
enum cli_exit config_load_print(const char *path, bool warnings, struct config **config);

#endif
