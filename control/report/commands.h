/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of the control socket: one table of names and handlers. */
#ifndef EPHEMERA_CONTROL_REPORT_COMMANDS_H
#define EPHEMERA_CONTROL_REPORT_COMMANDS_H

#include <jansson.h>

#include "control/serve/server.h"

/* Handles a request of the control socket; `daemon` is a struct daemon. */
void commands_handle(void *daemon, const json_t *request, struct server_request from);

#endif
