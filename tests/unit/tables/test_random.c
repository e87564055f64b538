/* SPDX-License-Identifier: BSD-3-Clause */
/* The random stream: its blocks, its erasure, and that starts differ. */
#include "dataplane/tables/random.h"

#include <string.h>

#include <sodium.h>

#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

static void
test_repeats(void)
{
	const uint8_t seed[32] = {1, 2, 3}, other[32] = {1, 2, 4};
	struct random_stream a, b, c;
	uint32_t same = 0;

	random_init_seeded(&a, seed);
	random_init_seeded(&b, seed);
	random_init_seeded(&c, other);
	for (int n = 0; n < 5 * RANDOM_WORDS; n++) {
		const uint64_t word = random_u64(&a);

		CU_ASSERT_EQUAL(word, random_u64(&b));
		same += word == random_u64(&c);
	}
	CU_ASSERT_EQUAL(same, 0);
}

/* The first block is libsodium's ChaCha20 keystream (nonce 0) after its first 32 bytes. */
static void
test_keystream(void)
{
	const uint8_t seed[32] = {9}, nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
	uint8_t stream[32 + RANDOM_WORDS * 8];
	struct random_stream random;
	uint64_t word;

	random_init_seeded(&random, seed);
	crypto_stream_chacha20(stream, sizeof(stream), nonce, seed);
	CU_ASSERT_EQUAL(memcmp(random.key, stream, 32), 0);
	for (int n = 0; n < RANDOM_WORDS; n++) {
		memcpy(&word, stream + 32 + n * 8, 8);
		CU_ASSERT_EQUAL(random_u64(&random), word);
	}
	crypto_stream_chacha20(stream, sizeof(stream), nonce, stream);
	memcpy(&word, stream + 32, 8);
	CU_ASSERT_EQUAL(random_u64(&random), word);
}

/* Neither drawn words nor their key are left in memory. */
static void
test_erased(void)
{
	const uint8_t seed[32] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	struct random_stream random;
	uint64_t drawn[RANDOM_WORDS];
	uint32_t left = 0;

	random_init_seeded(&random, seed);
	CU_ASSERT_NOT_EQUAL(memcmp(random.key, seed, 32), 0);
	for (int n = 0; n < RANDOM_WORDS; n++)
		drawn[n] = random_u64(&random);
	for (int n = 0; n < RANDOM_WORDS; n++)
		left += memmem(&random, sizeof(random), &drawn[n], 8) != NULL;
	CU_ASSERT_EQUAL(left, 0);
}

static void
test_top_up(void)
{
	const uint8_t seed[32] = {3};
	struct random_stream random;

	random_init_seeded(&random, seed);
	for (int n = 0; n < RANDOM_WORDS - RANDOM_SPARE; n++)
		random_u64(&random);
	random_top_up(&random);
	CU_ASSERT_EQUAL(random.next, RANDOM_WORDS - RANDOM_SPARE);
	random_u64(&random);
	random_top_up(&random);
	CU_ASSERT_EQUAL(random.next, 0);
	random_top_up(&random);
	CU_ASSERT_EQUAL(random.next, 0);
}

/* Two streams keyed by the kernel have no word in common, and no word repeats. */
static void
test_starts_differ(void)
{
	struct random_stream a, b;
	uint32_t same = 0;

	random_init(&a);
	random_init(&b);
	CU_ASSERT_NOT_EQUAL(memcmp(a.key, b.key, 32), 0);
	for (int n = 0; n < RANDOM_WORDS; n++)
		for (int m = 0; m < RANDOM_WORDS; m++)
			same += a.words[n] == b.words[m];
	CU_ASSERT_EQUAL(same, 0);
}

static void
test_uniform(void)
{
	static uint32_t bytes[8][256];
	const uint8_t seed[32] = {0x42};
	struct random_stream random;

	random_init_seeded(&random, seed);
	for (int n = 0; n < 200000; n++) {
		const uint64_t word = random_u64(&random);

		for (int byte = 0; byte < 8; byte++)
			bytes[byte][word >> 8 * byte & 0xff]++;
	}
	for (int byte = 0; byte < 8; byte++) {
		const double p = chi_square_uniform_p(bytes[byte], 256);

		SUITE_ASSERT(chi_square_plausible(p), "byte %d: p = %g", byte, p);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"repeats", test_repeats},
			       {"keystream", test_keystream},
			       {"erased", test_erased},
			       {"top up", test_top_up},
			       {"starts", test_starts_differ},
			       {"uniform", test_uniform},
			       CU_TEST_INFO_NULL};

	return sodium_init() < 0 ? 1 : suite_run("random", tests);
}
