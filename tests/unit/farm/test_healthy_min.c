/* SPDX-License-Identifier: BSD-3-Clause */
/* The healthy minimum: pools, their usable members, and which pool needs which member. */
#include <stdio.h>
#include <string.h>

#include "control/farm/healthy_min.h"
#include "tests/unit/suite.h"

/* Pools and usable members as digits. */
static const struct {
	const char *what;
	uint32_t percent;
	const char *pools[3], *usable;
	unsigned upstream;
	const char *needs; /* NULL: none */
} rows[] = {
	{"no minimum", 0, {"0123"}, "0", 0, NULL},
	{"half of four: three are enough", 50, {"0123"}, "012", 0, NULL},
	{"half of four: two are needed", 50, {"0123"}, "12", 1, "pool0"},
	{"a third of three", 33, {"012"}, "01", 0, NULL},
	{"a third of three: the last", 33, {"012"}, "0", 0, "pool0"},
	{"34 of a hundred of three is two", 34, {"012"}, "01", 0, "pool0"},
	{"one of a hundred: the last", 1, {"0123"}, "3", 3, "pool0"},
	{"all: none can be spared", 100, {"0123"}, "0123", 2, "pool0"},
	{"below the minimum already", 75, {"0123"}, "01", 1, "pool0"},
	{"another pool needs it", 50, {"0123", "34"}, "0123", 3, "pool1"},
	{"not a member of the pool", 100, {"01", "23"}, "23", 4, NULL},
	{"both pools spare it", 50, {"0123", "1234"}, "01234", 2, NULL},
	{"a pool of one", 10, {"0123", "2"}, "0123", 2, "pool1"},
};

static void
test_rows(void)
{
	static struct config config;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool usable[SNAPSHOT_UPSTREAMS_MAX] = {false};
		uint16_t members[3][8];
		const char *pool;

		config = (struct config){.healthy_min_percent = rows[i].percent};
		for (unsigned p = 0; p < 3 && rows[i].pools[p] != NULL; p++) {
			struct config_pool *into = &config.pools[config.pool_count++];

			snprintf(into->name, sizeof(into->name), "pool%u", p);
			into->members = members[p];
			for (const char *c = rows[i].pools[p]; *c != 0; c++)
				members[p][into->member_count++] = (uint16_t)(*c - '0');
		}
		for (const char *c = rows[i].usable; *c != 0; c++)
			usable[*c - '0'] = true;
		pool = healthy_min_pool(&config, rows[i].upstream, usable);
		SUITE_ASSERT((pool == NULL) == (rows[i].needs == NULL) &&
				     (pool == NULL || strcmp(pool, rows[i].needs) == 0),
			     "%s: %s", rows[i].what, pool == NULL ? "none" : pool);
	}
}

static void
test_rounding(void)
{
	CU_ASSERT_EQUAL(healthy_min_count(0, 100), 0);
	CU_ASSERT_EQUAL(healthy_min_count(10, 0), 0);
	CU_ASSERT_EQUAL(healthy_min_count(10, 1), 1);
	CU_ASSERT_EQUAL(healthy_min_count(10, 50), 5);
	CU_ASSERT_EQUAL(healthy_min_count(10, 51), 6);
	CU_ASSERT_EQUAL(healthy_min_count(512, 100), 512);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"which are needed", test_rows}, {"rounding", test_rounding}, CU_TEST_INFO_NULL};

	return suite_run("healthy_min", tests);
}
