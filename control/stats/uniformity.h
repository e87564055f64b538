/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of draws against what a uniform, independent draw would give.
 *
 * Each test answers with its statistic and with how improbable that is. All thresholds stand here:
 * they are so far out that a verdict made every minute from some tens of tests is wrong about once
 * in decades.
 *
 * Pure. */
#ifndef EPHEMERA_CONTROL_STATS_UNIFORMITY_H
#define EPHEMERA_CONTROL_STATS_UNIFORMITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIFORMITY_P_MIN 1e-6 /* less is not chance */
#define UNIFORMITY_Z_MAX 5.0  /* nor is more, to either side: 6e-7 */
#define UNIFORMITY_EVEN_MIN                                                                        \
	63		      /* degrees of freedom from which too even a spread can be told, too */
#define UNIFORMITY_EXPECTED 5 /* draws that a bin needs for the chi-square distribution to hold */

/* Pearson's chi-square test. */
struct uniformity_chi {
	unsigned degrees; /* 0: too few draws for this test */
	double statistic;
	double p; /* of a statistic as large or larger */
};

/* The probability that a chi-square variable of so many degrees of freedom is at least `statistic`:
 * the regularized upper incomplete gamma function Q(degrees/2, statistic/2), by its series or its
 * continued fraction. */
double uniformity_survival(double statistic, double degrees);

/* Counts of `count` cells, each as probable as any other. Cells are merged to bins of neighbours
 * where there are too few draws for each: as few cells to a bin as is enough. */
struct uniformity_chi uniformity_cells(const uint64_t *counts, size_t count);

/* A random choice of some of `count` cells, `chosen[i]` 0 or 1: is it spread evenly over all? The
 * choice is one without putting back, which the variance takes into account. */
struct uniformity_chi uniformity_choice(const uint64_t *chosen, size_t count);

/* True if the counts are too uneven, or too even, to be drawn. A test with too few draws accuses
 * nobody. */
bool uniformity_chi_bad(const struct uniformity_chi *chi);

/* How many of `cells` equally probable cells `draws` draws hit. */
double uniformity_distinct_expected(double cells, double draws);

/* By how many standard deviations the number that were hit is off. A small pool inside the range
 * shows here long before chi-square sees it. */
double uniformity_distinct_z(double cells, double draws, double distinct);

/* Serial correlation: of each value with the one before it. */
struct uniformity_serial {
	uint64_t pairs; /* 0: too few */
	double r;	/* -1..1 */
	double z;	/* in standard deviations from what independent draws have */
};

/* Sums over the values x of `draws` draws, y being the value before x; modulo 2^64, which the true
 * sums must not exceed. */
struct uniformity_sums {
	uint64_t x, xx, xy;
};

struct uniformity_serial uniformity_serial(uint64_t draws, const struct uniformity_sums *sums);

/* Adds what another stream of draws showed. */
void uniformity_serial_add(struct uniformity_serial *sum, const struct uniformity_serial *one);

#endif
