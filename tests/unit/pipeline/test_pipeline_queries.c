/* SPDX-License-Identifier: BSD-3-Clause */
/* Contents of queries: which are forwarded, which are answered here, and which are dropped. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

enum outcome {
	FORWARDED,
	FORMERR = 1, /* the rcodes */
	NOTIMP = 4,
	DROPPED = 100, /* for the reason in the row */
};

/* The DNS message of an IP packet of 1,500 bytes. */
#define IPV4_PAYLOAD_MAX 1472
#define IPV6_PAYLOAD_MAX 1452

static struct rig rig;

#define QUESTION "\3www\7example\3net\0\0\1\0\1"

static const char label_of_64[66 + 1] = "\x40";
static const char label_of_type_10[131 + 1] = "\x81";

static const struct query_case {
	const char *description;
	struct pipeline_message message;
	enum outcome outcome;
	enum drop_reason reason;
} cases[] = {
	{"QR=1", {.edits = {PIPELINE_XOR(2, "\x80")}}, DROPPED, DROP_query_is_response},
	{"no question", {.edits = {PIPELINE_SET(4, "\0\0"), PIPELINE_CUT_TO(12)}}, FORMERR, 0},
	{"no question but a cookie",
	 {.edits = {PIPELINE_SET(4, "\0\0"), PIPELINE_CUT_TO(12),
		    PIPELINE_OPT(1232, 0, "\0\12\0\10ABCDEFGH")}},
	 FORMERR,
	 0},
	{"two questions",
	 {.edits = {PIPELINE_SET(4, "\0\2"), PIPELINE_APPEND(QUESTION)}},
	 FORMERR,
	 0},
	/* It is 1 in the wrong byte order. */
	{"QDCOUNT 256", {.edits = {PIPELINE_SET(4, "\1\0")}}, FORMERR, 0},
	{"IQUERY", {.edits = {PIPELINE_SET(2, "\x09")}}, NOTIMP, 0},
	{"STATUS", {.edits = {PIPELINE_SET(2, "\x11")}}, NOTIMP, 0},
	{"NOTIFY", {.edits = {PIPELINE_SET(2, "\x21")}}, FORWARDED, 0},
	{"UPDATE", {.edits = {PIPELINE_SET(2, "\x29")}}, NOTIMP, 0},
	{"DSO", {.edits = {PIPELINE_SET(2, "\x31")}}, NOTIMP, 0},
	{"opcode 15", {.edits = {PIPELINE_SET(2, "\x79")}}, NOTIMP, 0},
	{"AXFR over UDP", {.name = "a.example", .type = 252, .class = 1}, FORWARDED, 0},
	{"pointer to itself", {.edits = {PIPELINE_NAME("\xc0\x0c")}}, FORMERR, 0},
	{"pointer to the header", {.edits = {PIPELINE_NAME("\xc0\x00")}}, FORMERR, 0},
	{"pointer forward", {.edits = {PIPELINE_NAME("\3www\xc0\x20")}}, FORMERR, 0},
	{"pointer past the end", {.edits = {PIPELINE_NAME("\xff\xff")}}, FORMERR, 0},
	{"label of 64", {.edits = {PIPELINE_NAME(label_of_64)}}, FORMERR, 0},
	{"label type 10", {.edits = {PIPELINE_NAME(label_of_type_10)}}, FORMERR, 0},
	{"name of 255 bytes", {.edits = {PIPELINE_LONG_NAME(255, 63)}}, FORWARDED, 0},
	{"name of 256 bytes", {.edits = {PIPELINE_LONG_NAME(256, 63)}}, FORMERR, 0},
	{"name of 256 bytes in short labels", {.edits = {PIPELINE_LONG_NAME(256, 4)}}, FORMERR, 0},
	{"127 labels", {.edits = {PIPELINE_LONG_NAME(255, 1)}}, FORWARDED, 0},
	{"128 labels", {.edits = {PIPELINE_LONG_NAME(257, 1)}}, FORMERR, 0},
	/* The longest that fits in the flow's cache line. */
	{"question of 56 bytes", {.edits = {PIPELINE_LONG_NAME(52, 63)}}, FORWARDED, 0},
	{"question of 57 bytes", {.edits = {PIPELINE_LONG_NAME(53, 63)}}, FORWARDED, 0},
	{"question of 64 bytes", {.edits = {PIPELINE_LONG_NAME(60, 63)}}, FORWARDED, 0},
	{"question of 65 bytes", {.edits = {PIPELINE_LONG_NAME(61, 63)}}, FORWARDED, 0},
	{"no terminator",
	 {.edits = {PIPELINE_CUT_TO(12), PIPELINE_APPEND("\3www\7exampl")}},
	 FORMERR,
	 0},
	{"label beyond the end",
	 {.edits = {PIPELINE_CUT_TO(12), PIPELINE_APPEND("\77")}},
	 FORMERR,
	 0},
	{"no class", {.edits = {PIPELINE_CUT(2)}}, FORMERR, 0},
	{"half a class", {.edits = {PIPELINE_CUT(1)}}, FORMERR, 0},
	{"only a header that counts a question", {.edits = {PIPELINE_CUT_TO(12)}}, FORMERR, 0},
	{"the root", {.name = ".", .type = 2}, FORWARDED, 0},
	{"binary name, dots inside labels",
	 {.edits = {PIPELINE_NAME("\4\0\xff.\1\3a.b\0")}},
	 FORWARDED,
	 0},
	{"mixed case", {.name = "wWw.eXaMpLe.NeT", .type = 28}, FORWARDED, 0},
	{"EDNS", {.edits = {PIPELINE_OPT(1232, 0, "")}}, FORWARDED, 0},
	{"EDNS version 1, size 0", {.edits = {PIPELINE_OPT(0, 0x00010000, "")}}, FORWARDED, 0},
	{"size 65535, all flags, cookie, padding, ECS, unknown option",
	 {.edits = {PIPELINE_OPT(
		  65535, 0x0000ffff,
		  "\0\12\0\10ABCDEFGH\0\14\0\3\0\0\0\0\10\0\7\0\1\30\0\300\0\2\xff\xfe\0\0")}},
	 FORWARDED,
	 0},
	{"two OPT", {.edits = {PIPELINE_OPT(1232, 0, ""), PIPELINE_OPT(512, 0, "")}}, FORWARDED, 0},
	/* AA, TC, RD; RA, Z, AD, CD and an rcode. */
	{"all bits", {.edits = {PIPELINE_SET(2, "\x07\xff")}}, FORWARDED, 0},
	{"no bits", {.edits = {PIPELINE_SET(2, "\0")}}, FORWARDED, 0},
	{"type 65535",
	 {.name = "a.example", .type = 65535, .edits = {PIPELINE_SET(0, "\xff\xff")}},
	 FORWARDED,
	 0},
	{"ANY, class ANY", {.name = "a.example", .type = 255, .class = 255}, FORWARDED, 0},
	{"class CH", {.name = "version.bind", .type = 16, .class = 3}, FORWARDED, 0},
	{"a trailing byte", {.edits = {PIPELINE_APPEND("\0")}}, FORWARDED, 0},
	{"the largest payload", {.edits = {PIPELINE_FILL(IPV4_PAYLOAD_MAX)}}, FORWARDED, 0},
	{"wrong section counts",
	 {.edits = {PIPELINE_SET(6, "\xff\xff\xff\xff\xff\xff")}},
	 FORWARDED,
	 0},
};

/* Our responses to malformed queries: only the header, with the fields that RFC 1035 requires to be
 * copied. */
static void
check_own(const struct pipeline_ends *ends, const struct pipeline_dns *query, uint8_t rcode)
{
	const struct pipeline_ends back = pipeline_ends_back(ends);
	const struct pipeline_sent *own = rig_take_from(&rig, RIG_CLIENTS);
	const uint8_t *message = own->frame + own->dns;

	rig_check(&rig, pipeline_ends_equal(&own->ends, &back),
		  "wrong addresses or ports of our response");
	rig_check(&rig, own->dns_bytes == 12, "%u bytes, not only a header", own->dns_bytes);
	rig_check(&rig, memcmp(message, query->message, 2) == 0, "ID");
	rig_check(&rig, message[2] == (0x80 | (query->message[2] & 0x79)),
		  "wrong QR, opcode or RD");
	rig_check(&rig, message[3] == (0x80 | (query->message[3] & 0x10) | rcode),
		  "wrong RA, CD or rcode");
	rig_check(&rig, memcmp(message + 4, "\0\0\0\0\0\0\0\0", 8) == 0, "counts");
	rig_expect_count(&rig, rcode == FORMERR ? COUNTER_own_formerr : COUNTER_own_notimp, 1);
}

static void
play(const struct query_case *c, const struct pipeline_dns *query, bool ipv6)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, ipv6);

	rig_begin(&rig, c->description);
	if (c->outcome == FORWARDED) {
		rig_exchange(&rig, ipv6, query, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", c->description);
		return;
	}
	rig_inject_query(&rig, RIG_CLIENTS, &ends, query);
	rig_run(&rig);
	if (c->outcome == DROPPED)
		rig_expect_drop(&rig, c->reason, 1);
	else
		check_own(&ends, query, (uint8_t)c->outcome);
	rig_expect_count(&rig, COUNTER_queries, 0);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", c->description);
}

static void
test_content(void)
{
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		pipeline_dns_make(&query, 0x2222, &cases[i].message);
		play(&cases[i], &query, false);
		if (query.bytes <= IPV6_PAYLOAD_MAX)
			play(&cases[i], &query, true);
	}
	rig_close(&rig);
}

/* Every length of name, to test all ways of storing the question. */
static void
test_name_lengths(void)
{
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	for (size_t bytes = 1; bytes <= 255; bytes++) {
		if (bytes == 2)
			continue;
		rig_begin(&rig, "every length of name");
		pipeline_dns_query_long(&query, 6, bytes, (uint32_t)bytes);
		SUITE_ASSERT(query.question_bytes == bytes + 4, "name of %zu bytes", bytes);
		rig_exchange(&rig, bytes & 1, &query, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "name of %zu bytes", bytes);
	}
	rig_close(&rig);
}

/* Two questions with one ID from one port: each gets its own response, whichever comes first. */
static void
test_same_id(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const struct pipeline_sent *asked[2], *delivered;
	struct pipeline_dns query[2], response[2];

	rig_open(&rig, NULL);
	rig_begin(&rig, "one ID, two questions");
	for (int i = 0; i < 2; i++) {
		pipeline_dns_query(&query[i], 15, i ? "second.example" : "first.example", 1, 1);
		asked[i] = rig_ask(&rig, &ends, &query[i]);
		pipeline_dns_response(&response[i], asked[i]->frame + asked[i]->dns,
				      asked[i]->dns_bytes, 0, 0);
	}
	for (int i = 1; i >= 0; i--) {
		rig_response(&rig, asked[i], &response[i]);
		delivered = rig_take_from(&rig, RIG_CLIENTS);
		rig_check(&rig,
			  delivered->dns_bytes == query[i].bytes &&
				  memcmp(delivered->frame + delivered->dns + 12,
					 query[i].message + 12, query[i].question_bytes) == 0,
			  "response to another question");
	}
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"content", test_content},
			       {"lengths of names", test_name_lengths},
			       {"one ID, two questions", test_same_id},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("queries", tests) : 1;
}
