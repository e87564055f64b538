/* SPDX-License-Identifier: BSD-3-Clause */
/* What arrives: finds Ethernet, IP, UDP and DNS in a frame, and checks its checksums. Neither IPv4 options
 * nor IPv6 extension headers nor VLAN tags are expected on the ports of a load program: such frames are
 * `other`. [worker] */
#ifndef EPHEMERA_LOAD_PACKET_H
#define EPHEMERA_LOAD_PACKET_H

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "dataplane/shared/wire.h"

/* ---- checksums, RFC 1071 ---- */

/* A one's complement sum, not folded; `bytes` up to 64 KiB. */
static inline uint64_t
checksum_sum(const void *start, uint32_t bytes)
{
	const uint8_t *at = start;
	uint64_t low = 0, high = 0, word;

	for (; bytes >= 8; at += 8, bytes -= 8) {
		memcpy(&word, at, 8);
		low += word & UINT32_MAX;
		high += word >> 32;
	}
	if (bytes > 0) {
		word = 0;
		memcpy(&word, at, bytes);
		low += word & UINT32_MAX;
		high += word >> 32;
	}
	return low + high;
}

static inline uint32_t
checksum_fold32(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* What to write into a checksum field of UDP or ICMPv6 (RFC 768: 0 is sent as all ones). */
static inline uint16_t
checksum_field(uint64_t sum)
{
	const uint16_t field = (uint16_t)~checksum_fold32(sum);

	return field == 0 ? 0xffff : field;
}

/* ---- frames ---- */

struct datagram {
	uint8_t *frame;
	struct rte_udp_hdr *udp;
	struct dns_header *dns;
	uint16_t dns_bytes;
	bool is_ipv4;
};

enum datagram_kind {
	DATAGRAM_DNS,
	DATAGRAM_OTHER,
	DATAGRAM_MALFORMED,
	DATAGRAM_CHECKSUM,
};

enum {
	FRAME_IP = RTE_ETHER_HDR_LEN,
	FRAME_UDP_IPV4 = FRAME_IP + sizeof(struct rte_ipv4_hdr),
	FRAME_UDP_IPV6 = FRAME_IP + sizeof(struct rte_ipv6_hdr),
	FRAME_HEAD_MAX = FRAME_UDP_IPV6 + sizeof(struct rte_udp_hdr) + DNS_HEADER_BYTES,
};

static inline struct rte_ipv4_hdr *
frame_ipv4(uint8_t *frame)
{
	return (struct rte_ipv4_hdr *)(frame + FRAME_IP);
}

static inline struct rte_ipv6_hdr *
frame_ipv6(uint8_t *frame)
{
	return (struct rte_ipv6_hdr *)(frame + FRAME_IP);
}

/* The sum of a datagram with its pseudo header: the addresses lie right in front of UDP in both families. */
static inline uint64_t
datagram_sum(const struct rte_udp_hdr *udp, uint16_t udp_bytes, bool is_ipv4)
{
	const uint32_t addresses = is_ipv4 ? 8 : 32;

	return checksum_sum((const uint8_t *)udp - addresses, addresses + udp_bytes) + htobe16(IPPROTO_UDP) +
	       htobe16(udp_bytes);
}

static inline bool
datagram_checksum_holds(const struct datagram *d, uint16_t udp_bytes, uint64_t flags)
{
	const uint64_t seen = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	if (d->is_ipv4 &&
	    checksum_fold32(checksum_sum(d->frame + FRAME_IP, sizeof(struct rte_ipv4_hdr))) != 0xffff)
		return false;
	if (seen == RTE_MBUF_F_RX_L4_CKSUM_GOOD || seen == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true; /* the port vouches for it */
	if (d->udp->dgram_cksum == 0)
		return d->is_ipv4; /* RFC 8200 section 8.1 */
	return checksum_fold32(datagram_sum(d->udp, udp_bytes, d->is_ipv4)) == 0xffff;
}

static inline enum datagram_kind
datagram_find(struct rte_mbuf *mbuf, struct datagram *d)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	uint32_t udp_room, udp_bytes;

	d->frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	d->is_ipv4 = eth->ether_type == htobe16(RTE_ETHER_TYPE_IPV4);
	if (mbuf->nb_segs != 1)
		return DATAGRAM_OTHER;
	if (likely(d->is_ipv4)) {
		const struct rte_ipv4_hdr *ip = frame_ipv4(d->frame);

		if (mbuf->data_len < FRAME_UDP_IPV4)
			return DATAGRAM_MALFORMED;
		if (ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IPPROTO_UDP ||
		    (ip->fragment_offset & ~htobe16(RTE_IPV4_HDR_DF_FLAG)) != 0)
			return DATAGRAM_OTHER;
		udp_room = be16toh(ip->total_length) - (uint32_t)sizeof(*ip);
		d->udp = (struct rte_udp_hdr *)(d->frame + FRAME_UDP_IPV4);
		if (udp_room > mbuf->data_len - (uint32_t)FRAME_UDP_IPV4)
			return DATAGRAM_MALFORMED;
	} else {
		const struct rte_ipv6_hdr *ip = frame_ipv6(d->frame);

		if (eth->ether_type != htobe16(RTE_ETHER_TYPE_IPV6))
			return DATAGRAM_OTHER;
		if (mbuf->data_len < FRAME_UDP_IPV6)
			return DATAGRAM_MALFORMED;
		if (be32toh(ip->vtc_flow) >> 28 != 6 || ip->proto != IPPROTO_UDP)
			return DATAGRAM_OTHER;
		udp_room = be16toh(ip->payload_len);
		d->udp = (struct rte_udp_hdr *)(d->frame + FRAME_UDP_IPV6);
		if (udp_room > mbuf->data_len - (uint32_t)FRAME_UDP_IPV6)
			return DATAGRAM_MALFORMED;
	}
	if (udp_room < sizeof(*d->udp) + DNS_HEADER_BYTES)
		return DATAGRAM_MALFORMED;
	udp_bytes = be16toh(d->udp->dgram_len);
	if (udp_bytes > udp_room || udp_bytes < sizeof(*d->udp) + DNS_HEADER_BYTES)
		return DATAGRAM_MALFORMED;
	d->dns = (struct dns_header *)(d->udp + 1);
	d->dns_bytes = (uint16_t)(udp_bytes - sizeof(*d->udp));
	return datagram_checksum_holds(d, (uint16_t)udp_bytes, mbuf->ol_flags) ? DATAGRAM_DNS
									       : DATAGRAM_CHECKSUM;
}

/* ---- questions ---- */

/* A number made of a question, whatever its letters' case: the address that the farm answers with. */
static inline uint32_t
question_mark(const uint8_t *question, uint32_t bytes)
{
	uint64_t mark = bytes, factor = UINT64_C(0x9e3779b97f4a7c15), word;

	for (; bytes >= 8; question += 8, bytes -= 8, factor += UINT64_C(0xbf58476d1ce4e5b8)) {
		memcpy(&word, question, 8);
		mark += (word | UINT64_C(0x2020202020202020)) * factor;
	}
	word = 0;
	memcpy(&word, question, bytes);
	mark += (word | UINT64_C(0x2020202020202020)) * factor;
	return (uint32_t)(mark >> 32);
}

#endif
