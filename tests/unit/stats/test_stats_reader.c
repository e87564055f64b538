/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the statistics segment: invalid headers are refused, sums and percentiles are right. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/stats/stats_reader.h"
#include "tests/unit/suite.h"

#define WORKERS 2

struct stats_segment {
	struct stats_header header;
	struct worker_stats workers[WORKERS];
};

static struct stats_segment *
stats_segment_make(void)
{
	struct stats_segment *segment =
		calloc(1, sizeof(*segment) + 64); /* calloc() aligns to 16, enough for words */

	if (segment == NULL)
		abort();
	segment->header.magic = STATS_MAGIC;
	segment->header.version = STATS_VERSION;
	segment->header.worker_count = WORKERS;
	segment->header.size_bytes = sizeof(*segment);
	segment->header.worker_offset = offsetof(struct stats_segment, workers);
	segment->header.worker_stride = sizeof(struct worker_stats);
	return segment;
}

static int
stats_segment_open(struct stats_reader *reader, const void *segment, size_t bytes)
{
	int fd = memfd_create("segment", MFD_CLOEXEC), status;
	const char *why = NULL;

	if (fd < 0 || write(fd, segment, bytes) != (ssize_t)bytes)
		abort();
	status = stats_reader_open(reader, fd, &why);
	close(fd);
	CU_ASSERT_EQUAL(status == 0, why == NULL);
	return status;
}

static const struct {
	const char *what;
	size_t field, field_bytes;
	uint64_t value;
	size_t cut; /* bytes missing at the end of the file */
	bool good;
} headers[] = {
	{"as it should be", 0, 0, 0, 0, true},
	{"magic", offsetof(struct stats_header, magic), 8, 1, 0, false},
	{"version", offsetof(struct stats_header, version), 4, 99, 0, false},
	{"no worker", offsetof(struct stats_header, worker_count), 4, 0, 0, false},
	{"65 workers", offsetof(struct stats_header, worker_count), 4, 65, 0, false},
	{"three workers in the space of two", offsetof(struct stats_header, worker_count), 4, 3, 0,
	 false},
	{"larger than the file", offsetof(struct stats_header, size_bytes), 8, 1 << 30, 0, false},
	{"workers inside the header", offsetof(struct stats_header, worker_offset), 8, 8, 0, false},
	{"workers behind the end", offsetof(struct stats_header, worker_offset), 8, 1 << 30, 0,
	 false},
	{"workers at an unaligned offset", offsetof(struct stats_header, worker_offset), 8,
	 offsetof(struct stats_segment, workers) + 1, 0, false},
	{"workers at the very end", offsetof(struct stats_header, worker_offset), 8, UINT64_MAX - 7,
	 0, false},
	{"stride 0", offsetof(struct stats_header, worker_stride), 8, 0, 0, false},
	{"stride too small", offsetof(struct stats_header, worker_stride), 8,
	 sizeof(struct worker_stats) - 64, 0, false},
	{"stride that wraps around", offsetof(struct stats_header, worker_stride), 8,
	 UINT64_C(1) << 63, 0, false},
	{"a file cut short", 0, 0, 0, 64, false},
	{"a file shorter than the header", 0, 0, 0, sizeof(struct stats_segment) - 100, false},
	{"an empty file", 0, 0, 0, sizeof(struct stats_segment), false},
};

static void
test_headers(void)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct stats_segment *segment = stats_segment_make();
		struct stats_reader reader;
		int status;

		memcpy((char *)segment + headers[i].field, &headers[i].value,
		       headers[i].field_bytes);
		status = stats_segment_open(&reader, segment, sizeof(*segment) - headers[i].cut);
		SUITE_ASSERT((status == 0) == headers[i].good, "%s: %d", headers[i].what, status);
		SUITE_ASSERT(stats_reader_is_open(&reader) == headers[i].good, "%s",
			     headers[i].what);
		stats_reader_close(&reader);
		free(segment);
	}
}

static void
test_sums(void)
{
	struct stats_segment *segment = stats_segment_make();
	struct stats_reader reader;

	segment->workers[0].counters[COUNTER_queries] = 40;
	segment->workers[1].counters[COUNTER_queries] = 2;
	segment->workers[1].drops[DROP_fragment] = 5;
	segment->workers[0].flows_in_flight = 3;
	segment->workers[1].flows_in_flight = 4;
	segment->workers[0].upstreams[511] = (struct upstream_stats){10, 9, 8, 7, 6, 5, 4, 3};
	segment->workers[1].upstreams[511] = (struct upstream_stats){1, 1, 1, 1, 2, 2, 2, 2};
	CU_ASSERT_EQUAL_FATAL(stats_segment_open(&reader, segment, sizeof(*segment)), 0);
	CU_ASSERT_EQUAL(stats_reader_counter(&reader, COUNTER_queries), 42);
	CU_ASSERT_EQUAL(stats_reader_drop(&reader, DROP_fragment), 5);
	CU_ASSERT_EQUAL(stats_reader_in_flight(&reader), 7);
	CU_ASSERT_EQUAL(stats_reader_upstream(&reader, 511).queries, 11);
	CU_ASSERT_EQUAL(stats_reader_upstream(&reader, 511).wrong_case, 8);
	CU_ASSERT_EQUAL(stats_reader_upstream(&reader, 511).in_flight, 7);
	CU_ASSERT_EQUAL(stats_reader_upstream(&reader, 511).latency_sum_us, 6);
	CU_ASSERT_EQUAL(stats_reader_upstream(&reader, 511).attacked, 5);
	stats_reader_close(&reader);
	free(segment);
}

static const struct {
	const char *what;
	uint64_t fast_us, fast, slow_us, slow; /* number of each */
	uint64_t p50, p99, p999;	       /* the upper edges of the buckets */
} latencies[] = {
	{"nothing measured", 0, 0, 0, 0, 0, 0, 0},
	{"one", 100, 1, 0, 0, 104, 104, 104},
	{"half and half", 100, 50, 3000, 50, 104, 3072, 3072},
	{"one in a hundred", 100, 99, 3000, 1, 104, 104, 3072},
	{"one in a thousand", 100, 999, 3000, 1, 104, 104, 104},
};

static void
test_latency(void)
{
	for (size_t i = 0; i < sizeof(latencies) / sizeof(latencies[0]); i++) {
		struct stats_segment *segment = stats_segment_make();
		struct stats_reader reader;
		struct stats_latency latency;

		segment->workers[0].latency[latency_bucket_of(latencies[i].fast_us)] +=
			latencies[i].fast;
		segment->workers[1].latency[latency_bucket_of(latencies[i].slow_us)] +=
			latencies[i].slow;
		segment->workers[0].latency_sum_us = latencies[i].fast * latencies[i].fast_us;
		segment->workers[1].latency_sum_us = latencies[i].slow * latencies[i].slow_us;
		CU_ASSERT_EQUAL_FATAL(stats_segment_open(&reader, segment, sizeof(*segment)), 0);
		latency = stats_reader_latency(&reader);
		SUITE_ASSERT(latency.p50_us == latencies[i].p50, "%s: p50 %llu", latencies[i].what,
			     (unsigned long long)latency.p50_us);
		SUITE_ASSERT(latency.p99_us == latencies[i].p99, "%s: p99 %llu", latencies[i].what,
			     (unsigned long long)latency.p99_us);
		SUITE_ASSERT(latency.p999_us == latencies[i].p999, "%s: p999 %llu",
			     latencies[i].what, (unsigned long long)latency.p999_us);
		stats_reader_close(&reader);
		free(segment);
	}
}

/* One of a thousand, at both ends; and so many responses that a product with 1,000 overflows. */
static const struct {
	const char *what;
	uint64_t counts[3]; /* of 1, 5 and 9 us */
	unsigned thousandths;
	uint64_t us;
} quantiles[] = {
	{"nothing", {0, 0, 0}, 500, 0},
	{"one", {1, 0, 0}, 1, 2},
	{"half", {2, 2, 0}, 500, 2},
	{"over half", {2, 2, 0}, 501, 6},
	{"the slowest", {999, 0, 1}, 1000, 10},
	{"all but the slowest", {999, 0, 1}, 999, 2},
	{"a lot", {UINT64_C(1) << 62, UINT64_C(1) << 62, 1}, 999, 6},
};

static void
test_quantiles(void)
{
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		struct stats_histogram histogram = {.buckets = {[1] = quantiles[i].counts[0],
								[5] = quantiles[i].counts[1],
								[9] = quantiles[i].counts[2]}};
		uint64_t us;

		for (unsigned b = 0; b < 3; b++)
			histogram.count += quantiles[i].counts[b];
		us = stats_histogram_quantile(&histogram, quantiles[i].thousandths);
		SUITE_ASSERT(us == quantiles[i].us, "%s: %llu", quantiles[i].what,
			     (unsigned long long)us);
	}
}

static void
test_histograms(void)
{
	struct stats_segment *segment = stats_segment_make();
	struct stats_reader reader;
	struct stats_histogram all, one;

	segment->workers[0].latency[2] = 10;
	segment->workers[0].latency_sum_us = 25;
	segment->workers[1].latency[2] = 1;
	segment->workers[1].latency[STATS_LATENCY_BUCKETS - 1] = 4;
	segment->workers[1].latency_sum_us = 1000;
	CU_ASSERT_EQUAL_FATAL(stats_segment_open(&reader, segment, sizeof(*segment)), 0);
	all = stats_reader_histogram(&reader);
	one = stats_reader_histogram_of(&reader, 1);
	CU_ASSERT(all.count == 15 && all.sum_us == 1025 && all.buckets[2] == 11);
	CU_ASSERT(one.count == 5 && one.sum_us == 1000 && one.buckets[2] == 1);
	CU_ASSERT_DOUBLE_EQUAL(stats_histogram_mean_us(&one), 200.0, 1e-9);
	stats_histogram_subtract(&all, &one);
	CU_ASSERT(all.count == 10 && all.sum_us == 25 &&
		  all.buckets[STATS_LATENCY_BUCKETS - 1] == 0);
	CU_ASSERT_DOUBLE_EQUAL(stats_histogram_mean_us(&all), 2.5, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(stats_histogram_mean_us(&(struct stats_histogram){.count = 0}), 0.0,
			       0);
	stats_reader_close(&reader);
	free(segment);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"invalid headers", test_headers}, {"sums over workers", test_sums},
			       {"percentiles", test_latency},	  {"quantiles", test_quantiles},
			       {"histograms", test_histograms},	  CU_TEST_INFO_NULL};

	return suite_run("stats_reader", tests);
}
