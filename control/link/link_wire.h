/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages with descriptors on a SOCK_SEQPACKET socket: sending, receiving and checking the size.
 * The lower half of link.h. Threads: none. */
#ifndef EPHEMERA_CONTROL_LINK_LINK_WIRE_H
#define EPHEMERA_CONTROL_LINK_LINK_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/shared/message.h"

union link_body {
	struct hello_response hello;
	struct snapshot_response snapshot;
	struct port_response port;
	struct probe_response probe;
};

/* A response as received. */
struct link_message {
	struct message_header header;
	union link_body body;
	size_t body_bytes;
	int fds[MESSAGE_FDS_MAX];
	unsigned fd_count;
};

/* Sends one message without blocking; `fd` -1: none. 0, -EAGAIN if the socket is full, or another
 * -errno. */
int link_wire_send(int socket, const struct message_header *header, const void *body,
		   size_t body_bytes, int fd);

/* Receives one message without blocking. 0, or
 * -EAGAIN   there is none
 * -ENODATA  the peer closed the connection
 * -EPROTO   malformed message
 * another -errno
 * After 0 the caller closes the descriptors: link_wire_close_fds(). */
int link_wire_receive(int socket, struct link_message *message);

/* True if the size of the response's body fits its type and status. */
bool link_wire_fits(const struct link_message *message);

void link_wire_close_fds(struct link_message *message);

#endif
