/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends one request to the control socket and prints the result. */
#include "control/cli/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/call.h"
#include "control/cli/config_load.h"
#include "control/cli/output.h"

#define SOCKET_PATH_DEFAULT "/run/ephemera/control.sock"
#define RESPONSE_WAIT_S	    30 /* a reload waits for every worker */

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
	status = config_load_print(options->config_path, false, &config);
	if (status == CLI_OK) {
		snprintf(path, path_bytes, "%s/control.sock", config->runtime_dir);
		config_free(config);
	}
	return status;
}

static enum cli_exit
unreachable(const char *path, int error)
{
	const char *why = error == EAGAIN ? "no response within 30 s" : strerror(error);
	const char *hint =
		error == EACCES || error == EPERM
			? "run ephemeractl as root, or as a member of the socket's group"
			: "start it with `systemctl start ephemerad`, or `ephemerad -c FILE`";

	output_error("cannot reach ephemerad at %s: %s: %s", path, why, hint);
	return CLI_UNREACHABLE;
}

/* Sends a request and waits for its response, a line that the caller frees. */
static int
line_exchange(const char *path, const char *command, json_t *arguments, char **response)
{
	struct call call;
	int status = call_begin(&call, path, RESPONSE_WAIT_S);

	if (status != 0) {
		json_decref(arguments);
		return status;
	}
	status = call_ask(&call, command, arguments);
	while (status == 0) {
		struct pollfd polled = {.fd = call.fd, .events = call_events(&call)};
		int ready = poll(&polled, 1, RESPONSE_WAIT_S * 1000);

		if (ready > 0)
			status = call_turn(&call, response);
		else if (ready == 0)
			status = -EAGAIN;
		else if (errno != EINTR)
			status = -errno;
	}
	call_end(&call);
	return status > 0 ? 0 : status;
}

/* Prints ephemerad's error to stderr; an invalid configuration makes several lines. With --json it
 * also prints the whole response to stdout. */
static void
refusal_print(const struct cli_options *options, const json_t *response)
{
	const char *error = json_text(response, "error");

	if (options->json)
		output_json(response);
	fprintf(stderr, "%s%s", error, *error != 0 && error[strlen(error) - 1] == '\n' ? "" : "\n");
}

static enum cli_exit
response_check(const struct cli_options *options, const char *path, const char *line,
	       json_t **result)
{
	json_t *response = json_loads(line, 0, NULL);
	bool good = json_truth(response, "ok");

	if (good ? !json_is_object(json_object_get(response, "result"))
		 : !json_is_string(json_object_get(response, "error"))) {
		output_error("%s is not ephemerad's socket: give the right one with --socket",
			     path);
		json_decref(response);
		return CLI_UNREACHABLE;
	}
	if (!good) {
		refusal_print(options, response);
		json_decref(response);
		return CLI_REFUSED;
	}
	*result = json_incref(json_object_get(response, "result"));
	json_decref(response);
	return CLI_OK;
}

enum cli_exit
client_ask(const struct cli_options *options, const char *command, json_t *arguments,
	   json_t **result)
{
	char path[PATH_MAX], *response = NULL;
	enum cli_exit status = client_socket_path(options, path, sizeof(path));
	int err;

	if (status != CLI_OK) {
		json_decref(arguments);
		return status;
	}
	err = line_exchange(path, command, arguments, &response);
	status = err != 0 ? unreachable(path, -err)
			  : response_check(options, path, response, result);
	free(response);
	return status;
}

enum cli_exit
client_show(const struct cli_options *options, const char *command, json_t *arguments,
	    void (*show)(const struct cli_options *options, const json_t *result))
{
	json_t *result;
	enum cli_exit status = client_ask(options, command, arguments, &result);

	if (status != CLI_OK)
		return status;
	if (options->json)
		output_json(result);
	else
		show(options, result);
	json_decref(result);
	return CLI_OK;
}
