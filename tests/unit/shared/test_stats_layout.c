/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics segment's layout and its histogram: buckets without gap or overlap. */
#include "dataplane/shared/stats.h"

#include <string.h>

#include "dataplane/pipeline/worker.h"
#include "tests/unit/suite.h"

/* Each bucket starts where the one before it ends; each microsecond is in its bucket. */
static void
test_buckets(void)
{
	for (uint32_t i = 0; i + 1 < STATS_LATENCY_BUCKETS; i++) {
		const uint64_t first = latency_bucket_us(i), next = latency_bucket_us(i + 1);

		SUITE_ASSERT(next > first, "bucket %u is empty", i);
		SUITE_ASSERT(latency_bucket_of(first) == i, "first of bucket %u", i);
		SUITE_ASSERT(latency_bucket_of(next - 1) == i, "last of bucket %u", i);
		/* Eight per power of two: no bucket is wider than an eighth of its start. */
		SUITE_ASSERT(i < STATS_LATENCY_SUB || (next - first) * STATS_LATENCY_SUB <= first,
			     "bucket %u is wide", i);
	}
	CU_ASSERT_EQUAL(latency_bucket_us(0), 0);
	CU_ASSERT_EQUAL(latency_bucket_of(0), 0);
	CU_ASSERT_EQUAL(latency_bucket_of(UINT64_MAX), STATS_LATENCY_BUCKETS - 1);
	/* The last bucket has no upper bound; latencies below 15 seconds are not in it. */
	CU_ASSERT(latency_bucket_us(STATS_LATENCY_BUCKETS - 1) > 15000000);
	for (uint64_t us = 0; us < 100000; us++) {
		const uint32_t i = latency_bucket_of(us);

		if (latency_bucket_us(i) > us || latency_bucket_us(i + 1) <= us)
			SUITE_ASSERT(false, "%lu us in bucket %u", us, i);
	}
}

/* Counter names are unique. */
static void
test_names(void)
{
	static const char *const names[] = {
#define X(name, help) #name,
		WORKER_COUNTERS(X) DROP_REASONS(X)
#undef X
	};
	const size_t count = sizeof(names) / sizeof(names[0]);

	CU_ASSERT_EQUAL(count, WORKER_COUNTER_COUNT + DROP_REASON_COUNT);
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			SUITE_ASSERT(strcmp(names[i], names[j]) != 0, "%s occurs twice", names[i]);
	CU_ASSERT_STRING_EQUAL(names[COUNTER_redraws], "redraws");
	CU_ASSERT_STRING_EQUAL(names[WORKER_COUNTER_COUNT + DROP_probe_unsent], "probe_unsent");
}

static void
test_layout(void)
{
	CU_ASSERT_EQUAL(sizeof(struct stats_header) % 64, 0);
	CU_ASSERT_EQUAL(sizeof(struct worker_stats) % 64, 0);
	CU_ASSERT_EQUAL(_Alignof(struct worker_stats), 64);
}

/* Cycles to microseconds: rounded down exactly, up to an hour, at any clock rate. */
static void
test_microseconds(void)
{
	static const uint64_t clocks[] = {999999937, 1000000000, 2596000000, 3999999999,
					  5200000001};

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		const struct worker w = {.us_multiplier = worker_us_multiplier(clocks[i])};

		for (uint64_t us = 1; us <= UINT64_C(3600000000); us = us * 3 + 1) {
			const uint64_t cycles =
				(uint64_t)((unsigned __int128)us * clocks[i] / 1000000);
			const uint64_t found = worker_us(&w, cycles);

			SUITE_ASSERT(found == us || found == us - 1, "%lu us at %lu Hz: %lu", us,
				     clocks[i], found);
		}
		CU_ASSERT_EQUAL(worker_us(&w, 0), 0);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"buckets", test_buckets},
			       {"names", test_names},
			       {"layout", test_layout},
			       {"microseconds", test_microseconds},
			       CU_TEST_INFO_NULL};

	return suite_run("stats", tests);
}
