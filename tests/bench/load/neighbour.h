/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826) and Neighbour Discovery (RFC 4861) on an interface: answers requests for our
 * addresses, and resolves one. Threads: one. */
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
	struct address sought; /* the address to resolve; all 0: none */
	bool is_found;
	struct mac found;
};

/* Handles a frame that is not DNS: answers a request for one of our addresses in the same mbuf, and
 * learns from a response to our request. Takes ownership of the mbuf if it returns true. */
bool neighbours_handle(struct neighbours *neighbours, struct rte_mbuf *mbuf,
		       struct load_counters *counters);

/* Sends a request for `sought`, from the first of our addresses. 0, -ENOMEM, or -EAGAIN if the
 * driver did not accept it. */
int neighbours_ask(const struct neighbours *neighbours, struct rte_mempool *pool);

#endif
