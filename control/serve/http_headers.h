/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks the method and headers of HTTP requests (rules in http.h), and sets those of responses. */
#ifndef EPHEMERA_CONTROL_SERVE_HTTP_HEADERS_H
#define EPHEMERA_CONTROL_SERVE_HTTP_HEADERS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "control/serve/http.h"

/* True if a request is refused for its method or headers; then the response is filled in.
 * `on_loopback`: the server listens on a loopback address. */
bool http_headers_refuse(bool on_loopback, struct MHD_Connection *connection, const char *method,
			 struct http_response *response);

/* Sends the response with the common headers, and takes over its body in any case. MHD_NO: the
 * connection is to be closed. */
enum MHD_Result http_headers_response(struct MHD_Connection *connection,
				      const struct http_response *response);

/* True if a Host header is an address or localhost. */
bool http_headers_host_is_local(const char *host);

#endif
