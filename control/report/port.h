/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `port N`: the queries in flight on a source port. */
#ifndef EPHEMERA_CONTROL_REPORT_PORT_H
#define EPHEMERA_CONTROL_REPORT_PORT_H

#include <jansson.h>

#include "control/serve/server.h"

struct daemon;

/* Asks the dataplane, and responds to `from` when it has answered; at once if the request is
 * invalid, the dataplane is not connected, or the port can't be in use because responses to it are
 * not accepted. */
void report_port(struct daemon *daemon, const json_t *request, struct server_request from);

#endif
