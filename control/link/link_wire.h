/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages on a SOCK_SEQPACKET socket, with descriptors beside them: sending one, receiving one,
 * checking its size. The dataplane client's lower half. Threads: none. */
#ifndef EPHEMERA_CONTROL_LINK_LINK_WIRE_H
#define EPHEMERA_CONTROL_LINK_LINK_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/shared/message.h"

union dataplane_body {
	struct hello_response hello;
	struct snapshot_response snapshot;
	struct port_response port;
	struct probe_response probe;
};

/* An answer as it came. */
struct dataplane_message {
	struct message_header header;
	union dataplane_body body;
	size_t body_bytes;
	int fds[MESSAGE_FDS_MAX];
	unsigned fd_count;
};

/* Sends one message without waiting; `fd` -1: none. 0, -EAGAIN when the socket is full, or another
 * -errno. */
int dataplane_wire_send(int socket, const struct message_header *header, const void *body,
			size_t body_bytes, int fd);

/* Receives one message without waiting. 0; -EAGAIN: none there; -ENODATA: the other side closed;
 * -EPROTO: not a message; or another -errno. After 0 the descriptors are the caller's:
 * dataplane_wire_close_fds(). */
int dataplane_wire_receive(int socket, struct dataplane_message *message);

/* True if the response's body has the size that its type and status ask for. */
bool dataplane_wire_fits(const struct dataplane_message *message);

void dataplane_wire_close_fds(struct dataplane_message *message);

#endif
