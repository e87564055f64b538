/* SPDX-License-Identifier: BSD-3-Clause */
/* Rise and fall of an upstream: each row is a beginning, a row of outcomes, and the state after each of them.
 */
#include <string.h>

#include "control/health.h"
#include "way_suite.h"

/* Outcomes: g NOERROR, n NXDOMAIN, s SERVFAIL, r REFUSED, t timeout, u unsent. States: U up, D down. */
static const struct {
	const char *what;
	enum health_origin origin;
	bool up;
	uint32_t rise, fall;
	const char *outcomes, *states, *reason;
} rows[] = {
	{"untouched", HEALTH_ASSUMED, true, 2, 3, "", "", "assumed until probes prove otherwise"},
	{"falls after three", HEALTH_ASSUMED, true, 2, 3, "ttt", "UUD",
	 "3 bad probes in a row, the last: no answer"},
	{"a good one in between", HEALTH_ASSUMED, true, 2, 3, "ttgttt", "UUUUUD", NULL},
	{"NXDOMAIN is good", HEALTH_ASSUMED, true, 2, 3, "ttnttt", "UUUUUD", NULL},
	{"SERVFAIL is bad", HEALTH_ASSUMED, true, 2, 3, "sss", "UUD",
	 "3 bad probes in a row, the last: answered SERVFAIL"},
	{"REFUSED is bad", HEALTH_ASSUMED, true, 2, 1, "r", "D", "1 bad probe, the last: answered REFUSED"},
	{"all kinds of bad count together", HEALTH_ASSUMED, true, 2, 3, "tsu", "UUD",
	 "3 bad probes in a row, the last: nowhere to send it"},
	{"rises after two", HEALTH_ASSUMED, true, 2, 3, "tttgg", "UUDDU", "2 good probes in a row"},
	{"a bad one in between", HEALTH_ASSUMED, true, 2, 3, "tttgtgg", "UUDDDDU", NULL},
	{"flapping each time", HEALTH_ASSUMED, true, 2, 2, "tgtgtgtg", "UUUUUUUU", NULL},
	{"new: one good probe", HEALTH_NEW, false, 5, 3, "g", "U", "1 good probe"},
	{"new: waits through bad ones", HEALTH_NEW, false, 5, 3, "tttg", "DDDU", NULL},
	{"new: waits", HEALTH_NEW, false, 5, 3, "t", "D", "new: waits for its first good probe"},
	{"new: later rises are as configured", HEALTH_NEW, false, 2, 1, "gtgg", "UDDU", NULL},
	{"kept up: no flapping", HEALTH_KEPT, true, 2, 3, "tt", "UU", "as it was before ephemerad started"},
	{"kept down: needs all of rise", HEALTH_KEPT, false, 2, 3, "gg", "DU", NULL},
	{"rise and fall of one", HEALTH_KEPT, true, 1, 1, "tgtg", "DUDU", NULL},
};

static struct health_outcome
outcome_of(char letter)
{
	switch (letter) {
	case 'g':
		return (struct health_outcome){HEALTH_ANSWERED, 0, 100};
	case 'n':
		return (struct health_outcome){HEALTH_ANSWERED, 3, 100};
	case 's':
		return (struct health_outcome){HEALTH_ANSWERED, 2, 100};
	case 'r':
		return (struct health_outcome){HEALTH_ANSWERED, 5, 100};
	case 'u':
		return (struct health_outcome){.event = HEALTH_UNSENT};
	default:
		return (struct health_outcome){.event = HEALTH_TIMEOUT};
	}
}

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct health_rule rule = {rows[i].rise, rows[i].fall};
		char reason[HEALTH_REASON_BYTES];
		struct health health;

		health_init(&health, rows[i].origin, rows[i].up, 1000);
		for (size_t n = 0; rows[i].outcomes[n] != 0; n++) {
			struct health_outcome outcome = outcome_of(rows[i].outcomes[n]);
			bool before = health.up, changed = health_take(&health, &outcome, &rule, 2000 + n);

			WAY_ASSERT(health.up == (rows[i].states[n] == 'U'), "%s: outcome %zu", rows[i].what,
				   n);
			WAY_ASSERT(changed == (before != health.up), "%s: outcome %zu is told", rows[i].what,
				   n);
			WAY_ASSERT(!changed || health.since_ns == 2000 + n, "%s: since", rows[i].what);
		}
		if (rows[i].reason != NULL)
			WAY_ASSERT(strcmp(health_reason(&health, reason), rows[i].reason) == 0,
				   "%s: reason %s", rows[i].what, reason);
	}
}

static void
test_latency(void)
{
	const struct health_rule rule = {2, 3};
	struct health_outcome bad = {HEALTH_ANSWERED, 2, 999}, good = {HEALTH_ANSWERED, 0, 123};
	struct health health;

	health_init(&health, HEALTH_ASSUMED, true, 0);
	health_take(&health, &bad, &rule, 1);
	CU_ASSERT_FALSE(health.latency_known);
	health_take(&health, &good, &rule, 2);
	CU_ASSERT_TRUE(health.latency_known);
	CU_ASSERT_EQUAL(health.latency_us, 123);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"rise and fall", test_rows}, {"latency of good probes", test_latency}, CU_TEST_INFO_NULL};

	return way_suite_run("health", tests);
}
