/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends request lines to ephemerad's socket and reads response lines, without blocking. */
#include "control/cli/call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define RESPONSE_BYTES_MAX (64u << 20)

int
call_begin(struct call *call, const char *path, unsigned wait_s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = wait_s};
	int err;

	*call = (struct call)CALL_INIT;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	call->fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (wait_s == 0 ? SOCK_NONBLOCK : 0), 0);
	if (call->fd < 0)
		return -errno;
	setsockopt(call->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(call->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	err = -errno;
	call_end(call);
	return err;
}

void
call_end(struct call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	free(call->out);
	free(call->in);
	*call = (struct call)CALL_INIT;
}

int
call_ask(struct call *call, const char *command, json_t *arguments)
{
	json_t *request = json_pack("{s:s}", "command", command);
	char *text;
	int bytes;

	json_object_update(request, arguments);
	json_decref(arguments);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	bytes = text != NULL ? asprintf(&call->out, "%s\n", text) : -1;
	free(text);
	if (bytes < 0) {
		call->out = NULL;
		return -ENOMEM;
	}
	call->out_bytes = (size_t)bytes;
	call->out_sent = 0;
	return 0;
}

short
call_events(const struct call *call)
{
	return call->out != NULL ? POLLOUT : POLLIN;
}

static int
request_send(struct call *call)
{
	ssize_t sent = send(call->fd, call->out + call->out_sent, call->out_bytes - call->out_sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	call->out_sent += (size_t)sent;
	if (call->out_sent == call->out_bytes) {
		free(call->out);
		call->out = NULL;
	}
	return 0;
}

static int
room_make(struct call *call)
{
	size_t room = call->in_room == 0 ? 65536 : 2 * call->in_room;
	char *grown;

	if (call->in_bytes + 1 < call->in_room)
		return 0;
	grown = room <= RESPONSE_BYTES_MAX ? realloc(call->in, room) : NULL;
	if (grown == NULL)
		return -ENOMEM;
	call->in = grown;
	call->in_room = room;
	return 0;
}

int
call_turn(struct call *call, char **response)
{
	ssize_t got;

	if (call->out != NULL)
		return request_send(call);
	if (room_make(call) != 0)
		return -ENOMEM;
	got = recv(call->fd, call->in + call->in_bytes, call->in_room - call->in_bytes - 1,
		   MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got == 0)
		return -ECONNRESET;
	call->in_bytes += (size_t)got;
	if (call->in[call->in_bytes - 1] != '\n')
		return 0;
	call->in[call->in_bytes - 1] = 0;
	*response = call->in;
	call->in = NULL;
	call->in_bytes = call->in_room = 0;
	return 1;
}
