/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts Ethernet, IP and UDP headers of our own in front of a DNS message.
 *
 * All headers are written anew, in either family: no option, tag or extension header of the packet that came
 * in survives, and the checksums are computed afresh over what is sent. */
#ifndef EPHEMERA_FRAME_H
#define EPHEMERA_FRAME_H

#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "shared/wire.h"

/* From where to where; both addresses are of one family. */
struct frame_ends {
	struct mac source_mac, destination_mac;
	struct address source, destination;
	struct be16 source_port, destination_port;
};

/* Bytes of IP packet that a message makes. */
static inline uint32_t
frame_ip_bytes(const struct address *source, uint32_t dns_bytes)
{
	return (address_is_ipv4(source) ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr)) +
	       sizeof(struct rte_udp_hdr) + dns_bytes;
}

/* Makes the mbuf a frame with the `dns_bytes` bytes that lie at `dns_offset` in it as its payload. 0, or
 * -ENOSPC if there is no headroom for the headers, and nothing has changed. [worker] */
int frame_write(struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes,
		const struct frame_ends *ends);

#endif
