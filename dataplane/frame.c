/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the headers of every frame that we send.
 * Way:   rewrite, restore, answer and probe call it just before transmit.
 * Runs:  workers.
 * Never: reads back what it wrote: sums are made of the values, not of the packet. */
#include "frame.h"

#include <errno.h>

#include <rte_debug.h>

#include "checksum.h"

#define FRAME_HOPS 64

uint64_t
frame_message_sum(const struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes)
{
	return checksum_bytes(rte_pktmbuf_mtod_offset(mbuf, const void *, dns_offset), dns_bytes);
}

static inline void
frame_ethernet(struct rte_ether_hdr *eth, const struct frame_ends *ends, uint16_t type)
{
	memcpy(&eth->dst_addr, ends->destination_mac, sizeof(eth->dst_addr));
	memcpy(&eth->src_addr, ends->source_mac, sizeof(eth->src_addr));
	eth->ether_type = htobe16(type);
}

static inline uint32_t
address_ipv4(const struct address *address)
{
	uint32_t raw;

	memcpy(&raw, address->bytes + 12, 4);
	return raw;
}

/* RFC 6864 section 4.1: a packet with DF set is atomic, and its ID may be any value. */
static inline void
frame_ipv4(struct rte_ipv4_hdr *ip, const struct frame_ends *ends, uint32_t ip_bytes)
{
	const uint32_t source = address_ipv4(ends->source), destination = address_ipv4(ends->destination);
	const uint16_t length = htobe16((uint16_t)ip_bytes), flags = htobe16(RTE_IPV4_HDR_DF_FLAG);
	const uint64_t sum = (uint64_t)source + destination + length + flags +
			     htobe16(RTE_IPV4_VHL_DEF << 8) + htobe16(FRAME_HOPS << 8 | IPPROTO_UDP);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = length,
		.fragment_offset = flags,
		.time_to_live = FRAME_HOPS,
		.next_proto_id = IPPROTO_UDP,
		.hdr_checksum = (uint16_t)~checksum_fold(sum),
		.src_addr = source,
		.dst_addr = destination,
	};
}

static inline void
frame_ipv6(struct rte_ipv6_hdr *ip, const struct frame_ends *ends, uint32_t udp_bytes)
{
	ip->vtc_flow = htobe32(6u << 28);
	ip->payload_len = htobe16((uint16_t)udp_bytes);
	ip->proto = IPPROTO_UDP;
	ip->hop_limits = FRAME_HOPS;
	memcpy(ip->src_addr, ends->source->bytes, 16);
	memcpy(ip->dst_addr, ends->destination->bytes, 16);
}

static inline void
frame_udp(struct rte_udp_hdr *udp, const struct frame_ends *ends, uint32_t udp_bytes, uint64_t message_sum)
{
	const uint64_t header =
		(uint64_t)ends->source_port.raw + ends->destination_port.raw + htobe16((uint16_t)udp_bytes);
	const uint64_t pseudo = checksum_pseudo(ends->source, ends->destination, (uint16_t)udp_bytes);

	*udp = (struct rte_udp_hdr){
		.src_port = ends->source_port.raw,
		.dst_port = ends->destination_port.raw,
		.dgram_len = htobe16((uint16_t)udp_bytes),
		.dgram_cksum = checksum_of(checksum_add(checksum_add(message_sum, header), pseudo)),
	};
}

int
frame_write(struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes, const struct frame_ends *ends,
	    uint64_t message_sum)
{
	const uint32_t udp_bytes = (uint32_t)sizeof(struct rte_udp_hdr) + dns_bytes;
	const uint32_t ip_bytes = frame_ip_bytes(ends->source, dns_bytes);
	const uint32_t header_bytes = (uint32_t)sizeof(struct rte_ether_hdr) + ip_bytes - dns_bytes;
	const uint32_t start = mbuf->data_off + dns_offset;
	struct rte_ether_hdr *eth;

#ifdef EPHEMERA_DEBUG_CHECKS
	if (checksum_of(message_sum) != checksum_of(frame_message_sum(mbuf, dns_offset, dns_bytes)))
		rte_panic("a message of %u bytes was changed, and its sum was not\n", dns_bytes);
#endif
	if (unlikely(start < header_bytes))
		return -ENOSPC;
	mbuf->data_off = (uint16_t)(start - header_bytes);
	mbuf->data_len = (uint16_t)(header_bytes + dns_bytes);
	mbuf->pkt_len = mbuf->data_len;
	mbuf->ol_flags = 0;

	eth = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
	if (address_is_ipv4(ends->source)) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

		frame_ethernet(eth, ends, RTE_ETHER_TYPE_IPV4);
		frame_ipv4(ip, ends, ip_bytes);
		frame_udp((struct rte_udp_hdr *)(ip + 1), ends, udp_bytes, message_sum);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(eth + 1);

		frame_ethernet(eth, ends, RTE_ETHER_TYPE_IPV6);
		frame_ipv6(ip, ends, udp_bytes);
		frame_udp((struct rte_udp_hdr *)(ip + 1), ends, udp_bytes, message_sum);
	}
	return 0;
}
