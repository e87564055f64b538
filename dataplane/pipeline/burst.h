/* SPDX-License-Identifier: BSD-3-Clause */
/* A burst of packets on its way through the stages, and what the parser found out about each.
 *
 * A stage works on the whole burst. parse and classify look at all packets; from then on the burst
 * is two lists of indexes, queries and responses, and a stage that gets rid of a packet takes it
 * out of its list. Every packet leaves exactly once: sent, dropped with a reason, handed over, or
 * consumed.
 *
 * Threads: a burst lives on one worker's stack. Offsets are bytes from the start of the packet's
 * data and were checked by the parser against its end; nothing else walks the headers again. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_BURST_H
#define EPHEMERA_DATAPLANE_PIPELINE_BURST_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "dataplane/shared/wire.h"

#define BURST_MAX 64

/* One cache line for the parser's findings, one for the addresses and what later stages add. */
struct packet {
	uint16_t ip_offset;
	uint16_t udp_offset;
	uint16_t dns_offset;
	uint16_t dns_bytes; /* of the UDP payload */
	uint16_t
		/* name, type and class, behind the DNS header; 0 where QDCOUNT is 0 */
		question_bytes;
	uint8_t is_ipv4;
	uint8_t in_interface; /* of the machine */
	struct be16 source_port, destination_port;
	struct address source, destination;
	uint64_t
		message_sum; /* checksum.h: of the DNS message as it is now; who changes it keeps this right
			       */

	/* classify */
	uint16_t slot; /* of the service asked, or of the source address responded to */
	/* admit */
	uint16_t opt_offset; /* in the message; 0 without EDNS */
	uint8_t plain;	     /* 1: nothing behind the question signs it */
	/* DNS_NOERROR, or what answer_faults answers a message that is not forwarded */
	uint8_t fault;
	/* admit, route */
	uint8_t pool; /* of upstreams, index */
	/* coalesce */
	uint8_t index; /* in the burst */
	uint8_t share; /* FLOW_SHARE_* of flow.h; 0: it can't share */
	uint8_t waiter_count;
	uint16_t edns_bytes;
	uint32_t waiters; /* the first, or FLOW_NONE */
	uint32_t *hint;	  /* where later queries find which flow this one is, or NULL */
	/* choose, draw (queries); match (responses) */
	uint16_t upstream;
	uint16_t drawn_source; /* slot */
	struct be16 drawn_port, drawn_id;
	uint32_t flow_index; /* entry; of a response to no flow FLOW_NONE */
	uint8_t attacked;    /* 1: the response's query saw near misses */
	uint8_t exact;	     /* 1: the response's question is the one sent, in the case as sent */
} __rte_cache_aligned;

struct burst {
	uint32_t count;
	uint32_t query_count, response_count;
	uint32_t fault_count; /* messages that admit found not to be forwarded, at least */
	struct rte_mbuf *mbufs[BURST_MAX];
	uint8_t queries[BURST_MAX]; /* indexes into mbufs and packets */
	uint8_t responses[BURST_MAX];
	struct packet packets[BURST_MAX];
	uint8_t handoff_in; /* 1: another worker's ring is where these come from; each mbuf's port says by
			    * which port of the machine they came */
	uint8_t in_interface; /* of the machine: where these come from otherwise */
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
