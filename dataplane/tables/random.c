/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers for the draws.
 * Runs:  workers, each on its own stream; blocks are generated between bursts.
 * Never: makes a system call after random_init(). */
#include "dataplane/tables/random.h"

#include <string.h>

#include <sodium.h>

void
random_refill(struct random_stream *stream)
{
	static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
	uint8_t key[32];

	memcpy(key, stream->key, sizeof(key));
	crypto_stream_chacha20((unsigned char *)stream, sizeof(stream->key) + sizeof(stream->words),
			       nonce, key);
	sodium_memzero(key, sizeof(key));
	stream->next = 0;
}

void
random_init_seeded(struct random_stream *stream, const uint8_t seed[32])
{
	memcpy(stream->key, seed, sizeof(stream->key));
	random_refill(stream);
}

void
random_init(struct random_stream *stream)
{
	uint8_t seed[32];

	randombytes_buf(seed, sizeof(seed));
	random_init_seeded(stream, seed);
	sodium_memzero(seed, sizeof(seed));
}
