/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's control socket, RUNTIME/control.sock, for ephemeractl: a stream of lines, one JSON
 * object for each request and each response.
 *
 *     {"command": "status"}
 *     {"ok": true, "result": {...}}  or  {"ok": false, "error": "text"}
 *
 * The requests of a connection are handled one at a time, in order; the response may be sent after
 * the handler has returned. Limits: SERVER_CONNECTIONS_MAX connections (a further one gets an error
 * and is closed), SERVER_LINE_BYTES per request, five seconds for the client to send a request or
 * to read a response. A malformed request gets an error and ends the connection. */
#ifndef EPHEMERA_CONTROL_SERVE_SERVER_H
#define EPHEMERA_CONTROL_SERVE_SERVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "control/lib/loop.h"

#define SERVER_SOCKET_NAME     "control.sock"
#define SERVER_CONNECTIONS_MAX 16
#define SERVER_LINE_BYTES      4096 /* including the newline */

struct server;

/* Identifies a request that waits for its response; safe to use when its connection is gone. */
struct server_request {
	struct server *server;
	unsigned connection;
	uint64_t serial;
};

struct server_connection {
	struct server *server;
	struct loop_watch watch; /* fd -1: unused */
	struct loop_timer timer;
	uint64_t serial; /* of the current request */
	bool responding; /* the handler has not responded to it yet */
	bool ended;	 /* the client has closed its sending side */
	bool closing;	 /* nothing more is read; closed when the response is sent */
	size_t in_bytes;
	char in[SERVER_LINE_BYTES];
	char *out; /* the response; NULL: none */
	size_t out_bytes, out_sent;
};

struct server {
	struct loop *loop;
	struct sockaddr_un path;
	struct loop_watch watch;
	struct loop_timer timer; /* to accept again after running out of descriptors or memory */
	void (*handle)(void *owner, const json_t *request, struct server_request from);
	void *owner;
	uint64_t serials; /* assigned so far */
	struct server_connection connections[SERVER_CONNECTIONS_MAX];
};

/* Listens on RUNTIME/control.sock with mode 0660. `handle` is called with each request, a JSON
 * object, and responds with server_respond() or server_refuse(), at once or later. 0; -EADDRINUSE:
 * another process listens there; or another -errno. A stale socket is replaced; the caller makes
 * sure that only one process does so at a time. */
int server_init(struct server *server, struct loop *loop, const char *runtime_dir,
		void (*handle)(void *owner, const json_t *request, struct server_request from),
		void *owner);

/* Closes all connections and unlinks the socket. */
void server_fini(struct server *server);

/* Takes over the reference to `result`; NULL is reported as out of memory. */
void server_respond(struct server_request request, json_t *result);

/* Responds with an error. */
void server_refuse(struct server_request request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
