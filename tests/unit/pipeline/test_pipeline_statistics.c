/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics of the other tests, against published values of the chi-square distribution. */
#include <math.h>

#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

static void
test_survival(void)
{
	static const struct {
		double value, freedom, p, precision;
	} rows[] = {
		/* Tables of critical values (NIST/SEMATECH e-Handbook, 1.3.6.7.4), rounded there to
		 * three
		 * 		   digits. */
		{2.706, 1, 0.10, 1e-4},
		{3.841, 1, 0.05, 1e-4},
		{6.635, 1, 0.01, 1e-5},
		{10.828, 1, 0.001, 1e-6},
		{5.991, 2, 0.05, 1e-4},
		{18.307, 10, 0.05, 1e-5},
		{29.588, 10, 0.001, 1e-6},
		{4.865, 10, 0.90, 1e-4},
		{3.940, 10, 0.95, 1e-4},
		{124.342, 100, 0.05, 1e-5},
		{77.929, 100, 0.95, 1e-5},
		{149.449, 100, 0.001, 1e-6},
		/* Two degrees: exp(-x / 2), exactly. */
		{1, 2, 0.60653065971263342, 1e-12},
		{50, 2, 1.3887943864964021e-11, 1e-20},
		{0, 7, 1, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double p = chi_square_survival(rows[i].value, rows[i].freedom);

		SUITE_ASSERT(fabs(p - rows[i].p) <= rows[i].precision,
			     "chi-square %g, %g degrees: %g, not %g", rows[i].value,
			     rows[i].freedom, p, rows[i].p);
	}
}

/* For many degrees, Wilson and Hilferty's cube root is normal to a few digits. */
static void
test_many_degrees(void)
{
	for (double freedom = 1000; freedom <= 65535; freedom = freedom * 2 + 7) {
		for (double z = -4; z <= 4; z += 0.5) {
			const double h = 2 / (9 * freedom), root = 1 - h + z * sqrt(h);
			const double p = chi_square_survival(freedom * root * root * root, freedom);

			SUITE_ASSERT(fabs(p - erfc(z / sqrt(2)) / 2) < 2e-4,
				     "z = %g, %g degrees: %g", z, freedom, p);
		}
	}
}

static void
test_uniform(void)
{
	const uint32_t fair[] = {18, 22, 21, 19, 20, 20}, loaded[] = {10, 10, 10, 10, 10, 70};

	/* Chi-square 0.5 with 5 degrees; 150 with 5. */
	CU_ASSERT_DOUBLE_EQUAL(chi_square_uniform_p(fair, 6), 0.99212, 1e-4);
	CU_ASSERT(chi_square_uniform_p(loaded, 6) < 1e-29);
	CU_ASSERT(chi_square_plausible(0.5));
	CU_ASSERT(!chi_square_plausible(0.0005));
	CU_ASSERT(!chi_square_plausible(0.9995));
}

int
main(void)
{
	CU_TestInfo tests[] = {{"survival function", test_survival},
			       {"many degrees", test_many_degrees},
			       {"uniform counts", test_uniform},
			       CU_TEST_INFO_NULL};

	return suite_run("statistics", tests);
}
