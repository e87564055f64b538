/* SPDX-License-Identifier: BSD-3-Clause */
/* Chi-square, occupancy and serial correlation. */
#include "control/stats/uniformity.h"

#include <math.h>

#define GAMMA_TURNS_MAX	  100000 /* about sqrt(degrees) are needed */
#define GAMMA_PRECISION	  1e-15
#define CHOICE_BINS	  64
#define SERIAL_DRAWS_MIN  64
#define DISTINCT_VARIANCE 1.0 /* lower bound: if almost no miss is expected, one proves nothing */

/* The common factor of both expansions: x^a e^-x / gamma(a). */
static double
gamma_factor(double a, double x)
{
	return exp(a * log(x) - x - lgamma(a));
}

/* The lower function P(a, x), for x < a + 1. */
static double
gamma_series(double a, double x)
{
	double term = 1 / a, sum = term;

	for (int n = 1; n < GAMMA_TURNS_MAX && term > sum * GAMMA_PRECISION; n++) {
		term *= x / (a + n);
		sum += term;
	}
	return sum * gamma_factor(a, x);
}

/* The upper function Q(a, x), for x >= a + 1: its continued fraction, from the front (Lentz's
 * method). */
static double
gamma_fraction(double a, double x)
{
	const double tiny = 1e-300;
	double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d, change = 0;

	for (int n = 1; n < GAMMA_TURNS_MAX && fabs(change - 1) > GAMMA_PRECISION; n++) {
		const double numerator = -n * (n - a);

		b += 2;
		d = numerator * d + b;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = b + numerator / c;
		c = fabs(c) < tiny ? tiny : c;
		change = c * d;
		h *= change;
	}
	return h * gamma_factor(a, x);
}

double
uniformity_survival(double statistic, double degrees)
{
	const double a = degrees / 2, x = statistic / 2;

	if (x <= 0)
		return 1;
	return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

static uint64_t
total_of(const uint64_t *counts, size_t count)
{
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += counts[i];
	return total;
}

static struct uniformity_chi
chi_make(double statistic, size_t bins)
{
	return (struct uniformity_chi){.degrees = (unsigned)bins - 1,
				       .statistic = statistic,
				       .p = uniformity_survival(statistic, (double)bins - 1)};
}

struct uniformity_chi
uniformity_cells(const uint64_t *counts, size_t count)
{
	const uint64_t total = total_of(counts, count);
	const size_t width = total > 0 ? (UNIFORMITY_EXPECTED * count + total - 1) / total : count;
	const size_t bins = width > 0 ? count / width : 0;
	double statistic = 0;

	if (bins < 2)
		return (struct uniformity_chi){0};
	for (size_t bin = 0; bin < bins; bin++) {
		const size_t first = bin * count / bins, end = (bin + 1) * count / bins;
		const double expected = (double)total * (double)(end - first) / (double)count;
		const double off = (double)total_of(counts + first, end - first) - expected;

		statistic += off * off / expected;
	}
	return chi_make(statistic, bins);
}

struct uniformity_chi
uniformity_choice(const uint64_t *chosen, size_t count)
{
	const double share = count > 0 ? (double)total_of(chosen, count) / (double)count : 0;
	double statistic = 0;

	if (count < CHOICE_BINS || share >= 1 ||
	    share * (double)count < CHOICE_BINS * UNIFORMITY_EXPECTED ||
	    (1 - share) * (double)count < CHOICE_BINS * UNIFORMITY_EXPECTED)
		return (struct uniformity_chi){0};
	for (size_t bin = 0; bin < CHOICE_BINS; bin++) {
		const size_t first = bin * count / CHOICE_BINS,
			     end = (bin + 1) * count / CHOICE_BINS;
		const double expected = share * (double)(end - first);
		const double off = (double)total_of(chosen + first, end - first) - expected;

		statistic += off * off / (expected * (1 - share));
	}
	/* The bins' counts vary like those of a sample of fixed size, by the factor (count - 1) /
	 * count, which is close enough to 1. */
	return chi_make(statistic, CHOICE_BINS);
}

bool
uniformity_chi_bad(const struct uniformity_chi *chi)
{
	return chi->degrees > 0 &&
	       (chi->p < UNIFORMITY_P_MIN ||
		(chi->degrees >= UNIFORMITY_EVEN_MIN && 1 - chi->p < UNIFORMITY_P_MIN));
}

double
uniformity_distinct_expected(double cells, double draws)
{
	return cells > 1 ? -cells * expm1(draws * log1p(-1 / cells)) : cells;
}

/* The variance is the asymptotic one for many cells. */
double
uniformity_distinct_z(double cells, double draws, double distinct)
{
	const double load = draws / cells;
	const double variance = cells * exp(-load) * (1 - (1 + load) * exp(-load));
	const double off = distinct - uniformity_distinct_expected(cells, draws);
	const double whole = fabs(off) > 0.5 ? fabs(off) - 0.5 : 0;
	const double z = whole / sqrt(variance > DISTINCT_VARIANCE ? variance : DISTINCT_VARIANCE);

	return off < 0 ? -z : z;
}

/* Exact integers until the division: the mean is large compared to the spread, and doubles would
 * lose the significant digits. */
struct uniformity_serial
uniformity_serial(uint64_t draws, const struct uniformity_sums *sums)
{
	const __int128 square = (__int128)sums->x * sums->x;
	const __int128 variance = (__int128)draws * sums->xx - square;
	const __int128 covariance = (__int128)draws * sums->xy - square;
	struct uniformity_serial serial = {.pairs = draws};

	if (draws < SERIAL_DRAWS_MIN)
		return (struct uniformity_serial){0};
	/* A constant value is fully correlated. */
	serial.r = variance > 0 ? (double)covariance / (double)variance : 1;
	serial.z = (serial.r + 1 / (double)draws) * sqrt((double)draws);
	return serial;
}

void
uniformity_serial_add(struct uniformity_serial *sum, const struct uniformity_serial *one)
{
	const double before = (double)sum->pairs, added = (double)one->pairs;

	if (one->pairs == 0)
		return;
	/* z, like r, is weighted by the number of pairs. */
	sum->z = (sum->z * sqrt(before) + one->z * sqrt(added)) / sqrt(before + added);
	sum->r = (sum->r * before + one->r * added) / (before + added);
	sum->pairs += one->pairs;
}
