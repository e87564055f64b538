/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's control socket, RUNTIME/control.sock, for the command line: a stream of lines, one
 * JSON object each way.
 *
 *     {"command": "status"}  ->  {"ok": true, "result": {...}}  or  {"ok": false, "error": "one sentence"}
 *
 * A connection is served one request at a time, in order; a response may come later than the call
 * of the handler. Bounds: SERVER_CONNECTIONS_MAX connections (one more is told so and closed),
 * SERVER_LINE_BYTES a request, five seconds for the client to send a whole one or to take a whole
 * response. What is wrong in form is answered with an error and ends the connection. */
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
#define SERVER_LINE_BYTES      4096 /* its newline included */

struct server;

/* Names a request that waits for its response; stays safe to use when its connection is gone. */
struct server_request {
	struct server *server;
	unsigned connection;
	uint64_t serial;
};

struct server_connection {
	struct server *server;
	struct loop_watch watch; /* fd -1: unused */
	struct loop_timer timer;
	uint64_t serial; /* of the request under way */
	bool answering;	 /* the handler has a request and has not answered yet */
	bool ended;	 /* the client will send no more */
	bool closing;	 /* nothing more is read; closed when the response is out */
	size_t in_bytes;
	char in[SERVER_LINE_BYTES];
	char *out; /* the response; NULL: none */
	size_t out_bytes, out_sent;
};

struct server {
	struct loop *loop;
	struct sockaddr_un path;
	struct loop_watch watch;
	struct loop_timer timer; /* to accept again after a lack of descriptors or memory */
	void (*handle)(void *owner, const json_t *request, struct server_request from);
	void *owner;
	uint64_t serials; /* given out */
	struct server_connection connections[SERVER_CONNECTIONS_MAX];
};

/* Listens on RUNTIME/control.sock with mode 0660. `handle` is called with each request, a JSON
 * object, and answers it with server_response() or server_refuse(), then or later. 0; -EADDRINUSE:
 * somebody answers there; or another -errno. A socket that nobody answers on is replaced: the
 * caller sees to it that only one does so at a time. */
int server_init(struct server *server, struct loop *loop, const char *runtime_dir,
		void (*handle)(void *owner, const json_t *request, struct server_request from),
		void *owner);

/* Closes all connections and unlinks the socket. */
void server_fini(struct server *server);

/* Takes over the reference to `result`. NULL is answered as a lack of memory. */
void server_response(struct server_request request, json_t *result);

void server_refuse(struct server_request request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
