/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's HTTP server for metrics, health checks and the dashboard. It is read-only.
 *
 * It is libmicrohttpd without threads: its epoll descriptor is watched by the daemon's loop. The
 * handler (report/http_routes.h) decides what is served; limits on requests are enforced here:
 *
 * - Methods other than GET and HEAD get 405. A request with a body gets 413.
 * - HTTP_CONNECTIONS_MAX connections, and HTTP_CONNECTIONS_ADDRESS_MAX from one address; further
 *   ones wait or are closed.
 * - HTTP_HEAD_BYTES for the request line and all headers; more gets 414 or 431.
 * - HTTP_REQUEST_NS for a request and its response, and again for the pause before the next one;
 *   then the connection is closed.
 * - On a loopback address, Host must be an address or localhost, else 421: this protects against
 *   DNS rebinding by the page of another site.
 *
 * To change address or port, http_prepare() opens the new socket, and http_commit() switches to it
 * or http_cancel() closes it; the old one is used until then. */
#ifndef EPHEMERA_CONTROL_SERVE_HTTP_H
#define EPHEMERA_CONTROL_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/config/config.h"
#include "control/lib/log.h"
#include "control/lib/loop.h"

#define HTTP_CONNECTIONS_MAX	     32
#define HTTP_CONNECTIONS_ADDRESS_MAX 16
#define HTTP_HEAD_BYTES		     8192
#define HTTP_REQUEST_NS		     (10 * NS_PER_S)
#define HTTP_RETRY_NS		     (1 * NS_PER_S)

struct http_request {
	const char *path;   /* as sent, without the query */
	const char *accept; /* the Accept header; "" if absent */
};

/* Filled in by the handler. */
struct http_response {
	unsigned status;	  /* initially 200 */
	const char *content_type; /* a constant */
	const char *body;
	size_t body_bytes;
	bool body_is_constant; /* else it is from malloc() and gets freed */
};

struct http_connection {
	int fd; /* -1: unused */
	uint64_t due_ns;
};

struct MHD_Daemon;

struct http {
	struct loop *loop;
	void (*handle)(void *owner, const struct http_request *request,
		       struct http_response *response);
	void *owner;
	struct config_http config; /* current, also while listening failed */
	struct MHD_Daemon *server; /* NULL: not listening */
	struct loop_watch watch;   /* the server's epoll descriptor */
	struct loop_timer timer;   /* for time limits; without a server, for the next try */
	struct http_connection connections[HTTP_CONNECTIONS_MAX];
	struct log_problem problem;
	bool prepared; /* next_config and next_socket are set */
	struct config_http next_config;
	int next_socket; /* -1: switched off, or still to be opened */
};

/* Listens as configured. If that fails (the port is in use, or the address does not exist yet), it
 * is logged and tried again every second: the daemon must run without HTTP too. */
void http_init(struct http *http, struct loop *loop, const struct config_http *config,
	       void (*handle)(void *owner, const struct http_request *request,
			      struct http_response *response),
	       void *owner);
void http_fini(struct http *http);

/* Prepares to listen as configured. 0: http_commit() or http_cancel() must follow; or -errno: it
 * cannot listen there, and nothing has changed. */
int http_prepare(struct http *http, const struct config_http *config);
/* Without a preparation, these two do nothing. */
void http_commit(struct http *http);
void http_cancel(struct http *http);

/* The port it listens on (tests configure port 0, which is any free one); 0: not listening. */
uint16_t http_port(const struct http *http);

#endif
