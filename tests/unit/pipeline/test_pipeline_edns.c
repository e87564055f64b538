/* SPDX-License-Identifier: BSD-3-Clause */
/* The EDNS size that upstreams are offered: lowered where it is too large, and no other byte of any query
 * touched. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

static void
publish(uint16_t edns_bytes)
{
	struct snapshot *s = way_snapshot_new();

	s->edns_bytes = edns_bytes;
	rig_publish(&rig, s);
}

/* Asks, and compares every byte but the ID with the query as it should leave. */
static void
ask(const struct way_dns *query, const struct way_dns *expected, bool clamped)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		const struct way_ends ends = rig_client_ends(&rig, ipv6);
		const struct way_sent *asked = rig_ask(&rig, &ends, query), *answer;
		struct way_dns reply;

		rig_check(&rig,
			  asked->dns_bytes == query->bytes &&
				  memcmp(asked->frame + asked->dns + 2, expected->message + 2,
					 query->bytes - 2) == 0,
			  "not the query as it should leave");
		way_dns_reply(&reply, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		way_dns_opt(&reply, 4096, 0, NULL, 0);
		rig_reply(&rig, asked, &reply);
		answer = rig_take_from(&rig, RIG_CLIENTS);
		rig_check(&rig,
			  answer->dns_bytes == reply.bytes && memcmp(answer->frame + answer->dns + 2,
								     reply.message + 2, reply.bytes - 2) == 0,
			  "the upstream's own size was changed in the answer");
	}
	rig_expect_count(&rig, COUNTER_edns_clamped, clamped ? 2 : 0);
}

/* Each size against each bound, without and with DO: lowered, never raised. */
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
			struct way_dns query, expected;

			rig_begin(&rig, "EDNS size");
			way_dns_query(&query, 1, "www.example.net", 1, 1);
			way_dns_opt(&query, size, i & 1 ? 0x8000 : 0, NULL, 0);
			expected = query;
			way_dns_set(expected.message, expected.opt + 3, RTE_MIN(size, bounds[b]));
			ask(&query, &expected, size > bounds[b]);
			WAY_ASSERT(rig_end(&rig) == 0, "size %u, bound %u", size, bounds[b]);
		}
	}
	rig_close(&rig);
}

static void
plain(struct way_dns *q)
{
	way_dns_query(q, 1, "wWw.example.net", 1, 1);
}

static void
opt(struct way_dns *q, uint16_t size, uint32_t ttl, const void *options, uint16_t bytes)
{
	plain(q);
	way_dns_opt(q, size, ttl, options, bytes);
}

static void
version_1(struct way_dns *q)
{
	opt(q, 4096, 0x00010000, NULL, 0);
}

static void
rcode_and_version_255(struct way_dns *q)
{
	opt(q, 4096, 0xffff0000, NULL, 0);
}

static void
flags_z(struct way_dns *q)
{
	opt(q, 4096, 0x7fff, NULL, 0);
}

static void
all_flags(struct way_dns *q)
{
	opt(q, 65535, 0xffffffff, NULL, 0);
}

static void
cookie(struct way_dns *q)
{
	opt(q, 4096, 0, "\0\12\0\10ABCDEFGH", 12);
}

static void
client_subnet(struct way_dns *q)
{
	opt(q, 4096, 0, "\0\10\0\7\0\1\30\0\300\0\2", 11);
}

static void
padding(struct way_dns *q)
{
	static const uint8_t options[404] = {0, 12, 1, 144};

	opt(q, 4096, 0x8000, options, sizeof(options));
}

static void
unknown_option(struct way_dns *q)
{
	opt(q, 4096, 0, "\xff\xfe\0\3abc", 7);
}

/* Options that are none: the record is an OPT record all the same. */
static void
broken_options(struct way_dns *q)
{
	opt(q, 4096, 0, "\0\12\0\377A", 5);
}

static void
root_question(struct way_dns *q)
{
	way_dns_query(q, 1, ".", 2, 1);
	way_dns_opt(q, 4096, 0, NULL, 0);
}

static void
long_question(struct way_dns *q)
{
	way_dns_query_long(q, 1, 255, 4);
	way_dns_opt(q, 4096, 0, NULL, 0);
}

static void
twice(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	way_dns_opt(q, 4097, 0, NULL, 0);
}

static void
second_too_large(struct way_dns *q)
{
	opt(q, 512, 0, NULL, 0);
	way_dns_opt(q, 4097, 0, NULL, 0);
}

static void
record(struct way_dns *q, const char *owner, size_t owner_bytes, uint16_t type, uint16_t class)
{
	uint8_t fixed[14] = {0};

	way_dns_set(fixed, 0, type);
	way_dns_set(fixed, 2, class);
	way_dns_set(fixed, 8, 4);
	memcpy(fixed + 10, "abcd", 4);
	way_dns_append(q, owner, owner_bytes);
	way_dns_append(q, fixed, sizeof(fixed));
	way_dns_set(q->message, 10, (uint16_t)(way_dns_get(q->message, 10) + 1));
}

static void
behind_others(struct way_dns *q)
{
	plain(q);
	record(q, "\3abc\0", 5, 1, 1);
	record(q, "\xc0\x0c", 2, 16, 1);
	way_dns_opt(q, 4096, 0, NULL, 0);
}

static void
before_others(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	record(q, "\3abc\0", 5, 1, 1);
}

static void
trailing_bytes(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	way_dns_append(q, "xyz", 3);
}

static void
notify(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	q->message[2] = 0x20;
}

/* An OPT record where none belongs is none. */
static void
in_answer(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	way_dns_set(q->message, 6, 1);
	way_dns_set(q->message, 10, 0);
}

static void
in_authority(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	way_dns_set(q->message, 8, 1);
	way_dns_set(q->message, 10, 0);
}

static void
uncounted(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	way_dns_set(q->message, 10, 0);
}

static void
of_another_owner(struct way_dns *q)
{
	plain(q);
	record(q, "\1a\0", 3, 41, 4096);
}

static void
of_a_pointer(struct way_dns *q)
{
	plain(q);
	record(q, "\xc0\x0c", 2, 41, 4096);
}

static void
cut(struct way_dns *q)
{
	opt(q, 4096, 0, "\0\12\0\10ABCDEFGH", 12);
	q->bytes--;
}

static void
another_type(struct way_dns *q)
{
	plain(q);
	record(q, "\0", 1, 42, 4096);
}

static void
signed_by_tsig(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	record(q, "\3key\0", 5, 250, 255);
}

static void
signed_by_sig0(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
	record(q, "\0", 1, 24, 255);
}

/* D9: all of it is passed on, and where the message is one that may be changed its size is lowered. */
static void
test_content(void)
{
	static const struct {
		const char *description;
		void (*make)(struct way_dns *);
		bool clamped;
	} rows[] = {
		{"D9 no EDNS", plain, false},
		{"D9 version 1", version_1, true},
		{"D9 version 255", rcode_and_version_255, true},
		{"D9 flags Z", flags_z, true},
		{"D9 all bits", all_flags, true},
		{"D9 cookie", cookie, true},
		{"D9 client subnet", client_subnet, true},
		{"D9 padding", padding, true},
		{"D9 unknown option", unknown_option, true},
		{"D9 options that are none", broken_options, true},
		{"D9 the root's question", root_question, true},
		{"D9 the longest question", long_question, true},
		{"D9 two OPT: the first", twice, true},
		{"D9 two OPT, the second too large", second_too_large, false},
		{"D9 behind other records", behind_others, true},
		{"D9 before other records", before_others, true},
		{"D9 bytes behind", trailing_bytes, true},
		{"D9 NOTIFY", notify, true},
		{"D9 OPT as an answer", in_answer, false},
		{"D9 OPT as an authority", in_authority, false},
		{"D9 OPT that is not counted", uncounted, false},
		{"D9 OPT of another owner", of_another_owner, false},
		{"D9 OPT whose owner is a pointer", of_a_pointer, false},
		{"D9 OPT cut short", cut, false},
		{"D9 another type", another_type, false},
		{"D11 OPT under TSIG", signed_by_tsig, false},
		{"D11 OPT under SIG(0)", signed_by_sig0, false},
	};

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct way_dns query, expected;

		rig_begin(&rig, rows[i].description);
		rows[i].make(&query);
		expected = query;
		if (rows[i].clamped)
			way_dns_set(expected.message, expected.opt + 3, 1232);
		ask(&query, &expected, rows[i].clamped);
		WAY_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"sizes", test_sizes}, {"content", test_content}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? way_suite_run("EDNS on the way", tests) : 1;
}
