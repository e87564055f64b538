/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig: real workers with real stages, fed and drained by a test in one thread, without
 * hugepages.
 *
 *   test ── rx ring ──> [port 0: clients] ──> pipeline_turn() ──> [port 1: farm] ── tx ring ──> test
 *
 * A test is a sequence of cases. rig_begin() opens one; then frames go in (rig_inject), workers
 * turn (rig_run), and each frame that came out is taken (rig_take); rig_end() is the oracle:
 * nothing else was sent, every drop was one that the case expected, the balance of
 * shared/counters.h holds, all flows end when their time is over, every gauge is back at 0, every
 * cell, waiter and mbuf in its pool, and each client was answered, timed out or counted as lost.
 * What it finds wrong it prints, with the case's description, and counts.
 *
 * Under AddressSanitizer the bytes of an mbuf behind the frame are poisoned, so that a stage that
 * reads on is caught although the pool is no memory of malloc(). A worker may take an mbuf for a
 * frame of its own once another freed it: so the poison is gone after rig_run(), and until then the
 * pool, a queue, gives out first what was freed first. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_RIG_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/tables/owner.h"
#include "dataplane/tables/view.h"
#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/pipeline/pipeline_edit.h"
#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "dataplane/pipeline/worker.h"

#define RIG_WORKERS_MAX 3
#define RIG_SENT_MAX	4096
#define RIG_MBUFS	8191
#define RIG_LIMIT_SETS	64

enum rig_interface {
	RIG_CLIENTS,
	RIG_FARM,
	RIG_INTERFACE_COUNT,
};

struct rig_options {
	uint32_t workers;   /* 0: 1 */
	uint32_t rx_queues; /* of each port, worker i polls queue i; 0: as many as workers */
	uint32_t tx_queues; /* likewise; workers beyond send through worker 0 */
	uint32_t flows;	    /* of each worker; 0: 4096 */
	uint32_t
		/* frames that a port takes until the test drains it; a power of two; 0: 8192 */
		tx_ring;
	uint16_t client_mtu_bytes; /* of RIG_CLIENTS; 0: 1500 */
	uint64_t
		tsc_hz; /* what the workers, and the views made for them, take the TSC's rate to be; 0: this
			    machine's */
};

struct rig {
	struct rig_options options;
	const char *description;
	unsigned faults;
	uint16_t
		/* behind a frame, that stages may write to: 6 for an own response's EDE */
		tail_bytes;
	uint16_t receive_queue; /* that rig_inject() uses */
	struct limit_table limit;
	uint64_t receive_flags; /* what the "NIC" says of checksums: RTE_MBUF_F_RX_... */

	struct rte_mempool *pool;
	uint32_t pool_count;
	struct rte_ring *rx[RIG_INTERFACE_COUNT][RIG_WORKERS_MAX],
		*tx[RIG_INTERFACE_COUNT][RIG_WORKERS_MAX];
	struct worker_interface interfaces[RIG_INTERFACE_COUNT];
	struct worker *workers[RIG_WORKERS_MAX];
	struct worker_stats *stats; /* [workers] */
	struct rte_ring *probes, *probe_results;
	struct owners owners;
	struct view *view;
	volatile bool draining, stop;

	struct rte_mbuf *poisoned[RIG_MBUFS]; /* the last ones injected, a ring */
	uint32_t poisoned_count;

	struct pipeline_sent *sent; /* [RIG_SENT_MAX] */
	uint32_t sent_count, sent_taken;

	uint64_t counters_before[WORKER_COUNTER_COUNT];
	uint64_t drops_before[DROP_REASON_COUNT];
	uint64_t drops_expected[DROP_REASON_COUNT];
};

/* Starts the EAL once a process, without hugepages, files or sockets; false: it would not, and said
 * why. */
bool rig_eal_start(void);

/* Makes a rig that runs on pipeline_snapshot_new(). It is large: keep it static. Aborts when memory
 * is short. */
void rig_open(struct rig *rig, const struct rig_options *options);
void rig_close(struct rig *rig);

/* Seals and checks a snapshot (of malloc(); the rig takes it) and lets the workers see it, from
 * their next turn. NULL: none, as at the start. */
void rig_publish(struct rig *rig, struct snapshot *snapshot);

/* Seals and checks a snapshot (of malloc(); the view takes it) and makes a view of it at the rig's
 * clock rate. The caller frees it. Aborts when the snapshot is refused. */
struct view *rig_view_make(struct rig *rig, struct snapshot *snapshot);

void rig_begin(struct rig *rig, const char *description);
unsigned rig_end(struct rig *rig); /* returns what was wrong with this case */

/* Tells a fault of the current case unless `held`; returns it. */
bool rig_check(struct rig *rig, bool held, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The case is to drop so many more packets for this reason. */
void rig_expect_drop(struct rig *rig, enum drop_reason reason, uint64_t count);

/* Checks by how much a counter, summed over workers, has grown since rig_begin(). */
void rig_expect_count(struct rig *rig, enum worker_counter counter, uint64_t count);
uint64_t rig_counted(const struct rig *rig, enum worker_counter counter);

/* Lays a frame into a port's receive queue. */
void rig_inject(struct rig *rig, enum rig_interface port, const void *frame, uint32_t bytes);
void rig_inject_frame(struct rig *rig, enum rig_interface port, const struct pipeline_frame *frame);

/* Lets every worker turn until nothing moves any more, and collects what was sent. */
void rig_run(struct rig *rig);
void rig_turn(struct rig *rig, uint32_t worker); /* one turn of one worker; collects nothing */

/* Makes all bytes of all mbufs readable again; rig_close() needs it. */
void rig_unpoison(struct rig *rig);

/* The next sent frame, checked in all its headers, or NULL. Valid until rig_end(). */
const struct pipeline_sent *rig_take(struct rig *rig);

/* Like rig_take(), but there must be one, and it must leave by `port`. Never NULL: it returns an
 * empty frame with the fault told. */
const struct pipeline_sent *rig_take_from(struct rig *rig, enum rig_interface port);

/* Ends what has waited longer than `ms` from now, in all tables. Turns of the rig do not sweep, so
 * that no case depends on how fast the machine is; rig_sweeps() lets a worker's do, or stops them
 * again. */
void rig_pass(struct rig *rig, uint64_t ms);
void rig_sweeps(struct worker *worker, bool on);

/* The MAC address of a port of every rig. */
struct mac rig_mac(enum rig_interface port);

/* The plain client's frame to a service: 192.0.2.2 or 2001:db8:1::2, port 40000. */
struct pipeline_ends rig_client_ends(const struct rig *rig, bool ipv6);

/* Lays a message, a query or a response, into a port's receive queue. */
void rig_inject_query(struct rig *rig, enum rig_interface port, const struct pipeline_ends *ends,
		      const struct pipeline_dns *query);

/* Makes all flows, and all near misses, older by `ms`. */
void rig_age(struct rig *rig, uint64_t ms);

/* A client asks; what the upstream got. */
const struct pipeline_sent *rig_ask(struct rig *rig, const struct pipeline_ends *ends,
				    const struct pipeline_dns *query);

/* An upstream responses to what it got. */
void rig_response(struct rig *rig, const struct pipeline_sent *asked,
		  const struct pipeline_dns *response);

/* Does the sent frame carry this message, from byte `from` of it on: 0, or 2 if the ID may be
 * another? */
bool rig_carries(const struct pipeline_sent *sent, const struct pipeline_dns *message, size_t from);

/* Which upstream a query went to, by address and port; a query to none of them is a fault. */
unsigned rig_upstream_of(struct rig *rig, const struct pipeline_sent *asked);

/* How a forged response differs from the right one; all zero does not. */
struct pipeline_forgery {
	const char *source,
		*source_ipv6; /* for either family of the upstream; NULL: the right one */
	const char *destination, *destination_ipv6; /* likewise */
	uint16_t source_port;			    /* 0: the right one */
	uint16_t destination_xor;		    /* of the port */
	uint8_t address_xor;  /* of the last byte of the destination address */
	uint8_t station_xor;  /* of the last byte of the destination MAC address */
	bool by_clients_port; /* it comes by RIG_CLIENTS, and is addressed to it */
	struct pipeline_edit edits[PIPELINE_EDITS_MAX]; /* of the message */
};

/* A forged response before it is made into a frame. */
struct pipeline_forged {
	struct pipeline_ends ends;
	struct pipeline_dns dns;
	enum rig_interface port; /* by which it comes */
};

/* Makes one from the query that the upstream got and the right response to it. */
void rig_forge(struct pipeline_forged *forged, const struct pipeline_sent *asked,
	       const struct pipeline_dns *right, const struct pipeline_forgery *forgery);

/* The whole way: a query of the plain client, its response of `response_bytes` (0: without
 * records), every check on both. Works with whatever upstream is chosen. */
void rig_exchange(struct rig *rig, bool ipv6, const struct pipeline_dns *query,
		  size_t response_bytes);

/* Waiters in the pool. */
uint32_t rig_free_waiters(const struct worker *worker);

/* Orders a probe, as the main thread does: for ". NS", or for another question. */
void rig_order_probe(struct rig *rig, uint16_t upstream, uint16_t timeout_ms, uint64_t cookie);
void rig_order_probe_of(struct rig *rig, uint16_t upstream, uint64_t cookie,
			const struct pipeline_dns *question);

#endif
