/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's stream of random numbers that an attacker can't predict: libsodium's ChaCha20, keyed
 * by the kernel once, generated in blocks. The first 32 bytes of a block are the next key, and used
 * words are erased (fast key erasure), so that the memory reveals nothing about earlier draws.
 *
 * Threads: one owner. No system call after random_init(). */
#ifndef EPHEMERA_DATAPLANE_TABLES_RANDOM_H
#define EPHEMERA_DATAPLANE_TABLES_RANDOM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* 8 KiB with the key: the cipher is fastest on multiples of 512 bytes */
#define RANDOM_WORDS 1020

/* words for a burst: one per draw and, for most names, one for the letter case */
#define RANDOM_SPARE 192

struct random_stream {
	uint8_t key[32]; /* of the next block; a block is the key and the words */
	uint64_t words[RANDOM_WORDS];
	uint32_t next; /* index of the next unused word */
} __attribute__((aligned(64)));

static_assert(offsetof(struct random_stream, words) == 32, "the words follow the key");

/* Keys the stream from the kernel. sodium_init() must have been called. [main] */
void random_init(struct random_stream *stream);

/* Keys the stream with the caller's 32 bytes, for repeatable tests. */
void random_init_seeded(struct random_stream *stream, const uint8_t seed[32]);

/* Generates a new block. [worker] */
void random_refill(struct random_stream *stream);

/* Generates a new block if fewer words are left than a burst needs. Called between bursts.
 * [worker] */
static inline void
random_top_up(struct random_stream *stream)
{
	if (stream->next > RANDOM_WORDS - RANDOM_SPARE)
		random_refill(stream);
}

/* 64 unused random bits; erases them from the block. [worker] */
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
