/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses received frames (Ethernet, IP, UDP, DNS) and verifies their checksums. IPv4 options, IPv6
 * extension headers and VLAN tags are not expected on the interfaces of a load program: such frames
 * are `other`. [worker] */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_PACKET_H
#define EPHEMERA_TESTS_BENCH_LOAD_PACKET_H

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "dataplane/shared/wire.h"

/* ---- checksums, RFC 1071 ---- */

/* The last `bytes` bytes, 1 to 7, of a block of `block_bytes`, as a word padded with zeros. If
 * there are enough bytes before them, it is one load of a word: assembled from pieces it would go
 * through memory. */
static inline uint64_t
tail_word(const uint8_t *at, uint32_t bytes, uint32_t block_bytes)
{
	uint64_t word = 0;

	if (likely(block_bytes >= 8)) {
		memcpy(&word, at + bytes - 8, 8);
		return word >> (8 * (8 - bytes));
	}
	memcpy(&word, at, bytes);
	return word;
}

/* Ones' complement addition. */
static inline uint64_t
checksum_add(uint64_t sum, uint64_t word)
{
	const bool carry = __builtin_add_overflow(sum, word, &sum);

	return sum + carry;
}

/* A ones' complement sum, not folded; `bytes` up to 64 KiB. */
static inline uint64_t
checksum_sum(const void *start, uint32_t bytes)
{
	const uint8_t *at = start;
	uint64_t even = 0, odd = 0, words[2];
	uint32_t left = bytes;

	for (; left >= 16; at += 16, left -= 16) {
		memcpy(words, at, 16);
		even = checksum_add(even, words[0]);
		odd = checksum_add(odd, words[1]);
	}
	if (left >= 8) {
		memcpy(words, at, 8);
		even = checksum_add(even, words[0]);
		at += 8;
		left -= 8;
	}
	if (left > 0) {
		words[1] = tail_word(at, left, bytes);
		odd = checksum_add(odd, words[1]);
	}
	return (even & UINT32_MAX) + (even >> 32) + (odd & UINT32_MAX) + (odd >> 32);
}

static inline uint32_t
checksum_fold32(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

/* The folded sum of `bytes` bytes at `offset` from the start of the whole sum: at an odd offset
 * high and low bytes are swapped. */
static inline uint32_t
checksum_part(const void *start, uint32_t bytes, uint32_t offset)
{
	const uint32_t sum = checksum_fold32(checksum_sum(start, bytes));

	return offset & 1 ? (uint32_t)(uint16_t)(sum << 8 | sum >> 8) : sum;
}

/* Subtracts a folded part from a sum that contains it. */
static inline uint64_t
checksum_without(uint64_t sum, uint32_t part)
{
	return sum + (0xffff - part);
}

/* The value for a checksum field of UDP or ICMPv6 (RFC 768: 0 is sent as all ones). */
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
	bool is_summed; /* there is a UDP checksum, and it was verified in software */
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

/* The sum of a datagram with its pseudo header: in both families the addresses are directly before
 * UDP. */
static inline uint64_t
datagram_sum(const struct rte_udp_hdr *udp, uint16_t udp_bytes, bool is_ipv4)
{
	const uint32_t addresses = is_ipv4 ? 8 : 32;

	return checksum_sum((const uint8_t *)udp - addresses, addresses + udp_bytes) +
	       htobe16(IPPROTO_UDP) + htobe16(udp_bytes);
}

static inline bool
datagram_checksum_holds(struct datagram *d, uint16_t udp_bytes, uint64_t flags)
{
	const uint64_t seen = flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;

	d->is_summed = false;
	if (d->is_ipv4 && checksum_fold32(checksum_sum(d->frame + FRAME_IP,
						       sizeof(struct rte_ipv4_hdr))) != 0xffff)
		return false;
	if (seen == RTE_MBUF_F_RX_L4_CKSUM_GOOD || seen == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true; /* the NIC verified it */
	if (d->udp->dgram_cksum == 0)
		return d->is_ipv4; /* RFC 8200 section 8.1 */
	d->is_summed = checksum_fold32(datagram_sum(d->udp, udp_bytes, d->is_ipv4)) == 0xffff;
	return d->is_summed;
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

/* A number derived from a question regardless of letter case: the address in the farm's
 * response. */
static inline uint32_t
question_mark(const uint8_t *question, uint32_t bytes)
{
	uint64_t mark = bytes, factor = UINT64_C(0x9e3779b97f4a7c15), word;
	const uint32_t question_bytes = bytes;

	for (; bytes >= 8; question += 8, bytes -= 8, factor += UINT64_C(0xbf58476d1ce4e5b8)) {
		memcpy(&word, question, 8);
		mark += (word | UINT64_C(0x2020202020202020)) * factor;
	}
	word = bytes > 0 ? tail_word(question, bytes, question_bytes) : 0;
	mark += (word | UINT64_C(0x2020202020202020)) * factor;
	return (uint32_t)(mark >> 32);
}

#endif
