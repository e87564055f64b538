/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig: real workers with all stages, driven by a test in one thread, without hugepages.
 *
 *   test ── rx ring ──> [0: clients] ──> pipeline_turn() ──> [1: farm] ── tx ring ──> test
 *
 * A test is a sequence of cases. rig_begin() starts one; then the test injects frames (rig_inject),
 * runs the workers (rig_run), and takes each sent frame (rig_take). rig_end() checks that nothing
 * else was sent, that every drop was expected, that the balance of shared/counters.h holds, that
 * all flows end on their timeout, that every gauge is 0 again, that every cell, waiter and mbuf is
 * back in its pool, and that each client got a response, timed out or was counted as lost. It
 * prints every fault with the case's description, and counts it.
 *
 * Under AddressSanitizer the bytes of an mbuf after the frame are poisoned, so that a stage that
 * reads beyond it is caught although the pool is not from malloc(). A worker may allocate an mbuf
 * for its own frame once another was freed: so rig_run() removes the poison at its end, and until
 * then the pool, a FIFO, hands out the mbufs freed first. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_RIG_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/pipeline/worker.h"
#include "dataplane/tables/owner.h"
#include "dataplane/tables/view.h"
#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/pipeline/pipeline_edit.h"
#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"

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
	uint32_t rx_queues; /* of each interface, worker i polls queue i; 0: as many as workers */
	uint32_t tx_queues; /* likewise; workers without a queue send through worker 0 */
	uint32_t flows;	    /* of each worker; 0: 4096 */
	/* frames that an interface accepts until the test drains it; a power of two; 0: 8192 */
	uint32_t tx_ring;
	uint16_t client_mtu_bytes; /* of RIG_CLIENTS; 0: 1500 */
	/* TSC rate that the workers and their views assume; 0: this machine's */
	uint64_t tsc_hz;
};

struct rig {
	struct rig_options options;
	const char *description;
	unsigned faults;
	/* after a frame, writable by stages: 6 for a generated response's EDE */
	uint16_t tail_bytes;
	uint16_t receive_queue; /* used by rig_inject() */
	struct limit_table limit;
	uint64_t receive_flags; /* checksum result reported by the "NIC": RTE_MBUF_F_RX_... */

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

	struct rte_mbuf *poisoned[RIG_MBUFS]; /* the last ones injected; a ring */
	uint32_t poisoned_count;

	struct pipeline_sent *sent; /* [RIG_SENT_MAX] */
	uint32_t sent_count, sent_taken;

	uint64_t counters_before[WORKER_COUNTER_COUNT];
	uint64_t drops_before[DROP_REASON_COUNT];
	uint64_t drops_expected[DROP_REASON_COUNT];
};

/* Starts the EAL once per process, without hugepages, files or sockets. False: it failed, and has
 * printed the reason. */
bool rig_eal_start(void);

/* Makes a rig that runs on pipeline_snapshot_new(). The rig is large: must be static. Aborts if out
 * of memory. */
void rig_open(struct rig *rig, const struct rig_options *options);
void rig_close(struct rig *rig);

/* Seals and checks a snapshot (from malloc(); the rig takes ownership) and publishes it to the
 * workers, for their next turn. NULL: none, as at start. */
void rig_publish(struct rig *rig, struct snapshot *snapshot);

/* Seals and checks a snapshot (from malloc(); the view takes ownership) and makes a view of it at
 * the rig's clock rate. The caller frees the view. Aborts if the snapshot is invalid. */
struct view *rig_view_make(struct rig *rig, struct snapshot *snapshot);

void rig_begin(struct rig *rig, const char *description);
unsigned rig_end(struct rig *rig); /* returns the number of faults of this case */

/* Reports a fault of the current case unless `held`; returns `held`. */
bool rig_check(struct rig *rig, bool held, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Expects the case to drop `count` more packets for this reason. */
void rig_expect_drop(struct rig *rig, enum drop_reason reason, uint64_t count);

/* Checks that a counter, summed over workers, has grown by `count` since rig_begin(). */
void rig_expect_count(struct rig *rig, enum worker_counter counter, uint64_t count);
uint64_t rig_counted(const struct rig *rig, enum worker_counter counter);

/* Puts a frame into an interface's receive queue. */
void rig_inject(struct rig *rig, enum rig_interface interface, const void *frame, uint32_t bytes);
void rig_inject_frame(struct rig *rig, enum rig_interface interface,
		      const struct pipeline_frame *frame);

/* Runs turns of every worker until nothing happens any more, and collects the sent frames. */
void rig_run(struct rig *rig);
void rig_turn(struct rig *rig, uint32_t worker); /* one turn of one worker; collects nothing */

/* Makes all bytes of all mbufs readable again; rig_close() needs it. */
void rig_unpoison(struct rig *rig);

/* The next sent frame, with all headers checked, or NULL. Valid until rig_end(). */
const struct pipeline_sent *rig_take(struct rig *rig);

/* Like rig_take(), but there must be one, sent on `interface`. Never NULL: on a fault, reports it
 * and returns an empty frame. */
const struct pipeline_sent *rig_take_from(struct rig *rig, enum rig_interface interface);

/* Lets `ms` pass and ends the flows that have timed out, in all tables. The rig's turns do not
 * sweep, so that no case depends on the machine's speed; rig_sweeps() turns sweeping of a worker on
 * or off. */
void rig_pass(struct rig *rig, uint64_t ms);
void rig_sweeps(struct worker *worker, bool on);

/* The MAC address of an interface, the same in every rig. */ struct mac
rig_mac(enum rig_interface interface);

/* The plain client's frame to a service: 192.0.2.2 or 2001:db8:1::2, port 40000. */
struct pipeline_ends rig_client_ends(const struct rig *rig, bool ipv6);

/* Puts a message, a query or a response, into an interface's receive queue. */ void
rig_inject_query(struct rig *rig, enum rig_interface interface, const struct pipeline_ends *ends,
		 const struct pipeline_dns *query);

/* Makes all flows and near misses older by `ms`. */
void rig_age(struct rig *rig, uint64_t ms);

/* A client sends a query; returns what the upstream got. */
const struct pipeline_sent *rig_ask(struct rig *rig, const struct pipeline_ends *ends,
				    const struct pipeline_dns *query);

/* An upstream sends a response to the query it got. */
void rig_response(struct rig *rig, const struct pipeline_sent *asked,
		  const struct pipeline_dns *response);

/* Does the sent frame carry this message, compared from byte `from` on? 2 ignores the ID. */
bool rig_carries(const struct pipeline_sent *sent, const struct pipeline_dns *message, size_t from);

/* The upstream that a query was sent to, by address and port; none is a fault. */
unsigned rig_upstream_of(struct rig *rig, const struct pipeline_sent *asked);

/* How a forged response differs from the right one; all zero: not at all. */
struct pipeline_forgery {
	const char *source, *source_ipv6; /* by the upstream's family; NULL: the right one */
	const char *destination, *destination_ipv6; /* likewise */
	uint16_t source_port;			    /* 0: the right one */
	uint16_t destination_xor;		    /* of the port */
	uint8_t address_xor;	   /* of the last byte of the destination address */
	uint8_t mac_xor;	   /* of the last byte of the destination MAC address */
	bool by_clients_interface; /* received on RIG_CLIENTS, with its MAC address */
	struct pipeline_edit edits[PIPELINE_EDITS_MAX]; /* of the message */
};

/* A forged response, before it becomes a frame. */
struct pipeline_forged {
	struct pipeline_ends ends;
	struct pipeline_dns dns;
	enum rig_interface interface; /* that it is received on */
};

/* Makes one from the query that the upstream got and the right response. */
void rig_forge(struct pipeline_forged *forged, const struct pipeline_sent *asked,
	       const struct pipeline_dns *right, const struct pipeline_forgery *forgery);

/* A complete exchange: a query of the plain client and a response of `response_bytes` (0: without
 * records), with every check on both. Works with any upstream. */
void rig_exchange(struct rig *rig, bool ipv6, const struct pipeline_dns *query,
		  size_t response_bytes);

/* Number of free waiters. */
uint32_t rig_free_waiters(const struct worker *worker);

/* Orders a probe as the main thread does: of ". NS", or of another question. */
void rig_order_probe(struct rig *rig, uint16_t upstream, uint16_t timeout_ms, uint64_t cookie);
void rig_order_probe_of(struct rig *rig, uint16_t upstream, uint64_t cookie,
			const struct pipeline_dns *question);

#endif
