/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics segment: shared memory that the dataplane writes and other processes map
 * read-only.
 *
 * Layout:  struct stats_header, then header.worker_count times struct worker_stats, each at
 *          header.worker_offset + i * header.worker_stride. Fixed at start.
 * Threads: each struct worker_stats has one writer, its worker; the header has one writer, the
 *          dataplane's main thread. Fields are aligned 64-bit words written with plain stores; a
 *          reader may see fields of different moments, never a torn value. Counters are never reset
 *          under one boot_id. Times are CLOCK_MONOTONIC in nanoseconds. */
#ifndef EPHEMERA_DATAPLANE_SHARED_STATS_H
#define EPHEMERA_DATAPLANE_SHARED_STATS_H

#include <stdint.h>

#include "dataplane/shared/counters.h"
#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/wire.h"

#define STATS_MAGIC   0x3174617473687065u /* "ephstat1" */
#define STATS_VERSION 3

/* Latency: log-linear, STATS_LATENCY_SUB buckets for each power of two of microseconds. Bucket i
 * covers [latency_bucket_us(i), latency_bucket_us(i + 1)); the last one also everything above. */
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
	index = ((power + 1) << STATS_LATENCY_SUB_BITS) +
		(uint32_t)((us >> power) & (STATS_LATENCY_SUB - 1));
	return index < STATS_LATENCY_BUCKETS ? index : STATS_LATENCY_BUCKETS - 1;
}

/* One worker's statistics of one upstream; the index is the upstream's slot in the snapshot. They
 * are not reset when a slot is reused: readers take differences from that moment on. */
struct upstream_stats {
	uint64_t queries;   /* clients' queries sent */
	uint64_t responses; /* delivered, any rcode */
	uint64_t servfails; /* of these, SERVFAIL */
	uint64_t timeouts;
	uint64_t wrong_case;	 /* responses whose question differed only in letter case */
	uint64_t in_flight;	 /* a gauge: flows in flight, including probes */
	uint64_t latency_sum_us; /* of the responses */
	uint64_t attacked;	 /* queries to it with near misses */
} __attribute__((aligned(64)));

/* A source port, over all source addresses. */
struct port_stats {
	uint32_t live;	    /* a gauge: flows in flight there */
	uint32_t drawn;	    /* queries sent from there; wraps */
	uint32_t misses;    /* near misses since the port was last without a flow */
	uint32_t miss_tick; /* time of the last one, FLOW_TICK_SHIFT */
};

/* Sums over the values x of successive draws, with y the value before x, for the serial
 * correlation. They wrap; differences are still right. */
struct draw_sums {
	uint64_t x, xx, xy;
};

/* Statistics of a worker's draws. The histogram of ports is in struct port_stats. */
struct draw_stats {
	uint64_t draws;
	uint64_t id_high[256], id_low[256];
	uint64_t sources[SNAPSHOT_SOURCES_MAX]; /* by slot */
	struct draw_sums port_sums, id_sums;
	uint64_t case_queries; /* queries whose letter case was drawn */
	uint64_t case_letters; /* letters in these */
};

#define STATS_STRAYS	     256
#define STATS_ATTACKS	     64
#define STRAY_QUESTION_BYTES 72

/* A response that was dropped because it did not match, or a query with near misses. */
struct stray {
	uint64_t tsc;
	/* of the response; of an attacked query: the upstream, the source address */
	struct address source, destination;
	struct be16 source_port, destination_port, id;
	uint8_t reason;	   /* enum drop_reason; of an attacked query: 0 */
	uint8_t near_miss; /* 1: a near miss */
	/* size of the whole question, of which `question` may hold only the start */
	uint16_t question_bytes;
	uint16_t misses; /* of an attacked query: number of near misses */
	uint8_t question[STRAY_QUESTION_BYTES];
};

struct worker_stats {
	uint64_t counters[WORKER_COUNTER_COUNT];
	uint64_t drops[DROP_REASON_COUNT];
	uint64_t flows_in_flight; /* a gauge: entries of the flow table in use */
	uint64_t generation;	  /* of the snapshot in use by this worker; 0: none yet */
	uint64_t heartbeat;	  /* turns of the worker's loop, in units of 1,024 */
	uint64_t latency[STATS_LATENCY_BUCKETS];
	uint64_t latency_sum_us;
	struct upstream_stats upstreams[SNAPSHOT_UPSTREAMS_MAX];
	struct draw_stats draw;

	/* Rings: entry (count - 1) % size is the newest. The worker writes the entry, then the
	 * count (release); a reader discards its copy if the count has since advanced by the size
	 * or more. */
	uint64_t stray_count, attack_count;
	struct stray strays[STATS_STRAYS];
	struct stray attacks[STATS_ATTACKS];

	struct port_stats ports[65536];
} __attribute__((aligned(64)));

/* The counters of an interface's driver; packets since the start. */
struct interface_stats {
	char name[32];
	uint64_t received, sent;
	uint64_t missed;     /* received, but the receive queue was full */
	uint64_t no_buffers; /* received, but no packet buffer was free */
	uint64_t bad;	     /* received with errors */
	uint64_t send_errors;
	uint64_t link_up; /* a gauge: 1 or 0 */
};

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
	uint64_t generation;   /* in use by every worker */
	uint64_t mbufs_total;  /* packet buffers in the pool */
	uint64_t mbufs_in_use; /* a gauge, updated every 100 ms; drivers hold some when idle */
	uint64_t updated_ns;   /* when the gauges of this header were updated */
	uint64_t draining;     /* 1 once a stop was requested */
	uint64_t tsc_hz;       /* of the TSC stamps in strays */
	uint64_t started_tsc;  /* the TSC at started_ns */
	uint64_t interface_count;
	struct interface_stats interfaces[SNAPSHOT_INTERFACES_MAX]; /* updated with the gauges */
} __attribute__((aligned(64)));

#endif
