/* SPDX-License-Identifier: BSD-3-Clause */
/* Passive health, the order of probes, and the healthy minimum of a pool. A whole ephemerad with a
 * fake dataplane. */
#include "control/lib/log.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

static bool
is_unusable(const void *owner)
{
	const struct daemon_rig *f = owner;

	return rig_is_ready(f) && !f->rig.snapshot->upstreams[f->slot].usable;
}

static bool
is_kept(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->daemon->farm.upstreams[f->slot].health.kept;
}

static bool
is_watched(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->daemon->farm.upstreams[f->slot].passive.watching;
}

#define PASSIVE "  passive: {responses: 100, timeout_percent: 50, servfail_percent: 20}\n"

static void
test_passive(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, TWO PASSIVE);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_watched));
	rig_worker(&f)->upstreams[0].responses += 40;
	rig_worker(&f)->upstreams[0].timeouts += 60;
	rig_worker(&f)->upstreams[1].responses += 60;
	rig_worker(&f)->upstreams[1].timeouts += 40;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_unusable));
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	f.generation = f.rig.snapshot->generation;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_newer)); /* good probes bring it back up */
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_TRUE(rig_begins(rig_row(&f, 0), "up: 2 good probes in a row"));
	f.slot = 1;
	rig_worker(&f)->upstreams[1].responses += 1000;
	rig_worker(&f)->upstreams[1].servfails += 300;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_unusable));
	CU_ASSERT_EQUAL(f.daemon->farm.upstreams[1].health.decided.type, HEALTH_SERVFAILS);
	rig_stop(&f);
}

static bool
is_flapped(const void *owner)
{
	return ((const struct daemon_rig *)owner)->rig.flaps >= 12;
}

/* An upstream that answers every other probe does not come up: results count in the order in which
 * the probes were sent, in which no two good ones are adjacent, although the responses arrive in
 * pairs. */
static void
test_every_other(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, TWO);
	f.rig.outcome = PROBE_TIMEOUT;
	f.rig.answering = 1;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_unusable));
	f.generation = f.rig.snapshot->generation;
	f.rig.flapping = 0;
	CU_ASSERT_TRUE(rig_wait_for(&f, is_flapped));
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, f.generation); /* not even for a moment */
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	rig_stop(&f);
}

static bool
is_held_up(const void *owner)
{
	return ((const struct daemon_rig *)owner)->rig.flaps == 5;
}

/* The connection is lost with two of its timeouts unreported: the responses between them do not
 * count either. */
static void
test_lost_probes(void)
{
	struct daemon_rig f = {0};

	rig_start(&f, TWO);
	f.rig.outcome = PROBE_TIMEOUT;
	f.rig.answering = 1;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_unusable));
	f.rig.unreported = true;
	f.rig.flapping = 0;
	CU_ASSERT_TRUE(rig_wait_for(&f, is_held_up));
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_disconnected));
	CU_ASSERT_FALSE(f.daemon->farm.upstreams[0].health.up);
	rig_daemon_close(&f);
}

/* All three fail; the minimum keeps the last two in use. When one recovers, the one kept longest is
 * released. */
static void
test_healthy_min(void)
{
	struct daemon_rig f = {0};
	unsigned usable = 0, kept = 0;

	rig_start(&f, THREE "  healthy_min_percent: 60\n");
	f.rig.outcome = PROBE_TIMEOUT;
	f.probes = f.rig.probes + 15;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_probed));
	for (unsigned i = 0; i < 3; i++) {
		usable += f.rig.snapshot->upstreams[i].usable;
		kept += f.daemon->farm.upstreams[i].health.kept;
		f.slot = f.daemon->farm.upstreams[i].health.kept ? i : f.slot;
	}
	CU_ASSERT_EQUAL(usable, 2);
	CU_ASSERT_EQUAL(kept, 2);
	CU_ASSERT_TRUE(
		rig_begins(rig_row(&f, f.slot),
			   "up: kept: healthy_min_percent of pool default; 3 bad probes in a row"));

	for (unsigned i = 0; i < 3;
	     i++) /* the one that is out recovers: one of the others is released */
		f.rig.answering = !f.rig.snapshot->upstreams[i].usable ? (int)i : f.rig.answering;
	f.generation = f.rig.snapshot->generation;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, rig_is_newer));
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[f.rig.answering].usable);
	usable = 0;
	for (unsigned i = 0; i < 3; i++)
		usable += f.rig.snapshot->upstreams[i].usable;
	CU_ASSERT_EQUAL(usable, 2);

	/* A lower minimum in the file takes effect at once. */
	rig_reload(&f, THREE);
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_ready));
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[i].usable, (int)i == f.rig.answering);
	f.slot = 0;
	CU_ASSERT_FALSE(is_kept(&f));
	rig_stop(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"passive signs", test_passive},
		{"every other probe", test_every_other},
		{"probes lost with the dataplane", test_lost_probes},
		{"healthy minimum", test_healthy_min},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("farm", tests);
	rig_close();
	return status;
}
