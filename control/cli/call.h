/* SPDX-License-Identifier: BSD-3-Clause */
/* A conversation with ephemerad that never blocks, for the live screen: one request at a time on a connection
 * that stays. The caller polls call.fd for call_events() and calls call_turn() when it is ready. Threads:
 * one.
 */
#ifndef EPHEMERA_CONTROL_CLI_CALL_H
#define EPHEMERA_CONTROL_CLI_CALL_H

#include <stdbool.h>
#include <stddef.h>

struct call {
	int fd; /* -1: no connection */
	char *out, *in;
	size_t out_bytes, out_sent, in_bytes, in_room;
};

/* A call that has no connection yet. */
#define CALL_INIT                                                                                            \
	{                                                                                                    \
		.fd = -1                                                                                     \
	}

/* Connects to the socket at `path`. 0 or -errno. */
int call_begin(struct call *call, const char *path);
void call_end(struct call *call); /* one without a connection is fine */

/* Begins to send {"command": command}; the answer before must have come. 0 or -errno. */
int call_ask(struct call *call, const char *command);

/* POLLIN or POLLOUT. */
short call_events(const struct call *call);

/* Sends or reads what can be now. 1: *answer is the whole line, the caller frees it; 0: not yet; -errno, also
 * -ECONNRESET when ephemerad hung up. */
int call_turn(struct call *call, char **answer);

#endif
