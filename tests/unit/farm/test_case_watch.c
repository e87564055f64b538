/* SPDX-License-Identifier: BSD-3-Clause */
/* When an upstream is found not to keep the letter case of questions. */
#include <stdlib.h>

#include "control/farm/case_watch.h"
#include "tests/unit/suite.h"

#define STEPS_MAX 8

/* The counters at some seconds, and the step that must decide, or none. */
static const struct {
	const char *what;
	struct {
		unsigned s;
		uint64_t responses, wrong_case;
	} steps[STEPS_MAX];
	int decides; /* the step, or -1 */
} rows[] = {
	{"quiet", {{1, 0, 0}, {2, 0, 0}, {60, 0, 0}}, -1},
	{"counts from before the start are ignored", {{1, 0, 1000}, {2, 0, 1000}}, -1},
	{"three are too few", {{1, 0, 0}, {2, 0, 3}, {9, 0, 3}}, -1},
	{"four in a row", {{1, 0, 0}, {2, 0, 4}}, 1},
	{"one a second, as probes come",
	 {{1, 0, 0}, {2, 0, 1}, {3, 0, 2}, {4, 0, 3}, {5, 0, 4}},
	 4},
	{"one a minute, as rare probes come",
	 {{1, 0, 0}, {61, 0, 1}, {121, 0, 2}, {181, 0, 3}, {241, 0, 4}},
	 4},
	{"half is not more than half", {{1, 0, 0}, {2, 4, 4}}, -1},
	{"more than half", {{1, 0, 0}, {2, 4, 5}}, 1},
	{"a forger beside a busy upstream",
	 {{1, 0, 0}, {2, 100000, 5000}, {12, 1100000, 50000}},
	 -1},
	{"an upstream that starts to change the case: first a minority",
	 {{1, 0, 0}, {11, 10000, 0}, {12, 11000, 0}, {13, 11000, 1000}, {14, 11000, 2000}},
	 4},
	{"an interval of ten seconds ends: old responses do not count",
	 {{1, 0, 0}, {10, 9000, 0}, {11, 10000, 0}, {12, 10000, 900}},
	 3},
	{"counters that start at 0 again", {{1, 500, 500}, {2, 0, 4}, {3, 0, 7}, {4, 0, 8}}, 3},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct case_watch watch;
		int decided = -1;

		case_watch_init(&watch, false);
		for (int step = 0; step < STEPS_MAX && rows[i].steps[step].s > 0; step++) {
			const struct case_sample now = {rows[i].steps[step].responses,
							rows[i].steps[step].wrong_case};

			if (case_watch_on_sample(&watch, &now,
						 rows[i].steps[step].s * UINT64_C(1000000000)))
				decided = step;
		}
		SUITE_ASSERT(decided == rows[i].decides, "%s: decided at step %d", rows[i].what,
			     decided);
		SUITE_ASSERT(watch.not_kept == (rows[i].decides >= 0), "%s: stays so",
			     rows[i].what);
	}
}

static void
test_once(void)
{
	struct case_watch watch;

	case_watch_init(&watch, false);
	case_watch_on_sample(&watch, &(struct case_sample){0, 0}, 1);
	CU_ASSERT_TRUE(case_watch_on_sample(&watch, &(struct case_sample){3, 9}, 2));
	CU_ASSERT_EQUAL(watch.last.responses, 3);
	CU_ASSERT_EQUAL(watch.last.wrong_case, 9);
	CU_ASSERT_FALSE(case_watch_on_sample(&watch, &(struct case_sample){3, 99}, 3));
	case_watch_forget(&watch);
	CU_ASSERT_TRUE(watch.not_kept);
	case_watch_init(&watch, true);
	CU_ASSERT_FALSE(case_watch_on_sample(&watch, &(struct case_sample){0, 0}, 4));
	CU_ASSERT_FALSE(case_watch_on_sample(&watch, &(struct case_sample){0, 99}, 5));
	CU_ASSERT_TRUE(watch.not_kept);
}

/* While random case is off, responses in another case are not counted. */
static void
test_forget(void)
{
	struct case_watch watch;

	case_watch_init(&watch, false);
	case_watch_on_sample(&watch, &(struct case_sample){0, 0}, 1);
	case_watch_forget(&watch);
	CU_ASSERT_FALSE(case_watch_on_sample(&watch, &(struct case_sample){0, 50}, 2));
	CU_ASSERT_FALSE(case_watch_on_sample(&watch, &(struct case_sample){0, 53}, 3));
	CU_ASSERT_TRUE(case_watch_on_sample(&watch, &(struct case_sample){0, 54}, 4));
}

int
main(void)
{
	CU_TestInfo tests[] = {{"the rule", test_rows},
			       {"once", test_once},
			       {"forgotten", test_forget},
			       CU_TEST_INFO_NULL};

	return suite_run("case_watch", tests);
}
