/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests draws against what a uniform, independent draw would give.
 *
 * Each test returns its statistic and how improbable that is. All thresholds are here: they are so
 * strict that with tens of tests each minute a false verdict occurs about once in decades.
 *
 * Pure. */
#ifndef EPHEMERA_CONTROL_STATS_UNIFORMITY_H
#define EPHEMERA_CONTROL_STATS_UNIFORMITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIFORMITY_P_MIN 1e-6 /* below this it is not chance */
#define UNIFORMITY_Z_MAX 5.0  /* nor above this, on either side: 6e-7 */
/* Degrees of freedom from which a distribution that is too even can be detected too. */
#define UNIFORMITY_EVEN_MIN 63
#define UNIFORMITY_EXPECTED 5 /* draws per bin needed for the chi-square distribution to hold */

/* Pearson's chi-square test. */
struct uniformity_chi {
	unsigned degrees; /* 0: too few draws for this test */
	double statistic;
	double p; /* of a statistic at least as large */
};

/* The probability that a chi-square variable with that many degrees of freedom is at least
 * `statistic`: the regularized upper incomplete gamma function Q(degrees/2, statistic/2), by its
 * series or its continued fraction. */
double uniformity_survival(double statistic, double degrees);

/* Tests the counts of `count` equally probable cells. Adjacent cells are merged into bins, as few
 * per bin as give enough draws for each. */
struct uniformity_chi uniformity_cells(const uint64_t *counts, size_t count);

/* Tests whether a random choice of some of `count` cells, `chosen[i]` 0 or 1, is spread evenly. The
 * choice is without replacement, which the variance takes into account. */
struct uniformity_chi uniformity_choice(const uint64_t *chosen, size_t count);

/* True if the counts are too uneven, or too even, for random draws. False if there were too few
 * draws. */
bool uniformity_chi_bad(const struct uniformity_chi *chi);

/* The expected number of `cells` equally probable cells that `draws` draws hit. */
double uniformity_distinct_expected(double cells, double draws);

/* By how many standard deviations the number of distinct cells is off. A small pool within the
 * range shows here long before chi-square detects it. */
double uniformity_distinct_z(double cells, double draws, double distinct);

/* Serial correlation, of each value with its predecessor. */
struct uniformity_serial {
	uint64_t pairs; /* 0: too few */
	double r;	/* -1..1 */
	double z;	/* standard deviations from independent draws */
};

/* Sums over the values x of `draws` draws, y being the value before x; modulo 2^64, which the true
 * sums must not exceed. */
struct uniformity_sums {
	uint64_t x, xx, xy;
};

struct uniformity_serial uniformity_serial(uint64_t draws, const struct uniformity_sums *sums);

/* Combines the result of another stream of draws. */
void uniformity_serial_add(struct uniformity_serial *sum, const struct uniformity_serial *one);

#endif
