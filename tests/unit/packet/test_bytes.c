/* SPDX-License-Identifier: BSD-3-Clause */
/* Word-wise copies and comparisons handle every length, and never read or write beyond it: buffers
 * end exactly where the bytes end. */
#include "dataplane/packet/bytes.h"

#include <stdlib.h>

#include "tests/unit/suite.h"

#define LENGTHS 300

/* Not inlined: gcc 14 would warn of a loop for lengths that the caller does not use. */
static __attribute__((noinline)) uint8_t *
some_bytes(uint32_t count, uint8_t salt)
{
	uint8_t *bytes = malloc(count);

	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)(i * 37 + salt);
	return bytes;
}

static void
test_equal(void)
{
	for (uint32_t count = 1; count < LENGTHS; count++) {
		uint8_t *a = some_bytes(count, 5), *b = some_bytes(count, 5);
		unsigned unseen = 0;

		SUITE_ASSERT(bytes_equal(a, b, count), "%u bytes", count);
		for (uint32_t i = 0; i < count * 8; i++) {
			b[i / 8] ^= (uint8_t)(1 << i % 8);
			unseen += bytes_equal(a, b, count);
			b[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		SUITE_ASSERT(unseen == 0, "%u bytes: %u differing bits not seen", count, unseen);
		free(a);
		free(b);
	}
}

static void
test_copy(void)
{
	for (uint32_t count = 1; count < LENGTHS; count++) {
		uint8_t *from = some_bytes(count, 9), *to = some_bytes(count, 77);

		bytes_copy(to, from, count);
		SUITE_ASSERT(memcmp(from, to, count) == 0, "%u bytes", count);
		free(from);
		free(to);
	}
}

static void
test_few(void)
{
	for (uint32_t few = 1; few < 8; few++) {
		uint8_t *bytes = some_bytes(few, 0x81), *more = some_bytes(8 + few, 0x81);
		uint64_t want = 0, last = 0;

		memcpy(&want, bytes, few);
		memcpy(&last, more + 8, few);
		SUITE_ASSERT(bytes_load_few(bytes, few) == want, "%u bytes", few);
		SUITE_ASSERT(bytes_load_last(more, 8 + few, few) == last, "the last %u bytes", few);
		free(bytes);
		free(more);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"equal", test_equal}, {"copy", test_copy}, {"few", test_few}, CU_TEST_INFO_NULL};

	return suite_run("bytes", tests);
}
