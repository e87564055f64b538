/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `latency`. */
#include "control/report/report.h"

#include "control/daemon/daemon.h"
#include "control/lib/address.h"

static const struct quantile {
	const char *key;
	unsigned thousandths;
} quantiles[] = {
	{"p50_us", 500}, {"p90_us", 900}, {"p99_us", 990}, {"p999_us", 999}, {"max_us", 1000},
};

/* The buckets that are not empty: [from, to, count]; `to` of the last bucket is null. */
static json_t *
report_buckets(const struct stats_histogram *histogram)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < STATS_LATENCY_BUCKETS; i++) {
		json_t *bucket;

		if (histogram->buckets[i] == 0)
			continue;
		bucket = json_pack("[I]", (json_int_t)latency_bucket_us(i));
		json_array_append_new(bucket,
				      i + 1 < STATS_LATENCY_BUCKETS
					      ? json_integer((json_int_t)latency_bucket_us(i + 1))
					      : json_null());
		json_array_append_new(bucket, json_integer((json_int_t)histogram->buckets[i]));
		json_array_append_new(list, bucket);
	}
	return list;
}

static json_t *
report_histogram(const struct stats_histogram *histogram)
{
	const bool any = histogram->count > 0;
	json_t *report =
		json_pack("{s:I, s:I, s:o}", "count", (json_int_t)histogram->count, "sum_us",
			  (json_int_t)histogram->sum_us, "mean_us",
			  any ? json_real(stats_histogram_mean_us(histogram)) : json_null());

	for (unsigned i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t us = stats_histogram_quantile(histogram, quantiles[i].thousandths);

		json_object_set_new(report, quantiles[i].key,
				    any ? json_integer((json_int_t)us) : json_null());
	}
	json_object_set_new(report, "buckets", report_buckets(histogram));
	return report;
}

static json_t *
report_workers(const struct stats_reader *stats)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < stats->worker_count; i++) {
		const struct stats_histogram histogram = stats_reader_histogram_of(stats, i);

		json_array_append_new(list, report_histogram(&histogram));
	}
	return list;
}

static json_t *
report_upstream_mean(const struct daemon *daemon, unsigned index)
{
	const struct slot *slot = &daemon->publisher.slots.upstreams.slots[index];
	const struct upstream_stats stats = farm_stats(&daemon->farm, index);
	char address[ADDRESS_TEXT_BYTES];

	return json_pack("{s:s, s:s, s:I, s:I, s:o}", "name", slot->name, "address",
			 address_format(&slot->address, address), "responses",
			 (json_int_t)stats.responses, "latency_sum_us",
			 (json_int_t)stats.latency_sum_us, "mean_us",
			 stats.responses > 0
				 ? json_real((double)stats.latency_sum_us / (double)stats.responses)
				 : json_null());
}

json_t *
report_latency(const struct daemon *daemon)
{
	const struct recent_sample *base = recent_base(&daemon->recent);
	const struct stats_histogram total = stats_reader_histogram(&daemon->stats);
	struct stats_histogram recent = total;

	if (base == NULL)
		return NULL;
	stats_histogram_subtract(&recent, &base->latency);
	return json_pack("{s:o, s:o, s:f, s:o, s:o}", "total", report_histogram(&total), "recent",
			 report_histogram(&recent), "window_s",
			 (double)(loop_now_ns() - base->ns) / 1e9, "workers",
			 report_workers(&daemon->stats), "upstreams",
			 report_farm(daemon, report_upstream_mean));
}
