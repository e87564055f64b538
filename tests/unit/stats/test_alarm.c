/* SPDX-License-Identifier: BSD-3-Clause */
/* The course of an attack as the alarm reports it. */
#include <math.h>

#include "control/stats/alarm.h"
#include "tests/unit/suite.h"

#define S UINT64_C(1000000000)

static enum alarm_event
take(struct alarm *alarm, double s, uint64_t attacked, uint64_t near_misses)
{
	return alarm_on_sample(alarm, &(struct alarm_sample){attacked, near_misses},
			       (uint64_t)(s * 1e9));
}

static void
test_course(void)
{
	struct alarm alarm = {0};

	CU_ASSERT_EQUAL(take(&alarm, 100, 7, 70), ALARM_NOTHING); /* before the first sample */
	CU_ASSERT_EQUAL(take(&alarm, 101, 7, 70), ALARM_NOTHING);
	CU_ASSERT_FALSE(alarm.active);
	/* Near misses first; their query ends two seconds later. */
	CU_ASSERT_EQUAL(take(&alarm, 102, 7, 170), ALARM_NOTHING);
	CU_ASSERT_EQUAL(take(&alarm, 103, 7, 270), ALARM_NOTHING);
	CU_ASSERT_EQUAL(take(&alarm, 104, 9, 370), ALARM_REPORT);
	CU_ASSERT_TRUE(alarm.active);
	CU_ASSERT_EQUAL(alarm.since_ns, 101 * S);
	CU_ASSERT(alarm.queries == 2 && alarm.near_misses == 300);
	CU_ASSERT(alarm.reported.attacked == 2 && alarm.reported.near_misses == 300);
	CU_ASSERT(fabs(alarm.reported_rate_per_s - 100) < 1e-6 &&
		  fabs(alarm.rate_per_s - 100) < 1e-6);
	/* No second report within ten seconds, then one of everything. */
	for (unsigned i = 1; i < 10; i++)
		CU_ASSERT_EQUAL(take(&alarm, 104 + i, 9 + i, 370 + 50 * i), ALARM_NOTHING);
	CU_ASSERT_EQUAL(take(&alarm, 114, 20, 870), ALARM_REPORT);
	CU_ASSERT(alarm.reported.attacked == 11 && alarm.reported.near_misses == 500);
	CU_ASSERT(fabs(alarm.reported_rate_per_s - 50) < 1e-6);
	CU_ASSERT(alarm.queries == 13 && alarm.near_misses == 800);
	/* Nothing new: no report until it is over. */
	for (unsigned i = 1; i < 60; i++)
		CU_ASSERT_EQUAL(take(&alarm, 114 + i, 20, 870), ALARM_NOTHING);
	CU_ASSERT(alarm.active && alarm.rate_per_s == 0);
	CU_ASSERT_EQUAL(take(&alarm, 174, 20, 870), ALARM_OVER);
	CU_ASSERT_FALSE(alarm.active);
	CU_ASSERT(alarm.queries == 13 && alarm.last_ns == 114 * S); /* still known */
	CU_ASSERT_EQUAL(take(&alarm, 300, 20, 870), ALARM_NOTHING);
	/* Another attack is reported at once and counted from 0. */
	CU_ASSERT_EQUAL(take(&alarm, 301, 21, 871), ALARM_REPORT);
	CU_ASSERT(alarm.queries == 1 && alarm.near_misses == 1 && alarm.since_ns == 300 * S);
}

/* Near misses without an attacked query are not an attack, however many. */
static void
test_no_attack(void)
{
	struct alarm alarm = {0};

	take(&alarm, 1, 0, 0);
	for (unsigned i = 2; i < 100; i++)
		CU_ASSERT_EQUAL(take(&alarm, i, 0, 1000 * i), ALARM_NOTHING);
	CU_ASSERT_FALSE(alarm.active);
}

static void
test_anew(void)
{
	struct alarm alarm = {0};

	take(&alarm, 1, 0, 0);
	CU_ASSERT_EQUAL(take(&alarm, 2, 5, 50), ALARM_REPORT);
	/* The dataplane restarts during an attack. */
	CU_ASSERT_EQUAL(take(&alarm, 3, 1, 10), ALARM_NOTHING);
	CU_ASSERT_TRUE(alarm.active);
	CU_ASSERT_EQUAL(take(&alarm, 13, 3, 30), ALARM_REPORT);
	CU_ASSERT(alarm.queries == 7 && alarm.near_misses == 70 && alarm.reported.attacked == 2);
	alarm_forget(&alarm);
	CU_ASSERT_EQUAL(take(&alarm, 14, 1000, 10000), ALARM_NOTHING);
	CU_ASSERT_EQUAL(alarm.queries, 7);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"its course", test_course},
			       {"near misses alone", test_no_attack},
			       {"counters that begin again", test_anew},
			       CU_TEST_INFO_NULL};

	return suite_run("alarm", tests);
}
