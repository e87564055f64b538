/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics segment: shared memory that the dataplane writes and everybody else maps read-only.
 *
 * Layout: struct stats_header, then header.worker_count times struct worker_stats, each at
 * header.worker_offset + i * header.worker_stride. It is laid out once at start and never moves.
 * Threads: each struct worker_stats has one writer, its worker; the header has one writer, the dataplane's
 * main thread. Fields are aligned 64-bit words written with plain stores; a reader may see fields of
 * different moments, never a torn value. Nothing is ever reset while a boot id lasts. Times are of
 * CLOCK_MONOTONIC in nanoseconds. */
#ifndef EPHEMERA_STATS_H
#define EPHEMERA_STATS_H

#include <stdint.h>

#include "counters.h"
#include "snapshot.h"

#define STATS_MAGIC   0x3174617473687065u /* "ephstat1" */
#define STATS_VERSION 1

/* Latency: log-linear, STATS_LATENCY_SUB buckets for each power of two of microseconds. Bucket i covers
 * [latency_bucket_us(i), latency_bucket_us(i + 1)); the last one everything above. */
#define STATS_LATENCY_SUB_BITS 3
#define STATS_LATENCY_SUB      (1u << STATS_LATENCY_SUB_BITS)
#define STATS_LATENCY_BUCKETS  176

/* The first microsecond that bucket `index` covers. */
static inline uint64_t
latency_bucket_us(uint32_t index)
{
	uint32_t power = index >> STATS_LATENCY_SUB_BITS, sub = index & (STATS_LATENCY_SUB - 1);

	return power == 0 ? sub : (uint64_t)(STATS_LATENCY_SUB + sub) << (power - 1);
}

/* The bucket that a latency in microseconds belongs to. */
static inline uint32_t
latency_bucket_of(uint64_t us)
{
	uint32_t index, power;

	if (us < STATS_LATENCY_SUB)
		return (uint32_t)us;
	power = 63 - STATS_LATENCY_SUB_BITS - (uint32_t)__builtin_clzll(us);
	index = ((power + 1) << STATS_LATENCY_SUB_BITS) + (uint32_t)((us >> power) & (STATS_LATENCY_SUB - 1));
	return index < STATS_LATENCY_BUCKETS ? index : STATS_LATENCY_BUCKETS - 1;
}

/* What one worker saw of one upstream; the index is the upstream's slot in the snapshot. A slot that is used
 * again goes on counting: readers take differences from the moment they gave it out. */
struct upstream_stats {
	uint64_t queries;   /* of clients */
	uint64_t answers;   /* delivered, any rcode */
	uint64_t servfails; /* of these, SERVFAIL */
	uint64_t timeouts;
	uint64_t in_flight; /* a gauge: flows now, probes included */
};

struct worker_stats {
	uint64_t counters[WORKER_COUNTER_COUNT];
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t flows_in_flight; /* a gauge: entries of the flow table in use */
	uint64_t generation;	  /* of the snapshot this worker runs on; 0: none yet */
	uint64_t heartbeat;	  /* turns of the worker's loop, in units of 1,024 */
	uint64_t latency[STATS_LATENCY_BUCKETS];
	uint64_t latency_sum_us;
	struct upstream_stats upstreams[SNAPSHOT_UPSTREAMS_MAX];
} __attribute__((aligned(64)));

struct stats_header {
	uint64_t magic;
	uint32_t version;
	uint32_t worker_count;
	uint64_t size_bytes;
	uint64_t boot_id; /* random per start of the dataplane, never 0 */
	uint64_t worker_offset;
	uint64_t worker_stride;
	uint64_t started_ns;
	uint64_t pid;
	uint64_t flows_per_worker;
	uint64_t generation;   /* adopted by every worker */
	uint64_t mbufs_total;  /* packet buffers in the pool */
	uint64_t mbufs_in_use; /* a gauge, refreshed every 100 ms; drivers hold some at rest */
	uint64_t updated_ns;   /* when the gauges of this header were refreshed */
	uint64_t draining;     /* 1 from the request to stop on */
} __attribute__((aligned(64)));

#endif
