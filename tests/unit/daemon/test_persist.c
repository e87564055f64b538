/* SPDX-License-Identifier: BSD-3-Clause */
/* What a restart keeps: of ephemerad, and of both daemons; both are killed. A whole ephemerad with
 * a fake dataplane. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/lib/log.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

static bool
is_asked_to_stop(const void *owner)
{
	return ((const struct daemon_rig *)owner)->rig.stops > 0;
}

static bool
is_empty(const void *owner)
{
	const struct daemon_rig *f = owner;

	return rig_is_ready(f) && (f->rig.snapshot->upstream_count <= f->slot ||
				   f->rig.snapshot->upstreams[f->slot].state == SLOT_EMPTY);
}

/* ephemerad is killed and restarted; the dataplane keeps running. */
static void
restart(struct daemon_rig *f)
{
	rig_daemon_replace(f, rig_path("test.yaml"));
	CU_ASSERT_TRUE_FATAL(rig_wait_for(f, rig_is_ready));
}

/* Both are killed; then a new dataplane starts. */
static void
restart_both(struct daemon_rig *f, uint64_t boot_id)
{
	rig_stop(f);
	rig_daemon_again(f, rig_path("test.yaml"));
	rig_dataplane_start(&f->rig, &f->daemon->loop, boot_id);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(f, rig_is_ready));
}

static void
file_damage(void)
{
	int fd = open(rig_path(STATE_FILE_NAME), O_WRONLY | O_TRUNC);

	CU_ASSERT(fd >= 0 && write(fd, "{\"version\":", 11) == 11);
	close(fd);
}

/* Drain */

static void
drain(struct daemon_rig *f, const char *timeout_s)
{
	char request[64];

	snprintf(request, sizeof(request), "{\"command\": \"drain\", \"timeout_s\": %s}\n",
		 timeout_s);
	CU_ASSERT_STRING_EQUAL(rig_failure(f, request), "");
}

static void
test_drain(void)
{
	struct daemon_rig f = {0};
	uint64_t since_ns, until_ns;

	rig_start(&f, TWO);
	drain(&f, "3");
	since_ns = f.daemon->readiness.drain.since_ns;
	until_ns = f.daemon->readiness.drain.until_ns;
	for (unsigned i = 0; i < 2; i++) {
		restart(&f);
		CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_WAITING);
		CU_ASSERT_EQUAL(f.daemon->readiness.drain.since_ns, since_ns);
		CU_ASSERT_EQUAL(f.daemon->readiness.drain.until_ns, until_ns);
	}
	CU_ASSERT_EQUAL(f.rig.stops, 0);
	restart_both(&f, 22); /* a dataplane that died meanwhile does not end the drain */
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_WAITING);
	CU_ASSERT_TRUE(rig_wait_for(&f, is_asked_to_stop));
	CU_ASSERT(loop_now_ns() >=
		  until_ns - NS_PER_S); /* two seconds without queries, or the timeout */

	f.rig.stops = 0;
	restart(&f); /* this process does not know whether the dataplane was asked, so it asks */
	CU_ASSERT_TRUE(rig_wait_for(&f, is_asked_to_stop));
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_STOPPING);
	restart_both(&f, 23); /* started after the stop: ready again */
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_OFF);
	restart(&f);
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_OFF);
	rig_stop(&f);
}

static void
test_undrain(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, TWO);
	drain(&f, "60");
	restart(&f);
	CU_ASSERT_STRING_EQUAL(rig_failure(&f, "{\"command\": \"undrain\"}\n"), "");
	restart(&f);
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_OFF);
	drain(&f, "60");
	file_damage(); /* a damaged file is ignored completely */
	restart(&f);
	CU_ASSERT_EQUAL(f.daemon->readiness.drain.state, DRAIN_OFF);
	rig_stop(&f);
}

/* Overrides */

static void
test_overrides(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, THREE);
	rig_override(&f, "one", "drain");
	rig_override(&f, "three", "down");
	for (unsigned i = 0; i < 2; i++) {
		restart_both(&f, 30 + i);
		CU_ASSERT_TRUE(
			rig_begins(rig_row(&f, 0),
				   "draining: by the operator, before ephemerad started; nothing"));
		CU_ASSERT_TRUE(rig_begins(rig_row(&f, 1), "up: "));
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].admin_state, ADMIN_DRAIN);
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[2].admin_state, ADMIN_DOWN);
		CU_ASSERT_FALSE(f.rig.snapshot->upstreams[2].usable);
	}
	CU_ASSERT_TRUE(rig_begins(rig_override(&f, "one", "auto"), "up: "));
	restart_both(&f, 32);
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 0), "up: "));
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 2), "forced-down: "));

	/* With a damaged file the overrides are those of the dataplane's snapshot, and none if that
	 * is lost too. */
	file_damage();
	restart(&f);
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 2), "forced-down: "));
	rig_stop(&f);
	file_damage();
	rig_daemon_again(&f, rig_path("test.yaml"));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 33);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 2), "up: "));
	rig_stop(&f);
}

/* The last override takes precedence over the dataplane's snapshot. An upstream that leaves the
 * configuration loses its override, even while ephemerad does not run. */
static void
test_override_last(void)
{
	struct daemon_rig f = {0};
	struct snapshot *kept;

	rig_start(&f, TWO);
	rig_override(&f, "two", "down");
	kept = malloc(f.rig.snapshot->size_bytes);
	memcpy(kept, f.rig.snapshot, f.rig.snapshot->size_bytes);
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	json_decref(rig_ask(
		&f, "{\"command\": \"upstream\", \"name\": \"two\", \"action\": \"auto\"}\n"));
	json_decref(rig_ask(
		&f, "{\"command\": \"upstream\", \"name\": \"one\", \"action\": \"down\"}\n"));
	rig_daemon_close(&f);
	rig_daemon_again(&f, rig_path("test.yaml"));
	CU_ASSERT_TRUE(
		rig_begins(rig_row(&f, 0), "forced-down: ")); /* before the dataplane connects */
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.snapshot = kept; /* from before these overrides */
	f.generation = kept->generation;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_newer));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].admin_state, ADMIN_DOWN);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].admin_state, ADMIN_AUTO);

	rig_stop(&f);
	rig_config("50000-59999", "    - {name: two, address: 198.51.100.102}\n");
	rig_daemon_again(&f, rig_path("test.yaml"));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	rig_reload(&f, TWO);
	CU_ASSERT_EQUAL(
		f.daemon->farm.upstreams[slots_upstream_named(&f.daemon->publisher.slots, "one")]
			.health.admin_state,
		ADMIN_AUTO);
	rig_stop(&f);
}

/* Counters */

static uint64_t
queries_of(struct daemon_rig *f, const char *name)
{
	int slot = slots_upstream_named(&f->daemon->publisher.slots, name);

	CU_ASSERT_FATAL(slot >= 0);
	return farm_stats(&f->daemon->farm, (unsigned)slot).queries;
}

/* An upstream in a slot that another one had counts from when it got the slot, before and after
 * each restart. */
static void
test_counters(void)
{
	struct daemon_rig f = {.slot = 1};

	rig_start(&f, TWO);
	rig_worker(&f)->upstreams[0].queries = 50;
	rig_worker(&f)->upstreams[1].queries = 1000;
	rig_reload(&f, ONE);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_empty));
	rig_reload(&f, ONE "    - {name: three, address: 198.51.100.103}\n");
	CU_ASSERT_EQUAL_FATAL(slots_upstream_named(&f.daemon->publisher.slots, "three"), 1);
	CU_ASSERT_EQUAL(queries_of(&f, "three"), 0);
	rig_worker(&f)->upstreams[1].queries += 7;
	for (unsigned i = 0; i < 2; i++) {
		restart(&f);
		CU_ASSERT_EQUAL(queries_of(&f, "one"), 50);
		CU_ASSERT_EQUAL(queries_of(&f, "three"), 7);
	}

	file_damage(); /* the base is lost: the counters start at 0 */
	restart(&f);
	CU_ASSERT_EQUAL(queries_of(&f, "one"), 0);
	CU_ASSERT_EQUAL(queries_of(&f, "three"), 0);
	rig_worker(&f)->upstreams[1].queries += 2;
	restart(&f);
	CU_ASSERT_EQUAL(queries_of(&f, "three"), 2);

	restart_both(&f, 22); /* counters that start at 0 anyway */
	rig_worker(&f)->upstreams[0].queries = 3;
	CU_ASSERT_EQUAL(queries_of(&f, "one"), 3);
	CU_ASSERT_EQUAL(queries_of(&f, "three"), 0);
	restart(&f);
	CU_ASSERT_EQUAL(queries_of(&f, "one"), 3);
	rig_stop(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"a drain", test_drain},
		{"a cancelled drain", test_undrain},
		{"overrides", test_overrides},
		{"the last override", test_override_last},
		{"counters in a slot that another one had", test_counters},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("persist", tests);
	rig_close();
	return status;
}
