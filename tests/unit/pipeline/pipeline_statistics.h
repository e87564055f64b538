/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics for the tests of randomness: Pearson's chi-square, and when it says no. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_STATISTICS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The chance that chi-square with `freedom` degrees of freedom is at least `value`: the upper
 * regularised incomplete gamma function Q(freedom / 2, value / 2), by its series or its continued
 * fraction (Abramowitz and Stegun, 6.5.29 and 6.5.31). Good to six digits up to a million
 * degrees. */
double chi_square_survival(double value, double freedom);

/* p of the hypothesis that `bins` counters came from a uniform source. */
double chi_square_uniform_p(const uint32_t *counts, size_t bins);

/* Neither worse than chance nor too good to be chance. A true random source fails once in 500
 * checks; tests use seeded ones, so that they do not fail now and then. */
bool chi_square_plausible(double p);

#endif
