/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's HTTP server: for scrapers of metrics, checkers of health, and the dashboard. It only
 * reads.
 *
 * libmicrohttpd, driven by the daemon's own loop (its epoll descriptor is one of ours), without
 * threads. What is served is the business of the handler (http_routes.h); what a request may look
 * like is settled here:
 *
 * - GET and HEAD; anything else is 405. A request with a body is 413.
 * - HTTP_CONNECTIONS_MAX connections, HTTP_CONNECTIONS_ADDRESS_MAX of one address; more wait, or
 * are closed.
 * - HTTP_HEAD_BYTES for the request line and all headers; more is 414 or 431.
 * - HTTP_REQUEST_NS for a request with its response, and for the pause before the next one: however
 * slowly it
 *   sends or reads, a client is cut off then.
 * - While it listens on a loopback address: only requests whose Host is an address or localhost. A
 * page of
 *   another site whose name was made to point here (DNS rebinding) is told 421.
 *
 * It listens on another address or port while the old ones go on: http_prepare() takes the new
 * place, http_commit() moves there, http_cancel() lets go of it. */
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
	const char *path;   /* as it was sent, without the query */
	const char *accept; /* the header; "" without one */
};

/* What the handler fills in. */
struct http_response {
	unsigned status;	  /* 200 at first */
	const char *content_type; /* a constant */
	const char *body;
	size_t body_bytes;
	bool body_is_constant; /* else it came from malloc(), and is freed */
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
	struct config_http config; /* where it listens, or is to listen */
	struct MHD_Daemon *server; /* NULL: it does not listen */
	struct loop_watch watch;   /* the server's epoll descriptor */
	struct loop_timer
		timer; /* the server's time limits and ours; without a server: the next try */
	struct http_connection connections[HTTP_CONNECTIONS_MAX];
	struct log_problem problem;
	/* there is another configuration, and its socket unless it is the same place or off */
	bool prepared;
	struct config_http next_config;
	int next_socket; /* -1: none */
};

/* Listens as `config` says. What is in the way (the port is taken, the address is not there yet) is
 * logged, and it tries again each second: the daemon has more important things to do than this. */
void http_init(struct http *http, struct loop *loop, const struct config_http *config,
	       void (*handle)(void *owner, const struct http_request *request,
			      struct http_response *response),
	       void *owner);
void http_fini(struct http *http);

/* Makes ready to listen as `config` says. 0: http_commit() or http_cancel() must follow; or -errno:
 * it can't listen there, and nothing has changed. */
int http_prepare(struct http *http, const struct config_http *config);
void
http_commit(struct http *http); /* without a preparation it does nothing, nor does the next one */
void http_cancel(struct http *http);

/* The port it listens on (a configured port 0 is any free one, for tests); 0: it does not. */
uint16_t http_port(const struct http *http);

#endif
