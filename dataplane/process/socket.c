/* SPDX-License-Identifier: BSD-3-Clause */
/* Serves the dataplane's socket.
 * Runs:  the main thread.
 * Never: blocks on a client. */
#include "dataplane/process/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/lib/log.h"
#include "dataplane/shared/runtime_dir.h"

int
socket_check(const struct socket_row *rows, uint32_t row_count, const struct message_header *header,
	     size_t bytes, const struct socket_row **row)
{
	if (bytes < sizeof(*header))
		return -EMSGSIZE;
	if (header->version != MESSAGE_VERSION)
		return -EPROTO;
	for (uint32_t i = 0; i < row_count; i++) {
		if (rows[i].type != header->type)
			continue;
		*row = &rows[i];
		return bytes - sizeof(*header) == rows[i].request_bytes ? 0 : -EMSGSIZE;
	}
	return -EOPNOTSUPP;
}

/* ---- clients ---- */

static void
client_close(struct socket_client *client)
{
	loop_remove(client->server->loop, &client->source);
	close(client->source.fd);
	client->source.fd = -1;
}

static void
client_send(struct socket_client *client, const struct message_header *header, const void *body,
	    size_t body_bytes, const int *fds, uint32_t fd_count)
{
	char control[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)] = {0};
	struct iovec parts[2] = {
		{.iov_base = (void *)(uintptr_t)header, .iov_len = sizeof(*header)},
		{.iov_base = (void *)(uintptr_t)body, .iov_len = body_bytes},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = body_bytes > 0 ? 2 : 1};

	if (fd_count > 0) {
		struct cmsghdr *rights;

		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
	}
	if (sendmsg(client->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		client_close(client);
}

void
socket_send(struct socket_server *server, uint64_t name, const struct message_header *header,
	    const void *body, size_t body_bytes)
{
	for (unsigned i = 0; i < SOCKET_CLIENTS_MAX; i++)
		if (server->clients[i].source.fd >= 0 && server->clients[i].name == name)
			client_send(&server->clients[i], header, body, body_bytes, NULL, 0);
}

/* Returns the first descriptor of the message, or -1, and closes all others. */
static int
descriptor_first(struct msghdr *message)
{
	int first = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

static void
request_handle(struct socket_client *client, const struct socket_row *row,
	       struct message_header *header, const void *body, int fd)
{
	const struct socket_request request = {
		.body = body, .fd = fd, .client = client->name, .cookie = header->cookie};
	struct socket_response response = {.body = calloc(1, row->response_bytes + 1),
					   .body_bytes = row->response_bytes};

	if (response.body == NULL)
		header->status = -ENOMEM;
	else
		header->status = row->handle(client->server->owner, &request, &response);
	if (header->status != 0)
		response.body_bytes = response.refusal_bytes;
	if (!response.later)
		client_send(client, header, response.body, response.body_bytes, response.fds,
			    header->status == 0 ? response.fd_count : 0);
	free(response.body);
}

static void
client_ready(void *owner)
{
	struct socket_client *client = owner;
	_Alignas(8) uint8_t bytes[SOCKET_REQUEST_BYTES];
	char control[CMSG_SPACE(sizeof(int) * 4)];
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t count = recvmsg(client->source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct socket_row *row = NULL;
	struct message_header header;
	int fd, status;

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) {
		client_close(client);
		return;
	}
	fd = descriptor_first(&message);
	if ((size_t)count < sizeof(header)) {
		client_close(client);
	} else {
		memcpy(&header, bytes, sizeof(header));
		status = socket_check(client->server->rows, client->server->row_count, &header,
				      (size_t)count, &row);
		if (status == 0 && (message.msg_flags & MSG_TRUNC))
			status = -EMSGSIZE;
		if (status == 0) {
			request_handle(client, row, &header, bytes + sizeof(header), fd);
		} else {
			header.status = status;
			client_send(client, &header, NULL, 0, NULL, 0);
			if (status == -EPROTO && client->source.fd >= 0)
				client_close(client);
		}
	}
	if (fd >= 0)
		close(fd);
}

/* Enlarges the send buffer, so that a client may send many requests, such as a probe of every
 * upstream, before it reads the first response. The kernel's default holds a few hundred responses;
 * SO_SNDBUFFORCE exceeds net.core.wmem_max and needs CAP_NET_ADMIN. */
static void
client_buffer_enlarge(int fd)
{
	const int bytes = 2 * 1024 * 1024;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void
listener_ready(void *owner)
{
	struct socket_server *server = owner;
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (unsigned i = 0; i < SOCKET_CLIENTS_MAX; i++) {
		struct socket_client *client = &server->clients[i];

		if (client->source.fd >= 0)
			continue;
		client_buffer_enlarge(fd);
		client->server = server;
		client->name = ++server->next_name;
		client->source =
			(struct loop_source){.fd = fd, .ready = client_ready, .owner = client};
		if (loop_add(server->loop, &client->source) == 0)
			return;
		client->source.fd = -1;
		break;
	}
	close(fd); /* too many clients */
}

/* ---- the socket's file ---- */

static int
directory_make(struct socket_server *server, const char *runtime_dir)
{
	server->made_directory[0] = '\0';
	if (mkdir(runtime_dir, 0750) == 0)
		snprintf(server->made_directory, sizeof(server->made_directory), "%s", runtime_dir);
	else if (errno != EEXIST) {
		int status = -errno;

		log_line("cannot create runtime_dir %s: %s: %s", runtime_dir, strerror(-status),
			 runtime_dir_hint(-status));
		return status;
	}
	return 0;
}

/* Removes the socket of a dataplane that was killed: one that no process listens on. */
static int
stale_remove(const struct sockaddr_un *address)
{
	struct stat stat;
	int fd, status = 0;

	if (lstat(address->sun_path, &stat) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(stat.st_mode)) {
		log_line("%s exists and is not a socket: remove it", address->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED) {
		log_line("another dataplane listens on %s: stop it first, or set another "
			 "runtime_dir",
			 address->sun_path);
		status = -EADDRINUSE;
	} else if (unlink(address->sun_path) < 0 && errno != ENOENT) {
		status = -errno;
	}
	close(fd);
	return status;
}

static int
listener_open(struct socket_server *server, const struct sockaddr_un *address)
{
	struct stat stat;
	mode_t before;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), status;

	if (fd < 0)
		return -errno;
	before = umask(0117); /* bind() creates the file with mode 0660 */
	status = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	umask(before);
	if (status != 0)
		goto close_fd;
	if (listen(fd, SOCKET_CLIENTS_MAX) < 0 || lstat(server->path, &stat) < 0) {
		status = -errno;
		goto unlink_path;
	}
	server->path_device = stat.st_dev;
	server->path_inode = stat.st_ino;
	server->listener = (struct loop_source){.fd = fd, .ready = listener_ready, .owner = server};
	status = loop_add(server->loop, &server->listener);
	if (status == 0)
		return 0;

unlink_path:
	unlink(server->path);
close_fd:
	close(fd);
	return status;
}

int
socket_open(struct socket_server *server, struct loop *loop, const char *runtime_dir,
	    const struct socket_row *rows, uint32_t row_count, void *owner)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", runtime_dir,
			      MESSAGE_SOCKET_NAME);
	int status;

	if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
		log_line("runtime_dir %s is too long for the path of a socket: set a shorter "
			 "one",
			 runtime_dir);
		return -ENAMETOOLONG;
	}
	*server = (struct socket_server){
		.loop = loop, .rows = rows, .row_count = row_count, .owner = owner};
	memcpy(server->path, address.sun_path, sizeof(server->path));
	for (unsigned i = 0; i < SOCKET_CLIENTS_MAX; i++)
		server->clients[i].source.fd = -1;
	status = directory_make(server, runtime_dir);
	if (status != 0)
		return status;
	status = stale_remove(&address);
	if (status == 0) {
		status = listener_open(server, &address);
		if (status != 0)
			log_line("cannot listen on %s: %s: %s", server->path, strerror(-status),
				 runtime_dir_hint(-status));
	}
	if (status != 0 && server->made_directory[0] != '\0')
		rmdir(server->made_directory);
	return status;
}

void
socket_close(struct socket_server *server)
{
	struct stat stat;

	for (unsigned i = 0; i < SOCKET_CLIENTS_MAX; i++)
		if (server->clients[i].source.fd >= 0)
			client_close(&server->clients[i]);
	loop_remove(server->loop, &server->listener);
	/* Only if the file is still the one that listener_open() created. */
	if (lstat(server->path, &stat) == 0 && stat.st_dev == server->path_device &&
	    stat.st_ino == server->path_inode)
		unlink(server->path);
	close(server->listener.fd);
	if (server->made_directory[0] != '\0')
		rmdir(server->made_directory); /* fails if it holds other files */
}
