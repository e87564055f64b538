/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826) and Neighbour Discovery (RFC 4861) on a port of ours: answers for our addresses,
 * and asks for one. Threads: one. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_NEIGHBOUR_H
#define EPHEMERA_TESTS_BENCH_LOAD_NEIGHBOUR_H

#include <rte_mempool.h>

#include "tests/bench/load/counters.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/packet.h"

struct neighbours {
	uint16_t device;
	struct mac own;
	uint32_t range_count;
	struct address_block ranges[1 + OPTIONS_FARM_RANGES_MAX]; /* our addresses here */
	struct address sought; /* whose MAC address we want; all 0: nobody's */
	bool is_found;
	struct mac found;
};

/* Looks at a frame that is not DNS: answers a request for one of our addresses in the same mbuf,
 * and learns from a response to ours. Takes the mbuf if it returns true. */
bool neighbours_handle(struct neighbours *neighbours, struct rte_mbuf *mbuf,
		       struct load_counters *counters);

/* Asks for `sought`, as the first of our addresses. 0, -ENOMEM, or -EAGAIN if the port did not take
 * it. */
int neighbours_ask(const struct neighbours *neighbours, struct rte_mempool *pool);

#endif
