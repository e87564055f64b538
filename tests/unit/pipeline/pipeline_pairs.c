/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of queries. */
#include "tests/unit/pipeline/pipeline_pairs.h"

static void
plain(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 1, 1);
}

static void
other_name(struct way_dns *q)
{
	way_dns_query(q, 1, "wwx.example.net", 1, 1);
}

/* The same bytes, parted into labels otherwise. */
static void
other_labels(struct way_dns *q)
{
	way_dns_query(q, 1, "www7example.net", 1, 1);
}

static void
longer_name(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net.a", 1, 1);
}

static void
other_type(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 28, 1);
}

static void
other_class(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 1, 3);
}

/* Types and classes whose bytes are letters: no case there. */
static void
type_a(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 'a', 1);
}

static void
type_capital_a(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 'A', 1);
}

static void
class_a(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 1, 'a' << 8);
}

static void
class_capital_a(struct way_dns *q)
{
	way_dns_query(q, 1, "www.example.net", 1, 'A' << 8);
}

/* Bytes that differ in 0x20 and are no letters. */
static void
name_at(struct way_dns *q)
{
	way_dns_query(q, 1, "www@example.net", 1, 1);
}

static void
name_backquote(struct way_dns *q)
{
	way_dns_query(q, 1, "www`example.net", 1, 1);
}

static void
name_high(struct way_dns *q)
{
	way_dns_query(q, 1, "w\xc1.example.net", 1, 1);
}

static void
name_high_other(struct way_dns *q)
{
	way_dns_query(q, 1, "w\xe1.example.net", 1, 1);
}

static void
long_inline(struct way_dns *q)
{
	way_dns_query_long(q, 1, 52, 9);
}

static void
long_cell(struct way_dns *q)
{
	way_dns_query_long(q, 1, 53, 9);
}

static void
longest(struct way_dns *q)
{
	way_dns_query_long(q, 1, 255, 9);
}

/* It differs from `longest` in the last letter alone. */
static void
longest_other(struct way_dns *q)
{
	longest(q);
	q->message[12 + 253] = q->message[12 + 253] == 'm' ? 'n' : 'm';
}

static void
root(struct way_dns *q)
{
	way_dns_query(q, 1, ".", 2, 1);
}

static void
flags(struct way_dns *q, uint8_t flags1, uint8_t flags2)
{
	plain(q);
	q->message[2] = flags1;
	q->message[3] = flags2;
}

static void
no_rd(struct way_dns *q)
{
	flags(q, 0, 0);
}

static void
ad(struct way_dns *q)
{
	flags(q, 1, 0x20);
}

static void
cd(struct way_dns *q)
{
	flags(q, 1, 0x10);
}

static void
ad_cd(struct way_dns *q)
{
	flags(q, 1, 0x30);
}

static void
bit_z(struct way_dns *q)
{
	flags(q, 1, 0x40);
}

static void
bit_ra(struct way_dns *q)
{
	flags(q, 1, 0x80);
}

static void
bit_aa(struct way_dns *q)
{
	flags(q, 5, 0);
}

static void
bit_tc(struct way_dns *q)
{
	flags(q, 3, 0);
}

static void
rcode_set(struct way_dns *q)
{
	flags(q, 1, 1);
}

static void
notify(struct way_dns *q)
{
	flags(q, 4 << 3, 0);
}

static void
opt(struct way_dns *q, uint16_t size, uint32_t ttl, const void *options, uint16_t bytes)
{
	plain(q);
	way_dns_opt(q, size, ttl, options, bytes);
}

static void
edns(struct way_dns *q)
{
	opt(q, 1232, 0, NULL, 0);
}

static void
edns_4096(struct way_dns *q)
{
	opt(q, 4096, 0, NULL, 0);
}

static void
edns_512(struct way_dns *q)
{
	opt(q, 512, 0, NULL, 0);
}

static void
edns_1231(struct way_dns *q)
{
	opt(q, 1231, 0, NULL, 0);
}

static void
edns_0(struct way_dns *q)
{
	opt(q, 0, 0, NULL, 0);
}

static void
edns_do(struct way_dns *q)
{
	opt(q, 1232, 0x8000, NULL, 0);
}

static void
edns_do_long(struct way_dns *q)
{
	way_dns_query_long(q, 1, 100, 2);
	way_dns_opt(q, 1232, 0x8000, NULL, 0);
}

static void
edns_version(struct way_dns *q)
{
	opt(q, 1232, 0x00010000, NULL, 0);
}

static void
edns_rcode(struct way_dns *q)
{
	opt(q, 1232, 0x01000000, NULL, 0);
}

static void
edns_flag_high(struct way_dns *q)
{
	opt(q, 1232, 0x4000, NULL, 0);
}

static void
edns_flag_low(struct way_dns *q)
{
	opt(q, 1232, 0x0001, NULL, 0);
}

static void
cookie(struct way_dns *q)
{
	opt(q, 1232, 0, "\0\12\0\10ABCDEFGH", 12);
}

static void
client_subnet(struct way_dns *q)
{
	opt(q, 1232, 0, "\0\10\0\7\0\1\30\0\300\0\2", 11);
}

static void
padding(struct way_dns *q)
{
	opt(q, 1232, 0, "\0\14\0\4\0\0\0\0", 8);
}

static void
name_server_id(struct way_dns *q)
{
	opt(q, 1232, 0, "\0\3\0\0", 4);
}

static void
unknown_option(struct way_dns *q)
{
	opt(q, 1232, 0, "\xff\xfe\0\0", 4);
}

static void
edns_long_options(struct way_dns *q)
{
	static const uint8_t options[256] = {0, 12, 0, 252};

	opt(q, 1232, 0, options, 256); /* the length's low byte is 0 */
}

static void
edns_twice(struct way_dns *q)
{
	edns(q);
	way_dns_opt(q, 1232, 0, NULL, 0);
}

static void
edns_owner(struct way_dns *q)
{
	edns(q);
	q->message[12 + q->question_bytes] = 0xc0; /* a pointer, and everything a byte further */
}

static void
tsig(struct way_dns *q)
{
	plain(q);
	way_dns_append(q, "\0\0\372\0\377\0\0\0\0\0\4abcd", 15);
	way_dns_set(q->message, 10, 1);
}

static void
edns_tsig(struct way_dns *q)
{
	edns(q);
	way_dns_append(q, "\0\0\372\0\377\0\0\0\0\0\4abcd", 15);
	way_dns_set(q->message, 10, 2);
}

static void
trailing(struct way_dns *q)
{
	plain(q);
	way_dns_append(q, "", 1);
}

static void
edns_trailing(struct way_dns *q)
{
	edns(q);
	way_dns_append(q, "", 1);
}

/* As long as an OPT record, and counted, but none. */
static void
another_record(struct way_dns *q)
{
	plain(q);
	way_dns_append(q, "\0\0\1\0\1\0\0\0\0\0\0", 11);
	way_dns_set(q->message, 10, 1);
}

static void
edns_uncounted(struct way_dns *q)
{
	edns(q);
	way_dns_set(q->message, 10, 0);
}

static void
answers_counted(struct way_dns *q)
{
	plain(q);
	way_dns_set(q->message, 6, 1);
}

static void
authorities_counted(struct way_dns *q)
{
	plain(q);
	way_dns_set(q->message, 8, 1);
}

static void
additional_counted(struct way_dns *q)
{
	plain(q);
	way_dns_set(q->message, 10, 1);
}

const struct way_pair way_pairs[] = {
	{"twice the same", plain, plain, true},
	{"twice the root", root, root, true},
	{"twice the longest name that the flow keeps", long_inline, long_inline, true},
	{"twice the shortest name in a cell", long_cell, long_cell, true},
	{"twice the longest name", longest, longest, true},
	{"twice RD=0", no_rd, no_rd, true},
	{"twice AD", ad, ad, true},
	{"twice CD", cd, cd, true},
	{"twice AD and CD", ad_cd, ad_cd, true},
	{"twice EDNS", edns, edns, true},
	{"twice DO", edns_do, edns_do, true},
	{"twice DO and a long name", edns_do_long, edns_do_long, true},
	{"twice EDNS size 512", edns_512, edns_512, true},
	{"twice EDNS size 0", edns_0, edns_0, true},
	{"EDNS sizes 4096 and 1232: one after the clamp", edns_4096, edns, true},
	{"twice type 65", type_capital_a, type_capital_a, true},
	{"twice the same bytes above 127", name_high, name_high, true},

	{"another name", plain, other_name, false},
	{"the same bytes in other labels", plain, other_labels, false},
	{"a longer name", plain, longer_name, false},
	{"another type", plain, other_type, false},
	{"another class", plain, other_class, false},
	{"types 65 and 97", type_a, type_capital_a, false},
	{"classes 0x4100 and 0x6100", class_a, class_capital_a, false},
	{"@ and `", name_at, name_backquote, false},
	{"bytes 0xc1 and 0xe1", name_high, name_high_other, false},
	{"long names that differ in the last letter", longest, longest_other, false},
	{"RD", plain, no_rd, false},
	{"AD", plain, ad, false},
	{"CD", plain, cd, false},
	{"AD and CD", ad, cd, false},
	{"opcode", plain, notify, false},
	{"EDNS", plain, edns, false},
	{"DO", edns, edns_do, false},
	{"EDNS sizes 512 and 1232", edns_512, edns, false},
	{"EDNS sizes 1231 and 1232", edns_1231, edns, false},
	{"EDNS sizes 0 and 512", edns_0, edns_512, false},
	{"no EDNS and size 0", plain, edns_0, false},

	{"Z", bit_z, bit_z, false},
	{"RA", bit_ra, bit_ra, false},
	{"AA", bit_aa, bit_aa, false},
	{"TC", bit_tc, bit_tc, false},
	{"an rcode", rcode_set, rcode_set, false},
	{"NOTIFY", notify, notify, false},
	{"EDNS version 1", edns_version, edns_version, false},
	{"EDNS rcode", edns_rcode, edns_rcode, false},
	{"EDNS flag 0x4000", edns_flag_high, edns_flag_high, false},
	{"EDNS flag 0x0001", edns_flag_low, edns_flag_low, false},
	{"cookie", cookie, cookie, false},
	{"client subnet", client_subnet, client_subnet, false},
	{"padding", padding, padding, false},
	{"NSID", name_server_id, name_server_id, false},
	{"unknown option", unknown_option, unknown_option, false},
	{"256 bytes of options", edns_long_options, edns_long_options, false},
	{"two OPT", edns_twice, edns_twice, false},
	{"OPT whose owner is a pointer", edns_owner, edns_owner, false},
	{"TSIG", tsig, tsig, false},
	{"EDNS and TSIG", edns_tsig, edns_tsig, false},
	{"a trailing byte", trailing, trailing, false},
	{"EDNS and a trailing byte", edns_trailing, edns_trailing, false},
	{"a record like OPT", another_record, another_record, false},
	{"OPT that is not counted", edns_uncounted, edns_uncounted, false},
	{"an answer counted", answers_counted, answers_counted, false},
	{"an authority counted", authorities_counted, authorities_counted, false},
	{"an additional record counted", additional_counted, additional_counted, false},

	{"cookie, and EDNS without", cookie, edns, false},
	{"client subnet, and EDNS without", client_subnet, edns, false},
	{"TSIG, and the same without", tsig, plain, false},
	{"EDNS and TSIG, and the same without", edns_tsig, edns, false},
	{"Z, and the same without", bit_z, plain, false},
	{"TC, and the same without", bit_tc, plain, false},
	{"a trailing byte, and the same without", trailing, plain, false},
	{"EDNS version 1, and version 0", edns_version, edns, false},
	{"EDNS flag, and the same without", edns_flag_low, edns, false},
};

const size_t way_pair_count = sizeof(way_pairs) / sizeof(way_pairs[0]);
