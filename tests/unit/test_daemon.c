/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemerad as a whole, in one process with a dataplane of ours: what it pushes, what it learns from one that
 * runs, what it answers on its socket. The clock is the real one; waiting is for events. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/daemon.h"
#include "control/log.h"
#include "control_rig.h"
#include "way_suite.h"

#define TWO                                                                                                  \
	"    - {name: one, address: 198.51.100.101}\n"                                                       \
	"    - {name: two, address: 198.51.100.102}\n"
#define THREE TWO "    - {name: three, address: 198.51.100.103}\n"
#define ONE   "    - {name: one, address: 198.51.100.101}\n"

struct fixture {
	struct daemon *daemon;
	struct rig_dataplane rig;
	unsigned generation; /* that is waited for */
	int client;	     /* of control.sock */
	char line[65536];
	size_t line_bytes;
};

static void
daemon_open(struct fixture *f, const char *path)
{
	struct config *config = NULL;

	f->daemon = calloc(1, sizeof(*f->daemon));
	if (f->daemon == NULL || config_load(path, &config, stderr) != 0 ||
	    daemon_init(f->daemon, path, config) != 0)
		abort();
}

/* The dataplane, which lives on its loop, has to go first. */
static void
daemon_close(struct fixture *f)
{
	daemon_fini(f->daemon);
	free(f->daemon);
}

/* Waiting */

static bool
is_ready(const void *owner)
{
	const struct fixture *f = owner;

	return f->daemon->publisher.state == PUBLISHER_READY && f->rig.snapshot != NULL;
}

static bool
is_away(const void *owner)
{
	return ((const struct fixture *)owner)->daemon->publisher.state == PUBLISHER_AWAY;
}

static bool
is_generation(const void *owner)
{
	const struct fixture *f = owner;

	return is_ready(f) && f->rig.snapshot->generation >= f->generation;
}

static bool
is_line(const void *owner)
{
	struct fixture *f = (struct fixture *)owner;
	ssize_t length =
		recv(f->client, f->line + f->line_bytes, sizeof(f->line) - 1 - f->line_bytes, MSG_DONTWAIT);

	if (length > 0)
		f->line_bytes += (size_t)length;
	f->line[f->line_bytes] = 0;
	return length == 0 || strchr(f->line, '\n') != NULL;
}

static bool
is_alone(const void *owner)
{
	const struct server *server = &((const struct fixture *)owner)->daemon->server;

	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		if (server->connections[i].watch.fd >= 0)
			return false;
	return true;
}

static bool
wait_for(struct fixture *f, bool (*done)(const void *owner))
{
	return rig_wait(&f->daemon->loop, done, f);
}

static int
client_connect(void)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path.sun_path, sizeof(path.sun_path), "%s", rig_path(SERVER_SOCKET_NAME));
	if (fd < 0 || connect(fd, (struct sockaddr *)&path, sizeof(path)) < 0)
		abort();
	return fd;
}

/* Sends bytes on a connection of their own and returns the line that comes back, "" when there is none. */
static const char *
talk(struct fixture *f, const char *bytes, size_t length)
{
	f->client = client_connect();
	f->line_bytes = 0;
	CU_ASSERT_EQUAL(send(f->client, bytes, length, MSG_DONTWAIT), (ssize_t)length);
	CU_ASSERT_TRUE(wait_for(f, is_line));
	close(f->client);
	return f->line;
}

static json_t *
ask(struct fixture *f, const char *request)
{
	json_t *answer = json_loads(talk(f, request, strlen(request)), 0, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	return answer;
}

static const char *
text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

/* Tests */

static void
test_push(void)
{
	struct fixture f = {0};

	daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_EQUAL(f.daemon->publisher.state, PUBLISHER_AWAY);
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, 1);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[0].usable && f.rig.snapshot->upstreams[1].usable);

	rig_dataplane_kill(&f.rig); /* and a new one, that knows nothing */
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* A dead upstream goes down by its probes; a restarted daemon has it down from its first snapshot on, pushes
 * under a higher generation, and keeps the slots although the file names the upstreams in another order. */
static void
test_adopt(void)
{
	struct fixture f = {0};
	struct loop *loop;

	daemon_open(&f, rig_config("50000-59999", TWO));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.outcome = PROBE_TIMEOUT;
	f.rig.answering = 1;
	f.generation = 2;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_generation));
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	CU_ASSERT(f.rig.probes >= 3);

	loop = &f.daemon->loop; /* the dataplane outlives the daemon: it moves to the next one's loop */
	loop_watch_remove(loop, &f.rig.listener);
	loop_watch_remove(loop, &f.rig.connection);
	close(f.rig.connection.fd);
	f.rig.connection.fd = -1;
	daemon_close(&f);
	daemon_open(&f, rig_config("50000-59999", "    - {name: new, address: 198.51.100.103}\n"
						  "    - {name: two, address: 198.51.100.102}\n"
						  "    - {name: one, address: 198.51.100.101}\n"));
	f.rig.loop = &f.daemon->loop;
	loop_watch_add(f.rig.loop, &f.rig.listener, EPOLLIN);
	f.generation = 3;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_generation));
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, 3);
	CU_ASSERT_STRING_EQUAL(f.rig.snapshot->upstreams[0].name, "one");
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_STRING_EQUAL(f.rig.snapshot->upstreams[1].name, "two");
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	CU_ASSERT_STRING_EQUAL(f.rig.snapshot->upstreams[2].name, "new");
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[2].usable); /* one that works is there */
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

static bool
is_empty_again(const void *owner)
{
	const struct fixture *f = owner;

	return f->rig.snapshot->upstream_count == 1 || f->rig.snapshot->upstreams[1].state == SLOT_EMPTY;
}

/* An entry of a list in a result; "" where there is none. */
static const char *
list_at(const json_t *answer, const char *key, size_t index)
{
	const char *text = json_string_value(
		json_array_get(json_object_get(json_object_get(answer, "result"), key), index));

	return text != NULL ? text : "";
}

static void
test_reload(void)
{
	struct fixture f = {0};
	json_t *answer;

	daemon_open(&f, rig_config("50000-59999", TWO));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));

	f.rig.refuse = "not on a Monday"; /* refused by the dataplane: the old one stays */
	rig_config("50000-59999", THREE);
	answer = ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_STRING_EQUAL(text_at(answer, "error"), "the dataplane refuses it: not on a Monday");
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstream_count, 2);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	json_decref(answer);

	f.rig.refuse = NULL; /* refused by us, with the line */
	rig_config("50000-70000", THREE);
	answer = ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(text_at(answer, "error"), "test.yaml:6: source.ports"));
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstream_count, 2);
	json_decref(answer);

	answer = ask(&f, "{\"command\": \"config-diff\"}\n"); /* the same line, and nothing is in force */
	CU_ASSERT_PTR_NOT_NULL(strstr(list_at(answer, "errors", 0), "test.yaml:6: source.ports"));
	json_decref(answer);
	rig_config("50000-59999", THREE);
	answer = ask(&f, "{\"command\": \"config-diff\"}\n");
	CU_ASSERT_STRING_EQUAL(list_at(answer, "errors", 0), "");
	CU_ASSERT_STRING_EQUAL(list_at(answer, "static", 0), "");
	CU_ASSERT_PTR_NOT_NULL(strstr(list_at(answer, "changes", 0), "added"));
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstream_count, 2);
	json_decref(answer);

	rig_config("50000-59999", ONE); /* taken: slot 1 is retired, and empty in the end */
	answer = ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_TRUE(json_is_true(json_object_get(answer, "ok")));
	CU_ASSERT_EQUAL(json_array_size(json_object_get(json_object_get(answer, "result"), "changes")), 1);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	json_decref(answer);
	CU_ASSERT_TRUE(wait_for(&f, is_empty_again));

	answer = ask(&f, "{\"command\": \"reload\"}\n"); /* nothing changed: nothing pushed */
	CU_ASSERT_EQUAL(json_array_size(json_object_get(json_object_get(answer, "result"), "changes")), 0);
	json_decref(answer);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* The dataplane goes away with a reload in its hands; the one after it gets what is in force. */
static void
test_reload_lost(void)
{
	struct fixture f = {0};
	const char *request = "{\"command\": \"reload\"}\n";
	unsigned puts;

	daemon_open(&f, rig_config("50000-59999", TWO));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	f.rig.mute = true;
	puts = f.rig.puts;
	rig_config("50000-59999", THREE);
	f.client = client_connect();
	f.line_bytes = 0;
	CU_ASSERT(send(f.client, request, strlen(request), 0) > 0);
	while (f.rig.puts == puts && loop_turn(&f.daemon->loop, 1000) == 0)
		;
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE(wait_for(&f, is_line));
	CU_ASSERT_PTR_NOT_NULL(strstr(f.line, "went away"));
	close(f.client);
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

static void
test_static(void)
{
	struct fixture f = {0};
	char path[256], command[600];
	json_t *answer;

	daemon_open(&f, rig_config("50000-59999", TWO));
	snprintf(path, sizeof(path), "%s", rig_path("test.yaml"));
	snprintf(command, sizeof(command), "sed -i s/eph-test0/eph-test1/ %s", path);
	CU_ASSERT_EQUAL(system(command), 0);
	answer = ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(text_at(answer, "error"), "restart needed"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text_at(answer, "error"), "dataplane.ports"));
	json_decref(answer);
	daemon_close(&f);
}

/* While the dataplane is away: what can be told is told, what can't says so, and a reload waits for it. */
static void
test_away(void)
{
	struct fixture f = {0};
	json_t *answer, *result;

	daemon_open(&f, rig_config("50000-59999", TWO));
	answer = ask(&f, "{\"command\": \"status\"}\n");
	result = json_object_get(answer, "result");
	CU_ASSERT_TRUE(json_is_false(json_object_get(json_object_get(result, "dataplane"), "connected")));
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "upstreams_total")), 2);
	json_decref(answer);
	answer = ask(&f, "{\"command\": \"stats\"}\n");
	CU_ASSERT_TRUE(json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	answer = ask(&f, "{\"command\": \"port\", \"port\": 50000}\n");
	CU_ASSERT_TRUE(json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
	rig_config("50000-59999", THREE);
	answer = ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_TRUE(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 3);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

static void
test_reports(void)
{
	struct fixture f = {0};
	struct worker_stats *worker;
	json_t *answer, *result, *flow;

	daemon_open(&f, rig_config("50000-59999\n  exclude: [50007]", TWO));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 0xabc);
	worker = (struct worker_stats *)(void *)(f.rig.stats + 1);
	worker->counters[COUNTER_queries] = 1000;
	worker->drops[DROP_not_ours] = 3;
	worker->upstreams[1].queries = 600;
	worker->flows_in_flight = 7;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));

	answer = ask(&f, "{\"command\": \"status\"}\n");
	result = json_object_get(answer, "result");
	CU_ASSERT_STRING_EQUAL(text_at(json_object_get(result, "dataplane"), "boot_id"), "0000000000000abc");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(json_object_get(result, "dataplane"), "pid")),
			4711);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "in_flight")), 7);
	json_decref(answer);

	answer = ask(&f, "{\"command\": \"stats\"}\n");
	result = json_object_get(answer, "result");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "queries")), 1000);
	CU_ASSERT_EQUAL(json_object_size(json_object_get(result, "drops")), DROP_REASON_COUNT);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(json_object_get(result, "drops"), "not_ours")), 3);
	CU_ASSERT_EQUAL(json_object_size(json_object_get(result, "counters")), WORKER_COUNTER_COUNT);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(result, "workers")), 1);
	json_decref(answer);

	answer = ask(&f, "{\"command\": \"upstreams\"}\n");
	result = json_array_get(json_object_get(json_object_get(answer, "result"), "upstreams"), 1);
	CU_ASSERT_STRING_EQUAL(text_at(result, "name"), "two");
	CU_ASSERT_STRING_EQUAL(text_at(result, "state"), "up");
	json_decref(answer);

	answer = ask(&f, "{\"command\": \"port\", \"port\": 50000}\n");
	result = json_object_get(answer, "result");
	CU_ASSERT_STRING_EQUAL(text_at(result, "state"), "in use");
	flow = json_array_get(json_object_get(result, "flows"), 0);
	CU_ASSERT_STRING_EQUAL(text_at(flow, "upstream"), "one");
	CU_ASSERT_STRING_EQUAL(text_at(flow, "client"), "192.0.2.53#4242");
	CU_ASSERT_STRING_EQUAL(text_at(flow, "question"), ". A IN");
	json_decref(answer);
	answer = ask(&f, "{\"command\": \"port\", \"port\": 50007}\n");
	CU_ASSERT_STRING_EQUAL(text_at(json_object_get(answer, "result"), "state"), "excluded");
	json_decref(answer);
	answer = ask(&f, "{\"command\": \"port\", \"port\": 49999}\n");
	CU_ASSERT_STRING_EQUAL(text_at(json_object_get(answer, "result"), "state"), "outside the range");
	json_decref(answer);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* What a client may send, and what comes back. */
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
	{"a port that is a word", "{\"command\": \"port\", \"port\": \"53\"}\n", 0, "from 1 to 65535"},
	{"port 65536", "{\"command\": \"port\", \"port\": 65536}\n", 0, "from 1 to 65535"},
	{"a key twice", "{\"command\": \"status\", \"command\": \"stats\"}\n", 0, "not JSON"},
	{"two requests at once: the first answer first",
	 "{\"command\": \"halt\"}\n{\"command\": \"status\"}\n", 0, "unknown command"},
};

static void
test_hostile(void)
{
	struct fixture f = {0};
	static char longest[SERVER_LINE_BYTES];
	struct stat file;

	memset(longest, ' ', sizeof(longest));
	daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_EQUAL(stat(rig_path(SERVER_SOCKET_NAME), &file), 0);
	CU_ASSERT_EQUAL(file.st_mode & 07777, 0660);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		size_t length = requests[i].length > 0 ? requests[i].length : strlen(requests[i].bytes);
		const char *line = talk(&f, requests[i].bytes, length);

		WAY_ASSERT(strstr(line, requests[i].part) != NULL, "%s: %s", requests[i].what, line);
		WAY_ASSERT(strstr(line, "\"ok\":false") != NULL, "%s: %s", requests[i].what, line);
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(talk(&f, longest, sizeof(longest)), "longer than"));
	daemon_close(&f);
	CU_ASSERT_EQUAL(access(rig_path(SERVER_SOCKET_NAME), F_OK), -1);
}

/* Sixteen that hold their connections and say nothing: the next one is told, and there is room again when one
 * leaves. */
static void
test_crowd(void)
{
	struct fixture f = {0};
	int crowd[SERVER_CONNECTIONS_MAX];

	daemon_open(&f, rig_config("50000-59999", TWO));
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
		crowd[i] = client_connect();
		loop_turn(&f.daemon->loop, 1000);
	}
	f.client = client_connect();
	f.line_bytes = 0;
	CU_ASSERT_TRUE(wait_for(&f, is_line));
	CU_ASSERT_PTR_NOT_NULL(strstr(f.line, "too many connections"));
	close(f.client);
	for (unsigned i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		close(crowd[i]);
	CU_ASSERT_TRUE(wait_for(&f, is_alone));
	CU_ASSERT_PTR_NOT_NULL(strstr(talk(&f, "{\"command\": \"status\"}\n", 22), "\"ok\":true"));
	daemon_close(&f);
}

/* A second one is refused; what a killed one left behind is not in the way; a file that is no socket is not
 * ours to remove. */
static void
test_second(void)
{
	struct fixture f = {0};
	struct server second;
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(path.sun_path, sizeof(path.sun_path), "%s", rig_path(SERVER_SOCKET_NAME));
	CU_ASSERT_EQUAL(bind(stale, (struct sockaddr *)&path, sizeof(path)), 0);
	close(stale);
	daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_EQUAL(server_init(&second, &f.daemon->loop, rig_dir(), NULL, NULL), -EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(strstr(talk(&f, "{\"command\": \"status\"}\n", 22), "\"ok\":true"));
	CU_ASSERT_EQUAL(rename(path.sun_path, rig_path("moved")), 0);
	CU_ASSERT_EQUAL(close(open(path.sun_path, O_CREAT | O_EXCL | O_CLOEXEC, 0600)), 0);
	CU_ASSERT_EQUAL(server_init(&second, &f.daemon->loop, rig_dir(), NULL, NULL), -EEXIST);
	CU_ASSERT_EQUAL(access(path.sun_path, F_OK), 0);
	CU_ASSERT_EQUAL(rename(rig_path("moved"), path.sun_path), 0);
	daemon_close(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"pushes, and again to a new dataplane", test_push},
		{"health, and what a restart keeps", test_adopt},
		{"reload: refused, wrong, taken, nothing", test_reload},
		{"reload: the dataplane goes away", test_reload_lost},
		{"reload: the static part", test_static},
		{"the dataplane is away", test_away},
		{"reports", test_reports},
		{"hostile clients", test_hostile},
		{"too many clients", test_crowd},
		{"a second ephemerad, a stale socket", test_second},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = way_suite_run("daemon", tests);
	rig_close();
	return status;
}
