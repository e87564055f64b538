/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics for tests of randomness: Pearson's chi-square test. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_STATISTICS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The probability that chi-square with `freedom` degrees of freedom is at least `value`: the upper
 * regularised incomplete gamma function Q(freedom / 2, value / 2), by its series or its continued
 * fraction (Abramowitz and Stegun, 6.5.29 and 6.5.31). Accurate to six digits up to a million
 * degrees. */
double chi_square_survival(double value, double freedom);

/* The p-value of the hypothesis that `bins` counters come from a uniform source. */
double chi_square_uniform_p(const uint32_t *counts, size_t bins);

/* Is p neither too small nor too large to be chance? A true random source fails once in 500 checks;
 * tests use seeded ones, so that they are repeatable. */
bool chi_square_plausible(double p);

#endif
