/* SPDX-License-Identifier: BSD-3-Clause */
/* The case of letters in a question, as a secret (0x20) and as something to give back. [any]
 *
 * A question's bytes can be taken eight at a time: length bytes, at most 63, are no letters, so that the name
 * needs no walk. Type and class are not touched: the caller passes the name's length. */
#ifndef EPHEMERA_CASE_H
#define EPHEMERA_CASE_H

#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "checksum.h"
#include "shared/wire.h"

#define CASE_WORDS_MAX	4  /* one for 64 bytes of name, DNS_NAME_BYTES_MAX of them */
#define CASE_MASK_BYTES 32 /* a bit a byte of name, DNS_NAME_BYTES_MAX of them */

/* 0x20 in every byte of `x` that is an ASCII letter. */
static inline uint64_t
case_letters(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101u, high = ones << 7;
	const uint64_t folded = (x | ones * 0x20) & ~high;
	const uint64_t from_a = folded + ones * (0x80 - 'a'), beyond_z = folded + ones * (0x80 - 'z' - 1);

	return (from_a & ~beyond_z & ~x & high) >> 2;
}

/* Lower-cases eight bytes. */
static inline uint64_t
case_lower(uint64_t x)
{
	return x | case_letters(x);
}

/* The `n`th eight bytes of the name, the last ones padded with 0. */
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

/* What to flip in the `n`th eight bytes, which are x. */
static inline uint64_t
case_mask(uint64_t x, const uint64_t *bits, uint32_t n)
{
	const uint64_t word = bits[n / 8], turned = word << (n & 7) | word >> ((64 - (n & 7)) & 63);

	return case_letters(x) & turned;
}

/* What a flip did. */
struct case_flipped {
	uint32_t letters; /* in the name */
	uint64_t added;	  /* to a sum of checksum.h; the name lies at an even offset of what is summed */
};

/* Flips the case of each letter whose bit in `bits` is set; the same call undoes it. Every byte of the name
 * has a bit of its own in bits[case_words()]. The result is written to `copy`, too: it may be the name
 * itself, or lie elsewhere. */
static inline struct case_flipped
case_flip_copy(uint8_t *name, uint8_t *copy, uint32_t name_bytes, const uint64_t *bits)
{
	const uint32_t whole = name_bytes / 8, few = name_bytes % 8;
	struct case_flipped flipped = {0, 0};
	uint64_t x = 0, y = 0, last = 0;

	/* All that is read is read before a byte of it is written: a load that overlaps fresh stores waits
	 * for them. */
	if (few > 0)
		last = whole > 0 ? bytes_load_last(name, name_bytes, few) : bytes_load_few(name, few);
	for (uint32_t n = 0; n < whole; n++) {
		x = bytes_load(name + n * 8);
		y = x ^ case_mask(x, bits, n);
		flipped.letters += (uint32_t)__builtin_popcountll(case_letters(x));
		flipped.added = checksum_add(checksum_subtract(flipped.added, x), y);
		bytes_store(name + n * 8, y);
		bytes_store(copy + n * 8, y);
	}
	if (few == 0)
		return flipped;
	x = last ^ case_mask(last, bits, whole);
	flipped.letters += (uint32_t)__builtin_popcountll(case_letters(last));
	flipped.added = checksum_add(checksum_subtract(flipped.added, last), x);
	if (whole > 0) {
		/* The last eight bytes, the end of the word before them once more. */
		y = y >> (8 * few) | x << (64 - 8 * few);
		bytes_store(name + name_bytes - 8, y);
		bytes_store(copy + name_bytes - 8, y);
	} else {
		memcpy(name, &x, few);
		memcpy(copy, &x, few);
	}
	return flipped;
}

static inline struct case_flipped
case_flip(uint8_t *name, uint32_t name_bytes, const uint64_t *bits)
{
	return case_flip_copy(name, name, name_bytes, bits);
}

/* Equal but for the case of ASCII letters, RFC 4343? */
bool case_equal(const uint8_t *a, const uint8_t *b, uint32_t name_bytes);

/* A bit for each byte in which two names that case_equal() differ. mask: CASE_MASK_BYTES. */
void case_difference(const uint8_t *a, const uint8_t *b, uint32_t name_bytes, uint8_t *mask);

/* Flips the case of each byte that has a bit in the mask. */
void case_apply(uint8_t *name, uint32_t name_bytes, const uint8_t *mask);

#endif
