/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker: all state of one polling core. Stages get at it by argument; nothing mutable is global.
 *
 * Threads: the worker writes everything here but what is marked; the main thread sets it up before
 * the worker runs. Layout: first what every burst touches. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_WORKER_H
#define EPHEMERA_DATAPLANE_PIPELINE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "dataplane/pipeline/burst.h"
#include "dataplane/tables/flow.h"
#include "dataplane/tables/limit_table.h"
#include "dataplane/tables/random.h"
#include "dataplane/shared/stats.h"
#include "dataplane/tables/view.h"

#define WORKER_RING_SIZE  4096
#define WORKER_PROBE_RING 1024
#define WORKER_QUEUES_MAX (SNAPSHOT_INTERFACES_MAX * 4)
#define WORKER_NO_QUEUE	  UINT16_MAX

/* A port of the machine as workers see it; fixed before they start. */
struct worker_interface {
	uint16_t ethdev;    /* DPDK's number */
	uint16_t mtu_bytes; /* of the IP packet */
	struct mac mac;
	uint8_t checks_ip;  /* 1: the NIC checks IPv4 header checksums and says so in each mbuf */
	uint8_t checks_udp; /* likewise UDP */
	/* 1: fewer receive queues than workers, so queries are dealt to workers here */
	uint8_t fan_out;
};

/* Packets that wait to be sent on one port at the end of the burst. */
struct worker_tx {
	uint16_t queue; /* of ours, or WORKER_NO_QUEUE: the packets go to worker `through` */
	uint16_t through;
	uint32_t count;
	struct rte_mbuf *mbufs[BURST_MAX * 2];
};

/* What the main thread learns of a probe. 16 bytes, as the ring's elements. */
struct probe_result {
	uint64_t cookie;
	uint32_t latency_us;
	uint16_t upstream;
	uint8_t outcome; /* enum probe_outcome of shared/message.h */
	uint8_t rcode;
};

/* What a worker remembers of a pool between queries. */
struct worker_pool {
	uint32_t next; /* POLICY_ROUND_ROBIN: index of the usable member that had the last query */
	uint64_t load; /* POLICY_HASH: in flight at all usable members together, as it was... */
	uint64_t load_tsc; /* ...then, and what was given since */
};

/* A source for a query: address, port, ID, and the slot in the flow table that these two are. */
struct draw {
	struct be16 port, id;
	uint16_t source; /* slot of the snapshot */
	uint32_t flow_slot;
};

/* Draws made a burst before they are used, whose slots of the flow table are on their way
 * meanwhile. */
struct draws_ahead {
	uint32_t next; /* the first to be used, of a ring */
	struct draw draws[BURST_MAX];
};

struct worker {
	uint32_t index;
	uint32_t worker_count;
	struct view *const *current; /* main writes (release), workers read (acquire) once a turn */
	const struct view *view;     /* what this turn runs on; NULL before the first snapshot */
	struct worker_stats *stats;  /* in the segment; this worker alone writes */
	uint64_t now_tsc;	     /* of this turn */
	uint64_t tsc_hz;
	uint64_t us_multiplier; /* worker_us() */
	uint64_t
		/* of the view of the last turn: a new view may lie where an old one lay */
		view_seed;
	uint32_t view_since; /* FLOW_SENT_SHIFT: when this worker's turns began to run on it */
	uint32_t over_limit; /* queries: each Nth is answered TC=1 */
	struct limit_table *limit;   /* of all workers */
	uint16_t last_port, last_id; /* of the draw before, for the measure of serial correlation */
	uint32_t interface_count;
	const struct worker_interface *interfaces; /* [interface_count] */
	uint8_t interface_of_ethdev[32];	   /* RTE_MAX_ETHPORTS: position in `interfaces` */
	struct rte_mempool *pool;

	uint32_t rx_count; /* the queues that this worker polls */
	struct {
		uint16_t ethdev, queue;
	} rx[WORKER_QUEUES_MAX];
	struct worker_tx tx[SNAPSHOT_INTERFACES_MAX];

	struct random_stream random;
	struct draws_ahead draws[FAMILY_COUNT];
	struct worker_pool pools[SNAPSHOT_POOLS_MAX];
	struct flow_table flows;
	uint64_t sweep_next_tsc;
	uint64_t fan_out_seed; /* the same for all workers; secret, per start */

	struct rte_ring *
		/* received packets whose flow, or whose turn, is ours; any worker enqueues */
		inbox;
	struct rte_ring *
		/* packets to send on our queues, mbuf->port says where; any worker enqueues */
		outbox;
	struct worker *const *peers; /* [worker_count], this one included */
	struct rte_ring *probes;     /* worker 0: mbufs from the main thread; else NULL */
	struct rte_ring
		*probe_results; /* worker 0: struct probe_result to the main thread; else NULL */

	struct rte_rcu_qsbr *qsbr;
	const volatile bool *draining; /* main writes: no new queries */
	const volatile bool *stop;     /* main writes: leave the loop */
} __rte_cache_aligned;

static inline void
worker_count(struct worker *worker, enum worker_counter counter, uint64_t n)
{
	worker->stats->counters[counter] += n;
}

/* Microseconds of a span of TSC cycles, rounded down; exact up to an hour. [worker] */
static inline uint64_t
worker_us(const struct worker *worker, uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * worker->us_multiplier >> 64);
}

/* What worker->us_multiplier must be. [main] */
static inline uint64_t
worker_us_multiplier(uint64_t tsc_hz)
{
	return (uint64_t)(((unsigned __int128)1000000 << 64) / tsc_hz);
}

/* Time since a flow was sent, FLOW_SENT_SHIFT. [worker] */
static inline uint32_t
flow_age(const struct worker *worker, const struct flow *flow)
{
	return (uint32_t)(worker->now_tsc >> FLOW_SENT_SHIFT) - flow->sent;
}

/* Likewise in microseconds. [worker] */
static inline uint64_t
flow_age_us(const struct worker *worker, const struct flow *flow)
{
	return worker_us(worker, (uint64_t)flow_age(worker, flow) << FLOW_SENT_SHIFT);
}

/* Frees a packet and counts why. [worker] */
static inline void
worker_drop(struct worker *worker, struct rte_mbuf *mbuf, enum drop_reason reason)
{
	worker->stats->drops[reason]++;
	rte_pktmbuf_free(mbuf);
}

#endif
