/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums, RFC 1071. [any]
 *
 * An IPv4 address as ::ffff:a.b.c.d adds 0xffff to a one's complement sum, which is nothing: so one pseudo
 * header serves both families. */
#ifndef EPHEMERA_CHECKSUM_H
#define EPHEMERA_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ip.h>

#include "shared/wire.h"

static inline uint16_t
checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint64_t
checksum_words(const struct address *address)
{
	return (address->words[0] & 0xffffffff) + (address->words[0] >> 32) +
	       (address->words[1] & 0xffffffff) + (address->words[1] >> 32);
}

/* The folded sum of pseudo header (RFC 768, RFC 8200 section 8.1) and `bytes` bytes of datagram; 0xffff if
 * the datagram's own checksum is right. */
static inline uint16_t
checksum_udp_sum(const struct address *source, const struct address *destination, const void *udp,
		 uint16_t bytes)
{
	uint64_t sum = checksum_words(source) + checksum_words(destination);

	sum += htobe16(IPPROTO_UDP) + (uint64_t)htobe16(bytes);
	sum += rte_raw_cksum(udp, bytes);
	return checksum_fold(sum);
}

/* What to write into the checksum field, that being 0 while the sum is made. RFC 768: "If the computed
 * checksum is zero, it is transmitted as all ones". */
static inline uint16_t
checksum_udp(const struct address *source, const struct address *destination, const void *udp, uint16_t bytes)
{
	uint16_t checksum = (uint16_t)~checksum_udp_sum(source, destination, udp, bytes);

	return checksum == 0 ? 0xffff : checksum;
}

#endif
