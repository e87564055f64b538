/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of limits in simulated time: exact rates, prefixes, full sets, a clock that wraps, and
 * two threads on one bucket. */
#include "dataplane/tables/limit_table.h"

#include <pthread.h>
#include <stdlib.h>

#include <sodium.h>

#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/suite.h"

/* Any rate: it is an argument. */
#define TSC_HZ UINT64_C(2600000000)
#define START  UINT64_C(123456789012345)

static struct limit_set sets[1024];
static struct limit_table table;

static struct limit_rule
rule_of(uint32_t rate, uint32_t burst, uint8_t prefix4, uint8_t prefix6)
{
	const struct snapshot_limit limit = {
		.queries_per_second = rate, .burst = burst, .prefix4 = prefix4, .prefix6 = prefix6};
	struct limit_rule rule;

	limit_rule_make(&limit, TSC_HZ, &rule);
	return rule;
}

static void
table_reset(uint32_t count)
{
	memset(sets, 0, sizeof(sets));
	limit_table_init(&table, sets, count);
}

static bool
within(const struct limit_rule *rule, const char *client, uint64_t now)
{
	const struct address address = pipeline_address(client);

	return limit_take(&table, rule, limit_hash(&table, rule, &address), now) != LIMIT_OVER;
}

/* A prefix that sends ten times its limit for ten seconds gets its burst and then its rate. */
static void
test_rates(void)
{
	static const struct {
		uint32_t rate, burst;
	} rows[] = {{1, 1},    {1, 5},	  {3, 1},	{100, 100},	  {100, 200},
		    {7, 1000}, {1000, 1}, {10000, 200}, {100000, 100000}, {1, 4000000000}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct limit_rule rule = rule_of(rows[i].rate, rows[i].burst, 24, 56);
		const uint64_t step = TSC_HZ / rows[i].rate / 10 + 1, asked = 100ull * rows[i].rate;
		const uint64_t most = rows[i].burst + 10ull * rows[i].rate,
			       wanted = asked < most ? asked : most;
		uint64_t passed = 0;

		table_reset(1024);
		for (uint64_t n = 0; n < asked; n++)
			passed += within(&rule, "192.0.2.1", START + n * step);
		/* The last step is incomplete; rounding to units of time is off by less than 1 in
		 * 2,000. */
		SUITE_ASSERT(passed <= wanted + wanted / 2000 &&
				     passed + 1 + wanted / 2000 >= wanted,
			     "%u per second, burst %u: %lu of %lu passed, not %lu", rows[i].rate,
			     rows[i].burst, passed, asked, wanted);
	}
}

/* The cost of a query is rounded to whole units, at least one: a rate above the clock's is a limit,
 * too. */
static void
test_prices(void)
{
	static const struct {
		uint32_t rate;
		uint64_t interval;
	} rows[] = {{1, 650000000}, {3, 216666667}, {7000000, 93}, {400000000, 2}, {4000000000, 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct limit_rule rule = rule_of(rows[i].rate, 2, 24, 56);

		SUITE_ASSERT(rule.interval == rows[i].interval, "%u per second: %lu", rows[i].rate,
			     rule.interval);
		table_reset(1024);
		CU_ASSERT_TRUE(within(&rule, "192.0.2.1", START));
		CU_ASSERT_TRUE(within(&rule, "192.0.2.1", START));
		CU_ASSERT_FALSE(within(&rule, "192.0.2.1", START));
	}
}

/* A burst that takes longer than two hours to fill is cut to that: 2^42 units, at one query per
 * second. */
static void
test_longest(void)
{
	const struct limit_rule rule = rule_of(1, 4000000000, 24, 56);

	table_reset(1024);
	for (uint64_t later = 0; later < 2; later++) {
		unsigned passed = 0;

		for (unsigned n = 0; n < 10000; n++)
			passed += within(&rule, "192.0.2.1", START + later * 6766 * TSC_HZ);
		SUITE_ASSERT(passed == 6766, "%u passed", passed);
	}
}

/* A prefix at its rate is never refused; after a pause it has its burst again, and no more. */
static void
test_burst(void)
{
	const struct limit_rule rule = rule_of(50, 20, 24, 56);
	uint64_t now = START;

	table_reset(1024);
	for (unsigned n = 0; n < 5000; n++, now += TSC_HZ / 50)
		if (!within(&rule, "192.0.2.1", now))
			SUITE_ASSERT(false, "query %u at the rate is refused", n);
	for (int pause = 0; pause < 3; pause++) {
		unsigned passed = 0;

		now += TSC_HZ * 3600 * (uint64_t)pause + TSC_HZ * 10;
		for (unsigned n = 0; n < 100; n++)
			passed += within(&rule, "192.0.2.1", now);
		SUITE_ASSERT(passed == 20, "%u passed after pause %d", passed, pause);
	}
	/* After half of that time, half of it. */
	now += TSC_HZ / 5;
	for (unsigned n = 0; n < 10; n++)
		CU_ASSERT_TRUE(within(&rule, "192.0.2.1", now));
	CU_ASSERT_FALSE(within(&rule, "192.0.2.1", now));
}

/* Which clients share a bucket. */
static void
test_prefixes(void)
{
	static const struct {
		const char *one, *other;
		uint8_t prefix4, prefix6;
		bool same;
	} rows[] = {
		{"192.0.2.1", "192.0.2.255", 24, 56, true},
		{"192.0.2.1", "192.0.3.1", 24, 56, false},
		{"192.0.2.1", "192.0.2.2", 32, 56, false},
		{"192.0.2.1", "192.0.2.1", 32, 56, true},
		{"192.0.2.1", "10.0.2.1", 1, 56, false},
		{"128.0.2.1", "255.0.2.1", 1, 56, true},
		{"10.1.0.0", "10.1.255.255", 16, 56, true},
		{"2001:db8::1", "2001:db8:0:ff:ffff::1", 24, 56, true},
		{"2001:db8::1", "2001:db8:0:100::1", 24, 56, false},
		{"2001:db8::1", "2001:db8::2", 24, 128, false},
		{"2001:db8::1", "2001:db9::1", 24, 31, true},
		{"2001:db8::1", "2001:dba::1", 24, 31, false},
		{"::ffff:192.0.2.1", "192.0.2.1", 24, 56, true},
		{"::1:0:0:0", "192.0.2.1", 24, 56, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct limit_rule rule = rule_of(1, 1, rows[i].prefix4, rows[i].prefix6);

		table_reset(1024);
		CU_ASSERT_TRUE(within(&rule, rows[i].one, START));
		SUITE_ASSERT(within(&rule, rows[i].other, START) != rows[i].same, "%s, %s",
			     rows[i].one, rows[i].other);
	}
}

/* One set: eight prefixes have their own buckets; the ninth takes the fullest, but a full one
 * evicts no prefix. */
static void
test_full_set(void)
{
	const struct limit_rule rule = rule_of(1, 100, 24, 56);
	const uint64_t tag = UINT64_C(1) << LIMIT_TIME_BITS;

	table_reset(1);
	for (uint64_t n = 1; n <= 8;
	     n++) /* prefix n has a debt of n queries, but number 5 of half a query */
		for (uint64_t queries = 0; queries < (n == 5 ? 1 : n + 1); queries++)
			CU_ASSERT_EQUAL(limit_take(&table, &rule, n * tag, START), LIMIT_WITHIN);
	CU_ASSERT_EQUAL(limit_take(&table, &rule, 9 * tag, START + TSC_HZ / 2), LIMIT_EVICTED);
	CU_ASSERT_EQUAL(limit_take(&table, &rule, 9 * tag, START + TSC_HZ / 2), LIMIT_WITHIN);
	/* Number 5 starts again, in place of the one with the smallest debt: number 1, with one and
	 * a half. */
	CU_ASSERT_EQUAL(limit_take(&table, &rule, 5 * tag, START + TSC_HZ / 2), LIMIT_EVICTED);
	for (uint64_t n = 2; n <= 9; n++)
		if (n != 5)
			SUITE_ASSERT(limit_take(&table, &rule, n * tag, START + TSC_HZ / 2) ==
					     LIMIT_WITHIN,
				     "%lu", n);
	/* All buckets are full again: room for eight others. */
	for (uint64_t n = 11; n <= 18; n++)
		CU_ASSERT_EQUAL(limit_take(&table, &rule, n * tag, START + 200 * TSC_HZ),
				LIMIT_WITHIN);
	CU_ASSERT_EQUAL(limit_take(&table, &rule, 19 * tag, START + 200 * TSC_HZ), LIMIT_EVICTED);
}

/* A bucket's time wraps every few hours: just before, at and after that the limit works, and a
 * bucket left from before counts as full, except for at most its former debt. */
static void
test_round(void)
{
	const uint64_t round = UINT64_C(1) << (LIMIT_TIME_BITS + LIMIT_TIME_SHIFT);
	const struct limit_rule rule = rule_of(10, 5, 24, 56);

	for (int64_t offset = -3; offset <= 3; offset++) {
		const uint64_t now = 4 * round + (uint64_t)(offset * (int64_t)TSC_HZ / 4);
		unsigned passed = 0;

		table_reset(1);
		for (unsigned n = 0; n < 40; n++)
			passed += within(&rule, "192.0.2.1", now + n * TSC_HZ / 40);
		SUITE_ASSERT(passed == 5 + 9 || passed == 5 + 10, "%ld quarters: %u passed",
			     (long)offset, passed);
		for (unsigned part = 1; part < 16; part++) {
			passed = 0;
			for (unsigned n = 0; n < 40; n++)
				passed += within(&rule, "192.0.2.1",
						 now + 2 * TSC_HZ + part * (round / 16));
			SUITE_ASSERT(passed == 5, "%u sixteenths of a wrap later: %u", part,
				     passed);
		}
	}
}

/* A limit changed by a reload: prefixes with a larger debt than the new one allows start again. */
static void
test_changed(void)
{
	const struct limit_rule wide = rule_of(1, 1000, 24, 56), narrow = rule_of(1, 10, 24, 56);
	unsigned passed = 0;

	table_reset(1024);
	for (unsigned n = 0; n < 1000; n++)
		CU_ASSERT_TRUE(within(&wide, "192.0.2.1", START));
	CU_ASSERT_FALSE(within(&wide, "192.0.2.1", START));
	for (unsigned n = 0; n < 20; n++)
		passed += within(&narrow, "192.0.2.1", START);
	CU_ASSERT_EQUAL(passed, 10);
}

#define THREADS 2
#define TAKES	200000

struct taker {
	pthread_t thread;
	const struct limit_rule *rule;
	unsigned passed;
};

static void *
taker_run(void *argument)
{
	struct taker *taker = argument;

	for (unsigned n = 0; n < TAKES; n++)
		taker->passed += within(taker->rule, "192.0.2.1", START);
	return NULL;
}

/* Two workers that serve one prefix at the same time pass as many queries as one would, not one
 * more. */
static void
test_shared(void)
{
	const struct limit_rule rule = rule_of(1000, 150000, 24, 56);
	struct taker takers[THREADS] = {{.rule = &rule}, {.rule = &rule}};
	unsigned passed = 0;

	table_reset(1);
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&takers[i].thread, NULL, taker_run, &takers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(takers[i].thread, NULL);
		passed += takers[i].passed;
	}
	CU_ASSERT_EQUAL(passed, 150000);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"rates", test_rates},		{"prices", test_prices},
			       {"longest burst", test_longest}, {"burst", test_burst},
			       {"prefixes", test_prefixes},	{"full set", test_full_set},
			       {"the clock wraps", test_round}, {"changed limit", test_changed},
			       {"two workers", test_shared},	CU_TEST_INFO_NULL};

	return sodium_init() < 0 ? 1 : suite_run("limit", tests);
}
