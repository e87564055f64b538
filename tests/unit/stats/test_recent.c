/* SPDX-License-Identifier: BSD-3-Clause */
/* The samples of the last seconds, on a loop whose timers the test fires. */
#include <stdlib.h>
#include <string.h>

#include "control/stats/recent.h"
#include "tests/unit/suite.h"

/* A segment of one worker, in memory: the reader only reads it. */
struct stats_segment {
	struct stats_header header;
	struct worker_stats worker;
};

struct rig {
	struct loop loop;
	struct link dataplane; /* not connected: no maps to read */
	struct steer_maps steer;
	struct stats_reader stats;
	struct stats_segment *segment;
	struct recent recent;
};

static void
rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->segment = calloc(1, sizeof(*rig->segment) + 64);
	if (rig->segment == NULL || loop_init(&rig->loop) != 0)
		abort();
	rig->stats = (struct stats_reader){.segment = (const uint8_t *)rig->segment,
					   .worker_count = 1,
					   .worker_offset = offsetof(struct stats_segment, worker)};
	steer_maps_init(&rig->steer, &rig->dataplane);
	recent_init(&rig->recent, &rig->loop, &rig->stats, &rig->steer);
}

static void
rig_close(struct rig *rig)
{
	recent_fini(&rig->recent);
	loop_fini(&rig->loop);
	free(rig->segment);
}

static void
fire(struct rig *rig, uint64_t second)
{
	rig->recent.timer.fire(rig->recent.timer.owner, second * NS_PER_S);
}

static void
test_base(void)
{
	static struct rig rig;

	rig_open(&rig);
	CU_ASSERT_PTR_NULL(recent_base(&rig.recent));
	recent_connected(&rig.recent);
	CU_ASSERT(rig.recent.timer.armed);
	for (uint64_t second = 100; second < 140; second++) {
		uint64_t oldest = second < 100 + RECENT_SECONDS ? 100 : second - RECENT_SECONDS;

		rig.segment->worker.drops[DROP_runt] = second;
		rig.segment->worker.latency[3] = 7 * second;
		fire(&rig, second);
		CU_ASSERT_PTR_NOT_NULL_FATAL(recent_base(&rig.recent));
		SUITE_ASSERT(recent_base(&rig.recent)->ns == oldest * NS_PER_S, "at %llu: %llu",
			     (unsigned long long)second,
			     (unsigned long long)(recent_base(&rig.recent)->ns / NS_PER_S));
		CU_ASSERT_EQUAL(recent_base(&rig.recent)->drops[DROP_runt], oldest);
		CU_ASSERT_EQUAL(recent_base(&rig.recent)->latency.buckets[3], 7 * oldest);
	}
	rig_close(&rig);
}

/* Another dataplane starts at 0: samples of the last one must not be its base. */
static void
test_lost(void)
{
	static struct rig rig;

	rig_open(&rig);
	recent_connected(&rig.recent);
	fire(&rig, 100);
	recent_lost(&rig.recent);
	CU_ASSERT_PTR_NULL(recent_base(&rig.recent));
	CU_ASSERT(!rig.recent.timer.armed);
	recent_connected(&rig.recent);
	CU_ASSERT_PTR_NULL(recent_base(&rig.recent));
	fire(&rig, 200);
	CU_ASSERT_EQUAL(recent_base(&rig.recent)->ns, 200 * NS_PER_S);
	/* A segment that could not be opened is not read. */
	rig.stats.segment = NULL;
	recent_lost(&rig.recent);
	recent_connected(&rig.recent);
	fire(&rig, 300);
	CU_ASSERT_PTR_NULL(recent_base(&rig.recent));
	rig_close(&rig);
}

static void
test_rate(void)
{
	CU_ASSERT_DOUBLE_EQUAL(recent_rate(10, NS_PER_S, 30, 5 * NS_PER_S), 5.0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(recent_rate(10, NS_PER_S, 30, NS_PER_S), 0.0, 0);
}

static CU_TestInfo tests[] = {
	{"the oldest sample", test_base},
	{"a lost connection", test_lost},
	{"rates", test_rate},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return suite_run("recent", tests);
}
