/* SPDX-License-Identifier: BSD-3-Clause */
/* The answer to `port N`: what uses a source port right now. */
#ifndef EPHEMERA_CONTROL_REPORT_PORT_H
#define EPHEMERA_CONTROL_REPORT_PORT_H

#include <jansson.h>

#include "control/serve/server.h"

struct daemon;

/* Asks the dataplane and answers `from` when it has answered; at once where the request is wrong,
 * the dataplane is away, or the port can't be in use because responses to it are not taken. */
void report_port(struct daemon *daemon, const json_t *request, struct server_request from);

#endif
