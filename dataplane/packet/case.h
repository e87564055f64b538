/* SPDX-License-Identifier: BSD-3-Clause */
/* The letter case of a question: drawn as a secret for the upstream (0x20), and restored for the
 * client. [any]
 *
 * Names are processed eight or sixteen bytes at a time, without walking the labels: length bytes,
 * at most 63, are no letters. Type and class must not be included: callers pass the name's
 * length. */
#ifndef EPHEMERA_DATAPLANE_PACKET_CASE_H
#define EPHEMERA_DATAPLANE_PACKET_CASE_H

#include <stdint.h>
#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/shared/wire.h"

#define CASE_WORDS_MAX	4  /* one per 64 bytes of a name of DNS_NAME_BYTES_MAX */
#define CASE_MASK_BYTES 32 /* a bit per byte of a name of DNS_NAME_BYTES_MAX */

/* 0x20 in every byte of `x` that is an ASCII letter. */
static inline uint64_t
case_letters(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101u, high = ones << 7;
	const uint64_t folded = (x | ones * 0x20) & ~high;
	const uint64_t from_a = folded + ones * (0x80 - 'a'),
		       beyond_z = folded + ones * (0x80 - 'z' - 1);

	return (from_a & ~beyond_z & ~x & high) >> 2;
}

/* Lower-cases eight bytes. */
static inline uint64_t
case_lower(uint64_t x)
{
	return x | case_letters(x);
}

/* Loads the `n`th eight bytes of the name; the last ones are padded with 0. */
static inline uint64_t
case_load(const uint8_t *name, uint32_t bytes, uint32_t n)
{
	const uint32_t left = bytes - n * 8;

	if (left >= 8)
		return bytes_load(name + n * 8);
	return n > 0 ? bytes_load_last(name, bytes, left) : bytes_load_few(name, left);
}

/* Number of words of random bits for a name. */
static inline uint32_t
case_words(uint32_t name_bytes)
{
	return (name_bytes + 63) / 64;
}

/* 0xff in every byte that is an ASCII letter. */
static inline bytes16
case_letters16(bytes16 x)
{
	return (bytes16)((x | 0x20) - 'a' < 26);
}

/* Lower-cases sixteen bytes. */
static inline bytes16
case_lower16(bytes16 x)
{
	return x | (case_letters16(x) & 0x20);
}

/* The 16 bits from bit `from` on. */
static inline uint16_t
case_bits16(const uint64_t *bits, uint32_t from)
{
	uint64_t word = bits[from / 64] >> from % 64;

	if (from % 64 > 48)
		word |= bits[from / 64 + 1] << (64 - from % 64);
	return (uint16_t)word;
}

/* 0xff in every byte whose bit is set. */
static inline bytes16
case_spread(uint16_t bits)
{
	const bytes16 powers = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	const bytes16 both = (bytes16)(bytes16_halves){bits, 0};
	const bytes16 spread =
		__builtin_shufflevector(both, both, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);

	return (bytes16)((spread & powers) == powers);
}

/* What a flip did. */
struct case_flipped {
	uint32_t letters; /* number of letters in the name */
	/* what it adds to a checksum.h sum; the name is at an even offset of what is summed */
	uint64_t added;
};

/* The same for each of sixteen byte positions, while the name is processed: no count overflows,
 * because a name has at most sixteen times sixteen bytes. */
struct case_tally {
	bytes16 letters; /* number of letters at each position */
	bytes16 turned;	 /* number turned to lower case minus number turned to upper case */
};

/* Flips the letters whose bit is set, and counts those where `counted` is 0xff. */
static inline bytes16
case_flip16(bytes16 x, uint16_t bits, bytes16 counted, struct case_tally *tally)
{
	const bytes16 letters = case_letters16(x), flip = letters & case_spread(bits);
	const bytes16 is_lower = (bytes16)((x & 0x20) != 0);

	tally->letters -= letters & counted;
	tally->turned += flip & counted & (is_lower | 1);
	return x ^ (flip & 0x20);
}

/* Adds the tally of the last sixteen bytes, which begin at offset `from` of the name; shifted by a
 * byte if `from` is odd, so that even positions stay even. The first of the sixteen bytes was not
 * counted. */
static inline void
case_tally_add(struct case_tally *tally, const struct case_tally *end, uint32_t from)
{
	const bytes16_halves turned = (bytes16_halves)end->turned;
	const uint32_t shift = 8 * (from & 1);

	tally->letters += end->letters;
	tally->turned += (bytes16)(bytes16_halves){
		turned[0] >> shift | turned[1] << 1 << (63 - shift), turned[1] >> shift};
}

/* A letter turned to lower case adds 0x20 to its byte of a 16-bit word of the sum. */
static inline struct case_flipped
case_tally_sum(const struct case_tally *tally)
{
	const bytes16_halves letters = (bytes16_halves)tally->letters;
	const bytes16_halves turned = (bytes16_halves)(tally->turned + 16); /* makes all positive */
	const uint64_t places = UINT64_C(0x00ff00ff00ff00ff), lanes = UINT64_C(0x0001000100010001);
	const uint64_t both = turned[0] + turned[1];
	const int64_t even = (int64_t)((both & places) * lanes >> 48) - 8 * 16;
	const int64_t odd = (int64_t)((both >> 8 & places) * lanes >> 48) - 8 * 16;
	const int64_t added = 0x20 * (even + odd * 256);

	return (struct case_flipped){
		.letters =
			(uint32_t)((letters[0] + letters[1]) * UINT64_C(0x0101010101010101) >> 56),
		.added = (uint64_t)(added + (added >> 63)), /* one's complement */
	};
}

/* Flips the case of each letter whose bit in `bits` is set; the same call undoes it. Byte i of the
 * name uses bit i of bits[case_words()]. The result is also written to `copy`, which may be `name`
 * or must not overlap it. */
static inline struct case_flipped
case_flip_copy(uint8_t *name, uint8_t *copy, uint32_t name_bytes, const uint64_t *bits)
{
	struct case_tally tally = {{0}, {0}}, end_tally = {{0}, {0}};
	const bytes16 all = bytes16_ends(16);
	const uint32_t few = name_bytes % 16, last = name_bytes - 16;
	bytes16 x, end;

	if (unlikely(name_bytes < 16)) {
		x = case_flip16(bytes16_load_few(name, few), (uint16_t)bits[0], all, &tally);
		bytes16_store_few(name, x, few);
		bytes16_store_few(copy, x, few);
		return case_tally_sum(&tally);
	}
	/* The last sixteen bytes, of which the loop below does not process the last `few`. They are
	 * loaded before anything is stored: a load that overlaps recent stores would wait for
	 * them. */
	end = bytes16_load(name + last);
	for (uint32_t at = 0; at + 16 <= name_bytes; at += 16) {
		x = case_flip16(bytes16_load(name + at), (uint16_t)(bits[at / 64] >> at % 64), all,
				&tally);
		bytes16_store(name + at, x);
		bytes16_store(copy + at, x);
	}
	if (few > 0) {
		end = case_flip16(end, case_bits16(bits, last), bytes16_ends(few), &end_tally);
		case_tally_add(&tally, &end_tally, last);
		bytes16_store(name + last, end);
		bytes16_store(copy + last, end);
	}
	return case_tally_sum(&tally);
}

static inline struct case_flipped
case_flip(uint8_t *name, uint32_t name_bytes, const uint64_t *bits)
{
	return case_flip_copy(name, name, name_bytes, bits);
}

/* Are the names equal, except for the case of ASCII letters (RFC 4343)? */
bool case_equal(const uint8_t *a, const uint8_t *b, uint32_t name_bytes);

/* Sets a bit in `mask`, [CASE_MASK_BYTES], for each byte in which two names that are case_equal()
 * differ. */
void case_difference(const uint8_t *a, const uint8_t *b, uint32_t name_bytes, uint8_t *mask);

/* Flips the case of each byte that has a bit in the mask. */
void case_apply(uint8_t *name, uint32_t name_bytes, const uint8_t *mask);

#endif
