/* SPDX-License-Identifier: BSD-3-Clause */
/* The farm: turns each query into its response in the same buffer, at once or after a fixed delay.
 * Threads: one. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_FARM_H
#define EPHEMERA_TESTS_BENCH_LOAD_FARM_H

#include "tests/bench/load/counters.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/packet.h"

#define FARM_BURST 64

/* Responses that wait for their time, oldest first: the delay is the same for all. */
struct farm {
	uint16_t device;
	uint64_t delay_tsc;
	uint32_t mask; /* of the arrays below; their size is a power of two */
	uint32_t head, tail;
	struct rte_mbuf **mbufs;
	uint64_t *due_tsc;
	struct load_counters *counters;
};

/* `capacity` responses can wait. 0 or -ENOMEM. */
int farm_open(struct farm *farm, const struct options *options, uint32_t capacity, uint64_t tsc_hz,
	      struct load_counters *counters);
void farm_close(struct farm *farm);

/* Turns the query into a response and queues it. Takes ownership of the mbuf if it returns true. */
bool farm_handle(struct farm *farm, struct rte_mbuf *mbuf, const struct datagram *datagram,
		 uint64_t now_tsc);

/* Sends all responses that are due, as far as the driver accepts them. */
void farm_send(struct farm *farm, uint64_t now_tsc);

#endif
