/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts Ethernet, IP and UDP headers of our own in front of a DNS message.
 *
 * All headers are written anew, in either family: no option, tag or extension header of the packet that came
 * in survives. The UDP checksum is that of the headers written and of the message's sum, which is known: the
 * parser made it when it checked the packet, and who changed the message since has kept it right. So nothing
 * is summed twice, and a message that was damaged in between does not get a good checksum. */
#ifndef EPHEMERA_FRAME_H
#define EPHEMERA_FRAME_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "shared/wire.h"

/* From where to where; both addresses are of one family. Nothing that is pointed at lies in the frame. */
struct frame_ends {
	const struct mac *source_mac, *destination_mac;
	const struct address *source, *destination;
	struct be16 source_port, destination_port;
};

/* Bytes of IP packet that a message makes. */
static inline uint32_t
frame_ip_bytes(const struct address *source, uint32_t dns_bytes)
{
	return (address_is_ipv4(source) ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr)) +
	       sizeof(struct rte_udp_hdr) + dns_bytes;
}

/* The sum of a message, for frame_write(). [worker] */
uint64_t frame_message_sum(const struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes);

/* Makes the mbuf a frame with the `dns_bytes` bytes that lie at `dns_offset` in it as its payload;
 * `message_sum` is their sum (checksum.h). 0, or -ENOSPC if there is no headroom for the headers, and nothing
 * has changed. [worker] */
int frame_write(struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes, const struct frame_ends *ends,
		uint64_t message_sum);

#endif
