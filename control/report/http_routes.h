/* SPDX-License-Identifier: BSD-3-Clause */
/* The paths of the HTTP server:
 *
 *     /metrics        metrics.h
 *     /health         200 while the dataplane is connected and its workers run, else 503
 *     /ready          200 while clients may be sent to this instance (readiness.h), else 503
 *     /api/NAME       a report of the control socket; 503 while it is not available
 *     /, /NAME        the dashboard's files (web/) */
#ifndef EPHEMERA_CONTROL_REPORT_HTTP_ROUTES_H
#define EPHEMERA_CONTROL_REPORT_HTTP_ROUTES_H

#include "control/serve/http.h"

/* A handler for http_init(); `owner` is the daemon. */
void http_routes_handle(void *owner, const struct http_request *request,
			struct http_response *response);

#endif
