/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads, writes, copies and compares bytes eight or sixteen at a time, for lengths not known at
 * compile time: for the few words of a question, a call of memcpy() or memcmp() costs more. Nothing
 * is read or written beyond `count`. [any] */
#ifndef EPHEMERA_DATAPLANE_PACKET_BYTES_H
#define EPHEMERA_DATAPLANE_PACKET_BYTES_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "shifts here assume that the first byte is the lowest");

static inline uint64_t
bytes_load(const uint8_t *from)
{
	uint64_t x;

	memcpy(&x, from, 8);
	return x;
}

static inline void
bytes_store(uint8_t *to, uint64_t x)
{
	memcpy(to, &x, 8);
}

/* Loads 1 to 7 bytes; the others are 0. */ static inline uint64_t
bytes_load_few(const uint8_t *from, uint32_t count)
{
	uint32_t first, last;

	if (count >= 4) {
		memcpy(&first, from, 4);
		memcpy(&last, from + count - 4, 4);
		return first | (uint64_t)last << (8 * count - 32);
	}
	/* First, middle and last byte of one, two or three. */
	return from[0] | (uint64_t)from[count >> 1] << (8 * (count >> 1)) |
	       (uint64_t)from[count - 1] << (8 * count - 8);
}

/* Loads the last `few` (1 to 7) of `count` bytes, at least 8; the others are 0. */
static inline uint64_t
bytes_load_last(const uint8_t *from, uint32_t count, uint32_t few)
{
	return bytes_load(from + count - 8) >> (64 - 8 * few);
}

/* Sixteen bytes in a vector register. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

static inline bytes16
bytes16_load(const uint8_t *from)
{
	bytes16 x;

	memcpy(&x, from, 16);
	return x;
}

static inline void
bytes16_store(uint8_t *to, bytes16 x)
{
	memcpy(to, &x, 16);
}

/* The same as two numbers: the first eight bytes and the last eight. */
typedef uint64_t bytes16_halves __attribute__((vector_size(16)));

/* 0xff in the last `few` (at most 16) bytes. */
static inline bytes16
bytes16_ends(uint32_t few)
{
	static const uint8_t ends[32] = {[16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff,	      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return bytes16_load(ends + few);
}

/* Loads 1 to 15 bytes; the others are 0. */ static inline bytes16
bytes16_load_few(const uint8_t *from, uint32_t count)
{
	if (count <= 8)
		return (bytes16)(bytes16_halves){
			count == 8 ? bytes_load(from) : bytes_load_few(from, count), 0};
	return (bytes16)(bytes16_halves){bytes_load(from), bytes_load_last(from, count, count - 8)};
}

/* Stores the first `count` (1 to 15) bytes of x. */
static inline void
bytes16_store_few(uint8_t *to, bytes16 x, uint32_t count)
{
	const bytes16_halves halves = (bytes16_halves)x;
	const uint64_t low = halves[0], high = halves[1];
	const uint32_t beyond = 8 * count - 64; /* bits of the high half */

	if (count < 8) {
		memcpy(to, &low, count);
		return;
	}
	bytes_store(to, low);
	if (count > 8)
		bytes_store(to + count - 8, low >> beyond | high << (64 - beyond));
}

static inline bool
bytes_equal(const uint8_t *a, const uint8_t *b, uint32_t count)
{
	bytes16_halves different = {0, 0};
	uint32_t at = 0;

	if (__builtin_expect(count < 16, 0))
		return memcmp(a, b, count) == 0;
	for (; at + 16 <= count; at += 16)
		different |= (bytes16_halves)(bytes16_load(a + at) ^ bytes16_load(b + at));
	different |= (bytes16_halves)(bytes16_load(a + count - 16) ^ bytes16_load(b + count - 16));
	return (different[0] | different[1]) == 0;
}

/* `to` and `from` must not overlap. */
static inline void
bytes_copy(uint8_t *to, const uint8_t *from, uint32_t count)
{
	if (__builtin_expect(count < 8, 0)) {
		memcpy(to, from, count);
		return;
	}
	for (uint32_t at = 0; at + 8 <= count; at += 8)
		bytes_store(to + at, bytes_load(from + at));
	bytes_store(to + count - 8, bytes_load(from + count - 8));
}

#endif
