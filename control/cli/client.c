/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's end of the control socket. */
#include "control/cli/client.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH_DEFAULT "/run/ephemera/control.sock"
#define ANSWER_BYTES_MAX    (64u << 20)
#define ANSWER_WAIT_S	    30 /* a reload waits for every worker */

void
cli_complain(const char *format, ...)
{
	va_list arguments;

	fputs("ephemeractl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

enum cli_exit
client_socket_path(const struct cli_options *options, char *path, size_t path_bytes)
{
	struct config *config;
	enum cli_exit status;

	if (options->socket_path != NULL || options->config_path == NULL) {
		snprintf(path, path_bytes, "%s",
			 options->socket_path ? options->socket_path : SOCKET_PATH_DEFAULT);
		return CLI_OK;
	}
	status = cli_config_load(options->config_path, false, &config);
	if (status == CLI_OK) {
		snprintf(path, path_bytes, "%s/control.sock", config->runtime_dir);
		config_free(config);
	}
	return status;
}

static enum cli_exit
unreachable(const char *path, int error)
{
	const char *why = error == EAGAIN ? "no answer within 30 s" : strerror(error);
	const char *mend = error == EACCES || error == EPERM
				   ? "run this as root, or as a member of the socket's group"
				   : "`systemctl start ephemerad` starts it, or by hand `ephemerad -c FILE`";

	cli_complain("ephemerad does not answer at %s: %s: %s", path, why, mend);
	return CLI_UNREACHABLE;
}

static int
socket_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Sends the request with its line end. */
static int
request_send(int fd, const char *line)
{
	for (size_t left = strlen(line); left > 0;) {
		ssize_t sent = send(fd, line, left, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		line += sent;
		left -= (size_t)sent;
	}
	return 0;
}

/* Reads up to the line end, which is taken off; the caller frees *line. */
static int
answer_receive(int fd, char **line)
{
	size_t used = 0, room = 0;
	char *text = NULL;
	int err;

	for (;;) {
		ssize_t got;

		if (used + 1 >= room) {
			char *grown =
				room < ANSWER_BYTES_MAX ? realloc(text, room == 0 ? 65536 : 2 * room) : NULL;

			if (grown == NULL) {
				err = -ENOMEM;
				break;
			}
			text = grown;
			room = room == 0 ? 65536 : 2 * room;
		}
		got = recv(fd, text + used, room - used - 1, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err = got < 0 ? -errno : -ECONNRESET;
			break;
		}
		used += (size_t)got;
		if (text[used - 1] == '\n') {
			text[used - 1] = 0;
			*line = text;
			return 0;
		}
	}
	free(text);
	return err;
}

static int
line_exchange(const char *path, const char *request, char **answer)
{
	int fd = socket_open(path), err;

	if (fd < 0)
		return fd;
	err = request_send(fd, request);
	if (err == 0)
		err = answer_receive(fd, answer);
	close(fd);
	return err;
}

/* For people on standard error: it may be the lines of a configuration's mistakes. For programs as it came,
 * on standard output. */
static void
refusal_print(const struct cli_options *options, const json_t *answer)
{
	const char *error = json_text(answer, "error");

	if (options->json)
		client_print(answer);
	fprintf(stderr, "%s%s", error, *error != 0 && error[strlen(error) - 1] == '\n' ? "" : "\n");
}

static enum cli_exit
answer_judge(const struct cli_options *options, const char *path, const char *line, json_t **result)
{
	json_t *answer = json_loads(line, 0, NULL);
	bool good = json_truth(answer, "ok");

	if (good ? !json_is_object(json_object_get(answer, "result"))
		 : !json_is_string(json_object_get(answer, "error"))) {
		cli_complain("what answers at %s is not ephemerad: name its socket with --socket", path);
		json_decref(answer);
		return CLI_UNREACHABLE;
	}
	if (!good) {
		refusal_print(options, answer);
		json_decref(answer);
		return CLI_REFUSED;
	}
	*result = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return CLI_OK;
}

enum cli_exit
client_ask(const struct cli_options *options, const char *command, json_t *arguments, json_t **result)
{
	json_t *request = json_pack("{s:s}", "command", command);
	char path[PATH_MAX], *text, *line = NULL, *answer = NULL;
	enum cli_exit status = client_socket_path(options, path, sizeof(path));
	int err;

	json_object_update(request, arguments);
	json_decref(arguments);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (status == CLI_OK) {
		err = text != NULL && asprintf(&line, "%s\n", text) > 0 ? line_exchange(path, line, &answer)
									: -ENOMEM;
		status = err != 0 ? unreachable(path, -err) : answer_judge(options, path, answer, result);
	}
	free(text);
	free(line);
	free(answer);
	return status;
}

enum cli_exit
client_show(const struct cli_options *options, const char *command,
	    void (*show)(const struct cli_options *options, const json_t *result))
{
	json_t *result;
	enum cli_exit status = client_ask(options, command, NULL, &result);

	if (status != CLI_OK)
		return status;
	if (options->json)
		client_print(result);
	else
		show(options, result);
	json_decref(result);
	return CLI_OK;
}

void
client_print(const json_t *result)
{
	json_dumpf(result, stdout, JSON_INDENT(2));
	putchar('\n');
}

long long
json_number(const json_t *object, const char *key)
{
	return (long long)json_number_value(json_object_get(object, key));
}

const char *
json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

bool
json_truth(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

double
json_measure(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}
