/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics against known values, and against streams that are good or weak by
 * construction. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/stats/uniformity.h"
#include "tests/unit/suite.h"

/* Percentage points from tables of the chi-square distribution, and closed forms: with 2 degrees of
 * freedom the survival function is exp(-x/2). */
static const struct {
	double statistic, degrees, p, within;
} survivals[] = {
	{0, 5, 1, 0},
	{3.841458820694124, 1, 0.05, 1e-12},
	{6.634896601021214, 1, 0.01, 1e-12},
	{10.827566170662733, 1, 0.001, 1e-13},
	{4.605170185988092, 2, 0.1, 1e-12},
	{27.631021115928547, 2, 1e-6, 1e-17},
	{1.386294361119891, 2, 0.5, 1e-12},
	{18.307038053275146, 10, 0.05, 1e-12},
	{3.940299136119100, 10, 0.95, 1e-12},
	{124.342113404004, 100, 0.05, 1e-10},
	{293.2478350807, 255, 0.05, 1e-9},
	{254.334, 255, 0.5, 1e-4},
	{16382.33, 16383, 0.5, 1e-4},
	{65534.33, 65535, 0.5, 1e-4},
};

static void
test_survival(void)
{
	for (size_t i = 0; i < sizeof(survivals) / sizeof(survivals[0]); i++) {
		double p = uniformity_survival(survivals[i].statistic, survivals[i].degrees);

		SUITE_ASSERT(fabs(p - survivals[i].p) <= survivals[i].within,
			     "%.4f of %.0f: %.15g, not %.15g", survivals[i].statistic,
			     survivals[i].degrees, p, survivals[i].p);
	}
	for (double degrees = 1; degrees < 70000; degrees *= 3) {
		double before = 1;

		for (double x = degrees / 8; x < degrees * 3; x += degrees / 8) {
			double p = uniformity_survival(x, degrees);

			SUITE_ASSERT(p >= 0 && p <= before + 1e-12,
				     "%.0f of %.0f falls: %g after %g", x, degrees, p, before);
			before = p;
		}
	}
}

static void
test_chi_by_hand(void)
{
	static const uint64_t dice[6] = {5, 8, 9, 8, 10, 20}; /* 60 throws: 13.4 of 5, p = 0.0199 */
	static const uint64_t even[4] = {25, 25, 25, 25};
	static const uint64_t few[4] = {1, 1, 1, 1};
	/* Cells are merged in pairs, 20 draws to 4 bins: 7, 3, 5, 5 against 5 each. */
	static const uint64_t merged[8] = {4, 3, 2, 1, 5, 0, 2, 3};
	struct uniformity_chi chi = uniformity_cells(dice, 6);

	CU_ASSERT(chi.degrees == 5 && fabs(chi.statistic - 13.4) < 1e-12 &&
		  fabs(chi.p - 0.0199) < 1e-4);
	chi = uniformity_cells(even, 4);
	CU_ASSERT(chi.degrees == 3 && chi.statistic == 0 && chi.p == 1 &&
		  !uniformity_chi_bad(&chi));
	chi = uniformity_cells(few, 4);
	CU_ASSERT(chi.degrees == 0 && !uniformity_chi_bad(&chi));
	chi = uniformity_cells(merged, 8);
	CU_ASSERT(chi.degrees == 3 && fabs(chi.statistic - 1.6) < 1e-12);
	chi = uniformity_cells(merged, 0);
	CU_ASSERT(chi.degrees == 0);
}

#define CELLS 16384

enum stream {
	STREAM_GOOD,
	STREAM_POOL,	/* 2,500 of the cells, chosen at random */
	STREAM_SLICE,	/* the first half */
	STREAM_EVEN,	/* each cell as often as any other */
	STREAM_LOW_BIT, /* even cells a tenth more often */
};

static unsigned
stream_cell(enum stream stream, uint64_t n, const uint16_t *pool, uint64_t *state)
{
	uint64_t random = suite_random_next(state);
	unsigned cell = random >> 32 & (CELLS - 1);

	switch (stream) {
	case STREAM_GOOD:
		break;
	case STREAM_POOL:
		return pool[(random >> 32) % 2500];
	case STREAM_SLICE:
		return cell & (CELLS / 2 - 1);
	case STREAM_EVEN:
		return (unsigned)(n & (CELLS - 1));
	case STREAM_LOW_BIT:
		return random % 10 == 0 ? cell & ~1u : cell;
	}
	return cell;
}

static const struct {
	const char *what;
	enum stream stream;
	uint64_t draws;
	bool chi_bad, distinct_bad;
} streams[] = {
	{"good, few", STREAM_GOOD, 1024, false, false},
	{"good, some", STREAM_GOOD, 20000, false, false},
	{"good, many", STREAM_GOOD, 1000000, false, false},
	{"a pool, few", STREAM_POOL, 1024, false, true},
	{"a pool, some", STREAM_POOL, 20000, true, true},
	{"a pool, many", STREAM_POOL, 1000000, true, true},
	{"a slice, few", STREAM_SLICE, 1024, true, true},
	{"a slice, many", STREAM_SLICE, 1000000, true, true},
	{"too even, few", STREAM_EVEN, 4096, false, true},
	{"too even, many", STREAM_EVEN, 1000000, true, false},
	{"a bit that leans, many", STREAM_LOW_BIT, 1000000, true, false},
};

static void
test_streams(void)
{
	uint64_t *counts = malloc(CELLS * sizeof(*counts));
	uint16_t pool[2500];

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		uint64_t state = 42 + i, distinct = 0;
		struct uniformity_chi chi;
		double z;

		memset(counts, 0, CELLS * sizeof(*counts));
		for (unsigned n = 0; n < 2500; n++)
			pool[n] = (uint16_t)(suite_random_next(&state) & (CELLS - 1));
		for (uint64_t n = 0; n < streams[i].draws; n++)
			counts[stream_cell(streams[i].stream, n, pool, &state)]++;
		for (unsigned n = 0; n < CELLS; n++)
			distinct += counts[n] > 0;
		chi = uniformity_cells(counts, CELLS);
		z = uniformity_distinct_z(CELLS, (double)streams[i].draws, (double)distinct);
		/* "A pool, few" is only required to show in the other test. */
		if (streams[i].chi_bad || streams[i].stream == STREAM_GOOD)
			SUITE_ASSERT(uniformity_chi_bad(&chi) == streams[i].chi_bad,
				     "%s: %.0f of %u, p %g", streams[i].what, chi.statistic,
				     chi.degrees, chi.p);
		SUITE_ASSERT((fabs(z) > UNIFORMITY_Z_MAX) == streams[i].distinct_bad,
			     "%s: %llu distinct, z %.1f", streams[i].what,
			     (unsigned long long)distinct, z);
	}
	free(counts);
}

/* A good source passes: p is distributed as it must be, also with merged bins. */
static void
test_false_alarms(void)
{
	static const uint64_t draws[] = {1100, 5000, 40000, 100000};
	uint64_t *counts = malloc(CELLS * sizeof(*counts)), state = 7;

	for (size_t i = 0; i < sizeof(draws) / sizeof(draws[0]); i++) {
		unsigned low = 0, high = 0;

		for (unsigned turn = 0; turn < 200; turn++) {
			struct uniformity_chi chi;

			memset(counts, 0, CELLS * sizeof(*counts));
			for (uint64_t n = 0; n < draws[i]; n++)
				counts[suite_random_next(&state) >> 32 & (CELLS - 1)]++;
			chi = uniformity_cells(counts, CELLS);
			low += chi.p < 0.1;
			high += chi.p > 0.9;
			SUITE_ASSERT(!uniformity_chi_bad(&chi), "%llu draws: p %g",
				     (unsigned long long)draws[i], chi.p);
		}
		/* 20 expected, standard deviation 4.2. */
		SUITE_ASSERT(low > 2 && low < 42 && high > 2 && high < 42,
			     "%llu draws: %u below 0.1, %u above 0.9", (unsigned long long)draws[i],
			     low, high);
	}
	free(counts);
}

static void
test_distinct(void)
{
	/* Two draws from two cells hit 1.5 of them on average, from any number of draws on all. */
	CU_ASSERT(fabs(uniformity_distinct_expected(2, 2) - 1.5) < 1e-12);
	CU_ASSERT(fabs(uniformity_distinct_expected(365, 23) - 22.32) < 0.01);
	CU_ASSERT(fabs(uniformity_distinct_expected(16384, 1e7) - 16384) < 1e-6);
	CU_ASSERT(uniformity_distinct_expected(1, 10) == 1);
	CU_ASSERT(fabs(uniformity_distinct_z(16384, 1e7, 16384)) < 0.01);
	CU_ASSERT(fabs(uniformity_distinct_z(16384, 1e7, 16383)) < UNIFORMITY_Z_MAX);
	CU_ASSERT(uniformity_distinct_z(16384, 1e7, 16370) < -UNIFORMITY_Z_MAX);
}

static struct uniformity_serial
serial_of(uint64_t draws, unsigned kind)
{
	struct uniformity_sums sums = {0};
	uint64_t state = 11, x = 50000, y;

	for (uint64_t n = 0; n < draws; n++) {
		uint64_t random = suite_random_next(&state);

		y = x;
		x = 49152 + (random >> 20 & 16383);
		if (kind == 1)
			x = 49152 + (n & 16383); /* a counter */
		else if (kind == 2)
			x = y >= 57344 ? 49152 + (random >> 20 & 8191)
				       : 57344 + (random >> 20 & 8191);
		else if (kind == 3 && random % 50 == 0)
			x = y; /* one in fifty is drawn twice */
		else if (kind == 4)
			x = 60000;
		sums.x += x;
		sums.xx += x * x;
		sums.xy += x * y;
	}
	return uniformity_serial(draws, &sums);
}

static void
test_serial(void)
{
	static const struct {
		const char *what;
		unsigned kind;
		uint64_t draws;
		double r, within;
		bool bad;
	} kinds[] = {
		{"independent", 0, 2000, 0, 0.1, false},
		{"independent, many", 0, 3000000, 0, 0.003, false},
		{"a counter", 1, 2000, 1, 0.2, true},
		{"a counter, many", 1, 3000000, 1, 0.01, true},
		{"halves in turn", 2, 100000, -0.75, 0.01, true},
		{"some twice", 3, 1000000, 0.02, 0.005, true},
		{"constant", 4, 100000, 1, 0.01, true},
	};
	struct uniformity_serial sum = {0}, one;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		one = serial_of(kinds[i].draws, kinds[i].kind);
		SUITE_ASSERT(fabs(one.r - kinds[i].r) <= kinds[i].within, "%s: r %.4f",
			     kinds[i].what, one.r);
		SUITE_ASSERT((fabs(one.z) > UNIFORMITY_Z_MAX) == kinds[i].bad, "%s: z %.2f",
			     kinds[i].what, one.z);
	}
	CU_ASSERT_EQUAL(serial_of(10, 1).pairs, 0);
	one = serial_of(10000, 2);
	uniformity_serial_add(&sum, &one);
	CU_ASSERT(fabs(sum.r - one.r) < 1e-12 && fabs(sum.z - one.z) < 1e-9 && sum.pairs == 10000);
	uniformity_serial_add(&sum, &one);
	CU_ASSERT(fabs(sum.r - one.r) < 1e-12 && fabs(sum.z - one.z * sqrt(2)) < 1e-9);
	uniformity_serial_add(&sum, &(struct uniformity_serial){0});
	CU_ASSERT_EQUAL(sum.pairs, 20000);
}

/* Half of the cells, like the ports of one of two workers. */
static void
test_choice(void)
{
	uint64_t *chosen = malloc(CELLS * sizeof(*chosen)), state = 5;
	struct uniformity_chi chi;

	for (unsigned i = 0; i < CELLS; i++)
		chosen[i] = suite_random_next(&state) >> 63;
	chi = uniformity_choice(chosen, CELLS);
	CU_ASSERT(chi.degrees == 63 && !uniformity_chi_bad(&chi));
	for (unsigned i = 0; i < CELLS; i++)
		chosen[i] = i < CELLS / 2;
	chi = uniformity_choice(chosen, CELLS);
	CU_ASSERT(uniformity_chi_bad(&chi));
	for (unsigned i = 0; i < CELLS; i++)
		chosen[i] = i & 1;
	chi = uniformity_choice(chosen, CELLS);
	CU_ASSERT(uniformity_chi_bad(&chi));
	for (unsigned i = 0; i < CELLS; i++)
		chosen[i] = 1;
	chi = uniformity_choice(chosen, CELLS);
	CU_ASSERT_EQUAL(chi.degrees, 0);
	free(chosen);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"survival", test_survival},	    {"chi-square by hand", test_chi_by_hand},
		{"streams", test_streams},	    {"no false alarms", test_false_alarms},
		{"distinct cells", test_distinct},  {"serial correlation", test_serial},
		{"a choice of cells", test_choice}, CU_TEST_INFO_NULL};

	return suite_run("uniformity", tests);
}
