/* SPDX-License-Identifier: BSD-3-Clause */
/* The client end of the dataplane's socket, one request at a time. */
#include "tests/bench/push/dataplane.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
dataplane_connect(const char *directory)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;

	if (fd < 0)
		return -errno;
	if ((size_t)snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", directory,
			     MESSAGE_SOCKET_NAME) >= sizeof(to.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	status = -errno;
	close(fd);
	return status;
}

/* A message to the dataplane, and the buffer for its response. */
struct exchange {
	uint16_t type;
	const void *request;
	size_t request_bytes;
	int passed; /* sent with the request; -1: none */
	void *response;
	size_t response_bytes;
	int kept; /* the first descriptor received with the response, or -1; others are closed */
};

/* The status of the response, or -errno. */
static int
dataplane_ask(int fd, struct exchange *e)
{
	struct message_header header = {.version = MESSAGE_VERSION, .type = e->type};
	struct iovec out[2] = {{&header, sizeof(header)},
			       {(void *)(uintptr_t)e->request, e->request_bytes}};
	struct iovec in[2] = {{&header, sizeof(header)}, {e->response, e->response_bytes}};
	union {
		char bytes[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};
	struct cmsghdr *beside;

	e->kept = -1;
	if (e->passed >= 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int));
		beside = CMSG_FIRSTHDR(&message);
		beside->cmsg_level = SOL_SOCKET;
		beside->cmsg_type = SCM_RIGHTS;
		beside->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(beside), &e->passed, sizeof(e->passed));
	}
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		return -errno;
	message = (struct msghdr){.msg_iov = in,
				  .msg_iovlen = 2,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control)};
	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < (ssize_t)sizeof(header))
		return errno != 0 ? -errno : -EPROTO;
	for (beside = CMSG_FIRSTHDR(&message); beside != NULL;
	     beside = CMSG_NXTHDR(&message, beside))
		for (size_t at = CMSG_LEN(0);
		     beside->cmsg_type == SCM_RIGHTS && at < beside->cmsg_len; at += sizeof(int)) {
			int received;

			memcpy(&received, (char *)beside + at, sizeof(received));
			if (e->kept < 0)
				e->kept = received;
			else
				close(received);
		}
	return header.status;
}

int
dataplane_put(int fd, const struct snapshot *s, struct snapshot_response *response)
{
	const struct snapshot_put request = {.size_bytes = s->size_bytes};
	struct exchange e = {.type = MESSAGE_SNAPSHOT_PUT,
			     .request = &request,
			     .request_bytes = sizeof(request),
			     .response = response,
			     .response_bytes = sizeof(*response)};
	int status;

	e.passed = memfd_create("snapshot", MFD_CLOEXEC);
	if (e.passed < 0)
		return -errno;
	status = write(e.passed, s, s->size_bytes) == (ssize_t)s->size_bytes ? 0 : -EIO;
	if (status == 0)
		status = dataplane_ask(fd, &e);
	close(e.passed);
	return status;
}

int
dataplane_hello(int fd, struct hello_response *hello, const struct stats_header **stats)
{
	const struct hello_request request = {0};
	struct exchange e = {.type = MESSAGE_HELLO,
			     .request = &request,
			     .request_bytes = sizeof(request),
			     .passed = -1,
			     .response = hello,
			     .response_bytes = sizeof(*hello)};
	int status = dataplane_ask(fd, &e);

	if (status != 0)
		return status;
	*stats = mmap(NULL, hello->stats_bytes, PROT_READ, MAP_SHARED, e.kept, 0);
	close(e.kept);
	return *stats == MAP_FAILED ? -errno : 0;
}
