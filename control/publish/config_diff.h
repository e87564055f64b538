/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload would do: the configuration in force against its file as it is now. */
#ifndef EPHEMERA_CONTROL_PUBLISH_CONFIG_DIFF_H
#define EPHEMERA_CONTROL_PUBLISH_CONFIG_DIFF_H

#include <jansson.h>

#include "control/config/config.h"

/* Reads and checks the file and changes nothing: {"changes": [sentences], "static": [keys whose
 * change needs a restart, and makes a reload fail], "errors": [lines; nothing is compared then],
 * "warnings": [lines]}. NULL: a lack of memory. */
json_t *config_diff(const struct config *running, const char *path);

#endif
