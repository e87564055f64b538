/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker: all state of one polling core. Stages receive it as an argument; nothing mutable is
 * global.
 *
 * Threads: only the worker writes here unless a field says otherwise; the main thread sets it up
 * before the worker runs.
 * Layout:  fields that every burst uses come first. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_WORKER_H
#define EPHEMERA_DATAPLANE_PIPELINE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>

#include "dataplane/pipeline/burst.h"
#include "dataplane/shared/stats.h"
#include "dataplane/tables/flow.h"
#include "dataplane/tables/limit_table.h"
#include "dataplane/tables/random.h"
#include "dataplane/tables/view.h"

#define WORKER_RING_SIZE  4096
#define WORKER_PROBE_RING 1024
#define WORKER_QUEUES_MAX (SNAPSHOT_INTERFACES_MAX * 4)
#define WORKER_NO_QUEUE	  UINT16_MAX

/* A network interface as workers see it; fixed before they start. */
struct worker_interface {
	uint16_t ethdev;    /* DPDK's port number */
	uint16_t mtu_bytes; /* of the IP packet */
	struct mac mac;
	/* 1: the NIC checks IPv4 header checksums and reports the result in each mbuf */
	uint8_t checks_ip;
	uint8_t checks_udp; /* likewise UDP checksums */
	/* 1: fewer receive queues than workers, so each query is assigned to a worker by hash */
	uint8_t fan_out;
};

/* Packets that wait to be sent on one interface at the end of the turn. */
struct worker_tx {
	uint16_t queue;	  /* this worker's, or WORKER_NO_QUEUE: packets go to worker `through` */
	uint16_t through; /* index of a worker that has a queue */
	uint32_t count;
	struct rte_mbuf *mbufs[BURST_MAX * 2];
};

/* The result of a probe, for the main thread. 16 bytes: an element of the ring. */
struct probe_result {
	uint64_t cookie;
	uint32_t latency_us;
	uint16_t upstream;
	uint8_t outcome; /* enum probe_outcome of shared/message.h */
	uint8_t rcode;
};

/* State that a worker keeps for a pool between queries. */
struct worker_pool {
	uint32_t next; /* POLICY_ROUND_ROBIN: index of the usable member that got the last query */
	/* POLICY_HASH: queries in flight at all usable members: summed at load_tsc, plus those
	 * assigned since */
	uint64_t load;
	uint64_t load_tsc;
};

/* A source for a query: address, port, ID, and the slot of the flow table that port and ID
 * select. */
struct draw {
	struct be16 port, id;
	uint16_t source; /* slot in the snapshot */
	uint32_t flow_slot;
};

/* Draws made one burst before they are used, so that their slots of the flow table are prefetched
 * in time. */
struct draws_ahead {
	uint32_t next; /* index of the next draw to use; the array is a ring */
	struct draw draws[BURST_MAX];
};

struct worker {
	uint32_t index;
	uint32_t worker_count;
	/* main writes (release), workers read (acquire) once per turn */
	struct view *const *current;
	const struct view *view;    /* used during this turn; NULL before the first snapshot */
	struct worker_stats *stats; /* in the statistics segment; only this worker writes */
	uint64_t now_tsc;	    /* start of this turn */
	uint64_t tsc_hz;
	uint64_t us_multiplier; /* worker_us() */
	/* seed of the last turn's view, to detect a new view at a reused address */
	uint64_t view_seed;
	uint32_t view_since;	     /* FLOW_SENT_SHIFT: when this worker began to use the view */
	uint32_t over_limit;	     /* queries over the limit: every Nth is answered TC=1 */
	struct limit_table *limit;   /* shared by all workers */
	uint16_t last_port, last_id; /* of the previous draw, to measure serial correlation */
	uint32_t interface_count;
	const struct worker_interface *interfaces; /* [interface_count] */
	uint8_t interface_of_ethdev[32]; /* [RTE_MAX_ETHPORTS]: position in `interfaces` */
	struct rte_mempool *pool;

	uint32_t rx_count; /* receive queues that this worker polls */
	struct {
		uint16_t ethdev, queue;
	} rx[WORKER_QUEUES_MAX];
	struct worker_tx tx[SNAPSHOT_INTERFACES_MAX];

	struct random_stream random;
	struct draws_ahead draws[FAMILY_COUNT];
	struct worker_pool pools[SNAPSHOT_POOLS_MAX];
	struct flow_table flows;
	uint64_t sweep_next_tsc;
	uint64_t fan_out_seed; /* the same for all workers; secret, new at each start */

	/* received packets that this worker must process; any worker enqueues */
	struct rte_ring *inbox;
	/* packets to send on this worker's queues, interface in mbuf->port; any worker enqueues */
	struct rte_ring *outbox;
	struct worker *const *peers; /* [worker_count], this one included */
	struct rte_ring *probes;     /* worker 0: mbufs from the main thread; else NULL */
	/* worker 0: struct probe_result to the main thread; else NULL */
	struct rte_ring *probe_results;

	struct rte_rcu_qsbr *qsbr;
	const volatile bool *draining; /* main writes: true: accept no new queries */
	const volatile bool *stop;     /* main writes: true: leave the loop */
} __rte_cache_aligned;

static inline void
worker_count(struct worker *worker, enum worker_counter counter, uint64_t n)
{
	worker->stats->counters[counter] += n;
}

/* Converts TSC cycles to microseconds, rounded down; exact up to an hour. [worker] */
static inline uint64_t
worker_us(const struct worker *worker, uint64_t cycles)
{
	return (uint64_t)((unsigned __int128)cycles * worker->us_multiplier >> 64);
}

/* The value of worker->us_multiplier. [main] */
static inline uint64_t
worker_us_multiplier(uint64_t tsc_hz)
{
	return (uint64_t)(((unsigned __int128)1000000 << 64) / tsc_hz);
}

/* Time since a flow's query was sent, in units of FLOW_SENT_SHIFT. [worker] */
static inline uint32_t
flow_age(const struct worker *worker, const struct flow *flow)
{
	return (uint32_t)(worker->now_tsc >> FLOW_SENT_SHIFT) - flow->sent;
}

/* The same in microseconds. [worker] */
static inline uint64_t
flow_age_us(const struct worker *worker, const struct flow *flow)
{
	return worker_us(worker, (uint64_t)flow_age(worker, flow) << FLOW_SENT_SHIFT);
}

/* Frees a packet and counts the reason. [worker] */
static inline void
worker_drop(struct worker *worker, struct rte_mbuf *mbuf, enum drop_reason reason)
{
	worker->stats->drops[reason]++;
	rte_pktmbuf_free(mbuf);
}

#endif
