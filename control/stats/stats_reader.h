/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the dataplane's statistics segment (dataplane/shared/stats.h), mapped read-only.
 *
 * Sizes and offsets in the header are checked once against the size of the segment, and only the
 * checked copy is used afterwards. Each word is read once; words of different moments may be
 * combined. Counters are monotonic for one boot id; a restarted dataplane has another boot id and
 * starts at 0. */
#ifndef EPHEMERA_CONTROL_STATS_STATS_READER_H
#define EPHEMERA_CONTROL_STATS_STATS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/shared/stats.h"

#define STATS_READER_WORKERS_MAX 64

struct stats_reader {
	const uint8_t *segment; /* NULL: not open */
	size_t size_bytes;
	unsigned worker_count;
	size_t worker_offset, worker_stride;
};

/* Latencies of upstreams' responses, by bucket (latency_bucket_us() in
 * dataplane/shared/stats.h). */
struct stats_histogram {
	uint64_t buckets[STATS_LATENCY_BUCKETS];
	uint64_t count;
	uint64_t sum_us;
};

/* Percentiles by stats_histogram_quantile(); all 0 if nothing was measured. */
struct stats_latency {
	uint64_t p50_us, p99_us, p999_us;
	double mean_us;
};

/* Maps the segment of `fd`, which stays the caller's. 0; or -errno, and *why is the reason, a
 * constant string. */
int stats_reader_open(struct stats_reader *reader, int fd, const char **why);
void stats_reader_close(struct stats_reader *reader); /* no-op if not open */

bool stats_reader_is_open(const struct stats_reader *reader);

/* The functions below need an open reader. */
const struct stats_header *stats_reader_header(const struct stats_reader *reader);
const struct worker_stats *stats_reader_worker(const struct stats_reader *reader, unsigned worker);

/* Sums over the workers. */
uint64_t stats_reader_counter(const struct stats_reader *reader, enum worker_counter counter);
uint64_t stats_reader_drop(const struct stats_reader *reader, enum drop_reason reason);
uint64_t stats_reader_in_flight(const struct stats_reader *reader);
struct upstream_stats stats_reader_upstream(const struct stats_reader *reader, unsigned slot);
struct stats_latency stats_reader_latency(const struct stats_reader *reader);
struct stats_histogram stats_reader_histogram(const struct stats_reader *reader);

/* Of one worker. */
struct stats_histogram stats_reader_histogram_of(const struct stats_reader *reader,
						 unsigned worker);

/* The functions below need no reader. */

/* The latency that `thousandths` (1 to 1000) of all values do not exceed: the upper edge of its
 * bucket, or the lower edge of the last bucket; 0 if nothing was measured. */
uint64_t stats_histogram_quantile(const struct stats_histogram *histogram, unsigned thousandths);

/* 0 if nothing was measured. */
double stats_histogram_mean_us(const struct stats_histogram *histogram);

/* Leaves in `now` what was measured since `before`. */
void stats_histogram_subtract(struct stats_histogram *now, const struct stats_histogram *before);

#endif
