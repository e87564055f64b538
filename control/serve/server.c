/* SPDX-License-Identifier: BSD-3-Clause */
/* Handles the connections of the control socket. */
#include "control/serve/server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/lib/log.h"

#define CLIENT_TIMEOUT_NS (5 * NS_PER_S)
#define BACKLOG		  64
#define SOCKET_MODE_UMASK 0117

static const char out_of_memory[] = "{\"ok\": false, \"error\": \"ephemerad is out of memory\"}\n";

static void
connection_close(struct server_connection *connection)
{
	struct loop *loop = connection->server->loop;

	loop_timer_cancel(loop, &connection->timer);
	loop_watch_remove(loop, &connection->watch);
	close(connection->watch.fd);
	free(connection->out);
	connection->watch.fd = -1;
	connection->out = NULL;
	connection->responding = false;
}

/* Watches for the next event: room to write, or a request. */
static void
connection_wait(struct server_connection *connection)
{
	uint32_t events = 0;

	if (connection->out != NULL)
		events = EPOLLOUT;
	else if (!connection->responding)
		events = EPOLLIN;
	loop_watch_change(connection->server->loop, &connection->watch, events);
}

/* Starts the time limit for the client to send a whole request or to read a whole response; it is
 * not extended by parts. */
static void
connection_timer_start(struct server_connection *connection)
{
	loop_timer_at(connection->server->loop, &connection->timer,
		      loop_now_ns() + CLIENT_TIMEOUT_NS);
}

/* Responses */

static void
connection_response(struct server_connection *connection, json_t *response)
{
	char *text = response == NULL ? NULL : json_dumps(response, JSON_COMPACT);
	size_t length = text == NULL ? 0 : strlen(text);
	char *line = text == NULL ? NULL : realloc(text, length + 2);

	json_decref(response);
	if (line == NULL) {
		free(text);
		line = strdup(out_of_memory);
		length = line == NULL ? 0 : strlen(line) - 1;
	}
	connection->responding = false;
	if (line == NULL) {
		connection_close(connection);
		return;
	}
	memcpy(line + length, "\n", 2);
	connection->out = line;
	connection->out_bytes = length + 1;
	connection->out_sent = 0;
	connection_timer_start(connection);
	connection_wait(connection);
}

static struct server_connection *
request_connection(struct server_request request)
{
	struct server_connection *connection = &request.server->connections[request.connection];

	if (connection->watch.fd < 0 || !connection->responding ||
	    connection->serial != request.serial)
		return NULL;
	return connection;
}

void
server_respond(struct server_request request, json_t *result)
{
	struct server_connection *connection = request_connection(request);

	if (connection == NULL)
		json_decref(result);
	else
		connection_response(connection, json_pack("{s:b, s:o}", "ok", 1, "result", result));
}

static json_t *
refusal(const char *text)
{
	json_t *sentence = json_string(text);

	if (sentence == NULL)
		sentence = json_string("the text of the error cannot be sent: it is not UTF-8");
	return json_pack("{s:b, s:o}", "ok", 0, "error", sentence);
}

void
server_refuse(struct server_request request, const char *format, ...)
{
	struct server_connection *connection = request_connection(request);
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (connection != NULL)
		connection_response(connection, text == NULL ? NULL : refusal(text));
	free(text);
}

/* Requests */

static void
line_handle(struct server_connection *connection, const char *line, size_t length)
{
	struct server *server = connection->server;
	const struct server_request from = {.server = server,
					    .connection =
						    (unsigned)(connection - server->connections),
					    .serial = ++server->serials};
	json_error_t error;
	json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);

	connection->responding = true;
	connection->serial = from.serial;
	loop_timer_cancel(server->loop, &connection->timer);
	if (request == NULL) {
		connection->closing = true;
		server_refuse(from, "the request is not JSON: %s", error.text);
	} else if (!json_is_object(request)) {
		connection->closing = true;
		server_refuse(from, "the request is not a JSON object");
	} else {
		server->handle(server->owner, request, from);
	}
	json_decref(request);
}

/* Handles buffered requests until one waits for its response. */
static void
requests_handle(struct server_connection *connection)
{
	while (connection->watch.fd >= 0 && !connection->responding && connection->out == NULL &&
	       !connection->closing) {
		char line[SERVER_LINE_BYTES];
		const char *end = memchr(connection->in, '\n', connection->in_bytes);
		size_t length;

		if (end == NULL)
			break;
		length = (size_t)(end - connection->in);
		memcpy(line, connection->in, length);
		connection->in_bytes -= length + 1;
		memmove(connection->in, end + 1, connection->in_bytes);
		line_handle(connection, line, length);
	}
	if (connection->watch.fd < 0)
		return;
	if (connection->in_bytes == sizeof(connection->in) && !connection->responding &&
	    connection->out == NULL) {
		connection->closing = true;
		connection_response(connection, refusal("the request is longer than 4096 bytes"));
	} else if (!connection->responding && connection->out == NULL &&
		   (connection->ended || connection->closing)) {
		connection_close(connection);
	} else {
		connection_wait(connection);
	}
}

static void
connection_read(struct server_connection *connection)
{
	size_t room = sizeof(connection->in) - connection->in_bytes;
	ssize_t length = read(connection->watch.fd, connection->in + connection->in_bytes, room);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length < 0) {
		connection_close(connection);
		return;
	}
	connection->ended = length == 0;
	connection->in_bytes += (size_t)length;
	requests_handle(connection);
}

static void
connection_write(struct server_connection *connection)
{
	ssize_t length =
		send(connection->watch.fd, connection->out + connection->out_sent,
		     connection->out_bytes - connection->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length < 0) {
		connection_close(connection);
		return;
	}
	connection->out_sent += (size_t)length;
	if (connection->out_sent < connection->out_bytes)
		return;
	free(connection->out);
	connection->out = NULL;
	connection_timer_start(connection);
	requests_handle(connection);
}

static void
connection_ready(void *owner, uint32_t events)
{
	struct server_connection *connection = owner;

	if (connection->out != NULL && events & EPOLLOUT)
		connection_write(connection);
	else if (events & EPOLLIN)
		connection_read(connection);
	else /* EPOLLHUP or EPOLLERR: the client closed it */
		connection_close(connection);
}

static void
connection_idle(void *owner, uint64_t now)
{
	(void)now;
	connection_close(owner);
}

/* The listening socket */

static struct server_connection *
connection_free(struct server *server)
{
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		if (server->connections[i].watch.fd < 0)
			return &server->connections[i];
	return NULL;
}

static void
connection_open(struct server *server, struct server_connection *connection, int fd)
{
	*connection =
		(struct server_connection){.server = server,
					   .watch = {fd, connection_ready, connection},
					   .timer = {.fire = connection_idle, .owner = connection}};
	if (loop_watch_add(server->loop, &connection->watch, EPOLLIN) != 0) {
		close(fd);
		connection->watch.fd = -1;
		return;
	}
	connection_timer_start(connection);
}

static void
server_ready(void *owner, uint32_t events)
{
	static const char busy[] =
		"{\"ok\": false, \"error\": \"too many connections: try again in a moment\"}\n";
	struct server *server = owner;
	struct server_connection *connection = connection_free(server);
	int fd = accept4(server->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		log_line(LEVEL_WARNING,
			 "cannot accept connections on %s: %s; trying again in a second",
			 server->path.sun_path, strerror(errno));
		loop_watch_change(server->loop, &server->watch, 0);
		loop_timer_at(server->loop, &server->timer, loop_now_ns() + NS_PER_S);
	}
	if (fd < 0)
		return;
	if (connection != NULL) {
		connection_open(server, connection, fd);
		return;
	}
	send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void
server_resume(void *owner, uint64_t now)
{
	struct server *server = owner;

	(void)now;
	loop_watch_change(server->loop, &server->watch, EPOLLIN);
}

/* Removes a stale socket. 0: the path is free, or
 * -EADDRINUSE  a process listens there
 * -EEXIST      it is not a socket
 * another -errno */
static int
stale_reclaim(const struct sockaddr_un *path)
{
	struct stat stat;
	int fd, status;

	if (lstat(path->sun_path, &stat) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(stat.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	status = fd < 0 || connect(fd, (const struct sockaddr *)path, sizeof(*path)) < 0
			 ? -errno
			 : -EADDRINUSE;
	if (fd >= 0)
		close(fd);
	if (status == -ENOENT)
		return 0;
	if (status == -EAGAIN) /* its queue is full, so a process listens */
		return -EADDRINUSE;
	if (status != -ECONNREFUSED)
		return status;
	return unlink(path->sun_path) < 0 ? -errno : 0;
}

static int
server_listen(struct server *server)
{
	mode_t before = umask(SOCKET_MODE_UMASK);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), status = 0;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&server->path, sizeof(server->path)) < 0)
		status = -errno;
	umask(before);
	if (status != 0)
		goto close_fd;
	server->watch = (struct loop_watch){fd, server_ready, server};
	status = listen(fd, BACKLOG) < 0 ? -errno
					 : loop_watch_add(server->loop, &server->watch, EPOLLIN);
	if (status == 0)
		return 0;
	unlink(server->path.sun_path);

close_fd:
	if (fd >= 0)
		close(fd);
	return status;
}

int
server_init(struct server *server, struct loop *loop, const char *runtime_dir,
	    void (*handle)(void *owner, const json_t *request, struct server_request from),
	    void *owner)
{
	size_t room = sizeof(server->path.sun_path);
	int status;

	memset(server, 0, sizeof(*server));
	server->loop = loop;
	server->handle = handle;
	server->owner = owner;
	server->path.sun_family = AF_UNIX;
	server->timer = (struct loop_timer){.fire = server_resume, .owner = server};
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		server->connections[i].watch.fd = -1;
	if ((size_t)snprintf(server->path.sun_path, room, "%s/%s", runtime_dir,
			     SERVER_SOCKET_NAME) >= room)
		return -ENAMETOOLONG;
	status = stale_reclaim(&server->path);
	return status == 0 ? server_listen(server) : status;
}

void
server_fini(struct server *server)
{
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		if (server->connections[i].watch.fd >= 0)
			connection_close(&server->connections[i]);
	loop_timer_cancel(server->loop, &server->timer);
	loop_watch_remove(server->loop, &server->watch);
	close(server->watch.fd);
	unlink(server->path.sun_path);
}
