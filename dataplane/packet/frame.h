/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes our Ethernet, IP and UDP headers in front of a DNS message. Called by rewrite, restore,
 * answer and probe just before transmit.
 *
 * All headers are written completely: no option, tag or extension header of the received packet is
 * kept. The UDP checksum is computed from the new headers and the message's sum. The parser
 * computed that sum when it checked the packet, and all code that changes the message updates it:
 * nothing is summed twice, and a message damaged in memory does not get a valid checksum. */
#ifndef EPHEMERA_DATAPLANE_PACKET_FRAME_H
#define EPHEMERA_DATAPLANE_PACKET_FRAME_H

#include <errno.h>
#include <stdint.h>

#include <rte_debug.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "dataplane/packet/checksum.h"
#include "dataplane/shared/wire.h"

#define FRAME_ETHERNET_BYTES ((uint32_t)sizeof(struct rte_ether_hdr))
#define FRAME_HOPS	     64

/* Source and destination of a frame; both addresses are of one family. The pointers must not point
 * into the frame. */
struct frame_ends {
	const struct mac *source_mac, *destination_mac;
	const struct address *source, *destination;
	struct be16 source_port, destination_port;
};

/* Size of the IP packet that carries a message. */
static inline uint32_t
frame_ip_bytes(const struct address *source, uint32_t dns_bytes)
{
	return (address_is_ipv4(source) ? sizeof(struct rte_ipv4_hdr)
					: sizeof(struct rte_ipv6_hdr)) +
	       sizeof(struct rte_udp_hdr) + dns_bytes;
}

/* The sum of a message, for frame_write(). [worker] */
static inline uint64_t
frame_message_sum(const struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes)
{
	return checksum_bytes(rte_pktmbuf_mtod_offset(mbuf, const void *, dns_offset), dns_bytes);
}

/* Headers are assembled in registers and written eight bytes at a time. */
static inline void
frame_ethernet(uint8_t *to, const struct frame_ends *ends, uint16_t type)
{
	struct rte_ether_hdr eth = {.ether_type = htobe16(type)};

	memcpy(&eth.dst_addr, ends->destination_mac, sizeof(eth.dst_addr));
	memcpy(&eth.src_addr, ends->source_mac, sizeof(eth.src_addr));
	memcpy(to, &eth, sizeof(eth));
}

static inline uint32_t
frame_ipv4_address(const struct address *address)
{
	return (uint32_t)(address->words[1] >> 32);
}

/* The ID is 0: a packet with DF set is atomic and may have any ID (RFC 6864 section 4.1). Returns
 * the sum of the addresses. */
static inline uint64_t
frame_ipv4(uint8_t *to, const struct frame_ends *ends, uint32_t ip_bytes)
{
	const uint64_t source = frame_ipv4_address(ends->source);
	const uint32_t destination = frame_ipv4_address(ends->destination);
	const uint64_t length = htobe16((uint16_t)ip_bytes);
	const uint64_t first =
		RTE_IPV4_VHL_DEF | length << 16 | (uint64_t)htobe16(RTE_IPV4_HDR_DF_FLAG) << 48;
	const uint64_t second = FRAME_HOPS | IPPROTO_UDP << 8;
	const uint64_t fixed = RTE_IPV4_VHL_DEF + htobe16(RTE_IPV4_HDR_DF_FLAG) + second;
	const uint64_t addresses = source + destination;
	const uint64_t checksum = (uint16_t)~checksum_fold(fixed + length + addresses);

	bytes_store(to, first);
	bytes_store(to + 8, second | checksum << 16 | source << 32);
	memcpy(to + 16, &destination, sizeof(destination));
	return addresses;
}

static inline uint64_t
frame_ipv6(uint8_t *to, const struct frame_ends *ends, uint32_t udp_bytes)
{
	bytes_store(to, 6 << 4 | (uint64_t)htobe16((uint16_t)udp_bytes) << 32 |
				(uint64_t)IPPROTO_UDP << 48 | (uint64_t)FRAME_HOPS << 56);
	memcpy(to + 8, ends->source->bytes, 16);
	memcpy(to + 24, ends->destination->bytes, 16);
	return checksum_add(checksum_address(ends->source), checksum_address(ends->destination));
}

/* `sum` is that of the addresses and of the message. */
static inline void
frame_udp(uint8_t *to, const struct frame_ends *ends, uint32_t udp_bytes, uint64_t sum)
{
	const uint64_t length = htobe16((uint16_t)udp_bytes),
		       pseudo = htobe16(IPPROTO_UDP) + length;
	const uint64_t ports = ends->source_port.raw | (uint64_t)ends->destination_port.raw << 16;

	bytes_store(to, ports | length << 32 |
				(uint64_t)checksum_of(checksum_add(sum, pseudo + ports + length))
					<< 48);
}

#ifdef EPHEMERA_DEBUG_CHECKS
static inline void
frame_check_sum(const struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes,
		uint64_t message_sum)
{
	if (checksum_of(message_sum) != checksum_of(frame_message_sum(mbuf, dns_offset, dns_bytes)))
		rte_panic("a message of %u bytes was changed without updating its sum\n",
			  dns_bytes);
}
#endif

/* Turns the mbuf into a frame with the `dns_bytes` bytes at `dns_offset` as its payload;
 * `message_sum` is their checksum.h sum. 0, or -ENOSPC if there is no headroom for the headers;
 * nothing has changed then. [worker] */
static inline int
frame_write(struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes,
	    const struct frame_ends *ends, uint64_t message_sum)
{
	const bool ipv4 = address_is_ipv4(ends->source);
	const uint32_t udp_bytes = (uint32_t)sizeof(struct rte_udp_hdr) + dns_bytes;
	const uint32_t ip_header_bytes =
		ipv4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	const uint32_t header_bytes =
		FRAME_ETHERNET_BYTES + ip_header_bytes + (uint32_t)sizeof(struct rte_udp_hdr);
	const uint32_t start = mbuf->data_off + dns_offset;
	uint8_t *frame;
	uint64_t sum;

#ifdef EPHEMERA_DEBUG_CHECKS
	frame_check_sum(mbuf, dns_offset, dns_bytes, message_sum);
#endif
	if (unlikely(start < header_bytes))
		return -ENOSPC;
	mbuf->data_off = (uint16_t)(start - header_bytes);
	mbuf->data_len = (uint16_t)(header_bytes + dns_bytes);
	mbuf->pkt_len = mbuf->data_len;
	mbuf->ol_flags = 0;
	frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	frame_ethernet(frame, ends, ipv4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
	sum = ipv4 ? frame_ipv4(frame + FRAME_ETHERNET_BYTES, ends, ip_header_bytes + udp_bytes)
		   : frame_ipv6(frame + FRAME_ETHERNET_BYTES, ends, udp_bytes);
	frame_udp(frame + FRAME_ETHERNET_BYTES + ip_header_bytes, ends, udp_bytes,
		  checksum_add(sum, message_sum));
	return 0;
}

#endif
