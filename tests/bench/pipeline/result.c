/* SPDX-License-Identifier: BSD-3-Clause */
/* Medians. */
#include "tests/bench/pipeline/result.h"

#include <stdlib.h>
#include <string.h>

#define INTERRUPTED 5 /* times the median */

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
median(const double *values, uint32_t count)
{
	double *sorted, middle;

	if (count == 0)
		return 0;
	sorted = malloc(count * sizeof(*sorted));
	if (sorted == NULL)
		abort();
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
	free(sorted);
	return middle;
}

double
phases_mean(const uint64_t *cycles, uint32_t count, uint64_t *interrupted)
{
	double *values = malloc(count * sizeof(*values)), most, sum = 0;
	uint32_t kept = 0;

	if (values == NULL)
		abort();
	for (uint32_t i = 0; i < count; i++)
		values[i] = (double)cycles[i];
	most = INTERRUPTED * median(values, count);
	for (uint32_t i = 0; i < count; i++) {
		if (values[i] > most)
			continue;
		sum += values[i];
		kept++;
	}
	free(values);
	*interrupted += count - kept;
	return sum / kept;
}

/* The median over rounds of a value of each round. */
static double
over_rounds(const struct case_result *result, double (*value)(const struct round_result *, int),
	    int argument)
{
	double values[RESULT_ROUNDS_MAX];

	for (uint32_t i = 0; i < result->rounds; i++)
		values[i] = value(&result->round[i], argument);
	return median(values, result->rounds);
}

static double
round_total(const struct round_result *round, int unused)
{
	(void)unused;
	return round->total;
}

static double
round_baseline(const struct round_result *round, int unused)
{
	(void)unused;
	return round->baseline;
}

static double
round_own(const struct round_result *round, int unused)
{
	(void)unused;
	return round->total - round->baseline;
}

static double
round_stage(const struct round_result *round, int stage)
{
	return round->stages[stage];
}

static double
round_rest(const struct round_result *round, int unused)
{
	double rest = round->split_total;

	(void)unused;
	for (int i = 0; i < SPLIT_STAGE_COUNT; i++)
		rest -= round->stages[i];
	return rest;
}

double
case_total(const struct case_result *result)
{
	return over_rounds(result, round_total, 0);
}

double
case_baseline(const struct case_result *result)
{
	return over_rounds(result, round_baseline, 0);
}

double
case_own(const struct case_result *result)
{
	return over_rounds(result, round_own, 0);
}

double
case_stage(const struct case_result *result, enum split_stage stage)
{
	return over_rounds(result, round_stage, (int)stage);
}

double
case_rest(const struct case_result *result)
{
	return over_rounds(result, round_rest, 0);
}

double
pair_ratio(const struct pair_result *pair)
{
	double ratios[RESULT_ROUNDS_MAX];

	for (uint32_t i = 0; i < pair->rounds; i++)
		ratios[i] = pair->two[i] / pair->one[i];
	return median(ratios, pair->rounds);
}

const struct case_result *
result_case(const struct result *result, const char *name)
{
	for (uint32_t i = 0; i < result->case_count; i++)
		if (strcmp(result->cases[i].c->name, name) == 0)
			return &result->cases[i];
	return NULL;
}
