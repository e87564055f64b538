/* SPDX-License-Identifier: BSD-3-Clause */
/* Passive health: each row has a rule and the increments between samples. */
#include <stdio.h>

#include "control/farm/passive.h"
#include "tests/unit/suite.h"

#define SAMPLES 12

static const struct {
	const char *what;
	struct config_passive rule;
	struct {
		uint64_t repeat; /* samples with this increment */
		struct passive_counts grown;
		enum passive_verdict last; /* of the last sample; of the others PASSIVE_FINE */
	} samples[SAMPLES];
} rows[] = {
	{"off", {false, 10, 0, 0}, {{5, {0, 0, 100}, PASSIVE_FINE}}},
	{"too few to judge", {true, 100, 50, 50}, {{1, {0, 0, 99}, PASSIVE_FINE}}},
	{"just enough", {true, 100, 50, 50}, {{1, {0, 0, 100}, PASSIVE_TIMEOUTS}}},
	{"half is not more than half", {true, 100, 50, 50}, {{10, {50, 0, 50}, PASSIVE_FINE}}},
	{"one more than half", {true, 100, 50, 50}, {{1, {49, 0, 51}, PASSIVE_TIMEOUTS}}},
	{"SERVFAIL", {true, 100, 50, 20}, {{1, {80, 21, 20}, PASSIVE_SERVFAILS}}},
	{"SERVFAIL is a share of all", {true, 100, 50, 20}, {{3, {80, 20, 20}, PASSIVE_FINE}}},
	{"timeouts take precedence", {true, 100, 50, 20}, {{1, {40, 40, 60}, PASSIVE_TIMEOUTS}}},
	{"100: never",
	 {true, 10, 100, 100},
	 {{9, {0, 0, 50}, PASSIVE_FINE}, {9, {50, 50, 0}, PASSIVE_FINE}}},
	{"0: the first one",
	 {true, 10, 0, 100},
	 {{5, {20, 0, 0}, PASSIVE_FINE}, {1, {19, 0, 1}, PASSIVE_TIMEOUTS}}},
	{"one by one",
	 {true, 8, 50, 100},
	 {{4, {1, 0, 0}, PASSIVE_FINE}, {5, {0, 0, 1}, PASSIVE_TIMEOUTS}}},
	{"many good responses leave the window",
	 {true, 100, 50, 100},
	 {{500, {10, 0, 0}, PASSIVE_FINE}, {6, {0, 0, 10}, PASSIVE_TIMEOUTS}}},
	{"old bad ones too",
	 {true, 16, 50, 100},
	 {{8, {1, 0, 1}, PASSIVE_FINE}, {64, {2, 0, 1}, PASSIVE_FINE}}},
	{"old timeouts leave the window",
	 {true, 100, 50, 100},
	 {{4, {0, 0, 10}, PASSIVE_FINE},
	  {10, {10, 0, 0}, PASSIVE_FINE},
	  {5, {0, 0, 10}, PASSIVE_FINE},
	  {1, {0, 0, 13}, PASSIVE_TIMEOUTS}}},
	{"no queries, no verdict", {true, 10, 50, 100}, {{100, {0, 0, 0}, PASSIVE_FINE}}},
	{"one at a time, of one",
	 {true, 1, 50, 100},
	 {{3, {1, 0, 0}, PASSIVE_FINE}, {1, {0, 0, 1}, PASSIVE_TIMEOUTS}}},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct passive_counts counters = {1000, 300, 700}, seen;
		struct passive passive = {0};

		CU_ASSERT_EQUAL(passive_on_sample(&passive, &counters, &rows[i].rule, &seen),
				PASSIVE_FINE);
		for (unsigned l = 0; l < SAMPLES && rows[i].samples[l].repeat > 0; l++) {
			for (uint64_t n = 1; n <= rows[i].samples[l].repeat; n++) {
				enum passive_verdict got;
				bool last = n == rows[i].samples[l].repeat;

				counters.responses += rows[i].samples[l].grown.responses;
				counters.servfails += rows[i].samples[l].grown.servfails;
				counters.timeouts += rows[i].samples[l].grown.timeouts;
				got = passive_on_sample(&passive, &counters, &rows[i].rule, &seen);
				SUITE_ASSERT(got == (last ? rows[i].samples[l].last : PASSIVE_FINE),
					     "%s: sample %u, repetition %llu: %d", rows[i].what, l,
					     (unsigned long long)n, got);
			}
		}
	}
}

/* The window of a verdict is at most one step longer than the rule's. */
static void
test_window(void)
{
	const struct config_passive rule = {true, 800, 50, 100};
	struct passive_counts counters = {0}, seen;
	struct passive passive = {0};

	for (unsigned n = 0; n < 3000; n++) {
		counters.responses += n % 3;
		counters.timeouts += n % 2;
		passive_on_sample(&passive, &counters, &rule, &seen);
	}
	CU_ASSERT(seen.responses + seen.timeouts >= 800);
	CU_ASSERT(seen.responses + seen.timeouts < 800 + 100 + 3);
}

/* However long the window, earlier responses leave it: after a long time of good responses, bad
 * ones take the upstream out when they are more than half of a window at most two steps too
 * long. */
static void
test_forgotten(void)
{
	for (uint32_t responses = 1; responses <= 40; responses++) {
		const struct config_passive rule = {true, responses, 50, 100};
		struct passive_counts counters = {0}, seen;
		struct passive passive = {0};
		uint32_t bad = 0;

		for (unsigned n = 0; n < 1000; n++, counters.responses++)
			CU_ASSERT_EQUAL(passive_on_sample(&passive, &counters, &rule, &seen),
					PASSIVE_FINE);
		do {
			counters.timeouts++;
			bad++;
		} while (passive_on_sample(&passive, &counters, &rule, &seen) == PASSIVE_FINE &&
			 bad < 1000);
		SUITE_ASSERT(bad > responses / 2 &&
				     bad <= (responses + 2 * ((responses + 7) / 8)) / 2 + 1,
			     "of %u: after %u bad ones", responses, bad);
	}
}

/* The first sample after passive_forget() is the base again; a changed rule works too. */
static void
test_forget(void)
{
	struct config_passive rule = {true, 10, 50, 100};
	struct passive_counts counters = {0}, seen;
	struct passive passive = {0};
	uint64_t known;

	passive_on_sample(&passive, &counters, &rule, &seen);
	counters.timeouts = 9;
	CU_ASSERT_EQUAL(passive_on_sample(&passive, &counters, &rule, &seen), PASSIVE_FINE);
	passive_forget(&passive);
	counters.timeouts = 1000;
	CU_ASSERT_EQUAL(passive_on_sample(&passive, &counters, &rule, &seen), PASSIVE_FINE);
	counters.timeouts += 9;
	CU_ASSERT_EQUAL(passive_on_sample(&passive, &counters, &rule, &seen), PASSIVE_FINE);
	for (unsigned n = 0; n < 9; n++) {
		counters.responses++;
		passive_on_sample(&passive, &counters, &rule, &seen);
	}
	known = seen.responses + seen.timeouts;
	rule.responses = 1000;
	for (unsigned n = 0; n < 12; n++) {
		counters.responses += 125;
		CU_ASSERT_EQUAL(passive_on_sample(&passive, &counters, &rule, &seen), PASSIVE_FINE);
		if (n < 7) /* nothing is dropped until the window is full */
			CU_ASSERT_EQUAL(seen.responses + seen.timeouts, known + 125 * (n + 1));
		CU_ASSERT(passive.step_count <= PASSIVE_STEPS + 1);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"verdicts", test_rows},
			       {"the window's length", test_window},
			       {"old responses are forgotten", test_forgotten},
			       {"passive_forget(), and a changed rule", test_forget},
			       CU_TEST_INFO_NULL};

	return suite_run("passive", tests);
}
