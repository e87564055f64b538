/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of HTTP requests and answers, whatever they are about (http.h says what is taken). */
#ifndef EPHEMERA_CONTROL_SERVE_HTTP_HEADERS_H
#define EPHEMERA_CONTROL_SERVE_HTTP_HEADERS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "control/serve/http.h"

/* Refuses a request for its form, by filling in the response; false: nothing is wrong with it.
 * `on_loopback`: where it came in. */
bool http_form_refuse(bool on_loopback, struct MHD_Connection *connection, const char *method,
		      struct http_response *response);

/* Sends the response, with the headers that each has; its body is taken care of in any case.
 * MHD_NO: the connection is to be closed. */
enum MHD_Result http_form_response(struct MHD_Connection *connection,
				   const struct http_response *response);

/* Is a Host header an address, or the name of a machine for itself? */
bool http_host_is_local(const char *host);

#endif
