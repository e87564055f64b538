/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the OPT record of a query. */
#include "dataplane/packet/edns.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/pipeline/pipeline_edit.h"
#include "tests/unit/suite.h"

/* Uses a copy that ends exactly where the message ends. */
static struct edns_tail
find(const struct pipeline_dns *dns)
{
	uint8_t *copy = malloc(dns->bytes > 0 ? dns->bytes : 1);
	struct edns_tail tail;

	memcpy(copy, dns->message, dns->bytes);
	tail = edns_find(copy, dns->bytes, 12 + dns->question_bytes);
	free(copy);
	return tail;
}

#define OPT   PIPELINE_OPT(1232, 0, "")
#define SMALL PIPELINE_RECORD("\0", 1, 0, 0)
#define TSIG  PIPELINE_RECORD("\3key\0", 250, 0, 58)
#define SIG0  PIPELINE_RECORD("\0", 24, 0, 60)

/* An OPT record after three others. */
#define BEHIND_THREE                                                                               \
	PIPELINE_RECORD("\0", 1, 0, 4), PIPELINE_RECORD("\xc0\x0c", 28, 0, 16),                    \
		PIPELINE_RECORD("\3abc\2de\0", 16, 0, 33), OPT

static void
test_table(void)
{
	static const struct {
		const char *description;
		struct pipeline_edit edits[PIPELINE_EDITS_MAX];
		size_t expected; /* after the question; SIZE_MAX: none */
		bool plain;
	} rows[] = {
		{"no EDNS", {{0}}, SIZE_MAX, true},
		{"OPT", {OPT}, 0, true},
		{"OPT with options", {PIPELINE_OPT(1232, 0, "\0\12\0\4abcd")}, 0, true},
		{"OPT not counted", {OPT, PIPELINE_SET(10, "\0\0")}, SIZE_MAX, true},
		{"OPT truncated by a byte", {OPT, PIPELINE_CUT(1)}, SIZE_MAX, false},
		{"OPT whose options go beyond the end",
		 {OPT, PIPELINE_SET(42, "\0\1")},
		 SIZE_MAX,
		 false},
		{"OPT with 65,535 bytes of options",
		 {OPT, PIPELINE_SET(42, "\xff\xff")},
		 SIZE_MAX,
		 false},
		{"OPT of another owner than the root",
		 {PIPELINE_RECORD("\1a\0", 41, 0, 0)},
		 SIZE_MAX,
		 true},
		{"OPT whose owner is a pointer",
		 {PIPELINE_RECORD("\xc0\x0c", 41, 0, 0)},
		 SIZE_MAX,
		 true},
		{"an answer record is counted", {OPT, PIPELINE_SET(6, "\0\1")}, SIZE_MAX, false},
		{"an authority record is counted", {OPT, PIPELINE_SET(8, "\0\1")}, SIZE_MAX, false},
		{"after three records",
		 {BEHIND_THREE},
		 (1 + 10 + 4) + (2 + 10 + 16) + (8 + 10 + 33),
		 true},
		{"after four records", {SMALL, BEHIND_THREE}, SIZE_MAX, false},
		{"after a label that goes beyond the end",
		 {PIPELINE_APPEND("\77"), PIPELINE_SET(10, "\0\1")},
		 SIZE_MAX,
		 false},
		{"after half a pointer",
		 {PIPELINE_APPEND("\xc0"), PIPELINE_SET(10, "\0\1")},
		 SIZE_MAX,
		 false},
		{"after a label of type 01",
		 {PIPELINE_RECORD("\x40", 1, 0, 0), OPT},
		 SIZE_MAX,
		 false},
		{"only an owner",
		 {PIPELINE_APPEND("\0"), PIPELINE_SET(10, "\0\1")},
		 SIZE_MAX,
		 false},
		{"65,535 counted, none there", {PIPELINE_SET(10, "\xff\xff")}, SIZE_MAX, false},
		{"TSIG", {TSIG}, SIZE_MAX, false},
		{"TSIG after OPT", {OPT, TSIG}, 0, false},
		{"OPT after TSIG, which is not allowed", {TSIG, OPT}, SIZE_MAX, false},
		{"TSIG as the fifth record", {SMALL, SMALL, SMALL, SMALL, TSIG}, SIZE_MAX, false},
		{"SIG(0)", {SIG0}, SIZE_MAX, false},
		{"SIG(0) after OPT", {OPT, SIG0}, 0, false},
		{"two OPT: the first", {OPT, OPT}, 0, true},
		{"TSIG not counted", {TSIG, PIPELINE_SET(10, "\0\0")}, SIZE_MAX, true},
		{"bytes after OPT", {OPT, PIPELINE_APPEND("xyz")}, 0, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pipeline_dns dns;
		struct edns_tail found;
		size_t expected;

		pipeline_dns_query(&dns, 1, "www.example.net", 1, 1);
		pipeline_dns_edit(&dns, rows[i].edits);
		found = find(&dns);
		expected = rows[i].expected == SIZE_MAX
				   ? 0
				   : 12 + dns.question_bytes + rows[i].expected;
		SUITE_ASSERT(found.opt_offset == expected, "%s: %u, not %zu", rows[i].description,
			     found.opt_offset, expected);
		SUITE_ASSERT(found.plain == rows[i].plain, "%s: plain %d", rows[i].description,
			     found.plain);
	}
}

/* Truncated anywhere: never found, never read beyond the end. */
static void
test_cut(void)
{
	static const struct pipeline_message message = {.edits = {BEHIND_THREE}};
	struct pipeline_dns dns;

	pipeline_dns_make(&dns, 1, &message);
	while (dns.bytes-- > 12 + dns.question_bytes)
		SUITE_ASSERT(find(&dns).opt_offset == 0 && !find(&dns).plain, "%zu bytes",
			     dns.bytes);
	dns.question_bytes = 0;
	for (dns.bytes = 0; dns.bytes < 12; dns.bytes++)
		CU_ASSERT(find(&dns).opt_offset == 0 && !find(&dns).plain);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"messages", test_table}, {"cut short", test_cut}, CU_TEST_INFO_NULL};

	return suite_run("edns", tests);
}
