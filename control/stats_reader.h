/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the dataplane's statistics segment (../dataplane/shared/stats.h), mapped read-only.
 *
 * What the header says about sizes and offsets is checked against the size of the segment once, and only the
 * checked copy is used afterwards. Sums are of words that are each read once; fields of different moments may
 * meet. Values grow as long as the boot id lasts; a restarted dataplane begins at 0 with another one. */
#ifndef EPHEMERA_STATS_READER_H
#define EPHEMERA_STATS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../dataplane/shared/stats.h"

#define STATS_READER_WORKERS_MAX 64

struct stats_reader {
	const uint8_t *segment; /* NULL: none */
	size_t size_bytes;
	unsigned worker_count;
	size_t worker_offset, worker_stride;
};

/* Percentiles are the upper edge of the bucket they fall into (the lower one of the last bucket); all 0 when
 * nothing was measured. */
struct stats_latency {
	uint64_t p50_us, p99_us, p999_us;
	double mean_us;
};

/* Maps the segment behind `fd`, which stays the caller's. 0; or -errno, and *why then says what is wrong with
 * it, a constant string. */
int stats_reader_open(struct stats_reader *reader, int fd, const char **why);
void stats_reader_close(struct stats_reader *reader); /* one that is not open is fine */

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

#endif
