/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring of samples for the dashboard's charts. */
#include "control/stats/history.h"
#include "tests/unit/suite.h"

static struct history history;

static void
add(unsigned count)
{
	static uint64_t ns;

	if (history.count == 0)
		ns = 0;
	while (count-- > 0)
		history_add(&history, &(struct history_sample){.ns = ++ns});
}

static void
test_ring(void)
{
	static const struct {
		unsigned add, first, last;
	} rows[] = {
		{1, 1, 1},
		{1, 1, 2},
		{HISTORY_SAMPLES - 3, 1, HISTORY_SAMPLES - 1},
		{1, 1, HISTORY_SAMPLES},
		{1, 2, HISTORY_SAMPLES + 1},
		{2 * HISTORY_SAMPLES, 2 * HISTORY_SAMPLES + 2, 3 * HISTORY_SAMPLES + 1},
	};

	history = (struct history){0};
	CU_ASSERT_PTR_NULL(history_at(&history, 0));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned count;

		add(rows[i].add);
		count = rows[i].last - rows[i].first + 1;
		for (unsigned at = 0; at < count; at++)
			SUITE_ASSERT(history_at(&history, at) != NULL &&
					     history_at(&history, at)->ns == rows[i].first + at,
				     "row %u, sample %u", i, at);
		CU_ASSERT_PTR_NULL(history_at(&history, count));
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"samples in order, the oldest replaced", test_ring},
		CU_TEST_INFO_NULL,
	};

	return suite_run("history", tests);
}
