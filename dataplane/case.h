/* SPDX-License-Identifier: BSD-3-Clause */
/* The case of letters in a question, as a secret (0x20) and as something to give back. [any]
 *
 * A question's bytes can be taken eight at a time: length bytes, at most 63, are no letters, so that the name
 * needs no walk. Type and class are not touched: the caller passes the name's length. */
#ifndef EPHEMERA_CASE_H
#define EPHEMERA_CASE_H

#include <stdint.h>
#include <string.h>

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
	uint64_t x = 0;

	if (bytes - n * 8 >= 8)
		memcpy(&x, name + n * 8, 8);
	else
		memcpy(&x, name + n * 8, bytes - n * 8);
	return x;
}

static inline void
case_store(uint8_t *name, uint32_t bytes, uint32_t n, uint64_t x)
{
	memcpy(name + n * 8, &x, bytes - n * 8 >= 8 ? 8 : bytes - n * 8);
}

/* Number of words of random bits for a name. */
static inline uint32_t
case_words(uint32_t name_bytes)
{
	return (name_bytes + 63) / 64;
}

/* Flips the case of each letter whose bit in `bits` is set; the same call undoes it. Every byte of the name
 * has a bit of its own in bits[case_words()]. Returns the number of letters. */
static inline uint32_t
case_flip(uint8_t *name, uint32_t name_bytes, const uint64_t *bits)
{
	uint32_t letters = 0;

	for (uint32_t n = 0; n * 8 < name_bytes; n++) {
		const uint64_t word = bits[n / 8], turned = word << (n & 7) | word >> ((64 - (n & 7)) & 63);
		const uint64_t x = case_load(name, name_bytes, n), mask = case_letters(x);

		letters += (uint32_t)__builtin_popcountll(mask);
		case_store(name, name_bytes, n, x ^ (mask & turned));
	}
	return letters;
}

/* Equal but for the case of ASCII letters, RFC 4343? */
bool case_equal(const uint8_t *a, const uint8_t *b, uint32_t name_bytes);

/* A bit for each byte in which two names that case_equal() differ. mask: CASE_MASK_BYTES. */
void case_difference(const uint8_t *a, const uint8_t *b, uint32_t name_bytes, uint8_t *mask);

/* Flips the case of each byte that has a bit in the mask. */
void case_apply(uint8_t *name, uint32_t name_bytes, const uint8_t *mask);

#endif
