/* SPDX-License-Identifier: BSD-3-Clause */
/* The clients: make queries, and check every response against the query that it belongs to.
 *
 * Queries are numbered. Query n comes from client n % clients, is for name n % names, and its ID
 * is derived from n / clients. So client and ID of a response determine the number, and the only
 * stored state is an array of the times of sending, indexed by the number. Threads: one. */
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

	uint8_t head[FRAME_HEAD_MAX + 2]; /* Ethernet to DNS header, without the fields that vary */
	uint32_t head_bytes;
	uint32_t ip_sum, udp_sum; /* of the constant part */
	bool is_ipv4;

	uint32_t count;
	struct client_end *ends; /* [count] */
	uint32_t address_first;	 /* the last 32 bits, host order */
	uint32_t port_count;

	uint64_t next;	      /* the number of the next query */
	uint32_t next_client; /* next % count */
	uint32_t next_name;   /* next % names->count */
	uint32_t round;	      /* next / count */
	/* 65536 * count: after that many queries the IDs of a client repeat */
	uint64_t period;
	uint64_t period_start;	 /* the last multiple of it, <= next */
	uint32_t sent_mask;	 /* size of sent_tsc - 1 */
	uint64_t *sent_tsc;	 /* [number & mask]: when it was sent; 0: no response is expected */
	uint64_t measured_first; /* responses to earlier queries do not count */

	uint32_t waiting_count, waiting_first; /* frames that the driver has not accepted yet */
	struct rte_mbuf *waiting[CLIENT_BURST];

	struct load_counters counters;
	struct latency latency;
};

/* Makes the clients. 0, or -errno with the reason in `why`. */
int clients_open(struct clients *clients, const struct options *options, const struct names *names,
		 struct rte_mempool *pool, const struct mac *own, const struct mac *next_hop,
		 uint64_t tsc_hz, char *why, size_t why_bytes);
void clients_close(struct clients *clients);

/* Sends the waiting frames and then at most `wanted` new queries (up to CLIENT_BURST); returns the
 * number of new ones. */
uint32_t clients_send(struct clients *clients, uint32_t wanted, uint64_t now_tsc);

/* Checks a response. The caller keeps the frame. */
void clients_response(struct clients *clients, const struct datagram *datagram, uint64_t now_tsc);

/* Resets the counters; responses to earlier queries count as `late` from now on. */
void clients_measure(struct clients *clients);

#endif
