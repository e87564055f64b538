/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's stream of random numbers that an attacker can't predict: ChaCha20 of libsodium, keyed
 * from the kernel once, made in blocks. Each block's first 32 bytes become the next key and are
 * wiped (fast key erasure), so that what is in memory now tells nothing of what was drawn before.
 *
 * Threads: one owner. No system call after random_init(). */
#ifndef EPHEMERA_DATAPLANE_TABLES_RANDOM_H
#define EPHEMERA_DATAPLANE_TABLES_RANDOM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define RANDOM_WORDS 1020 /* with the key 8 KiB: the cipher is made for whole pieces of 512 bytes */
#define RANDOM_SPARE                                                                               \
	192 /* what a burst takes: a word for each draw and, with most names, one for its case               \
	     */

struct random_stream {
	uint8_t key[32]; /* of the next block; the block begins here */
	uint64_t words[RANDOM_WORDS];
	uint32_t next; /* words of the block used up */
} __attribute__((aligned(64)));

static_assert(offsetof(struct random_stream, words) == 32, "the key, and nothing between");

/* Keys the stream from the kernel. [main] sodium_init() must have been called. */
void random_init(struct random_stream *stream);

/* Keys the stream with 32 bytes of the caller's, for tests that must repeat. */
void random_init_seeded(struct random_stream *stream, const uint8_t seed[32]);

/* Makes a new block. [worker] */
void random_refill(struct random_stream *stream);

/* Makes a new block now if fewer words are left than a burst takes: called between bursts.
 * [worker] */
static inline void
random_top_up(struct random_stream *stream)
{
	if (stream->next > RANDOM_WORDS - RANDOM_SPARE)
		random_refill(stream);
}

/* 64 fresh bits. [worker] */
static inline uint64_t
random_u64(struct random_stream *stream)
{
	uint64_t word;

	if (__builtin_expect(stream->next == RANDOM_WORDS, 0))
		random_refill(stream);
	word = stream->words[stream->next];
	stream->words[stream->next++] = 0;
	return word;
}

#endif
