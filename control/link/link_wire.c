/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends and receives messages to and from the dataplane. */
#include "control/link/link_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int
link_wire_send(int socket, const struct message_header *header, const void *body, size_t body_bytes,
	       int fd)
{
	struct iovec parts[2] = {{(void *)header, sizeof(*header)}, {(void *)body, body_bytes}};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = body_bytes > 0 ? 2 : 1};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

static void
fds_read(struct msghdr *message, struct link_message *into)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
	     part = CMSG_NXTHDR(message, part)) {
		size_t bytes = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		into->fd_count = (unsigned)(bytes / sizeof(int)); /* limited by the buffer */
		memcpy(into->fds, CMSG_DATA(part), into->fd_count * sizeof(int));
	}
}

int
link_wire_receive(int socket, struct link_message *into)
{
	struct iovec parts[2] = {{&into->header, sizeof(into->header)},
				 {&into->body, sizeof(into->body)}};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
	} control;
	struct msghdr message = {.msg_iov = parts,
				 .msg_iovlen = 2,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (length < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (length == 0)
		return -ENODATA;
	into->fd_count = 0;
	fds_read(&message, into);
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
	    (size_t)length < sizeof(into->header) || into->header.version != MESSAGE_VERSION) {
		link_wire_close_fds(into);
		return -EPROTO;
	}
	into->body_bytes = (size_t)length - sizeof(into->header);
	return 0;
}

static bool
port_response_fits(const struct link_message *message)
{
	const struct port_response *response = &message->body.port;
	const size_t fixed = offsetof(struct port_response, flows);

	return message->body_bytes >= fixed && response->flow_count <= MESSAGE_FLOWS_MAX &&
	       message->body_bytes == fixed + response->flow_count * sizeof(response->flows[0]);
}

bool
link_wire_fits(const struct link_message *message)
{
	size_t bytes = message->body_bytes;
	bool refused = message->header.status != 0;

	switch ((enum message_type)message->header.type) {
	case MESSAGE_HELLO:
		return bytes == (refused ? 0 : sizeof(struct hello_response));
	case MESSAGE_SNAPSHOT_PUT:
		return bytes == sizeof(struct snapshot_response) || (refused && bytes == 0);
	case MESSAGE_SNAPSHOT_GET:
		return refused ? bytes == 0 && message->fd_count == 0
			       : bytes == sizeof(struct snapshot_response) &&
					 message->fd_count == 1;
	case MESSAGE_PORT:
		return refused ? bytes == 0 : port_response_fits(message);
	case MESSAGE_PROBE:
		return bytes == (refused ? 0 : sizeof(struct probe_response));
	case MESSAGE_STOP:
	case MESSAGE_NEIGHBOUR:
		return bytes == 0;
	}
	return false;
}

void
link_wire_close_fds(struct link_message *message)
{
	for (unsigned i = 0; i < message->fd_count; i++)
		close(message->fds[i]);
	message->fd_count = 0;
}
