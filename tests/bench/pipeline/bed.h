/* SPDX-License-Identifier: BSD-3-Clause */
/* The test bed of the workers: what the dataplane's main thread makes for them, with interfaces
 * made of rings.
 *
 *   bench ── rx ring ──> [clients] ──> pipeline_turn() ──> [farm] ── tx ring ──> bench
 *
 * The workers, their tables and views are those of the dataplane, and so is the kind of memory:
 * huge pages for flow tables and packets, ordinary shared pages for statistics. It is made once;
 * bed_set() resets it for each case. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_BED_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_BED_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include "dataplane/pipeline/worker.h"
#include "dataplane/tables/owner.h"
#include "dataplane/tables/view.h"
#include "tests/bench/pipeline/cases.h"

#define BED_WORKERS  2
#define BED_SOURCES  8
#define BED_PORT_MIN 49152
#define BED_RING     8192

enum bed_interface {
	BED_CLIENTS,
	BED_FARM,
	BED_INTERFACE_COUNT,
};

struct bed {
	const char *pages; /* the kind of pages of the flow tables */
	struct rte_mempool *pool;
	struct rte_ring *rx[BED_INTERFACE_COUNT][BED_WORKERS],
		*tx[BED_INTERFACE_COUNT][BED_WORKERS];
	struct worker_interface interfaces[BED_INTERFACE_COUNT];
	struct worker *workers[BED_WORKERS];
	struct worker_stats *stats; /* [BED_WORKERS] */
	void *flow_memory;
	size_t flow_bytes;
	struct rte_ring *probes, *probe_results;
	struct limit_table limit;
	struct owners owners;
	struct view *view;
	volatile bool draining, stop;
};

/* Starts EAL on the first two cores that this process may use (or twice on the only one). False:
 * the reason was printed to stderr. */
bool bed_eal_start(bool huge);

/* `flows`: the maximum number of flow table entries of all workers together in any case. Aborts
 * when memory is short. */
void bed_open(struct bed *bed, uint32_t flows, bool huge);
void bed_close(struct bed *bed);

/* Makes tables, statistics and view for a case with that many workers. No worker may be in a
 * turn. */
void bed_set(struct bed *bed, const struct bench_case *c, uint32_t workers);

/* Zeroed anonymous memory, in huge pages if available, from the reserved ones if `reserved`; *pages
 * is set to the kind. Aborts when there is none. */
void *bed_memory(size_t bytes, bool reserved, const char **pages);

/* Addresses of the test bed. The peers are the client, and the next hop to the farm. */
struct mac bed_mac(enum bed_interface interface);
struct mac bed_peer_mac(enum bed_interface interface);
struct address bed_service(bool ipv6);
struct address bed_source(bool ipv6, unsigned n);
struct address bed_upstream(bool ipv6, unsigned n);

#endif
