/* SPDX-License-Identifier: BSD-3-Clause */
/* A conversation with ephemerad: one request at a time on a connection that stays. Nothing but
 * call_begin() ever waits: the caller polls call.fd for call_events() and calls call_turn() when
 * it is ready. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_CALL_H
#define EPHEMERA_CONTROL_CLI_CALL_H

#include <jansson.h>
#include <stddef.h>

struct call {
	int fd; /* -1: no connection */
	char *out, *in;
	size_t out_bytes, out_sent, in_bytes, in_room;
};

/* A call that has no connection yet. */
#define CALL_INIT                                                                                  \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Connects to the socket at `path`; where ephemerad has no room for another connection, waits so
 * long for it (0: not at all). 0 or -errno, -EAGAIN: there was no room. */
int call_begin(struct call *call, const char *path, unsigned wait_s);
void call_end(struct call *call); /* one without a connection is fine */

/* Begins to send {"command": command} with the members of `arguments` added (NULL: none; the
 * reference is taken over); the response before must have come. 0 or -errno. */
int call_ask(struct call *call, const char *command, json_t *arguments);

/* POLLIN or POLLOUT. */
short call_events(const struct call *call);

/* Sends or reads what can be now. 1: *answer is the whole line, the caller frees it; 0: not yet;
 * -errno, also -ECONNRESET when ephemerad hung up. */
int call_turn(struct call *call, char **response);

#endif
