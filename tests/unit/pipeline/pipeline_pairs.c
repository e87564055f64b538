/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of queries. */
#include "tests/unit/pipeline/pipeline_pairs.h"

static const struct pipeline_message plain = {0};

static const struct pipeline_message other_name = {.name = "wwx.example.net"};
static const struct pipeline_message longer_name = {.name = "www.example.net.a"};
static const struct pipeline_message other_type = {.type = 28};
static const struct pipeline_message other_class = {.class = 3};

/* The same bytes, split into other labels. */
static const struct pipeline_message other_labels = {.name = "www7example.net"};

/* Types and classes whose bytes are ASCII letters: case matters there. */
static const struct pipeline_message type_a = {.type = 'a'};
static const struct pipeline_message type_capital_a = {.type = 'A'};
static const struct pipeline_message class_a = {.class = 'a' << 8};
static const struct pipeline_message class_capital_a = {.class = 'A' << 8};

/* Bytes that differ in 0x20 but are not letters. */
static const struct pipeline_message name_at = {.name = "www@example.net"};
static const struct pipeline_message name_backquote = {.name = "www`example.net"};
static const struct pipeline_message name_high = {.name = "w\xc1.example.net"};
static const struct pipeline_message name_high_other = {.name = "w\xe1.example.net"};

static const struct pipeline_message root = {.name = ".", .type = 2};
static const struct pipeline_message long_inline = {.edits = {PIPELINE_LONG_NAME(52, 63)}};
static const struct pipeline_message long_cell = {.edits = {PIPELINE_LONG_NAME(53, 63)}};

/* They differ only in the last letter, at 12 + 253. */
static const struct pipeline_message longest = {
	.edits = {PIPELINE_LONG_NAME(255, 63), PIPELINE_SET(265, "n")}};
static const struct pipeline_message longest_other = {
	.edits = {PIPELINE_LONG_NAME(255, 63), PIPELINE_SET(265, "m")}};

/* The two bytes of flags: QR, opcode, AA, TC, RD; RA, Z, AD, CD, rcode. */
static const struct pipeline_message no_rd = {.edits = {PIPELINE_SET(2, "\0\0")}};
static const struct pipeline_message ad = {.edits = {PIPELINE_SET(2, "\1\x20")}};
static const struct pipeline_message cd = {.edits = {PIPELINE_SET(2, "\1\x10")}};
static const struct pipeline_message ad_cd = {.edits = {PIPELINE_SET(2, "\1\x30")}};
static const struct pipeline_message bit_z = {.edits = {PIPELINE_SET(2, "\1\x40")}};
static const struct pipeline_message bit_ra = {.edits = {PIPELINE_SET(2, "\1\x80")}};
static const struct pipeline_message bit_aa = {.edits = {PIPELINE_SET(2, "\5\0")}};
static const struct pipeline_message bit_tc = {.edits = {PIPELINE_SET(2, "\3\0")}};
static const struct pipeline_message rcode_set = {.edits = {PIPELINE_SET(2, "\1\1")}};
static const struct pipeline_message notify = {.edits = {PIPELINE_SET(2, "\x20\0")}};

static const struct pipeline_message edns = {.edits = {PIPELINE_OPT(1232, 0, "")}};
static const struct pipeline_message edns_4096 = {.edits = {PIPELINE_OPT(4096, 0, "")}};
static const struct pipeline_message edns_512 = {.edits = {PIPELINE_OPT(512, 0, "")}};
static const struct pipeline_message edns_1231 = {.edits = {PIPELINE_OPT(1231, 0, "")}};
static const struct pipeline_message edns_0 = {.edits = {PIPELINE_OPT(0, 0, "")}};
static const struct pipeline_message edns_do = {.edits = {PIPELINE_OPT(1232, 0x8000, "")}};
static const struct pipeline_message edns_do_long = {
	.edits = {PIPELINE_LONG_NAME(100, 63), PIPELINE_OPT(1232, 0x8000, "")}};
static const struct pipeline_message edns_version = {.edits = {PIPELINE_OPT(1232, 0x00010000, "")}};
static const struct pipeline_message edns_rcode = {.edits = {PIPELINE_OPT(1232, 0x01000000, "")}};
static const struct pipeline_message edns_flag_high = {.edits = {PIPELINE_OPT(1232, 0x4000, "")}};
static const struct pipeline_message edns_flag_low = {.edits = {PIPELINE_OPT(1232, 0x0001, "")}};

static const char long_options[256 + 1] = "\0\14\0\374"; /* the length's low byte is 0 */
static const struct pipeline_message edns_long_options = {
	.edits = {PIPELINE_OPT(1232, 0, long_options)}};
static const struct pipeline_message cookie = {
	.edits = {PIPELINE_OPT(1232, 0, "\0\12\0\10ABCDEFGH")}};
static const struct pipeline_message client_subnet = {
	.edits = {PIPELINE_OPT(1232, 0, "\0\10\0\7\0\1\30\0\300\0\2")}};
static const struct pipeline_message padding = {
	.edits = {PIPELINE_OPT(1232, 0, "\0\14\0\4\0\0\0\0")}};
static const struct pipeline_message name_server_id = {
	.edits = {PIPELINE_OPT(1232, 0, "\0\3\0\0")}};
static const struct pipeline_message unknown_option = {
	.edits = {PIPELINE_OPT(1232, 0, "\xff\xfe\0\0")}};

static const struct pipeline_message edns_twice = {
	.edits = {PIPELINE_OPT(1232, 0, ""), PIPELINE_OPT(1232, 0, "")}};
static const struct pipeline_message edns_uncounted = {
	.edits = {PIPELINE_OPT(1232, 0, ""), PIPELINE_SET(10, "\0\0")}};
static const struct pipeline_message edns_trailing = {
	.edits = {PIPELINE_OPT(1232, 0, ""), PIPELINE_APPEND("\0")}};

/* A compression pointer; everything after it is a byte later. */
static const struct pipeline_message edns_owner = {
	.edits = {PIPELINE_OPT(1232, 0, ""), PIPELINE_SET(33, "\xc0")}};

#define TSIG "\0\0\372\0\377\0\0\0\0\0\4abcd"
static const struct pipeline_message tsig = {
	.edits = {PIPELINE_APPEND(TSIG), PIPELINE_SET(10, "\0\1")}};
static const struct pipeline_message edns_tsig = {
	.edits = {PIPELINE_OPT(1232, 0, ""), PIPELINE_APPEND(TSIG), PIPELINE_SET(10, "\0\2")}};

/* Counted, and as long as an OPT record, but another type. */
static const struct pipeline_message another_record = {.edits = {PIPELINE_RECORD("\0", 1, 1, 0)}};

static const struct pipeline_message trailing = {.edits = {PIPELINE_APPEND("\0")}};
static const struct pipeline_message answers_counted = {.edits = {PIPELINE_SET(6, "\0\1")}};
static const struct pipeline_message authorities_counted = {.edits = {PIPELINE_SET(8, "\0\1")}};
static const struct pipeline_message additional_counted = {.edits = {PIPELINE_SET(10, "\0\1")}};

const struct pipeline_pair pipeline_pairs[] = {
	{"identical", &plain, &plain, true},
	{"same: the root", &root, &root, true},
	{"same: the longest name that the flow keeps", &long_inline, &long_inline, true},
	{"same: the shortest name in a cell", &long_cell, &long_cell, true},
	{"same: the longest name", &longest, &longest, true},
	{"same: RD=0", &no_rd, &no_rd, true},
	{"same: AD", &ad, &ad, true},
	{"same: CD", &cd, &cd, true},
	{"same: AD and CD", &ad_cd, &ad_cd, true},
	{"same: EDNS", &edns, &edns, true},
	{"same: DO", &edns_do, &edns_do, true},
	{"same: DO and a long name", &edns_do_long, &edns_do_long, true},
	{"same: EDNS size 512", &edns_512, &edns_512, true},
	{"same: EDNS size 0", &edns_0, &edns_0, true},
	{"EDNS sizes 4096 and 1232: one after the clamp", &edns_4096, &edns, true},
	{"same: type 65", &type_capital_a, &type_capital_a, true},
	{"same: the same bytes above 127", &name_high, &name_high, true},

	{"another name", &plain, &other_name, false},
	{"the same bytes in other labels", &plain, &other_labels, false},
	{"a longer name", &plain, &longer_name, false},
	{"another type", &plain, &other_type, false},
	{"another class", &plain, &other_class, false},
	{"types 65 and 97", &type_a, &type_capital_a, false},
	{"classes 0x4100 and 0x6100", &class_a, &class_capital_a, false},
	{"@ and `", &name_at, &name_backquote, false},
	{"bytes 0xc1 and 0xe1", &name_high, &name_high_other, false},
	{"long names that differ in the last letter", &longest, &longest_other, false},
	{"RD", &plain, &no_rd, false},
	{"AD", &plain, &ad, false},
	{"CD", &plain, &cd, false},
	{"AD and CD", &ad, &cd, false},
	{"opcode", &plain, &notify, false},
	{"EDNS", &plain, &edns, false},
	{"DO", &edns, &edns_do, false},
	{"EDNS sizes 512 and 1232", &edns_512, &edns, false},
	{"EDNS sizes 1231 and 1232", &edns_1231, &edns, false},
	{"EDNS sizes 0 and 512", &edns_0, &edns_512, false},
	{"no EDNS and size 0", &plain, &edns_0, false},

	{"Z", &bit_z, &bit_z, false},
	{"RA", &bit_ra, &bit_ra, false},
	{"AA", &bit_aa, &bit_aa, false},
	{"TC", &bit_tc, &bit_tc, false},
	{"with an rcode", &rcode_set, &rcode_set, false},
	{"NOTIFY", &notify, &notify, false},
	{"EDNS version 1", &edns_version, &edns_version, false},
	{"EDNS rcode", &edns_rcode, &edns_rcode, false},
	{"EDNS flag 0x4000", &edns_flag_high, &edns_flag_high, false},
	{"EDNS flag 0x0001", &edns_flag_low, &edns_flag_low, false},
	{"cookie", &cookie, &cookie, false},
	{"client subnet", &client_subnet, &client_subnet, false},
	{"padding", &padding, &padding, false},
	{"NSID", &name_server_id, &name_server_id, false},
	{"unknown option", &unknown_option, &unknown_option, false},
	{"256 bytes of options", &edns_long_options, &edns_long_options, false},
	{"two OPT", &edns_twice, &edns_twice, false},
	{"OPT whose owner is a pointer", &edns_owner, &edns_owner, false},
	{"TSIG", &tsig, &tsig, false},
	{"EDNS and TSIG", &edns_tsig, &edns_tsig, false},
	{"a trailing byte", &trailing, &trailing, false},
	{"EDNS and a trailing byte", &edns_trailing, &edns_trailing, false},
	{"a record like OPT", &another_record, &another_record, false},
	{"OPT not counted", &edns_uncounted, &edns_uncounted, false},
	{"an answer record counted", &answers_counted, &answers_counted, false},
	{"an authority record counted", &authorities_counted, &authorities_counted, false},
	{"an additional record counted", &additional_counted, &additional_counted, false},

	{"cookie, and EDNS without", &cookie, &edns, false},
	{"client subnet, and EDNS without", &client_subnet, &edns, false},
	{"TSIG, and without", &tsig, &plain, false},
	{"EDNS and TSIG, and without", &edns_tsig, &edns, false},
	{"Z, and without", &bit_z, &plain, false},
	{"TC, and without", &bit_tc, &plain, false},
	{"a trailing byte, and without", &trailing, &plain, false},
	{"EDNS version 1, and version 0", &edns_version, &edns, false},
	{"EDNS flag, and without", &edns_flag_low, &edns, false},
};

const size_t pipeline_pair_count = sizeof(pipeline_pairs) / sizeof(pipeline_pairs[0]);
