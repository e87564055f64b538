/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemerad as a whole, in one process with a fake dataplane: what it pushes, what it learns from a
 * running dataplane, and its responses on the socket. The clock is real; the test waits for
 * events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/lib/log.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

/* Waiting */

/* Tests */

static void
test_push(void)
{
	struct daemon_rig f = {0};

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_EQUAL(f.daemon->publisher.state, PUBLISHER_DISCONNECTED);
	CU_ASSERT_EQUAL(http_port(&f.daemon->http), rig_http_port());
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, 1);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[0].usable && f.rig.snapshot->upstreams[1].usable);

	rig_dataplane_kill(&f.rig); /* a new one without a snapshot */
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	rig_stop(&f);
}

/* A failed upstream goes down by its probes. A restarted daemon has it down in its first snapshot,
 * pushes with a higher generation, and keeps the slots although the file lists the upstreams in
 * another order. */
static void
test_adopt(void)
{
	struct daemon_rig f = {0};

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.outcome = PROBE_TIMEOUT;
	f.rig.answering = 1;
	f.generation = 1;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_newer));
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	CU_ASSERT(f.rig.probes >= 3);

	rig_daemon_replace(&f, rig_config("50000-59999",
					  "    - {name: new, address: 198.51.100.103}\n"
					  "    - {name: two, address: 198.51.100.102}\n"
					  "    - {name: one, address: 198.51.100.101}\n"));
	f.generation = 2;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_newer));
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, 3);
	CU_ASSERT_STRING_EQUAL(f.rig.snapshot->upstreams[0].name, "one");
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_STRING_EQUAL(f.rig.snapshot->upstreams[1].name, "two");
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	CU_ASSERT_STRING_EQUAL(f.rig.snapshot->upstreams[2].name, "new");
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[2].usable); /* another one is usable */
	rig_stop(&f);
}

static bool
is_empty_again(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->rig.snapshot->upstream_count == 1 ||
	       f->rig.snapshot->upstreams[1].state == SLOT_EMPTY;
}

/* An entry of a list in a result, or "". */
static const char *
list_at(const json_t *response, const char *key, size_t index)
{
	const char *text = json_string_value(
		json_array_get(json_object_get(json_object_get(response, "result"), key), index));

	return text != NULL ? text : "";
}

#define STAYS "\nreload failed: the old configuration stays in force"

static void
test_reload(void)
{
	struct daemon_rig f = {0};
	json_t *response;

	rig_start(&f, TWO);

	/* refused by the dataplane: the old configuration stays */
	f.rig.refuse = "not on a Monday";
	rig_config("50000-59999", THREE);
	response = rig_ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_STRING_EQUAL(rig_text(response, "error"),
			       "the dataplane refuses it: not on a Monday" STAYS);
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstream_count, 2);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	json_decref(response);

	f.rig.refuse = NULL; /* invalid: the error has its line */
	rig_config("50000-70000", THREE);
	response = rig_ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(rig_text(response, "error"), "test.yaml:6: source.ports"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rig_text(response, "error"), STAYS));
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstream_count, 2);
	json_decref(response);

	response = rig_ask(&f,
			   "{\"command\": \"config-diff\"}\n"); /* the same line; nothing changed */
	CU_ASSERT_PTR_NOT_NULL(strstr(list_at(response, "errors", 0), "test.yaml:6: source.ports"));
	json_decref(response);
	rig_config("50000-59999", THREE);
	response = rig_ask(&f, "{\"command\": \"config-diff\"}\n");
	CU_ASSERT_STRING_EQUAL(list_at(response, "errors", 0), "");
	CU_ASSERT_STRING_EQUAL(list_at(response, "static", 0), "");
	CU_ASSERT_PTR_NOT_NULL(strstr(list_at(response, "changes", 0), "added"));
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstream_count, 2);
	json_decref(response);

	rig_config("50000-59999", ONE); /* accepted: slot 1 is retired, and later empty */
	response = rig_ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_TRUE(json_is_true(json_object_get(response, "ok")));
	CU_ASSERT_EQUAL(
		json_array_size(json_object_get(json_object_get(response, "result"), "changes")),
		1);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	json_decref(response);
	CU_ASSERT_TRUE(rig_wait_for(&f, is_empty_again));

	response = rig_ask(&f, "{\"command\": \"reload\"}\n"); /* no changes: nothing is pushed */
	CU_ASSERT_EQUAL(
		json_array_size(json_object_get(json_object_get(response, "result"), "changes")),
		0);
	json_decref(response);
	rig_stop(&f);
}

/* The connection is lost during a reload; the next dataplane gets the old configuration. */
static void
test_reload_lost(void)
{
	struct daemon_rig f = {0};
	const char *request = "{\"command\": \"reload\"}\n";
	unsigned puts;

	rig_start(&f, TWO);
	f.rig.mute = true;
	puts = f.rig.puts;
	rig_config("50000-59999", THREE);
	f.client = rig_connect();
	f.line_bytes = 0;
	CU_ASSERT(send(f.client, request, strlen(request), 0) > 0);
	while (f.rig.puts == puts && loop_turn(&f.daemon->loop, 1000) == 0)
		;
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_line));
	CU_ASSERT_PTR_NOT_NULL(strstr(f.line, "connection to the dataplane was lost before it "
					      "answered\\nreload failed: the old"));
	close(f.client);
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	rig_stop(&f);
}

static void
test_static(void)
{
	struct daemon_rig f = {0};
	char path[256], command[600];
	json_t *response;

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	snprintf(path, sizeof(path), "%s", rig_path("test.yaml"));
	snprintf(command, sizeof(command), "sed -i s/eph-test0/eph-test1/ %s", path);
	CU_ASSERT_EQUAL(system(command), 0);
	response = rig_ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(rig_text(response, "error"), "restart needed"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rig_text(response, "error"), "dataplane.interfaces"));
	CU_ASSERT_PTR_NOT_NULL(strstr(rig_text(response, "error"), STAYS));
	json_decref(response);
	rig_daemon_close(&f);
}

/* Without a dataplane: reports that do not need it work, others fail, and a reload takes effect
 * when it connects. */
static void
test_disconnected(void)
{
	struct daemon_rig f = {0};
	json_t *response, *result;

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	response = rig_ask(&f, "{\"command\": \"status\"}\n");
	result = json_object_get(response, "result");
	CU_ASSERT_TRUE(
		json_is_false(json_object_get(json_object_get(result, "dataplane"), "connected")));
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "upstreams_total")), 2);
	json_decref(response);
	response = rig_ask(&f, "{\"command\": \"stats\"}\n");
	CU_ASSERT_TRUE(json_is_false(json_object_get(response, "ok")));
	json_decref(response);
	response = rig_ask(&f, "{\"command\": \"port\", \"port\": 50000}\n");
	CU_ASSERT_TRUE(json_is_false(json_object_get(response, "ok")));
	json_decref(response);
	rig_config("50000-59999", THREE);
	response = rig_ask(&f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_TRUE(json_is_true(json_object_get(response, "ok")));
	json_decref(response);
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 3);
	rig_stop(&f);
}

static void
test_reports(void)
{
	struct daemon_rig f = {0};
	struct worker_stats *worker;
	json_t *response, *result, *flow;

	rig_daemon_open(&f, rig_config("50000-59999\n  exclude: [50007]", TWO));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 0xabc);
	worker = (struct worker_stats *)(void *)(f.rig.stats + 1);
	worker->counters[COUNTER_queries] = 1000;
	worker->drops[DROP_not_ours] = 3;
	worker->upstreams[1].queries = 600;
	worker->flows_in_flight = 7;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));

	response = rig_ask(&f, "{\"command\": \"status\"}\n");
	result = json_object_get(response, "result");
	CU_ASSERT_STRING_EQUAL(rig_text(json_object_get(result, "dataplane"), "boot_id"),
			       "0000000000000abc");
	CU_ASSERT_EQUAL(
		json_integer_value(json_object_get(json_object_get(result, "dataplane"), "pid")),
		4711);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "in_flight")), 7);
	json_decref(response);

	response = rig_ask(&f, "{\"command\": \"stats\"}\n");
	result = json_object_get(response, "result");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(result, "queries")), 1000);
	CU_ASSERT_EQUAL(json_object_size(json_object_get(result, "drops")), DROP_REASON_COUNT);
	CU_ASSERT_EQUAL(
		json_integer_value(json_object_get(json_object_get(result, "drops"), "not_ours")),
		3);
	CU_ASSERT_EQUAL(json_object_size(json_object_get(result, "counters")),
			WORKER_COUNTER_COUNT);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(result, "workers")), 1);
	json_decref(response);

	response = rig_ask(&f, "{\"command\": \"upstreams\"}\n");
	result = json_array_get(json_object_get(json_object_get(response, "result"), "upstreams"),
				1);
	CU_ASSERT_STRING_EQUAL(rig_text(result, "name"), "two");
	CU_ASSERT_STRING_EQUAL(rig_text(result, "state"), "up");
	json_decref(response);

	response = rig_ask(&f, "{\"command\": \"port\", \"port\": 50000}\n");
	result = json_object_get(response, "result");
	CU_ASSERT_STRING_EQUAL(rig_text(result, "state"), "in use");
	flow = json_array_get(json_object_get(result, "flows"), 0);
	CU_ASSERT_STRING_EQUAL(rig_text(flow, "upstream"), "one");
	CU_ASSERT_STRING_EQUAL(rig_text(flow, "client"), "192.0.2.53#4242");
	CU_ASSERT_STRING_EQUAL(rig_text(flow, "question"), ". A IN");
	json_decref(response);
	response = rig_ask(&f, "{\"command\": \"port\", \"port\": 50007}\n");
	CU_ASSERT_STRING_EQUAL(rig_text(json_object_get(response, "result"), "state"), "excluded");
	json_decref(response);
	response = rig_ask(&f, "{\"command\": \"port\", \"port\": 49999}\n");
	CU_ASSERT_STRING_EQUAL(rig_text(json_object_get(response, "result"), "state"),
			       "outside the range");
	json_decref(response);
	rig_stop(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"pushes, and again to a new dataplane", test_push},
		{"health, and what a restart keeps", test_adopt},
		{"reload: refused, invalid, accepted, no changes", test_reload},
		{"reload: the connection is lost", test_reload_lost},
		{"reload: the static part", test_static},
		{"not connected to the dataplane", test_disconnected},
		{"reports", test_reports},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("daemon", tests);
	rig_close();
	return status;
}
