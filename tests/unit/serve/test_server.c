/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket with hostile clients, many clients, and a second ephemerad. Runs a whole
 * ephemerad. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/lib/log.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

static bool
is_alone(const void *owner)
{
	const struct server *server = &((const struct daemon_rig *)owner)->daemon->server;

	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		if (server->connections[i].watch.fd >= 0)
			return false;
	return true;
}

/* A request and part of its response. */
static const struct {
	const char *what, *bytes;
	size_t length; /* 0: strlen() */
	const char *part;
} requests[] = {
	{"not JSON", "status\n", 0, "not JSON"},
	{"not an object", "[1]\n", 0, "not a JSON object"},
	{"a NUL", "{\"command\": \"\0\"}\n", 17, "not JSON"},
	{"no command", "{}\n", 0, "unknown command"},
	{"a command that is a number", "{\"command\": 4}\n", 0, "unknown command"},
	{"an unknown command", "{\"command\": \"halt\"}\n", 0, "unknown command"},
	{"a port that is a word", "{\"command\": \"port\", \"port\": \"53\"}\n", 0,
	 "from 1 to 65535"},
	{"port 65536", "{\"command\": \"port\", \"port\": 65536}\n", 0, "from 1 to 65535"},
	{"a key twice", "{\"command\": \"status\", \"command\": \"stats\"}\n", 0, "not JSON"},
	{"two requests at once: responses in order",
	 "{\"command\": \"halt\"}\n{\"command\": \"status\"}\n", 0, "unknown command"},
};

static void
test_hostile(void)
{
	struct daemon_rig f = {0};
	static char longest[SERVER_LINE_BYTES];
	struct stat file;

	memset(longest, ' ', sizeof(longest));
	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_EQUAL(stat(rig_path(SERVER_SOCKET_NAME), &file), 0);
	CU_ASSERT_EQUAL(file.st_mode & 07777, 0660);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		size_t length =
			requests[i].length > 0 ? requests[i].length : strlen(requests[i].bytes);
		const char *line = rig_talk(&f, requests[i].bytes, length);

		SUITE_ASSERT(strstr(line, requests[i].part) != NULL, "%s: %s", requests[i].what,
			     line);
		SUITE_ASSERT(strstr(line, "\"ok\":false") != NULL, "%s: %s", requests[i].what,
			     line);
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(rig_talk(&f, longest, sizeof(longest)), "longer than"));
	rig_daemon_close(&f);
	CU_ASSERT_EQUAL(access(rig_path(SERVER_SOCKET_NAME), F_OK), -1);
}

/* Sixteen idle connections: the next one gets an error, and there is room again when one is
 * closed. */
static void
test_crowd(void)
{
	struct daemon_rig f = {0};
	int crowd[SERVER_CONNECTIONS_MAX];

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
		crowd[i] = rig_connect();
		loop_turn(&f.daemon->loop, 1000);
	}
	f.client = rig_connect();
	f.line_bytes = 0;
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_line));
	CU_ASSERT_PTR_NOT_NULL(strstr(f.line, "too many connections"));
	close(f.client);
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		close(crowd[i]);
	CU_ASSERT_TRUE(rig_wait_for(&f, is_alone));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(rig_talk(&f, "{\"command\": \"status\"}\n", 22), "\"ok\":true"));
	rig_daemon_close(&f);
}

/* A second ephemerad is refused; the socket of a killed one is replaced; a file that is not a
 * socket is not removed. */
static void
test_second(void)
{
	struct daemon_rig f = {0};
	struct server second;
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path.sun_path, sizeof(path.sun_path), "%s", rig_path(SERVER_SOCKET_NAME));
	CU_ASSERT_EQUAL(bind(stale, (struct sockaddr *)&path, sizeof(path)), 0);
	close(stale);
	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_EQUAL(server_init(&second, &f.daemon->loop, rig_dir(), NULL, NULL), -EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(rig_talk(&f, "{\"command\": \"status\"}\n", 22), "\"ok\":true"));
	CU_ASSERT_EQUAL(rename(path.sun_path, rig_path("moved")), 0);
	CU_ASSERT_EQUAL(close(open(path.sun_path, O_CREAT | O_EXCL | O_CLOEXEC, 0600)), 0);
	CU_ASSERT_EQUAL(server_init(&second, &f.daemon->loop, rig_dir(), NULL, NULL), -EEXIST);
	CU_ASSERT_EQUAL(access(path.sun_path, F_OK), 0);
	CU_ASSERT_EQUAL(rename(rig_path("moved"), path.sun_path), 0);
	rig_daemon_close(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"hostile clients", test_hostile},
		{"too many clients", test_crowd},
		{"a second ephemerad, a stale socket", test_second},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("server", tests);
	rig_close();
	return status;
}
