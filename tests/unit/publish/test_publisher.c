/* SPDX-License-Identifier: BSD-3-Clause */
/* The publisher when a configuration can't be put into force at once: no free slots, a dataplane
 * that disconnects, restarts, or has unusable maps. A whole ephemerad with a fake dataplane and the
 * real clock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/log.h"
#include "control/report/report.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

#define UPSTREAM_LINE "    - {name: u%u, address: 10.%u.%u.%u}\n"

/* The test's own data, f->own: its offer. */
struct offer {
	unsigned count, net; /* of the upstreams to wait for */
	int status;	     /* 1: no verdict yet */
	char why[PUBLISHER_WHY_BYTES];
};

/* Probes of hundreds of upstreams every 100 ms would fill the socket to the dataplane if this
 * process were delayed; then a snapshot would not fit, and an offer would be refused. So the
 * interval is long. */
#define PROBE_INTERVAL_MS 60000

/* A configuration of `count` upstreams in 10.net.0.0/16. */
static const char *
config_write(unsigned net, unsigned count)
{
	static char text[SNAPSHOT_UPSTREAMS_MAX * sizeof(UPSTREAM_LINE)];
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, UPSTREAM_LINE, i, net,
					 i / 250, 1 + i % 250);
	return rig_config_probing("50000-59999", text, PROBE_INTERVAL_MS);
}

static bool
is_pushing(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->daemon->publisher.state == PUBLISHER_PUSHING && f->rig.puts > 0;
}

static bool
is_tried(const void *owner)
{
	return ((const struct daemon_rig *)owner)->daemon->publisher.problem.text[0] != 0;
}

static bool
is_decided(const void *owner)
{
	const struct offer *offer = ((const struct daemon_rig *)owner)->own;

	return offer->status != 1;
}

static bool
nothing_retired(const void *owner)
{
	return slots_expiry_ns(&((const struct daemon_rig *)owner)->daemon->publisher.slots) ==
	       UINT64_MAX;
}

/* True if exactly the expected upstreams are active. */
static bool
is_in_force(const void *owner)
{
	const struct daemon_rig *f = owner;
	const struct offer *offer = f->own;
	unsigned active = 0;

	for (unsigned i = 0; rig_is_ready(f) && i < f->rig.snapshot->upstream_count; i++) {
		const struct snapshot_upstream *upstream = &f->rig.snapshot->upstreams[i];

		if (upstream->state == SLOT_ACTIVE && upstream->address.bytes[13] != offer->net)
			return false;
		active += upstream->state == SLOT_ACTIVE;
	}
	return active == offer->count;
}

static void
decided(void *owner, const struct publisher_verdict *verdict)
{
	struct offer *offer = owner;

	offer->status = verdict->status;
	snprintf(offer->why, sizeof(offer->why), "%s", verdict->why);
}

static int
offer_file(struct daemon_rig *f, const char *path)
{
	struct offer *offer = f->own;
	struct config *config = NULL;

	offer->status = 1;
	if (config_load(path, &config, stderr) != 0 ||
	    publisher_offer(&f->daemon->publisher, config, decided, offer) != 0)
		abort();
	CU_ASSERT_TRUE(rig_wait_for(f, is_decided));
	return offer->status;
}

static int
offer_make(struct daemon_rig *f, unsigned net, unsigned count)
{
	*(struct offer *)f->own = (struct offer){.count = count, .net = net};
	return offer_file(f, config_write(net, count));
}

/* Tests */

/* 300 upstreams in place of 300 others do not fit: refused, and the steps in the error message
 * work. */
static void
test_offer(void)
{
	struct offer offer;
	struct daemon_rig f = {.own = &offer};

	rig_daemon_open(&f, config_write(1, 300));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(offer_make(&f, 2, 300), -ENOSPC);
	CU_ASSERT_PTR_NOT_NULL(strstr(offer.why, "not enough free slots for the new upstreams"));
	CU_ASSERT_PTR_NOT_NULL(strstr(offer.why, "wait 2 s, then add the new ones"));
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstreams[0].address.bytes[13], 1);

	SUITE_ASSERT(offer_make(&f, 1, 200) == 0, "200 of the old: %s", offer.why);
	CU_ASSERT_TRUE(rig_wait_for(&f, nothing_retired));
	SUITE_ASSERT(offer_make(&f, 2, 300) == 0, "300 new: %s", offer.why);
	/* Changes that came meanwhile, such as a probe that timed out, follow in the next
	 * snapshot. */
	CU_ASSERT_TRUE(rig_wait_for(&f, is_in_force));
	rig_stop(&f);
}

/* A daemon connects to a dataplane with 512 other upstreams: its own are in force when those have
 * expired. */
static void
test_learnt(void)
{
	struct offer offer = {.net = 2, .count = SNAPSHOT_UPSTREAMS_MAX};
	struct daemon_rig f = {.own = &offer};

	rig_daemon_open(&f, config_write(1, SNAPSHOT_UPSTREAMS_MAX));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	rig_daemon_replace(&f, config_write(2, SNAPSHOT_UPSTREAMS_MAX));
	CU_ASSERT_TRUE(rig_wait_for(&f, is_in_force));
	rig_stop(&f);
}

/* The connection is lost while the first snapshot is in flight: the next try is a second later, not
 * at once. */
static void
test_lost(void)
{
	struct daemon_rig f = {0};
	const struct loop_timer *timer;
	uint64_t before_ns;

	rig_daemon_open(&f, config_write(1, 2));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.mute = true;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_pushing));
	before_ns = loop_now_ns();
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	timer = &f.daemon->publisher.timer;
	CU_ASSERT_TRUE(timer->armed && timer->due_ns >= before_ns + NS_PER_S);
	rig_daemon_close(&f);
}

/* A new dataplane has no flows: slots retired for the last one are free at once, and upstreams that
 * are known to be down stay down. */
static void
test_afresh(void)
{
	struct offer offer;
	struct daemon_rig f = {.own = &offer};

	rig_daemon_open(&f, config_write(1, 2));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(offer_make(&f, 1, 1), 0);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	f.daemon->farm.upstreams[0].health.up = false;
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_disconnected));
	f.daemon->publisher.slots.upstreams.slots[1].until_ns =
		UINT64_MAX - 1; /* independent of this machine's speed */
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 1);
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	rig_stop(&f);
}

/* Descriptors that are not maps: nothing is pushed, status reports it, and no descriptor would
 * survive an exec. */
static void
test_maps(void)
{
	struct daemon_rig f = {0};
	uint64_t sums[STEER_VERDICT_COUNT];
	const struct link_hello *hello;
	json_t *status;

	rig_daemon_open(&f, config_write(1, 2));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.strange_maps = true;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_tried));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(f.daemon->publisher.problem.text, "steer.bpf.o of the same version"));
	CU_ASSERT_EQUAL(f.rig.puts, 0);
	CU_ASSERT_EQUAL(steer_maps_hold(&f.daemon->steer, NULL, NULL), -EPROTO);
	CU_ASSERT_EQUAL(steer_maps_verdicts(&f.daemon->steer, sums), -EPROTO);
	status = report_status(f.daemon);
	CU_ASSERT_TRUE(json_is_false(
		json_object_get(json_object_get(status, "dataplane"), "steer_usable")));
	json_decref(status);
	hello = &f.daemon->dataplane.hello;
	CU_ASSERT_EQUAL(fcntl(hello->stats_fd, F_GETFD), FD_CLOEXEC);
	for (unsigned map = 0; map < STEER_MAP_COUNT; map++)
		CU_ASSERT_EQUAL(fcntl(hello->map_fds[0][map], F_GETFD), FD_CLOEXEC);
	rig_dataplane_kill(&f.rig);

	CU_ASSERT_TRUE_FATAL(
		rig_wait_for(&f, rig_is_disconnected)); /* a dataplane without steering works */
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_ready));
	rig_stop(&f);
}

/* A reload that the dataplane refuses changes nothing: the old upstreams are probed, the new one is
 * not, next hops, overrides and health are unchanged, and later changes are pushed. */
static void
test_rollback(void)
{
	struct daemon_rig f = {0};
	const struct snapshot_upstream *two;

	rig_start(&f, TWO);
	rig_override(&f, "two", "drain");
	f.generation = f.rig.snapshot->generation;
	f.rig.refuse = "not on a Monday";
	rig_config("50000-50999", "    - {name: one, address: 198.51.100.101}\n"
				  "    - {name: three, address: 198.51.100.103}\n");
	CU_ASSERT_STRING_EQUAL(rig_failure(&f, "{\"command\": \"reload\"}\n"),
			       "the dataplane refuses it: not on a Monday\n"
			       "reload failed: the old configuration stays in force");
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, f.generation);
	CU_ASSERT_EQUAL(f.daemon->publisher.config->source.last_port, 59999);
	CU_ASSERT_EQUAL(slots_upstream_named(&f.daemon->publisher.slots, "two"), 1);
	CU_ASSERT_EQUAL(slots_upstream_named(&f.daemon->publisher.slots, "three"), -1);
	CU_ASSERT(f.daemon->neighbour.followed[0] && f.daemon->neighbour.followed[1] &&
		  !f.daemon->neighbour.followed[2]);
	CU_ASSERT(f.daemon->farm.upstreams[1].active && !f.daemon->farm.upstreams[2].active);
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 1), "draining: by the operator; nothing in flight"));
	for (unsigned i = 0; i < 8; i++) {
		f.probes = f.rig.probes + 1;
		CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_probed));
		CU_ASSERT(f.rig.probed < 2);
	}

	f.rig.refuse = NULL;
	rig_override(&f, "two", "auto");
	two = &f.rig.snapshot->upstreams[1];
	CU_ASSERT(f.rig.snapshot->generation > f.generation && two->usable &&
		  two->state == SLOT_ACTIVE);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	CU_ASSERT_TRUE(bitmap_test(f.rig.snapshot->ports_draw, 55000));
	CU_ASSERT_STRING_EQUAL(rig_failure(&f, "{\"command\": \"reload\"}\n"),
			       ""); /* the same file is accepted now */
	CU_ASSERT_FALSE(bitmap_test(f.rig.snapshot->ports_draw, 55000));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	CU_ASSERT_EQUAL(slots_upstream_named(&f.daemon->publisher.slots, "three"), 2);
	rig_stop(&f);
}

/* In a pool of only new upstreams they start up. One that joins others starts down, even if it is
 * also in a new pool. */
static void
test_new(void)
{
	static const char first[] = "    - {name: a, address: 10.1.0.1}\n"
				    "    - {name: b, address: 10.1.0.2}\n";
	static const char second[] = "    - {name: a, address: 10.1.0.1}\n"
				     "    - {name: b, address: 10.1.0.2}\n"
				     "    - {name: c, address: 10.1.0.3}\n"
				     "    - {name: d, address: 10.1.0.4}\n"
				     "    - {name: e, address: 10.1.0.5}\n"
				     "pools:\n"
				     "  - {name: default, servers: [a, b, e]}\n"
				     "  - {name: own, servers: [c, d]}\n"
				     "routes: [{pool: own, types: [PTR]}]\n";
	static const bool usable[] = {true, true, true, true, false};
	struct offer offer;
	struct daemon_rig f = {.own = &offer};

	rig_start(&f, first);
	CU_ASSERT_EQUAL(offer_file(&f, rig_config("50000-59999", second)), 0);
	CU_ASSERT_EQUAL_FATAL(f.rig.snapshot->upstream_count, 5);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[i].usable, usable[i]);
	rig_stop(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"an offer that does not fit", test_offer},
		{"a running dataplane without free slots", test_learnt},
		{"the connection is lost during a push", test_lost},
		{"a restarted dataplane", test_afresh},
		{"a pool of new upstreams", test_new},
		{"unusable maps", test_maps},
		{"a refused reload changes nothing", test_rollback},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("publisher", tests);
	rig_close();
	return status;
}
