/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to ephemerad, one at a time, on one connection. Only call_begin() blocks: the caller
 * polls call.fd for call_events() and calls call_turn() when it is ready. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CALL_H
#define EPHEMERA_CONTROL_CLI_CALL_H

#include <jansson.h>
#include <stddef.h>

struct call {
	int fd; /* -1: no connection */
	char *out, *in;
	size_t out_bytes, out_sent, in_bytes, in_room;
};

/* A call without a connection. */
#define CALL_INIT                                                                                  \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Connects to the socket at `path`. If ephemerad has no room for another connection it waits for
 * `wait_s` seconds (0: does not wait). 0 or -errno:
 *   -EAGAIN  no room within that time */
int call_begin(struct call *call, const char *path, unsigned wait_s);

/* Closes the connection, if there is one. */
void call_end(struct call *call);

/* Queues the request {"command": command} with the members of `arguments` (NULL: none); takes over
 * their reference. The response to the previous request must have been read. 0 or -errno. */
int call_ask(struct call *call, const char *command, json_t *arguments);

/* The events to poll call.fd for: POLLIN or POLLOUT. */
short call_events(const struct call *call);

/* Sends or reads as much as possible without blocking. Returns:
 *   1       *response is the whole line; the caller frees it
 *   0       not complete yet
 *   -errno  -ECONNRESET: ephemerad closed the connection */
int call_turn(struct call *call, char **response);

#endif
