/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload would do: compares the configuration in force with the file as it is now. */
#ifndef EPHEMERA_CONTROL_PUBLISH_CONFIG_DIFF_H
#define EPHEMERA_CONTROL_PUBLISH_CONFIG_DIFF_H

#include <jansson.h>

#include "control/config/config.h"

/* Reads and checks the file; changes nothing. NULL: out of memory. The result:
 *
 *     {"changes": [sentences], "static": [keys], "errors": [lines], "warnings": [lines]}
 *
 * "static" are changed keys that need a restart and make a reload fail. With "errors" nothing is
 * compared. */
json_t *config_diff(const struct config *running, const char *path);

#endif
