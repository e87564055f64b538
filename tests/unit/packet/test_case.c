/* SPDX-License-Identifier: BSD-3-Clause */
/* Letter case: which bytes are letters, which bit flips which, and that flips can be undone; and
 * that drawn case is random: each letter uniform, letters of one draw and of successive draws
 * independent. The same checks reject weakened draws. */
#include "dataplane/packet/case.h"

#include <math.h>
#include <stdlib.h>

#include <sodium.h>

#include "dataplane/pipeline/draw.h"
#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

static struct worker worker;
static struct worker_stats stats;

static bool
is_letter(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Every byte value at each of the eight positions, next to every kind of neighbour. */
static void
test_letters(void)
{
	static const uint8_t neighbours[] = {0, 1, '@', 'A', 'z', '{', 0x7f, 0x80, 0xff};
	unsigned wrong = 0;

	for (unsigned value = 0; value < 256; value++) {
		for (unsigned place = 0; place < 8; place++) {
			for (size_t n = 0; n < sizeof(neighbours); n++) {
				uint8_t bytes[8], expected[8], mask[8], lower[8];
				uint64_t x;

				memset(bytes, neighbours[n], 8);
				bytes[place] = (uint8_t)value;
				memcpy(&x, bytes, 8);
				for (unsigned i = 0; i < 8; i++)
					expected[i] = is_letter(bytes[i]) ? 0x20 : 0;
				memcpy(mask, &(uint64_t){case_letters(x)}, 8);
				memcpy(lower, &(uint64_t){case_lower(x)}, 8);
				wrong += memcmp(mask, expected, 8) != 0;
				for (unsigned i = 0; i < 8; i++)
					wrong += lower[i] != (bytes[i] | expected[i]);
			}
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* Random bytes, every other one a letter. */
static void
fill(uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t random = random_u64(&worker.random);

		bytes[i] = random & 0x100
				   ? (uint8_t)random
				   : (uint8_t)(((random & 1) ? 'a' : 'A') + (random >> 9) % 26);
	}
}

/* A flip of `bytes` bytes and its copy, in buffers of exactly that size; `added` must be the change
 * of the sum of the bytes, padded with zeroes. */
static void
flip_length(uint32_t length)
{
	uint8_t *name = malloc(length), *copy = malloc(length), before[256];
	struct case_flipped flipped;
	const uint64_t ones[CASE_WORDS_MAX] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
	uint64_t *bits = malloc(case_words(length) * sizeof(*bits));
	uint32_t letters = 0, wrong = 0;

	for (uint32_t i = 0; i < case_words(length); i++)
		bits[i] = random_u64(&worker.random);
	fill(name, length);
	memcpy(before, name, length);
	for (uint32_t i = 0; i < length; i++)
		letters += is_letter(name[i]);
	flipped = case_flip_copy(name, copy, length, bits);
	SUITE_ASSERT(flipped.letters == letters, "%u bytes: number of letters", length);
	SUITE_ASSERT(memcmp(name, copy, length) == 0, "%u bytes: the copy differs", length);
	SUITE_ASSERT(checksum_of(checksum_add(checksum_bytes(before, length), flipped.added)) ==
			     checksum_of(checksum_bytes(name, length)),
		     "%u bytes: wrong sum", length);
	for (uint32_t i = 0; i < length; i++)
		wrong += name[i] != before[i] &&
			 (!is_letter(before[i]) || (name[i] ^ before[i]) != 0x20);
	SUITE_ASSERT(wrong == 0,
		     "%u bytes: %u that are no letters changed, or more than their case", length,
		     wrong);
	SUITE_ASSERT(case_equal(name, before, length), "%u bytes: the name differs", length);
	SUITE_ASSERT(case_flip(name, length, bits).letters == letters &&
			     memcmp(name, before, length) == 0,
		     "%u bytes: not undone", length);
	case_flip(name, length, ones);
	for (uint32_t i = 0; i < length; i++)
		wrong += name[i] != (is_letter(before[i]) ? before[i] ^ 0x20 : before[i]);
	SUITE_ASSERT(wrong == 0, "%u bytes: %u letters that no bit flips", length, wrong);
	free(bits);
	free(copy);
	free(name);
}

static void
test_flip(void)
{
	for (uint32_t length = 1; length <= DNS_NAME_BYTES_MAX; length++)
		flip_length(length);
}

/* Each bit flips one byte or, beyond the end, none; each byte is flipped by one bit. */
static void
test_own_bit(void)
{
	for (uint32_t length = 1; length <= DNS_NAME_BYTES_MAX; length++) {
		unsigned turned_by[DNS_NAME_BYTES_MAX] = {0}, crowds = 0, others = 0;

		for (uint32_t bit = 0; bit < case_words(length) * 64; bit++) {
			uint64_t bits[CASE_WORDS_MAX] = {0};
			uint8_t name[DNS_NAME_BYTES_MAX];
			unsigned turned = 0;

			bits[bit / 64] = UINT64_C(1) << bit % 64;
			memset(name, 'x', sizeof(name));
			case_flip(name, length, bits);
			for (uint32_t i = 0; i < sizeof(name); i++) {
				turned += name[i] != 'x';
				turned_by[i] += name[i] != 'x';
			}
			crowds += turned > 1;
		}
		for (uint32_t i = 0; i < DNS_NAME_BYTES_MAX; i++)
			others += turned_by[i] != (i < length);
		SUITE_ASSERT(crowds == 0 && others == 0,
			     "%u bytes: %u bits flip several bytes, %u bytes are not flipped by "
			     "exactly one bit",
			     length, crowds, others);
	}
}

/* The difference of two names turns each into the other. */
static void
test_difference(void)
{
	for (uint32_t length = 1; length <= DNS_NAME_BYTES_MAX; length++) {
		uint8_t *a = malloc(length), *b = malloc(length), *c = malloc(length);
		uint8_t mask[CASE_MASK_BYTES], none[CASE_MASK_BYTES] = {0};
		uint64_t bits[CASE_WORDS_MAX];
		uint32_t wrong = 0;

		for (int i = 0; i < CASE_WORDS_MAX; i++)
			bits[i] = random_u64(&worker.random);
		fill(a, length);
		memcpy(b, a, length);
		case_flip(b, length, bits);
		memset(mask, 0xff, sizeof(mask));
		case_difference(a, b, length, mask);
		for (uint32_t i = 0; i < CASE_MASK_BYTES * 8; i++)
			wrong += (mask[i / 8] >> (i % 8) & 1) != (i < length && a[i] != b[i]);
		SUITE_ASSERT(wrong == 0, "%u bytes: %u bits of the mask", length, wrong);
		memcpy(c, a, length);
		case_apply(c, length, mask);
		SUITE_ASSERT(memcmp(c, b, length) == 0, "%u bytes: not applied", length);
		case_apply(c, length, mask);
		case_apply(c, length, none);
		SUITE_ASSERT(memcmp(c, a, length) == 0, "%u bytes: not undone", length);
		case_difference(a, c, length, mask);
		SUITE_ASSERT(memcmp(mask, none, sizeof(mask)) == 0, "%u bytes: equal names differ",
			     length);
		free(a);
		free(b);
		free(c);
	}
}

#define LETTERS 200
#define DRAWS	20000

typedef void (*case_source)(uint8_t *name);

/* The name of the survey: four labels of letters. */
static void
survey_question(uint8_t question[DNS_QUESTION_BYTES_MAX])
{
	uint8_t *to = question;

	for (int label = 0; label < 4; label++) {
		*to++ = LETTERS / 4;
		memset(to, 'q', LETTERS / 4);
		to += LETTERS / 4;
	}
	memcpy(to, "\0\0\1\0\1", 5);
}

static void
draw_real(uint8_t *question)
{
	uint64_t bits[CASE_WORDS_MAX];

	draw_case(&worker, question, LETTERS + 5 + 4, bits);
}

/* The same random word for all four words of bits: letters 64 bytes apart are equal. */
static void
draw_one_word(uint8_t *question)
{
	const uint64_t word = random_u64(&worker.random),
		       bits[CASE_WORDS_MAX] = {word, word, word, word};

	case_flip(question, LETTERS + 5, bits);
}

static void
draw_all_or_none(uint8_t *question)
{
	const uint64_t word = 0 - (random_u64(&worker.random) & 1),
		       bits[CASE_WORDS_MAX] = {word, word, word, word};

	case_flip(question, LETTERS + 5, bits);
}

/* Nine in sixteen. */
static void
draw_uneven(uint8_t *question)
{
	draw_real(question);
	for (int i = 0; i < LETTERS + 4; i++)
		if ((random_u64(&worker.random) & 7) == 0 && question[i] == 'q')
			question[i] ^= 0x20;
}

static void
draw_again_sometimes(uint8_t *question)
{
	static uint8_t last[DNS_QUESTION_BYTES_MAX];

	if (last[0] != 0 && random_u64(&worker.random) % 16 == 0)
		memcpy(question, last, sizeof(last));
	else
		draw_real(question);
	memcpy(last, question, sizeof(last));
}

static void
draw_one_letter_never(uint8_t *question)
{
	draw_real(question);
	question[77] |= 0x20;
}

/* (count - n/2)^2 over its variance: the square of a standard normal value. */
static double
half_square(uint32_t count)
{
	const double off = count - DRAWS / 2.0;

	return off * off / (DRAWS / 4.0);
}

static uint8_t flips[DRAWS][LETTERS];

static void
survey_take(case_source source)
{
	for (uint32_t n = 0; n < DRAWS; n++) {
		uint8_t question[DNS_QUESTION_BYTES_MAX] = {0};

		survey_question(question);
		source(question);
		for (uint32_t label = 0, i = 0; label < 4; label++)
			for (uint32_t at = 0; at < LETTERS / 4; at++, i++)
				flips[n][i] = question[label * (LETTERS / 4 + 1) + 1 + at] == 'Q';
	}
}

/* Are the squares of each letter, each letter in successive draws, and each pair of letters
 * plausible, in total and at their maximum? */
static bool
survey_random(bool talk)
{
	static uint32_t pairs[LETTERS][LETTERS];
	uint32_t ones[LETTERS] = {0}, again[LETTERS] = {0};
	double of_letters = 0, of_draws = 0, of_pairs = 0, worst = 0;
	double p_letters, p_draws, p_pairs;

	memset(pairs, 0, sizeof(pairs));
	for (uint32_t n = 0; n < DRAWS; n++) {
		for (uint32_t i = 0; i < LETTERS; i++) {
			ones[i] += flips[n][i];
			again[i] += flips[n][i] ^ flips[(n + 1) % DRAWS][i];
			for (uint32_t j = 0; j < i; j++)
				pairs[i][j] += flips[n][i] ^ flips[n][j];
		}
	}
	for (uint32_t i = 0; i < LETTERS; i++) {
		of_letters += half_square(ones[i]);
		of_draws += half_square(again[i]);
		worst = fmax(worst, half_square(ones[i]));
		worst = fmax(worst, half_square(again[i]));
		for (uint32_t j = 0; j < i; j++) {
			of_pairs += half_square(pairs[i][j]);
			worst = fmax(worst, half_square(pairs[i][j]));
		}
	}
	p_letters = chi_square_survival(of_letters, LETTERS);
	p_draws = chi_square_survival(of_draws, LETTERS);
	p_pairs = chi_square_survival(of_pairs, LETTERS * (LETTERS - 1) / 2);
	if (talk)
		fprintf(stderr, "  letters p %g, successive draws p %g, pairs p %g, worst %g\n",
			p_letters, p_draws, p_pairs, sqrt(worst));
	/* 20,000 values: more than six standard deviations can't be chance. */
	return chi_square_plausible(p_letters) && chi_square_plausible(p_draws) &&
	       chi_square_plausible(p_pairs) && worst < 36;
}

static void
test_random(void)
{
	static const struct {
		const char *description;
		case_source source;
		bool random;
	} rows[] = {
		{"as drawn", draw_real, true},
		{"one random word per name", draw_one_word, false},
		{"all letters or none", draw_all_or_none, false},
		{"nine in sixteen", draw_uneven, false},
		{"sometimes as the last time", draw_again_sometimes, false},
		{"one letter is never flipped", draw_one_letter_never, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool random;

		random_init_seeded(&worker.random, (const uint8_t[32]){(uint8_t)(i + 1)});
		survey_take(rows[i].source);
		random = survey_random(false);
		SUITE_ASSERT(random == rows[i].random, "%s", rows[i].description);
		if (random != rows[i].random)
			survey_random(true);
	}
}

/* The bits of a draw undo it; and its counters. */
static void
test_draw(void)
{
	memset(&stats, 0, sizeof(stats));
	for (uint32_t name_bytes = 1, letters = 0; name_bytes <= DNS_NAME_BYTES_MAX; name_bytes++) {
		uint8_t question[DNS_QUESTION_BYTES_MAX], before[DNS_QUESTION_BYTES_MAX];
		uint64_t bits[CASE_WORDS_MAX];

		fill(question, name_bytes + 4);
		memcpy(before, question, sizeof(question));
		for (uint32_t i = 0; i < name_bytes; i++)
			letters += is_letter(question[i]);
		draw_case(&worker, question, name_bytes + 4, bits);
		SUITE_ASSERT(memcmp(question + name_bytes, before + name_bytes, 4) == 0,
			     "type and class after %u bytes", name_bytes);
		SUITE_ASSERT(stats.draw.case_queries == name_bytes &&
				     stats.draw.case_letters == letters,
			     "counters at %u bytes", name_bytes);
		case_flip(question, name_bytes, bits);
		SUITE_ASSERT(memcmp(question, before, name_bytes) == 0, "%u bytes: not undone",
			     name_bytes);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"letters", test_letters},
			       {"flip", test_flip},
			       {"a bit per byte", test_own_bit},
			       {"difference", test_difference},
			       {"draw", test_draw},
			       {"random", test_random},
			       CU_TEST_INFO_NULL};

	if (sodium_init() < 0)
		return 1;
	worker.stats = &stats;
	random_init_seeded(&worker.random, (const uint8_t[32]){0xca, 0x5e});
	return suite_run("case", tests);
}
