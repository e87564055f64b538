/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of questions: bounds, and equality without case. */
#include "dataplane/packet/name.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/packet/case.h"
#include "tests/unit/suite.h"

/* Uses a copy of exactly that size, so that AddressSanitizer detects an overread. */
static uint32_t
question_bytes(const void *bytes, size_t available)
{
	uint8_t *copy = malloc(available > 0 ? available : 1);
	uint32_t result;

	memcpy(copy, bytes, available);
	result = name_question_bytes(copy, available);
	free(copy);
	return result;
}

static void
test_table(void)
{
	static const struct {
		const char *description, *bytes;
		size_t available;
		uint32_t expected;
	} rows[] = {
		{"the root", "\0\0\1\0\1", 5, 5},
		{"the root, and more after it", "\0\0\1\0\1xyz", 8, 5},
		{"one label", "\1a\0\0\1\0\1", 7, 7},
		{"nothing", "", 0, 0},
		{"only a length", "\1", 1, 0},
		{"no terminator", "\1a", 2, 0},
		{"only a terminator", "\0", 1, 0},
		{"no type", "\1a\0", 3, 0},
		{"class truncated", "\1a\0\0\1\0", 6, 0},
		{"label beyond the end", "\5abcd", 5, 0},
		{"label that ends at the end", "\5abcde", 6, 0},
		{"binary", "\3\0\xff\x80\0\0\1\0\1", 9, 9},
		{"a pointer", "\xc0\x0c\0\1\0\1", 6, 0},
		{"a pointer after a label", "\1a\xc0\x0c\0\1\0\1", 8, 0},
		{"label type 01", "\x41\0\0\1\0\1", 6, 0},
		{"label type 10", "\x80\0\0\1\0\1", 6, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t bytes = question_bytes(rows[i].bytes, rows[i].available);

		SUITE_ASSERT(bytes == rows[i].expected, "%s: %u", rows[i].description, bytes);
	}
}

/* A name of `name_bytes` in labels of `label`, then type and class. */
static size_t
long_question(uint8_t *to, size_t label, size_t name_bytes)
{
	size_t at = 0;

	memset(to, 'x', name_bytes);
	while (name_bytes - 1 - at > 0) {
		size_t left = name_bytes - 1 - at;

		to[at] = (uint8_t)((left < label + 1 ? left : label + 1) - 1);
		at += to[at] + 1u;
	}
	to[at++] = 0;
	memset(to + at, 1, 4);
	return at + 4;
}

/* Every length of name that labels of this size can have. RFC 1035: at most 63 bytes per label, 255
 * per name. */
static void
test_limits(void)
{
	uint8_t question[600];

	for (size_t name_bytes = 3; name_bytes < 400; name_bytes++) {
		for (size_t label = 1; label <= 64; label++) {
			const bool broken =
				(name_bytes - 1) % (label + 1) == 1; /* an empty label inside */
			const size_t bytes = long_question(question, label, name_bytes);
			const bool good = name_bytes <= 255 && !(label == 64 && name_bytes >= 66);

			if (broken)
				continue;
			SUITE_ASSERT(question_bytes(question, bytes) == (good ? bytes : 0),
				     "name of %zu bytes, labels of %zu", name_bytes, label);
		}
	}
}

/* A question truncated anywhere is malformed. */
static void
test_cut(void)
{
	uint8_t question[600];
	const size_t bytes = long_question(question, 63, 255);

	for (size_t available = 0; available < bytes; available++)
		SUITE_ASSERT(question_bytes(question, available) == 0, "%zu of %zu bytes",
			     available, bytes);
	CU_ASSERT_EQUAL(question_bytes(question, bytes), 259);
}

/* Only the 26 letters of ASCII have case (RFC 4343). */
static void
test_nocase(void)
{
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			const uint8_t x = (uint8_t)a, y = (uint8_t)b;
			const bool letters =
				(x ^ y) == 0x20 && ((x | 0x20) >= 'a' && (x | 0x20) <= 'z');

			if (case_equal(&x, &y, 1) != (x == y || letters))
				SUITE_ASSERT(false, "%02x and %02x", a, b);
		}
	}
	CU_ASSERT(case_equal((const uint8_t *)"\3wWw\0", (const uint8_t *)"\3WwW\0", 5));
	CU_ASSERT(!case_equal((const uint8_t *)"\3wWw\0", (const uint8_t *)"\3WwV\0", 5));
	CU_ASSERT(case_equal((const uint8_t *)"a", (const uint8_t *)"b", 0));
}

int
main(void)
{
	CU_TestInfo tests[] = {{"questions", test_table},
			       {"limits", test_limits},
			       {"truncated", test_cut},
			       {"letter case", test_nocase},
			       CU_TEST_INFO_NULL};

	return suite_run("name", tests);
}
