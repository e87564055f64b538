/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums, RFC 1071. [any]
 *
 * Sums have 64 bits, with the carry added at the low end. Eight bytes are added at a time, in
 * memory byte order: a one's complement sum does not depend on byte order (RFC 1071 section 2 (B)).
 * Parts that start at an even offset may be summed separately and added.
 *
 * The 0xffff of an IPv4 address as ::ffff:a.b.c.d does not change such a sum. */
#ifndef EPHEMERA_DATAPLANE_PACKET_CHECKSUM_H
#define EPHEMERA_DATAPLANE_PACKET_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include <netinet/in.h>

#include <rte_branch_prediction.h>

#include "dataplane/packet/bytes.h"
#include "dataplane/shared/wire.h"

static inline uint64_t
checksum_add(uint64_t sum, uint64_t words)
{
	sum += words;
	return sum + (sum < words);
}

/* Removes `words` from the sum. */
static inline uint64_t
checksum_subtract(uint64_t sum, uint64_t words)
{
	return checksum_add(sum, ~words);
}

/* Folds the sum to 16 bits. Adding the swapped halves carries the overflow into both. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum >> 32 | sum << 32;
	half = (uint32_t)(sum >> 32);
	half += half >> 16 | half << 16;
	return (uint16_t)(half >> 16);
}

/* The sum of 0 to 15 bytes. */
static inline uint64_t
checksum_bytes_few(const uint8_t *bytes, uint32_t count)
{
	bytes16_halves x;

	if (count == 0)
		return 0;
	x = (bytes16_halves)bytes16_load_few(bytes, count);
	return checksum_add(x[0], x[1]);
}

/* Adds the 32-bit words of sixteen bytes to 64-bit sums, which do not overflow; all words have the
 * same weight in a one's complement sum (RFC 1071 section 2 (C)). */
static inline bytes16_halves
checksum_lanes(bytes16_halves sums, bytes16 x)
{
	return sums + ((bytes16_halves)x & UINT32_MAX) + ((bytes16_halves)x >> 32);
}

/* The sum of `count` bytes. The number differs from that of a sum by eight bytes, but folds to the
 * same checksum. */
static inline uint64_t
checksum_bytes(const void *bytes, uint32_t count)
{
	const uint8_t *from = bytes;
	const uint32_t even = count & ~1u;
	bytes16_halves sums = {0, 0};

	if (unlikely(count < 16))
		return checksum_bytes_few(from, count);
	for (uint32_t at = 0; at + 16 <= even; at += 16)
		sums = checksum_lanes(sums, bytes16_load(from + at));
	/* The rest, as the end of sixteen bytes at an even offset; then the odd last byte. */
	if (even % 16 > 0)
		sums = checksum_lanes(sums,
				      bytes16_load(from + even - 16) & bytes16_ends(even % 16));
	return sums[0] + sums[1] + (count > even ? from[even] : 0);
}

/* The sum after two bytes at `offset` changed from `old` to `new`, both in memory byte order. */
static inline uint64_t
checksum_change(uint64_t sum, uint32_t offset, uint16_t old, uint16_t new)
{
	if (offset & 1) {
		old = __builtin_bswap16(old);
		new = __builtin_bswap16(new);
	}
	return checksum_add(sum, (uint64_t) new + (uint16_t)~old);
}

static inline uint64_t
checksum_address(const struct address *address)
{
	return checksum_add(address->words[0], address->words[1]);
}

/* The value of the checksum field, for a sum with that field as 0. RFC 768: "If the computed
 * checksum is zero, it is transmitted as all ones". */
static inline uint16_t
checksum_of(uint64_t sum)
{
	const uint16_t checksum = (uint16_t)~checksum_fold(sum);

	return checksum == 0 ? 0xffff : checksum;
}

#endif
