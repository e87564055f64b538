/* SPDX-License-Identifier: BSD-3-Clause */
/* The clients: make queries, and check every response against the query that it belongs to.
 *
 * Queries are numbered. Number n comes from client n % clients, asks for name n % names, and its ID
 * is made of n / clients; so client and ID of a response lead back to the number, and an array with
 * the time of sending, indexed by the number, is all that has to be remembered. Threads: one. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_CLIENT_H
#define EPHEMERA_TESTS_BENCH_LOAD_CLIENT_H

#include "tests/bench/load/counters.h"
#include "tests/bench/load/latency.h"
#include "tests/bench/load/names.h"
#include "tests/bench/load/packet.h"

#define CLIENT_BURST 64

struct client_end {
	uint32_t low; /* the last 32 bits of its address, network order */
	struct be16 port;
	uint32_t sum; /* of both */
};

struct clients {
	const struct options *options;
	const struct names *names;
	struct rte_mempool *pool;
	uint64_t units_per_tsc; /* latency.h */

	uint8_t head[FRAME_HEAD_MAX + 2]; /* Ethernet to DNS header, without what differs */
	uint32_t head_bytes;
	uint32_t ip_sum, udp_sum; /* of what does not differ */
	bool is_ipv4;

	uint32_t count;
	struct client_end *ends; /* [count] */
	uint32_t address_first;	 /* the last 32 bits, host order */
	uint32_t port_count;

	uint64_t next;	       /* the number of the next query */
	uint32_t next_client;  /* next % count */
	uint32_t next_name;    /* next % names->count */
	uint32_t round;	       /* next / count */
	uint64_t period;       /* 65536 * count: after so many a client's IDs begin again */
	uint64_t period_start; /* the last multiple of it, <= next */
	uint32_t sent_mask;    /* size of sent_tsc - 1 */
	uint64_t *sent_tsc; /* [number & mask]: when it was sent, 0: nothing waits for a response */
	uint64_t measured_first; /* answers to earlier queries do not count */

	uint32_t waiting_count, waiting_first; /* frames that the port did not take yet */
	struct rte_mbuf *waiting[CLIENT_BURST];

	struct load_counters counters;
	struct latency latency;
};

/* Makes the clients. 0, or -errno with the reason in `why`. */
int clients_open(struct clients *clients, const struct options *options, const struct names *names,
		 struct rte_mempool *pool, const struct mac *own, const struct mac *next_hop,
		 uint64_t tsc_hz, char *why, size_t why_bytes);
void clients_close(struct clients *clients);

/* Sends at most `wanted` new queries (up to CLIENT_BURST) after what waits; returns how many are
 * new. */
uint32_t clients_send(struct clients *clients, uint32_t wanted, uint64_t now_tsc);

/* Judges a response. The frame stays the caller's. */
void clients_response(struct clients *clients, const struct datagram *datagram, uint64_t now_tsc);

/* From here on all is counted again, and answers to earlier queries are `late`. */
void clients_measure(struct clients *clients);

#endif
