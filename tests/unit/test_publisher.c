/* SPDX-License-Identifier: BSD-3-Clause */
/* What the publisher does when a configuration can't come into force at once: no room for it, a dataplane
 * that goes away, starts afresh, or has maps that are none. Whole ephemerad, a dataplane of ours, the real
 * clock. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/daemon.h"
#include "control/log.h"
#include "control/report.h"
#include "control_rig.h"
#include "way_suite.h"

#define UPSTREAM_LINE "    - {name: u%u, address: 10.%u.%u.%u}\n"

struct fixture {
	struct daemon *daemon;
	struct rig_dataplane rig;
	unsigned count, net; /* of the upstreams that are waited for */
	int status;	     /* of the offer; 1: not decided */
	char why[PUBLISHER_WHY_BYTES];
};

/* A configuration of `count` upstreams in 10.net.0.0/16. */
static const char *
config_write(unsigned net, unsigned count)
{
	static char text[SNAPSHOT_UPSTREAMS_MAX * sizeof(UPSTREAM_LINE)];
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, UPSTREAM_LINE, i, net, i / 250,
					 1 + i % 250);
	return rig_config("50000-59999", text);
}

static void
daemon_open(struct fixture *f, const char *path)
{
	struct config *config = NULL;

	f->daemon = calloc(1, sizeof(*f->daemon));
	if (f->daemon == NULL || config_load(path, &config, stderr) != 0 ||
	    daemon_init(f->daemon, path, config) != 0)
		abort();
}

static void
daemon_close(struct fixture *f)
{
	daemon_fini(f->daemon);
	free(f->daemon);
}

/* The dataplane outlives the daemon: it moves to the loop of the next one, which runs on another file. */
static void
daemon_replace(struct fixture *f, const char *path)
{
	loop_watch_remove(f->rig.loop, &f->rig.listener);
	loop_watch_remove(f->rig.loop, &f->rig.connection);
	close(f->rig.connection.fd);
	f->rig.connection.fd = -1;
	daemon_close(f);
	daemon_open(f, path);
	f->rig.loop = &f->daemon->loop;
	loop_watch_add(f->rig.loop, &f->rig.listener, EPOLLIN);
}

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
is_pushing(const void *owner)
{
	const struct fixture *f = owner;

	return f->daemon->publisher.state == PUBLISHER_PUSHING && f->rig.puts > 0;
}

static bool
is_tried(const void *owner)
{
	return ((const struct fixture *)owner)->daemon->publisher.problem.text[0] != 0;
}

static bool
is_decided(const void *owner)
{
	return ((const struct fixture *)owner)->status != 1;
}

static bool
nothing_retired(const void *owner)
{
	return slots_expiry_ns(&((const struct fixture *)owner)->daemon->publisher.slots) == UINT64_MAX;
}

/* Exactly those that are waited for are active. */
static bool
is_in_force(const void *owner)
{
	const struct fixture *f = owner;
	unsigned active = 0;

	for (unsigned i = 0; is_ready(f) && i < f->rig.snapshot->upstream_count; i++) {
		const struct snapshot_upstream *upstream = &f->rig.snapshot->upstreams[i];

		if (upstream->state == SLOT_ACTIVE && upstream->address.bytes[13] != f->net)
			return false;
		active += upstream->state == SLOT_ACTIVE;
	}
	return active == f->count;
}

static bool
wait_for(struct fixture *f, bool (*done)(const void *owner))
{
	return rig_wait(&f->daemon->loop, done, f);
}

static void
decided(void *owner, const struct publisher_verdict *verdict)
{
	struct fixture *f = owner;

	f->status = verdict->status;
	snprintf(f->why, sizeof(f->why), "%s", verdict->why);
}

static int
offer_file(struct fixture *f, const char *path)
{
	struct config *config = NULL;

	f->status = 1;
	if (config_load(path, &config, stderr) != 0 ||
	    publisher_offer(&f->daemon->publisher, config, decided, f) != 0)
		abort();
	CU_ASSERT_TRUE(wait_for(f, is_decided));
	return f->status;
}

static int
offer(struct fixture *f, unsigned net, unsigned count)
{
	f->net = net;
	f->count = count;
	return offer_file(f, config_write(net, count));
}

/* Tests */

/* 300 upstreams in place of 300 others have no room: refused, and the mend that the sentence names mends it.
 */
static void
test_offer(void)
{
	struct fixture f = {0};

	daemon_open(&f, config_write(1, 300));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(offer(&f, 2, 300), -ENOSPC);
	CU_ASSERT_PTR_NOT_NULL(strstr(f.why, "no room for the new upstreams"));
	CU_ASSERT_PTR_NOT_NULL(strstr(f.why, "wait 2 s, then add the new ones"));
	CU_ASSERT_EQUAL(f.daemon->publisher.config->upstreams[0].address.bytes[13], 1);

	CU_ASSERT_EQUAL(offer(&f, 1, 200), 0);
	CU_ASSERT_TRUE(wait_for(&f, nothing_retired));
	CU_ASSERT_EQUAL(offer(&f, 2, 300), 0);
	CU_ASSERT_TRUE(is_in_force(&f));
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* A daemon finds a dataplane that runs on 512 others: its own come into force when those are over. */
static void
test_learnt(void)
{
	struct fixture f = {.net = 2, .count = SNAPSHOT_UPSTREAMS_MAX};

	daemon_open(&f, config_write(1, SNAPSHOT_UPSTREAMS_MAX));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	daemon_replace(&f, config_write(2, SNAPSHOT_UPSTREAMS_MAX));
	CU_ASSERT_TRUE(wait_for(&f, is_in_force));
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* The dataplane goes away with the first snapshot in its hands: the next try is a second off, not at once. */
static void
test_lost(void)
{
	struct fixture f = {0};
	const struct loop_timer *timer;

	daemon_open(&f, config_write(1, 2));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.mute = true;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_pushing));
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away));
	timer = &f.daemon->publisher.timer;
	CU_ASSERT_TRUE(timer->armed && timer->due_ns > loop_now_ns() + NS_PER_S / 4);
	daemon_close(&f);
}

/* A dataplane that knows nothing has no flows either: what was retired for the last one is not for it, and
 * what is known to be down stays down. */
static void
test_afresh(void)
{
	struct fixture f = {0};

	daemon_open(&f, config_write(1, 2));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(offer(&f, 1, 1), 0);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	f.daemon->farm.upstreams[0].health.up = false;
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away));
	f.daemon->publisher.slots.upstreams.slots[1].until_ns =
		UINT64_MAX - 1; /* however slow this machine is */
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 1);
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* Descriptors that are no maps: nothing is pushed, status says so, and no descriptor would outlive an exec.
 */
static void
test_maps(void)
{
	struct fixture f = {0};
	uint64_t sums[STEER_VERDICT_COUNT];
	const struct dataplane_hello *hello;
	json_t *status;

	daemon_open(&f, config_write(1, 2));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	f.rig.strange_maps = true;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_tried));
	CU_ASSERT_PTR_NOT_NULL(strstr(f.daemon->publisher.problem.text, "steer.bpf.o of the same version"));
	CU_ASSERT_EQUAL(f.rig.puts, 0);
	CU_ASSERT_EQUAL(steer_maps_hold(&f.daemon->steer, NULL, NULL), -EPROTO);
	CU_ASSERT_EQUAL(steer_maps_verdicts(&f.daemon->steer, sums), -EPROTO);
	status = report_status(f.daemon);
	CU_ASSERT_TRUE(json_is_false(json_object_get(json_object_get(status, "dataplane"), "steer_usable")));
	json_decref(status);
	hello = &f.daemon->dataplane.hello;
	CU_ASSERT_EQUAL(fcntl(hello->stats_fd, F_GETFD), FD_CLOEXEC);
	for (unsigned map = 0; map < STEER_MAP_COUNT; map++)
		CU_ASSERT_EQUAL(fcntl(hello->map_fds[0][map], F_GETFD), FD_CLOEXEC);
	rig_dataplane_kill(&f.rig);

	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away)); /* and one that steers nothing is fine */
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE(wait_for(&f, is_ready));
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

/* A pool of new upstreams only has nobody else: they begin up. One that joins others begins down, also when
 * it comes with them. */
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
	struct fixture f = {0};

	daemon_open(&f, rig_config("50000-59999", first));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(offer_file(&f, rig_config("50000-59999", second)), 0);
	CU_ASSERT_EQUAL_FATAL(f.rig.snapshot->upstream_count, 5);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[i].usable, usable[i]);
	rig_dataplane_kill(&f.rig);
	daemon_close(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"an offer without room", test_offer},
		{"a running dataplane that leaves no room", test_learnt},
		{"the dataplane goes away with a snapshot", test_lost},
		{"a dataplane that starts afresh", test_afresh},
		{"a pool of new upstreams", test_new},
		{"maps that are none", test_maps},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = way_suite_run("publisher", tests);
	rig_close();
	return status;
}
