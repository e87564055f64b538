/* SPDX-License-Identifier: BSD-3-Clause */
/* The command latency: quantiles, means and the distribution. */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/render.h"
#include "control/cli/rows.h"

#define DOUBLINGS 64

static const struct column quantile_columns[] = {
	{"count", cell_number, "count"}, {"mean", cell_latency, "mean_us"},
	{"p50", cell_latency, "p50_us"}, {"p90", cell_latency, "p90_us"},
	{"p99", cell_latency, "p99_us"}, {"p99.9", cell_latency, "p999_us"},
	{"max", cell_latency, "max_us"}, {NULL, NULL, NULL},
};

static const struct column upstream_columns[] = {
	{"upstream", cell_text, "name"},
	{"address", cell_text, "address"},
	{"responses", cell_number, "responses"},
	{"mean", cell_latency, "mean_us"},
	{NULL, NULL, NULL},
};

static void
quantiles_add(struct table *table, const char *who, const json_t *histogram)
{
	table_cell(table, who);
	rows_add(table, quantile_columns, histogram);
}

static void
quantiles_render(const json_t *result, FILE *out)
{
	struct table table = {.alignment = "lrrrrrrr"};
	const json_t *workers = json_object_get(result, "workers"), *worker;
	char who[64];
	size_t i;

	table_cell(&table, "responses");
	rows_heading(&table, quantile_columns);
	snprintf(who, sizeof(who), "last %.0f s", json_measure(result, "window_s"));
	quantiles_add(&table, who, json_object_get(result, "recent"));
	quantiles_add(&table, "since the start", json_object_get(result, "total"));
	json_array_foreach(workers, i, worker)
	{
		if (json_array_size(workers) < 2)
			break;
		snprintf(who, sizeof(who), "  worker %zu", i);
		quantiles_add(&table, who, worker);
	}
	table_write(&table, "", out);
}

static void
upstreams_render(const json_t *upstreams, FILE *out)
{
	struct table table = {.alignment = "llrr"};

	rows_fill(&table, upstream_columns, upstreams, ROWS_ALL);
	fputc('\n', out);
	table_write(&table, "", out);
}

/* The power-of-two range of a latency: 0 is less than 1 us, 1 is 1 us, 2 is 2 and 3 us. */
static unsigned
doubling_of(long long us)
{
	unsigned doubling = 0;

	for (; us > 0 && doubling + 1 < DOUBLINGS; us >>= 1)
		doubling++;
	return doubling;
}

/* Adds up the responses of each power-of-two range; false: there are none. */
static bool
doublings_sum(const json_t *buckets, double sums[DOUBLINGS], unsigned *first, unsigned *last)
{
	const json_t *bucket;
	size_t i;

	*first = *last = 0;
	json_array_foreach(buckets, i, bucket)
	{
		unsigned doubling =
			doubling_of((long long)json_number_value(json_array_get(bucket, 0)));

		sums[doubling] += json_number_value(json_array_get(bucket, 2));
		if (i == 0)
			*first = doubling;
		*last = doubling;
	}
	return i > 0;
}

static void
distribution_render(const json_t *histogram, const struct style *style, FILE *out)
{
	double sums[DOUBLINGS] = {0}, most = 0, count = json_measure(histogram, "count");
	unsigned first, last, room = style->columns > 44 ? style->columns - 44 : 1;
	char bar[4 * 1024];

	if (!doublings_sum(json_object_get(histogram, "buckets"), sums, &first, &last))
		return;
	for (unsigned i = first; i <= last; i++)
		most = sums[i] > most ? sums[i] : most;
	fputs("\ndistribution since the start\n", out);
	for (unsigned i = first; i <= last; i++) {
		char edge[TABLE_NUMBER_BYTES], number[TABLE_NUMBER_BYTES],
			share[TABLE_NUMBER_BYTES];

		/* the range ends at 2^i - 1 us */
		fprintf(out, "  less than %8s  %12s  %6s  %s\n",
			latency_format((double)(UINT64_C(1) << i), edge),
			number_format((long long)sums[i], number),
			share_format(sums[i] / count, share),
			style_bar(style, sums[i] / most, room < 1000 ? room : 1000, bar));
	}
}

void
latency_render(const json_t *result, const struct style *style, FILE *out)
{
	quantiles_render(result, out);
	upstreams_render(json_object_get(result, "upstreams"), out);
	distribution_render(json_object_get(result, "total"), style, out);
}

static void
latency_show(const struct cli_options *options, const json_t *result)
{
	const struct style style = style_of_stdout();

	(void)options;
	latency_render(result, &style, stdout);
}

enum cli_exit
cli_latency(const struct cli_options *options)
{
	return client_show(options, "latency", NULL, latency_show);
}
