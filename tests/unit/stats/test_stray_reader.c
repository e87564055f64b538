/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings of strays: what is read, also while they are written, and their questions as text. */
#include <stdlib.h>
#include <string.h>

#include "control/stats/stray_reader.h"
#include "tests/unit/suite.h"

#define SIZE 8

/* A worker that has written `count` entries with the time stamps 1, 2, 3... */
static void
ring_fill(struct stray *entries, uint64_t count, unsigned size, uint64_t first_tsc)
{
	for (uint64_t n = 0; n < count; n++)
		entries[n % size].tsc = first_tsc + n;
}

static const struct {
	const char *what;
	uint64_t count;
	unsigned room, read;
} rows[] = {
	{"empty", 0, SIZE, 0},
	{"one", 1, SIZE, 1},
	{"all but one", SIZE - 1, SIZE, SIZE - 1},
	{"few wanted", 6, 2, 2},
	{"full: the oldest may be being written over", SIZE, SIZE, SIZE - 1},
	{"round", 3 * SIZE + 5, SIZE, SIZE - 1},
	{"more room than entries", 3, 100, 3},
};

static void
test_ring(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stray entries[SIZE] = {0}, to[SIZE];
		const struct stray_ring ring = {entries, &rows[i].count, SIZE};
		unsigned read;

		ring_fill(entries, rows[i].count, SIZE, 1);
		read = stray_ring_read(&ring, to, rows[i].room);
		SUITE_ASSERT(read == rows[i].read, "%s: %u", rows[i].what, read);
		for (unsigned n = 0; n < read; n++)
			SUITE_ASSERT(to[n].tsc == rows[i].count - n, "%s: entry %u is %llu",
				     rows[i].what, n, (unsigned long long)to[n].tsc);
	}
}

/* Newest first over all workers, as many as requested. */
static void
test_newest(void)
{
	const size_t bytes = sizeof(struct stats_header) + 3 * sizeof(struct worker_stats);
	uint8_t *segment = calloc(1, bytes);
	const struct stats_reader reader = {.segment = segment,
					    .size_bytes = bytes,
					    .worker_count = 3,
					    .worker_offset = sizeof(struct stats_header),
					    .worker_stride = sizeof(struct worker_stats)};
	struct worker_stats *workers =
		(struct worker_stats *)(void *)(segment + sizeof(struct stats_header));
	struct stray *to = calloc(400, sizeof(*to));
	unsigned count;

	CU_ASSERT_EQUAL(stray_reader_newest(&reader, stray_ring_of_strays, to, 400), 0);
	ring_fill(workers[0].strays, 1000, STATS_STRAYS, 5000);
	workers[0].stray_count = 1000;
	ring_fill(workers[2].strays, 100, STATS_STRAYS, 5950);
	workers[2].stray_count = 100;
	count = stray_reader_newest(&reader, stray_ring_of_strays, to, 400);
	CU_ASSERT_EQUAL(count, 355);
	CU_ASSERT(to[0].tsc == 6049 && to[49].tsc == 6000 && to[50].tsc == 5999 &&
		  to[51].tsc == 5999);
	count = stray_reader_newest(&reader, stray_ring_of_strays, to, 10);
	CU_ASSERT_EQUAL(count, 10);
	for (unsigned n = 0; n < count; n++)
		CU_ASSERT_EQUAL(to[n].tsc, 6049 - n);
	ring_fill(workers[1].attacks, 3, STATS_ATTACKS, 1);
	workers[1].attack_count = 3;
	CU_ASSERT_EQUAL(stray_reader_newest(&reader, stray_ring_of_attacks, to, 400), 3);
	CU_ASSERT_EQUAL(to[0].tsc, 3);
	free(to);
	free(segment);
}

static void
test_time(void)
{
	const struct stats_header header = {
		.started_ns = 1000, .started_tsc = 500, .tsc_hz = 2500000000};
	const struct stats_header year = {.started_ns = 0, .started_tsc = 0, .tsc_hz = 2500000000};

	CU_ASSERT_EQUAL(stray_time_ns(&header, 500), 1000);
	CU_ASSERT_EQUAL(stray_time_ns(&header, 3000), 2000);
	CU_ASSERT_EQUAL(stray_time_ns(&header, 499), 1000);
	CU_ASSERT_EQUAL(stray_time_ns(&year, UINT64_C(2500000000) * 31536000),
			UINT64_C(31536000000000000));
	CU_ASSERT_EQUAL(stray_time_ns(&(struct stats_header){.started_ns = 7}, 100), 7);
}

#define L63                                                                                        \
	"\x3f"                                                                                     \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *bytes;
	unsigned kept, whole; /* bytes of the question in the ring, on the wire */
	const char *text;
} questions[] = {
	{"", 0, 0, "(none)"},
	{"\3www\7eXample\0\0\1\0\1", 17, 17, "www.eXample. A IN"},
	{"\0\0\2\0\1", 5, 5, ". NS IN"},
	{"\3www\7example\0\0\1\0\1 and a response behind it", 40, 40, "www.example. A IN"},
	{"\3www\7example\0\0\1\0\1 and a long answer behind it                                    ",
	 72, 1200, "www.example. A IN"},
	{"\3www\7example\0\0\1", 15, 15, "(malformed)"},
	{"\3www", 4, 4, "(malformed)"},
	{"\3www\300\014\0\1\0\1", 10, 10, "(malformed)"},
	{"\377\377\377", 3, 3, "(malformed)"},
	{L63 "\3www", 68, 68, "(malformed)"},
	{L63 "\3www\7exa", 72, 84,
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.www...."},
	{"\3www" L63 "aaaa", 72, 90,
	 "www.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...."},
	{L63 "\3www\0\0\1", 71, 73,
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.www...."},
};

static void
test_questions(void)
{
	char text[STRAY_TEXT_BYTES];

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct stray stray = {.question_bytes = (uint16_t)questions[i].whole};

		memcpy(stray.question, questions[i].bytes, questions[i].kept);
		SUITE_ASSERT(strcmp(stray_question(&stray, text), questions[i].text) == 0,
			     "question %zu: %s", i, text);
	}
}

/* Type 0x4142 is unchanged. */
static void
test_lower(void)
{
	struct stray stray = {.question = "\3wWw\7EXAMPLE\0AB\0\1ABC", .question_bytes = 17},
		     cut = {0};
	char text[STRAY_TEXT_BYTES];

	stray_lower(&stray);
	CU_ASSERT_STRING_EQUAL(stray_question(&stray, text), "www.example. TYPE16706 IN");
	CU_ASSERT_EQUAL(stray.question[18], 'B'); /* after the question: unchanged */
	memset(cut.question, 'A', sizeof(cut.question));
	cut.question[0] = 63;
	cut.question_bytes = 200;
	stray_lower(&cut);
	CU_ASSERT(cut.question[1] == 'a' && cut.question[63] == 'a' && cut.question[64] == 'A');
	stray_lower(&(struct stray){0});
}

/* Any bytes are formatted within bounds. */
static void
test_noise(void)
{
	uint64_t state = 1;
	char text[STRAY_TEXT_BYTES];

	for (unsigned turn = 0; turn < 100000; turn++) {
		struct stray stray;

		for (unsigned i = 0; i < STRAY_QUESTION_BYTES; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			stray.question[i] = (uint8_t)(state >> 56) & (turn & 1 ? 0xff : 0x1f);
		}
		stray.question_bytes = (uint16_t)(state >> 40) & (turn & 2 ? 0xffff : 0x7f);
		memset(text, 1, sizeof(text));
		stray_lower(&stray);
		stray_question(&stray, text);
		if (memchr(text, 0, sizeof(text)) == NULL)
			SUITE_ASSERT(false, "turn %u has no end", turn);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"a ring", test_ring},	   {"the newest of all", test_newest},
			       {"time", test_time},	   {"questions", test_questions},
			       {"lower case", test_lower}, {"noise", test_noise},
			       CU_TEST_INFO_NULL};

	return suite_run("stray_reader", tests);
}
