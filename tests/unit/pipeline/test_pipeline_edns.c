/* SPDX-License-Identifier: BSD-3-Clause */
/* The EDNS size offered to upstreams: lowered if it is too large; no other byte of a query
 * changes. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

static void
publish(uint16_t edns_bytes)
{
	struct snapshot *s = pipeline_snapshot_new();

	s->edns_bytes = edns_bytes;
	rig_publish(&rig, s);
}

/* Sends a query, and compares every byte of the upstream query but the ID with the expected one. */
static void
ask(const struct pipeline_dns *query, const struct pipeline_dns *expected, bool clamped)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, ipv6);
		const struct pipeline_sent *asked = rig_ask(&rig, &ends, query), *delivered;
		struct pipeline_dns response;

		rig_check(&rig, rig_carries(asked, expected, 2), "not the expected query");
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		pipeline_dns_opt(&response, 4096, 0, NULL, 0);
		rig_response(&rig, asked, &response);
		delivered = rig_take_from(&rig, RIG_CLIENTS);
		rig_check(&rig, rig_carries(delivered, &response, 2),
			  "the upstream's own size was changed in the response");
	}
	rig_expect_count(&rig, COUNTER_edns_clamped, clamped ? 2 : 0);
}

/* Each size with each bound, with and without DO: lowered, never raised. */
static void
test_sizes(void)
{
	static const uint16_t bounds[] = {512, 1231, 1232, 1280, 4096, 65535};
	static const uint16_t sizes[] = {0,    1,    255,  256,	 511,  512,  513,   1231,
					 1232, 1233, 1280, 4095, 4096, 4097, 65534, 65535};

	rig_open(&rig, NULL);
	for (size_t b = 0; b < RTE_DIM(bounds); b++) {
		publish(bounds[b]);
		for (size_t i = 0; i < RTE_DIM(sizes) * 2; i++) {
			const uint16_t size = sizes[i / 2];
			struct pipeline_dns query, expected;

			rig_begin(&rig, "EDNS size");
			pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
			pipeline_dns_opt(&query, size, i & 1 ? 0x8000 : 0, NULL, 0);
			expected = query;
			pipeline_dns_set(expected.message, expected.opt + 3,
					 RTE_MIN(size, bounds[b]));
			ask(&query, &expected, size > bounds[b]);
			SUITE_ASSERT(rig_end(&rig) == 0, "size %u, bound %u", size, bounds[b]);
		}
	}
	rig_close(&rig);
}

static const char padding_options[404 + 1] = "\0\14\1\220";

/* Everything is passed on; the size is lowered unless the message must not be changed. */
static void
test_content(void)
{
	static const struct {
		const char *description;
		struct pipeline_message message;
		bool clamped;
	} rows[] = {
		{"no EDNS", {0}, false},
		{"version 1", {.edits = {PIPELINE_OPT(4096, 0x00010000, "")}}, true},
		{"version 255", {.edits = {PIPELINE_OPT(4096, 0xffff0000, "")}}, true},
		{"flags Z", {.edits = {PIPELINE_OPT(4096, 0x7fff, "")}}, true},
		{"all bits", {.edits = {PIPELINE_OPT(65535, 0xffffffff, "")}}, true},
		{"cookie", {.edits = {PIPELINE_OPT(4096, 0, "\0\12\0\10ABCDEFGH")}}, true},
		{"client subnet",
		 {.edits = {PIPELINE_OPT(4096, 0, "\0\10\0\7\0\1\30\0\300\0\2")}},
		 true},
		{"padding", {.edits = {PIPELINE_OPT(4096, 0x8000, padding_options)}}, true},
		{"unknown option", {.edits = {PIPELINE_OPT(4096, 0, "\xff\xfe\0\3abc")}}, true},
		/* It still is an OPT record. */
		{"malformed options", {.edits = {PIPELINE_OPT(4096, 0, "\0\12\0\377A")}}, true},
		{"question for the root",
		 {.name = ".", .type = 2, .edits = {PIPELINE_OPT(4096, 0, "")}},
		 true},
		{"the longest question",
		 {.edits = {PIPELINE_LONG_NAME(255, 63), PIPELINE_OPT(4096, 0, "")}},
		 true},
		{"two OPT: the first",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_OPT(4097, 0, "")}},
		 true},
		{"two OPT, the second too large",
		 {.edits = {PIPELINE_OPT(512, 0, ""), PIPELINE_OPT(4097, 0, "")}},
		 false},
		{"after other records",
		 {.edits = {PIPELINE_RECORD("\3abc\0", 1, 1, 4),
			    PIPELINE_RECORD("\xc0\x0c", 16, 1, 4), PIPELINE_OPT(4096, 0, "")}},
		 true},
		{"before other records",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_RECORD("\3abc\0", 1, 1, 4)}},
		 true},
		{"trailing bytes",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_APPEND("xyz")}},
		 true},
		{"NOTIFY", {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_SET(2, "\x20")}}, true},
		/* An OPT record in a wrong place is ignored. */
		{"OPT as an answer record",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_SET(6, "\0\1\0\0\0\0")}},
		 false},
		{"OPT as an authority record",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_SET(6, "\0\0\0\1\0\0")}},
		 false},
		{"OPT not counted",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_SET(10, "\0\0")}},
		 false},
		{"OPT of another owner", {.edits = {PIPELINE_RECORD("\1a\0", 41, 4096, 4)}}, false},
		{"OPT whose owner is a pointer",
		 {.edits = {PIPELINE_RECORD("\xc0\x0c", 41, 4096, 4)}},
		 false},
		{"OPT truncated",
		 {.edits = {PIPELINE_OPT(4096, 0, "\0\12\0\10ABCDEFGH"), PIPELINE_CUT(1)}},
		 false},
		{"another type", {.edits = {PIPELINE_RECORD("\0", 42, 4096, 4)}}, false},
		{"OPT under TSIG",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_RECORD("\3key\0", 250, 255, 4)}},
		 false},
		{"OPT under SIG(0)",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), PIPELINE_RECORD("\0", 24, 255, 4)}},
		 false},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct pipeline_dns query, expected;

		rig_begin(&rig, rows[i].description);
		pipeline_dns_make(&query, 1, &rows[i].message);
		expected = query;
		if (rows[i].clamped)
			pipeline_dns_set(expected.message, expected.opt + 3, 1232);
		ask(&query, &expected, rows[i].clamped);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"sizes", test_sizes}, {"content", test_content}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("EDNS in the pipeline", tests) : 1;
}
