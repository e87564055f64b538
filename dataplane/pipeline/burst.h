/* SPDX-License-Identifier: BSD-3-Clause */
/* A burst of packets in the pipeline, and what the parser found in each.
 *
 * A stage processes the whole burst. parse and classify process all packets; after that the burst
 * is two lists of indexes, queries and responses, and a stage that disposes of a packet removes it
 * from its list. Every packet leaves exactly once: sent, dropped with a reason, handed off to
 * another worker, or consumed.
 *
 * Threads: a burst is on one worker's stack.
 * Layout:  offsets are bytes from the start of the packet's data; the parser has checked them
 *          against its end, and no other stage walks the headers. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_BURST_H
#define EPHEMERA_DATAPLANE_PIPELINE_BURST_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "dataplane/shared/wire.h"

#define BURST_MAX 64

/* One cache line for what the parser finds, one for the addresses and what later stages add. */
struct packet {
	uint16_t ip_offset;
	uint16_t udp_offset;
	uint16_t dns_offset;
	uint16_t dns_bytes;	 /* size of the UDP payload */
	uint16_t question_bytes; /* name, type and class, after the DNS header; 0 if QDCOUNT is 0 */
	uint8_t is_ipv4;
	uint8_t in_interface; /* where it was received: position in worker->interfaces */
	struct be16 source_port, destination_port;
	struct address source, destination;
	/* checksum.h: sum of the DNS message; code that changes the message updates this too */
	uint64_t message_sum;

	/* classify */
	uint16_t slot; /* of the queried service; of a response's source address */
	/* admit */
	uint16_t opt_offset; /* in the message; 0: no EDNS */
	uint8_t plain;	     /* 1: walked to its end, and no TSIG or SIG(0) record signs it */
	/* DNS_NOERROR, or the rcode with which answer_faults answers a message that is not
	 * forwarded */
	uint8_t fault;
	/* admit, route */
	uint8_t pool; /* index of the pool of upstreams */
	/* coalesce */
	uint8_t index; /* in the burst */
	uint8_t share; /* FLOW_SHARE_* of flow.h; 0: can't share */
	uint8_t waiter_count;
	uint16_t edns_bytes;
	uint32_t waiters; /* the first, or FLOW_NONE */
	uint32_t *hint; /* entry of the coalesce table that must name this query's flow, or NULL */
	/* choose, draw (queries); match (responses) */
	uint16_t upstream;
	uint16_t drawn_source; /* slot */
	struct be16 drawn_port, drawn_id;
	uint32_t flow_index; /* entry; FLOW_NONE: a response that matches no flow */
	uint8_t attacked;    /* 1: there were near misses while its query was in flight */
	uint8_t exact; /* 1: the response's question equals the one sent, letter case included */
} __rte_cache_aligned;

struct burst {
	uint32_t count;
	uint32_t query_count, response_count;
	uint32_t fault_count; /* queries with a `fault`; may count some that were refused since */
	struct rte_mbuf *mbufs[BURST_MAX];
	uint8_t queries[BURST_MAX]; /* indexes into mbufs and packets */
	uint8_t responses[BURST_MAX];
	struct packet packets[BURST_MAX];
	/* 1: these come from another worker's ring, and mbuf->port is the receiving interface */
	uint8_t handoff_in;
	uint8_t in_interface; /* if handoff_in is 0: the receiving interface of all packets */
};

static inline struct dns_header *
packet_dns(const struct burst *b, unsigned i)
{
	return rte_pktmbuf_mtod_offset(b->mbufs[i], struct dns_header *, b->packets[i].dns_offset);
}

static inline uint8_t *
packet_question(const struct burst *b, unsigned i)
{
	return rte_pktmbuf_mtod_offset(b->mbufs[i], uint8_t *,
				       b->packets[i].dns_offset + DNS_HEADER_BYTES);
}

#endif
