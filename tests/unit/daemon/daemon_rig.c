/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens and replaces a whole ephemerad under test, waits, and sends requests. */
#include "tests/unit/daemon/daemon_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/report/commands.h"
#include "control/report/http_routes.h"
#include "tests/unit/suite.h"

#define PORTS "50000-59999"

/* Daemon and dataplane */

void
rig_daemon_again(struct daemon_rig *f, const char *path)
{
	static const struct daemon_handlers handlers = {.command = commands_handle,
							.http = http_routes_handle};
	struct config *config = NULL;

	snprintf(f->config_path, sizeof(f->config_path), "%s", path);
	f->daemon = calloc(1, sizeof(*f->daemon));
	if (f->daemon == NULL || config_load(f->config_path, &config, stderr) != 0 ||
	    daemon_init(f->daemon, &handlers, f->config_path, config) != 0)
		abort();
}

void
rig_daemon_open(struct daemon_rig *f, const char *path)
{
	unlink(rig_path(STATE_FILE_NAME));
	rig_daemon_again(f, path);
}

void
rig_daemon_close(struct daemon_rig *f)
{
	const char *kept = rig_path("kept");

	rename(rig_path(STATE_FILE_NAME), kept);
	daemon_fini(f->daemon);
	unlink(rig_path(STATE_FILE_NAME));
	rename(kept, rig_path(STATE_FILE_NAME));
	free(f->daemon);
}

void
rig_daemon_replace(struct daemon_rig *f, const char *path)
{
	loop_watch_remove(f->rig.loop, &f->rig.listener);
	loop_watch_remove(f->rig.loop, &f->rig.connection);
	close(f->rig.connection.fd);
	f->rig.connection.fd = -1;
	rig_daemon_close(f);
	rig_daemon_again(f, path);
	f->rig.loop = &f->daemon->loop;
	loop_watch_add(f->rig.loop, &f->rig.listener, EPOLLIN);
}

void
rig_start(struct daemon_rig *f, const char *upstreams)
{
	rig_daemon_open(f, rig_config(PORTS, upstreams));
	rig_dataplane_start(&f->rig, &f->daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(f, rig_is_ready));
}

void
rig_stop(struct daemon_rig *f)
{
	rig_dataplane_kill(&f->rig);
	rig_daemon_close(f);
}

struct worker_stats *
rig_worker(const struct daemon_rig *f)
{
	return (struct worker_stats *)(void *)((uint8_t *)f->rig.stats +
					       f->rig.stats->worker_offset);
}

/* Waiting */

bool
rig_wait_for(struct daemon_rig *f, bool (*done)(const void *owner))
{
	return rig_wait(&f->daemon->loop, done, f);
}

bool
rig_is_ready(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->daemon->publisher.state == PUBLISHER_READY && f->rig.snapshot != NULL &&
	       !f->daemon->publisher.changed;
}

bool
rig_is_newer(const void *owner)
{
	const struct daemon_rig *f = owner;

	return rig_is_ready(f) && f->rig.snapshot->generation > f->generation;
}

bool
rig_is_disconnected(const void *owner)
{
	return ((const struct daemon_rig *)owner)->daemon->publisher.state ==
	       PUBLISHER_DISCONNECTED;
}

bool
rig_is_probed(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->rig.probes >= f->probes;
}

bool
rig_is_line(const void *owner)
{
	struct daemon_rig *f = (struct daemon_rig *)owner;
	ssize_t length = recv(f->client, f->line + f->line_bytes,
			      sizeof(f->line) - 1 - f->line_bytes, MSG_DONTWAIT);

	if (length > 0)
		f->line_bytes += (size_t)length;
	f->line[f->line_bytes] = 0;
	return length == 0 || strchr(f->line, '\n') != NULL;
}

/* Requests */

int
rig_connect(void)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path.sun_path, sizeof(path.sun_path), "%s", rig_path(SERVER_SOCKET_NAME));
	if (fd < 0 || connect(fd, (struct sockaddr *)&path, sizeof(path)) < 0)
		abort();
	return fd;
}

const char *
rig_talk(struct daemon_rig *f, const char *bytes, size_t length)
{
	f->client = rig_connect();
	f->line_bytes = 0;
	CU_ASSERT_EQUAL(send(f->client, bytes, length, MSG_DONTWAIT), (ssize_t)length);
	CU_ASSERT_TRUE(rig_wait_for(f, rig_is_line));
	close(f->client);
	return f->line;
}

json_t *
rig_ask(struct daemon_rig *f, const char *request)
{
	json_t *response = json_loads(rig_talk(f, request, strlen(request)), 0, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(response);
	return response;
}

const char *
rig_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

const char *
rig_failure(struct daemon_rig *f, const char *request)
{
	static char error[512];
	json_t *response = rig_ask(f, request);

	snprintf(error, sizeof(error), "%s", rig_text(response, "error"));
	json_decref(response);
	return error;
}

const char *
rig_override(struct daemon_rig *f, const char *name, const char *action)
{
	static char text[256];
	char request[128];
	json_t *response, *result;

	snprintf(request, sizeof(request),
		 "{\"command\": \"upstream\", \"name\": \"%s\", \"action\": \"%s\"}\n", name,
		 action);
	response = rig_ask(f, request);
	result = json_object_get(response, "result");
	if (result != NULL)
		snprintf(text, sizeof(text), "%s: %s", rig_text(result, "state"),
			 rig_text(result, "reason"));
	else
		snprintf(text, sizeof(text), "%s", rig_text(response, "error"));
	json_decref(response);
	CU_ASSERT_TRUE(rig_wait_for(f, rig_is_ready));
	return text;
}

const char *
rig_row(struct daemon_rig *f, unsigned index)
{
	static char text[512];
	json_t *response = rig_ask(f, "{\"command\": \"upstreams\"}\n"), *upstream;

	upstream = json_array_get(json_object_get(json_object_get(response, "result"), "upstreams"),
				  index);
	snprintf(text, sizeof(text), "%s: %s", rig_text(upstream, "state"),
		 rig_text(upstream, "reason"));
	json_decref(response);
	return text;
}

void
rig_reload(struct daemon_rig *f, const char *upstreams)
{
	rig_config(PORTS, upstreams);
	CU_ASSERT_STRING_EQUAL(rig_failure(f, "{\"command\": \"reload\"}\n"), "");
}

bool
rig_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}
