/* SPDX-License-Identifier: BSD-3-Clause */
/* What queries say and who says it: which are forwarded, which are answered here, which are dropped. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

enum outcome {
	FORWARDED,
	FORMERR = 1, /* the rcodes */
	NOTIMP = 4,
	DROPPED = 100, /* for the reason in the row */
};

static struct rig rig;

static void
plain(struct way_dns *q)
{
	way_dns_query(q, 0x2222, "www.example.net", 1, 1);
}

/* A question whose name is these raw bytes; type A, class IN behind it. */
static void
raw_name(struct way_dns *q, const void *name, size_t bytes)
{
	plain(q);
	q->bytes = 12;
	way_dns_append(q, name, bytes);
	way_dns_append(q, "\0\1\0\1", 4);
	q->question_bytes = bytes + 4;
}

static void
qr_set(struct way_dns *q)
{
	plain(q);
	q->message[2] |= 0x80;
}

static void
no_question(struct way_dns *q)
{
	plain(q);
	way_dns_set(q->message, 4, 0);
	q->bytes = 12;
}

static void
no_question_but_cookie(struct way_dns *q)
{
	no_question(q);
	way_dns_opt(q, 1232, 0, "\0\12\0\10ABCDEFGH", 12);
}

static void
two_questions(struct way_dns *q)
{
	plain(q);
	way_dns_set(q->message, 4, 2);
	way_dns_append(q, q->message + 12, q->question_bytes);
}

static void
many_questions(struct way_dns *q)
{
	plain(q);
	way_dns_set(q->message, 4, 0x0100); /* 1, had someone forgotten the byte order */
}

static void
opcode(struct way_dns *q, unsigned code)
{
	plain(q);
	q->message[2] = (uint8_t)(code << 3 | 1);
}

static void
opcode_iquery(struct way_dns *q)
{
	opcode(q, 1);
}

static void
opcode_status(struct way_dns *q)
{
	opcode(q, 2);
}

static void
opcode_notify(struct way_dns *q)
{
	opcode(q, 4);
}

static void
opcode_update(struct way_dns *q)
{
	opcode(q, 5);
}

static void
opcode_dso(struct way_dns *q)
{
	opcode(q, 6);
}

static void
opcode_15(struct way_dns *q)
{
	opcode(q, 15);
}

static void
pointer_itself(struct way_dns *q)
{
	raw_name(q, "\xc0\x0c", 2);
}

static void
pointer_header(struct way_dns *q)
{
	raw_name(q, "\xc0\x00", 2);
}

static void
pointer_forward(struct way_dns *q)
{
	raw_name(q, "\3www\xc0\x20", 6);
}

static void
pointer_beyond(struct way_dns *q)
{
	raw_name(q, "\xff\xff", 2);
}

static void
label_64(struct way_dns *q)
{
	uint8_t name[66] = {64};

	raw_name(q, name, sizeof(name));
}

static void
label_reserved(struct way_dns *q)
{
	uint8_t name[131] = {0x81};

	raw_name(q, name, sizeof(name));
}

static void
name_of(struct way_dns *q, size_t label_bytes, size_t name_bytes)
{
	uint8_t name[300] = {0};

	for (size_t at = 0; at + 1 < name_bytes; at += label_bytes + 1) {
		size_t left = name_bytes - at - 2;

		name[at] = (uint8_t)(left < label_bytes ? left : label_bytes);
		memset(name + at + 1, 'x', name[at]);
	}
	raw_name(q, name, name_bytes);
}

static void
name_255(struct way_dns *q)
{
	name_of(q, 63, 255);
}

static void
name_256(struct way_dns *q)
{
	name_of(q, 63, 256);
}

static void
name_256_short_labels(struct way_dns *q)
{
	name_of(q, 4, 256);
}

static void
labels_127(struct way_dns *q)
{
	name_of(q, 1, 255);
}

static void
labels_128(struct way_dns *q)
{
	name_of(q, 1, 257);
}

static void
question_56_inline(struct way_dns *q)
{
	name_of(q, 63, 52); /* the longest that fits the flow's own line */
}

static void
question_57_cell(struct way_dns *q)
{
	name_of(q, 63, 53);
}

static void
question_64_cell(struct way_dns *q)
{
	name_of(q, 63, 60);
}

static void
question_65_cell(struct way_dns *q)
{
	name_of(q, 63, 61);
}

static void
no_terminator(struct way_dns *q)
{
	plain(q);
	q->bytes = 12;
	way_dns_append(q, "\3www\7exampl", 11);
}

static void
label_beyond(struct way_dns *q)
{
	plain(q);
	q->bytes = 12;
	way_dns_append(q, "\77", 1);
}

static void
no_class(struct way_dns *q)
{
	plain(q);
	q->bytes -= 2;
}

static void
class_cut(struct way_dns *q)
{
	plain(q);
	q->bytes -= 1;
}

static void
header_alone(struct way_dns *q)
{
	plain(q);
	q->bytes = 12;
}

static void
root_name(struct way_dns *q)
{
	way_dns_query(q, 3, ".", 2, 1);
}

static void
binary_name(struct way_dns *q)
{
	raw_name(q, "\4\0\xff.\1\3a.b\0", 10);
}

static void
mixed_case(struct way_dns *q)
{
	way_dns_query(q, 0, "wWw.eXaMpLe.NeT", 28, 1);
}

static void
edns_plain(struct way_dns *q)
{
	plain(q);
	way_dns_opt(q, 1232, 0, NULL, 0);
}

static void
edns_version_1(struct way_dns *q)
{
	plain(q);
	way_dns_opt(q, 0, 0x00010000, NULL, 0);
}

static void
edns_everything(struct way_dns *q)
{
	plain(q);
	way_dns_opt(q, 65535, 0x0000ffff,
		    "\0\12\0\10ABCDEFGH\0\14\0\3\0\0\0\0\10\0\7\0\1\30\0\300\0\2\xff\xfe\0\0", 34);
}

static void
edns_twice(struct way_dns *q)
{
	edns_plain(q);
	way_dns_opt(q, 512, 0, NULL, 0);
}

static void
all_bits(struct way_dns *q)
{
	plain(q);
	q->message[2] = 0x07; /* AA, TC, RD */
	q->message[3] = 0xff; /* RA, Z, AD, CD and an rcode */
}

static void
no_bits(struct way_dns *q)
{
	plain(q);
	q->message[2] = 0;
}

static void
type_65535(struct way_dns *q)
{
	way_dns_query(q, 65535, "a.example", 65535, 1);
}

static void
type_any(struct way_dns *q)
{
	way_dns_query(q, 1, "a.example", 255, 255);
}

static void
type_axfr(struct way_dns *q)
{
	way_dns_query(q, 1, "a.example", 252, 1);
}

static void
class_ch(struct way_dns *q)
{
	way_dns_query(q, 1, "version.bind", 16, 3);
}

static void
trailing_byte(struct way_dns *q)
{
	plain(q);
	way_dns_append(q, "", 1);
}

static void
payload_1472(struct way_dns *q)
{
	plain(q);
	way_dns_fill(q, 1472);
}

static void
lying_counts(struct way_dns *q)
{
	plain(q);
	memset(q->message + 6, 0xff, 6);
}

static const struct query_case {
	const char *description;
	void (*make)(struct way_dns *);
	enum outcome outcome;
	enum drop_reason reason;
} cases[] = {
	{"D1 QR=1", qr_set, DROPPED, DROP_query_is_reply},
	{"D2 no question", no_question, FORMERR, 0},
	{"D2 no question but a cookie", no_question_but_cookie, FORMERR, 0},
	{"D3 two questions", two_questions, FORMERR, 0},
	{"D3 QDCOUNT 256", many_questions, FORMERR, 0},
	{"D4 IQUERY", opcode_iquery, NOTIMP, 0},
	{"D4 STATUS", opcode_status, NOTIMP, 0},
	{"D4 NOTIFY", opcode_notify, FORWARDED, 0},
	{"D4 UPDATE", opcode_update, NOTIMP, 0},
	{"D4 DSO", opcode_dso, NOTIMP, 0},
	{"D4 opcode 15", opcode_15, NOTIMP, 0},
	{"D5 AXFR over UDP", type_axfr, FORWARDED, 0},
	{"D6 pointer to itself", pointer_itself, FORMERR, 0},
	{"D6 pointer to the header", pointer_header, FORMERR, 0},
	{"D6 pointer forward", pointer_forward, FORMERR, 0},
	{"D6 pointer past the end", pointer_beyond, FORMERR, 0},
	{"D7 label of 64", label_64, FORMERR, 0},
	{"D7 label type 10", label_reserved, FORMERR, 0},
	{"D7 name of 255 bytes", name_255, FORWARDED, 0},
	{"D7 name of 256 bytes", name_256, FORMERR, 0},
	{"D7 name of 256 bytes in short labels", name_256_short_labels, FORMERR, 0},
	{"D7 127 labels", labels_127, FORWARDED, 0},
	{"D7 128 labels", labels_128, FORMERR, 0},
	{"question of 56 bytes", question_56_inline, FORWARDED, 0},
	{"question of 57 bytes", question_57_cell, FORWARDED, 0},
	{"question of 64 bytes", question_64_cell, FORWARDED, 0},
	{"question of 65 bytes", question_65_cell, FORWARDED, 0},
	{"D7 no terminator", no_terminator, FORMERR, 0},
	{"D7 label beyond the end", label_beyond, FORMERR, 0},
	{"no class", no_class, FORMERR, 0},
	{"half a class", class_cut, FORMERR, 0},
	{"U10 header alone that counts a question", header_alone, FORMERR, 0},
	{"the root's name", root_name, FORWARDED, 0},
	{"D7 binary name, dots inside labels", binary_name, FORWARDED, 0},
	{"D8 mixed case", mixed_case, FORWARDED, 0},
	{"D9 EDNS", edns_plain, FORWARDED, 0},
	{"D9 EDNS version 1, size 0", edns_version_1, FORWARDED, 0},
	{"D9 size 65535, all flags, cookie, padding, ECS, unknown option", edns_everything, FORWARDED, 0},
	{"D9 two OPT", edns_twice, FORWARDED, 0},
	{"D10 all bits", all_bits, FORWARDED, 0},
	{"D10 no bits", no_bits, FORWARDED, 0},
	{"D12 type 65535", type_65535, FORWARDED, 0},
	{"D12 ANY, class ANY", type_any, FORWARDED, 0},
	{"D12 class CH", class_ch, FORWARDED, 0},
	{"D13 a trailing byte", trailing_byte, FORWARDED, 0},
	{"D13 the largest payload", payload_1472, FORWARDED, 0},
	{"D14 counts that lie", lying_counts, FORWARDED, 0},
};

/* Our own answers to broken queries: the header alone, with what RFC 1035 wants copied. */
static void
check_own(const struct way_ends *ends, const struct way_dns *query, uint8_t rcode)
{
	const struct way_ends back = way_ends_back(ends);
	const struct way_sent *own = rig_take_from(&rig, RIG_CLIENTS);
	const uint8_t *message = own->frame + own->dns;

	rig_check(&rig, way_ends_equal(&own->ends, &back), "the ends of our answer");
	rig_check(&rig, own->dns_bytes == 12, "%u bytes are not a header alone", own->dns_bytes);
	rig_check(&rig, memcmp(message, query->message, 2) == 0, "ID");
	rig_check(&rig, message[2] == (0x80 | (query->message[2] & 0x79)), "QR, opcode, RD");
	rig_check(&rig, message[3] == (0x80 | (query->message[3] & 0x10) | rcode), "RA, CD, rcode");
	rig_check(&rig, memcmp(message + 4, "\0\0\0\0\0\0\0\0", 8) == 0, "counts");
	rig_expect_count(&rig, rcode == FORMERR ? COUNTER_own_formerr : COUNTER_own_notimp, 1);
}

static void
play(const struct query_case *c, bool ipv6)
{
	const struct way_ends ends = rig_client_ends(&rig, ipv6);
	struct way_frame frame;
	struct way_dns query;

	rig_begin(&rig, c->description);
	c->make(&query);
	if (c->outcome == FORWARDED) {
		rig_exchange(&rig, ipv6, &query, 0);
		WAY_ASSERT(rig_end(&rig) == 0, "%s", c->description);
		return;
	}
	way_frame_make(&frame, &ends, NULL, query.message, (uint32_t)query.bytes);
	rig_inject_frame(&rig, RIG_CLIENTS, &frame);
	rig_run(&rig);
	if (c->outcome == DROPPED)
		rig_expect_drop(&rig, c->reason, 1);
	else
		check_own(&ends, &query, (uint8_t)c->outcome);
	rig_expect_count(&rig, COUNTER_queries, 0);
	WAY_ASSERT(rig_end(&rig) == 0, "%s", c->description);
}

static void
test_content(void)
{
	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		play(&cases[i], false);
		if (cases[i].make != payload_1472)
			play(&cases[i], true);
	}
	rig_close(&rig);
}

/* Every length of name, so that each way to store the question is met. */
static void
test_name_lengths(void)
{
	struct way_dns query;

	rig_open(&rig, NULL);
	for (size_t bytes = 1; bytes <= 255; bytes++) {
		if (bytes == 2)
			continue;
		rig_begin(&rig, "every length of name");
		way_dns_query_long(&query, 6, bytes, (uint32_t)bytes);
		WAY_ASSERT(query.question_bytes == bytes + 4, "name of %zu bytes", bytes);
		rig_exchange(&rig, bytes & 1, &query, 0);
		WAY_ASSERT(rig_end(&rig) == 0, "name of %zu bytes", bytes);
	}
	rig_close(&rig);
}

/* D15: two questions with one ID from one port: each gets its own answer, whichever comes first. */
static void
test_same_id(void)
{
	const struct way_ends ends = rig_client_ends(&rig, false);
	const struct way_sent *asked[2], *answer;
	struct way_dns query[2], reply[2];

	rig_open(&rig, NULL);
	rig_begin(&rig, "D15 one ID, two questions");
	for (int i = 0; i < 2; i++) {
		way_dns_query(&query[i], 15, i ? "second.example" : "first.example", 1, 1);
		asked[i] = rig_ask(&rig, &ends, &query[i]);
		way_dns_reply(&reply[i], asked[i]->frame + asked[i]->dns, asked[i]->dns_bytes, 0, 0);
	}
	for (int i = 1; i >= 0; i--) {
		rig_reply(&rig, asked[i], &reply[i]);
		answer = rig_take_from(&rig, RIG_CLIENTS);
		rig_check(&rig,
			  answer->dns_bytes == query[i].bytes &&
				  memcmp(answer->frame + answer->dns + 12, query[i].message + 12,
					 query[i].question_bytes) == 0,
			  "the answer to another question");
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

	return rig_eal_start() ? way_suite_run("queries", tests) : 1;
}
