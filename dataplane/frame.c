/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the headers of every frame that we send.
 * Way:   rewrite, restore, answer and probe call it just before transmit.
 * Runs:  workers.
 * Never: patches a checksum: what came in may have been partial. */
#include "frame.h"

#include <errno.h>

#include "checksum.h"

#define FRAME_HOPS 64

static void
frame_ethernet(struct rte_ether_hdr *eth, const struct frame_ends *ends, uint16_t type)
{
	memcpy(&eth->dst_addr, &ends->destination_mac, sizeof(eth->dst_addr));
	memcpy(&eth->src_addr, &ends->source_mac, sizeof(eth->src_addr));
	eth->ether_type = htobe16(type);
}

/* RFC 6864 section 4.1: a packet with DF set is atomic, and its ID may be any value. */
static void
frame_ipv4(struct rte_ipv4_hdr *ip, const struct frame_ends *ends, uint32_t ip_bytes)
{
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = htobe16((uint16_t)ip_bytes),
		.fragment_offset = htobe16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = FRAME_HOPS,
		.next_proto_id = IPPROTO_UDP,
	};
	memcpy(&ip->src_addr, ends->source.bytes + 12, 4);
	memcpy(&ip->dst_addr, ends->destination.bytes + 12, 4);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
frame_ipv6(struct rte_ipv6_hdr *ip, const struct frame_ends *ends, uint32_t udp_bytes)
{
	ip->vtc_flow = htobe32(6u << 28);
	ip->payload_len = htobe16((uint16_t)udp_bytes);
	ip->proto = IPPROTO_UDP;
	ip->hop_limits = FRAME_HOPS;
	memcpy(ip->src_addr, ends->source.bytes, 16);
	memcpy(ip->dst_addr, ends->destination.bytes, 16);
}

int
frame_write(struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes, const struct frame_ends *ends)
{
	const uint32_t ip_bytes = frame_ip_bytes(&ends->source, dns_bytes);
	const uint32_t udp_bytes = sizeof(struct rte_udp_hdr) + dns_bytes;
	const uint32_t header_bytes = sizeof(struct rte_ether_hdr) + ip_bytes - dns_bytes;
	uint32_t start = mbuf->data_off + dns_offset;
	struct rte_ether_hdr *eth;
	struct rte_udp_hdr *udp;

	if (unlikely(start < header_bytes))
		return -ENOSPC;
	mbuf->data_off = (uint16_t)(start - header_bytes);
	mbuf->data_len = (uint16_t)(header_bytes + dns_bytes);
	mbuf->pkt_len = mbuf->data_len;
	mbuf->ol_flags = 0;

	eth = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
	if (address_is_ipv4(&ends->source)) {
		frame_ethernet(eth, ends, RTE_ETHER_TYPE_IPV4);
		frame_ipv4((struct rte_ipv4_hdr *)(eth + 1), ends, ip_bytes);
	} else {
		frame_ethernet(eth, ends, RTE_ETHER_TYPE_IPV6);
		frame_ipv6((struct rte_ipv6_hdr *)(eth + 1), ends, udp_bytes);
	}

	udp = rte_pktmbuf_mtod_offset(mbuf, struct rte_udp_hdr *, header_bytes - sizeof(*udp));
	udp->src_port = ends->source_port.raw;
	udp->dst_port = ends->destination_port.raw;
	udp->dgram_len = htobe16((uint16_t)udp_bytes);
	udp->dgram_cksum = 0;
	udp->dgram_cksum = checksum_udp(&ends->source, &ends->destination, udp, (uint16_t)udp_bytes);
	return 0;
}
