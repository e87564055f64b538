/* SPDX-License-Identifier: BSD-3-Clause */
/* Chi-square. */
#include "tests/unit/pipeline/pipeline_statistics.h"

#include <math.h>

#define TERMS_MAX 100000
#define PRECISION 1e-12
#define TINY	  1e-300

/* P(a, x) = x^a e^-x / Gamma(a + 1) * (1 + x / (a + 1) + x^2 / ((a + 1)(a + 2)) + ...); for x < a +
 * 1. */
static double
gamma_lower_series(double a, double x)
{
	double term = 1, sum = 1;

	for (int n = 1; n < TERMS_MAX && term > sum * PRECISION; n++) {
		term *= x / (a + n);
		sum += term;
	}
	return sum * exp(a * log(x) - x - lgamma(a + 1));
}

/* Q(a, x) as a continued fraction, by Lentz's method; for x >= a + 1. */
static double
gamma_upper_fraction(double a, double x)
{
	double b = x + 1 - a, c = 1 / TINY, d = 1 / b, product = d;

	for (int n = 1; n < TERMS_MAX; n++) {
		const double numerator = -n * (n - a);
		double factor;

		b += 2;
		d = numerator * d + b;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = b + numerator / c;
		c = fabs(c) < TINY ? TINY : c;
		factor = c * d;
		product *= factor;
		if (fabs(factor - 1) < PRECISION)
			break;
	}
	return product * exp(a * log(x) - x - lgamma(a));
}

double
chi_square_survival(double value, double freedom)
{
	const double a = freedom / 2, x = value / 2;

	if (x <= 0)
		return 1;
	return x < a + 1 ? 1 - gamma_lower_series(a, x) : gamma_upper_fraction(a, x);
}

double
chi_square_uniform_p(const uint32_t *counts, size_t bins)
{
	double total = 0, value = 0, expected;

	for (size_t i = 0; i < bins; i++)
		total += counts[i];
	expected = total / (double)bins;
	for (size_t i = 0; i < bins; i++)
		value += (counts[i] - expected) * (counts[i] - expected) / expected;
	return chi_square_survival(value, (double)bins - 1);
}

bool
chi_square_plausible(double p)
{
	return p > 0.001 && p < 0.999;
}
