/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's commands, and what must not undo them: overrides of upstreams, readiness, drain of
 * the instance. A whole ephemerad with a fake dataplane. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/log.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

/* Waiting */

static bool
is_asked_to_stop(const void *owner)
{
	return ((const struct daemon_rig *)owner)->rig.stops > 0;
}

static bool
is_counted(const void *owner)
{
	const struct worker_stats *stats = rig_worker(owner);
	const struct drain *drain = &((const struct daemon_rig *)owner)->daemon->readiness.drain;

	return drain->counted && drain->queries == stats->counters[COUNTER_queries] +
							   stats->counters[COUNTER_own_servfail];
}

/* Requests */

/* "" if ready, else the reason. */
static const char *
unready(struct daemon_rig *f)
{
	static char reason[256];
	json_t *response = rig_ask(f, "{\"command\": \"ready\"}\n"),
	       *result = json_object_get(response, "result");

	snprintf(reason, sizeof(reason), "%s", rig_text(result, "reason"));
	CU_ASSERT_EQUAL(json_is_true(json_object_get(result, "ready")), reason[0] == 0);
	json_decref(response);
	return reason;
}

/* Overrides */

static void
test_overrides(void)
{
	struct daemon_rig f = {0};
	const struct snapshot_upstream *one;

	rig_start(&f, TWO);
	CU_ASSERT_TRUE(rig_begins(rig_override(&f, "one", "drain"),
				  "draining: by the operator; nothing in flight"));
	one = &f.rig.snapshot->upstreams[0];
	CU_ASSERT(!one->usable && one->admin_state == ADMIN_DRAIN && one->state == SLOT_ACTIVE);
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	rig_worker(&f)->upstreams[0].in_flight = 7;
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 0), "draining: by the operator; 7 in flight"));
	rig_worker(&f)->upstreams[0].in_flight = 0;

	f.probes = f.rig.probes + 8; /* good probes of both */
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_probed));
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 0), "draining: by the operator; nothing in flight"));
	rig_reload(&f, "    - {name: another, address: 198.51.100.101}\n    - {name: two, address: "
		       "198.51.100.102}\n");
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 0), "draining: by the operator; nothing in flight"));
	CU_ASSERT_TRUE(rig_begins(rig_override(&f, "another", "up"), "forced-up: by the operator"));
	CU_ASSERT_TRUE(
		rig_begins(rig_override(&f, "another", "down"), "forced-down: by the operator"));

	/* Kept across one restart of ephemerad, and across a second one. */
	for (unsigned i = 0; i < 2; i++) {
		rig_daemon_replace(&f, rig_path("test.yaml"));
		CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
		CU_ASSERT_TRUE(rig_begins(
			rig_row(&f, 0), "forced-down: by the operator, before ephemerad started"));
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].admin_state, ADMIN_DOWN);
	}
	f.probes = f.rig.probes + 8;
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_probed));
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_TRUE(rig_begins(rig_override(&f, "another", "auto"), "up: "));
	CU_ASSERT(f.rig.snapshot->upstreams[0].usable &&
		  f.rig.snapshot->upstreams[0].admin_state == 0);
	rig_stop(&f);
}

/* A new dataplane gets the overrides of the running ephemerad; an upstream that leaves the
 * configuration loses its override. */
static void
test_overrides_stay(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, TWO);
	rig_override(&f, "two", "down");
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 1), "forced-down: by the operator"));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].admin_state, ADMIN_DOWN);
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[1].usable);
	rig_reload(&f, ONE);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].admin_state, ADMIN_AUTO);
	rig_reload(&f, TWO);
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 1), "up: "));
	rig_stop(&f);
}

static const struct {
	const char *request, *error;
} refused[] = {
	{"{\"command\": \"upstream\"}\n", "\"name\" must be"},
	{"{\"command\": \"upstream\", \"name\": \"one\"}\n", "\"name\" must be"},
	{"{\"command\": \"upstream\", \"name\": 1, \"action\": \"up\"}\n", "\"name\" must be"},
	{"{\"command\": \"upstream\", \"name\": \"none\", \"action\": \"up\"}\n",
	 "unknown upstream none"},
	{"{\"command\": \"upstream\", \"name\": \"one\", \"action\": \"halt\"}\n",
	 "unknown action"},
	{"{\"command\": \"drain\", \"timeout_s\": -1}\n", "\"timeout_s\" must be"},
	{"{\"command\": \"drain\", \"timeout_s\": 86401}\n", "\"timeout_s\" must be"},
	{"{\"command\": \"drain\", \"timeout_s\": \"1\"}\n", "\"timeout_s\" must be"},
	{"{\"command\": \"undrain\"}\n", "the instance is not being drained"},
};

static void
test_refused(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, TWO);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		SUITE_ASSERT(rig_begins(rig_failure(&f, refused[i].request), refused[i].error),
			     "%s", refused[i].request);
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_OFF);
	rig_stop(&f);
}

/* Readiness */

static void
test_ready(void)
{
	struct daemon_rig f = {0};

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_STRING_EQUAL(unready(&f), "not connected to the dataplane");
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_STRING_EQUAL(unready(&f), "worker 0 has no configuration yet");
	rig_worker(&f)->generation = f.rig.snapshot->generation;
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	f.rig.stats->draining = 1;
	CU_ASSERT_STRING_EQUAL(unready(&f), "the dataplane is stopping");
	f.rig.stats->draining = 0;

	rig_override(&f, "one", "down");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	rig_override(&f, "two", "drain");
	CU_ASSERT_STRING_EQUAL(unready(&f), "no upstream of pool default is usable");
	rig_override(&f, "one", "up");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");

	/* A heartbeat that has not advanced for a long time. */
	f.daemon->readiness.heartbeat.worker_count = 1;
	f.daemon->readiness.heartbeat.seen[0] = rig_worker(&f)->heartbeat;
	f.daemon->readiness.heartbeat.moved_ns[0] = loop_now_ns() - HEARTBEAT_STALLED_NS - 1;
	CU_ASSERT_STRING_EQUAL(unready(&f), "worker 0 is stalled");
	CU_ASSERT_FALSE(readiness_is_healthy(&f.daemon->readiness));
	rig_worker(&f)->heartbeat++;
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	CU_ASSERT_TRUE(readiness_is_healthy(&f.daemon->readiness));
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	CU_ASSERT_STRING_EQUAL(unready(&f), "not connected to the dataplane");
	CU_ASSERT_FALSE(readiness_is_healthy(&f.daemon->readiness));
	rig_daemon_close(&f);
}

/* Only pools of service addresses count. */
static void
test_ready_pools(void)
{
	struct daemon_rig f = {0};
	char path[256], command[600];

	rig_start(&f, THREE "pools:\n  - {name: aside, servers: [three]}\n");
	rig_worker(&f)->generation = 1;
	rig_override(&f, "three", "down");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	snprintf(path, sizeof(path), "%s", rig_path("test.yaml"));
	snprintf(command, sizeof(command),
		 "sed -i 's/{address: 192.0.2.53}/{address: 192.0.2.53, pool: aside}/' %s", path);
	CU_ASSERT_EQUAL(system(command), 0);
	json_decref(rig_ask(&f, "{\"command\": \"reload\"}\n"));
	CU_ASSERT_STRING_EQUAL(unready(&f), "no upstream of pool aside is usable");
	rig_stop(&f);
}

/* Drain */

static const char *
drain_state(struct daemon_rig *f)
{
	static char state[32];
	json_t *response = rig_ask(f, "{\"command\": \"status\"}\n");
	json_t *drain = json_object_get(json_object_get(response, "result"), "drain");

	snprintf(state, sizeof(state), "%s",
		 json_is_null(drain) ? "off" : rig_text(drain, "state"));
	json_decref(response);
	return state;
}

static void
test_drain(void)
{
	struct daemon_rig f = {0};
	json_t *response;

	rig_start(&f, TWO);
	rig_worker(&f)->generation = 1;
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "off");
	response = rig_ask(&f, "{\"command\": \"drain\"}\n");
	CU_ASSERT_TRUE(
		json_is_true(json_object_get(json_object_get(response, "result"), "draining")));
	CU_ASSERT_EQUAL(strlen(rig_text(json_object_get(response, "result"), "until")), 20);
	json_decref(response);
	CU_ASSERT_STRING_EQUAL(unready(&f), "draining");
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "waiting");
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[0].usable); /* everything else continues */
	CU_ASSERT_STRING_EQUAL(rig_failure(&f, "{\"command\": \"undrain\"}\n"), "");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");

	/* Queries arrive for more than two seconds, then stop; probes do not count. */
	json_decref(rig_ask(&f, "{\"command\": \"drain\", \"timeout_s\": 60}\n"));
	for (unsigned turn = 0; turn < 12; turn++) {
		rig_worker(&f)->counters[turn % 2 ? COUNTER_queries : COUNTER_own_servfail]++;
		CU_ASSERT_TRUE(rig_wait_for(&f, is_counted));
	}
	CU_ASSERT_EQUAL(f.rig.stops, 0);
	CU_ASSERT_TRUE(rig_wait_for(&f, is_asked_to_stop));
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "stopping");
	CU_ASSERT_TRUE(rig_begins(rig_failure(&f, "{\"command\": \"undrain\"}\n"), "too late"));
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "stopped");
	CU_ASSERT_STRING_EQUAL(unready(&f), "drained: the dataplane was stopped");
	CU_ASSERT_EQUAL(f.rig.stops, 1);

	rig_dataplane_start(&f.rig, &f.daemon->loop, 22); /* restarted: ready again */
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	rig_worker(&f)->generation = 1;
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "off");
	rig_stop(&f);
}

/* Queries never stop: the timeout ends the drain. Without a dataplane there is nothing to drain. */
static void
test_drain_timeout(void)
{
	struct daemon_rig f = {0};

	rig_daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_TRUE(rig_begins(rig_failure(&f, "{\"command\": \"drain\"}\n"),
				  "not connected to the dataplane"));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	json_decref(rig_ask(&f, "{\"command\": \"drain\", \"timeout_s\": 1}\n"));
	for (uint64_t until = loop_now_ns() + 5 * NS_PER_S;
	     f.rig.stops == 0 && loop_now_ns() < until;) {
		rig_worker(&f)->counters[COUNTER_queries]++;
		loop_turn(&f.daemon->loop, 50);
	}
	CU_ASSERT_EQUAL(f.rig.stops, 1);
	CU_ASSERT(loop_now_ns() >= f.daemon->readiness.drain.until_ns);
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.until_ns,
			f.daemon->readiness.drain.since_ns + NS_PER_S);
	rig_stop(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"overrides of upstreams", test_overrides},
		{"overrides stay with their upstream", test_overrides_stay},
		{"requests that are refused", test_refused},
		{"ready", test_ready},
		{"ready: pools", test_ready_pools},
		{"drain", test_drain},
		{"drain: the timeout", test_drain_timeout},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("operate", tests);
	rig_close();
	return status;
}
