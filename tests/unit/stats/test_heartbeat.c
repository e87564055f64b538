/* SPDX-License-Identifier: BSD-3-Clause */
/* Heartbeats: samples, and which worker is stalled. */
#include <stdio.h>

#include "control/stats/heartbeat.h"
#include "tests/unit/suite.h"

#define SECOND UINT64_C(1000000000)

static const struct {
	const char *what;
	unsigned worker_count;
	struct {
		uint64_t at_ms, heartbeats[2];
		int still;
	} looks[6];
} rows[] = {
	{"both move",
	 2,
	 {{0, {1, 1}, -1}, {2000, {2, 2}, -1}, {4000, {3, 3}, -1}, {6000, {4, 4}, -1}}},
	{"the second stops",
	 2,
	 {{0, {1, 1}, -1}, {2000, {2, 1}, -1}, {3000, {3, 1}, -1}, {3001, {4, 1}, 1}}},
	{"and continues",
	 2,
	 {{0, {1, 1}, -1}, {4000, {2, 1}, 1}, {4100, {3, 2}, -1}, {7100, {4, 2}, -1}}},
	{"never moved", 1, {{0, {0}, -1}, {1000, {0}, -1}, {3500, {0}, 0}}},
	{"no sample for an hour", 1, {{0, {5}, -1}, {3600000, {6}, -1}, {3602000, {6}, -1}}},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct heartbeat heartbeat = {0};

		for (unsigned n = 0; n < 6 && (n == 0 || rows[i].looks[n].at_ms > 0); n++) {
			uint64_t now_ns = 77 * SECOND + rows[i].looks[n].at_ms * 1000000;

			heartbeat_on_sample(&heartbeat, rows[i].looks[n].heartbeats,
					    rows[i].worker_count, now_ns);
			SUITE_ASSERT(heartbeat_stalled(&heartbeat, now_ns) ==
					     rows[i].looks[n].still,
				     "%s: sample %u: %d", rows[i].what, n,
				     heartbeat_stalled(&heartbeat, now_ns));
		}
	}
}

/* Another dataplane's heartbeats may be the same numbers. */
static void
test_forget(void)
{
	const uint64_t heartbeats[2] = {7, 7};
	struct heartbeat heartbeat = {0};

	CU_ASSERT_EQUAL(heartbeat_stalled(&heartbeat, SECOND), -1);
	heartbeat_on_sample(&heartbeat, heartbeats, 2, SECOND);
	heartbeat_forget(&heartbeat);
	CU_ASSERT_EQUAL(heartbeat_stalled(&heartbeat, 100 * SECOND), -1);
	heartbeat_on_sample(&heartbeat, heartbeats, 2, 100 * SECOND);
	CU_ASSERT_EQUAL(heartbeat_stalled(&heartbeat, 100 * SECOND), -1);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"heartbeats", test_rows}, {"another dataplane", test_forget}, CU_TEST_INFO_NULL};

	return suite_run("heartbeat", tests);
}
