/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS questions: text form to wire form and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/question.h"
#include "tests/unit/suite.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define NAME_192 LABEL_63 "." LABEL_63 "." LABEL_63 "."

/* A text, its wire form as a C string without the final 0, and the text it is formatted as. */
static const struct {
	const char *text, *wire, *formatted;
} names[] = {
	{".", "", "."},
	{"example.", "\7example", "example."},
	{"example", "\7example", "example."},
	{"WwW.ExAmPlE.", "\3WwW\7ExAmPlE", "WwW.ExAmPlE."},
	{"a.b.c.", "\1a\1b\1c", "a.b.c."},
	{"a\\.b.c.", "\3a.b\1c", "a\\.b.c."},
	{"\\\\.", "\1\\", "\\\\."},
	{"\\097.", "\1a", "a."},
	{"\\255\\127\\032.", "\3\xff\x7f ", "\\255\\127\\032."},
	{"a b.", "\3a b", "a\\032b."},
	{"\xc3\xa4.", "\2\xc3\xa4", "\\195\\164."},
	{"\\@\\$\\;\\\".", "\4@$;\"", "\\@\\$\\;\\\"."},
	{"_dns.example.", "\4_dns\7example", "_dns.example."},
	{"*.example.", "\1*\7example", "*.example."},
	{LABEL_63 ".", "\77" LABEL_63, LABEL_63 "."},
	/* 3 x 64 + 1 + 61 + the root: 255 bytes, RFC 1035 section 2.3.4 */
	{NAME_192 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi.",
	 "\77" LABEL_63 "\77" LABEL_63 "\77" LABEL_63
	 "\75abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi",
	 NAME_192 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi."},
};

static void
test_names(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t wire_bytes = strlen(names[i].wire) + 1;
		char back[QUESTION_NAME_TEXT_BYTES];
		uint8_t wire[DNS_NAME_BYTES_MAX];
		const char *why = "";
		uint16_t bytes = 0;
		int status = question_name_parse(names[i].text, wire, &bytes, &why);

		SUITE_ASSERT(status == 0, "\"%s\": %s", names[i].text, why);
		SUITE_ASSERT(bytes == wire_bytes && memcmp(wire, names[i].wire, wire_bytes) == 0,
			     "\"%s\" has a different wire form, of %u bytes", names[i].text, bytes);
		SUITE_ASSERT(question_name_format(wire, bytes, back) == (int)bytes,
			     "\"%s\" is formatted", names[i].text);
		SUITE_ASSERT(strcmp(back, names[i].formatted) == 0, "\"%s\" is formatted as \"%s\"",
			     names[i].text, back);
		for (uint16_t cut = 0; cut < bytes; cut++) {
			/* On the heap, so that a sanitizer sees a read beyond its end. */
			uint8_t *part = malloc(cut + 1u);

			memcpy(part, wire, cut);
			part = realloc(part, cut > 0 ? cut : 1);
			SUITE_ASSERT(question_name_format(part, cut, back) == -EINVAL,
				     "\"%s\" cut to %u bytes", names[i].text, cut);
			free(part);
		}
	}
}

/* A name with a byte of any value is the same after conversion to text and back. */
static void
test_bytes(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		const uint8_t wire[] = {2, (uint8_t)byte, 'x', 0};
		uint8_t again[DNS_NAME_BYTES_MAX];
		char text[QUESTION_NAME_TEXT_BYTES];
		const char *why = "";
		uint16_t bytes = 0;

		SUITE_ASSERT(question_name_format(wire, sizeof(wire), text) == 4,
			     "byte %u is formatted", byte);
		SUITE_ASSERT(question_name_parse(text, again, &bytes, &why) == 0 && bytes == 4 &&
				     memcmp(wire, again, 4) == 0,
			     "byte %u is the same after \"%s\"", byte, text);
		for (const char *c = text; *c != 0; c++)
			SUITE_ASSERT(*c > ' ' && *c <= '~',
				     "byte %u is formatted as printable ASCII", byte);
	}
}

static const struct {
	const char *text, *why;
} bad_names[] = {
	{"", "root"},
	{"..", "empty label"},
	{".example.", "empty label"},
	{"a..b.", "empty label"},
	{"example..", "empty label"},
	{LABEL_63 "l.", "63 bytes"},
	{NAME_192 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij.", "255 bytes"},
	{NAME_192 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63 ".", "255 bytes"},
	{"a\\", "escape"},
	{"a\\1", "escape"},
	{"a\\12", "escape"},
	{"a\\256.", "escape"},
	{"a\\999.", "escape"},
	{"a\\12x.", "escape"},
};

static void
test_bad_names(void)
{
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		uint8_t wire[DNS_NAME_BYTES_MAX];
		const char *why = "";
		uint16_t bytes;
		int status = question_name_parse(bad_names[i].text, wire, &bytes, &why);

		SUITE_ASSERT(status == -EINVAL, "\"%s\" is accepted", bad_names[i].text);
		SUITE_ASSERT(strstr(why, bad_names[i].why) != NULL, "\"%s\": the reason is \"%s\"",
			     bad_names[i].text, why);
	}
}

static const struct {
	const char *text;
	int number; /* -1: refused */
	const char *formatted;
} types[] = {
	{"A", 1, "A"},
	{"a", 1, "A"},
	{"AAAA", 28, "AAAA"},
	{"ns", 2, "NS"},
	{"ANY", 255, "ANY"},
	{"HTTPS", 65, "HTTPS"},
	{"TYPE1", 1, "A"},
	{"type65", 65, "HTTPS"},
	{"TYPE65535", 65535, "TYPE65535"},
	{"TYPE0", 0, "TYPE0"},
	{"TYPE65536", -1, NULL},
	{"TYPE", -1, NULL},
	{"TYPE-1", -1, NULL},
	{"TYPE1x", -1, NULL},
	{"TYPE 1", -1, NULL},
	{"TYPE000001", -1, NULL},
	{"", -1, NULL},
	{"1", -1, NULL},
	{"NSEC3PARAM", 51, "NSEC3PARAM"},
	{"B", -1, NULL},
};

static void
test_types(void)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char text[QUESTION_TYPE_TEXT_BYTES];
		uint16_t type = 0;
		int status = question_type_parse(types[i].text, &type);

		SUITE_ASSERT(status == (types[i].number < 0 ? -EINVAL : 0), "\"%s\" gives %d",
			     types[i].text, status);
		if (status != 0)
			continue;
		SUITE_ASSERT(type == types[i].number, "\"%s\" is %u", types[i].text, type);
		SUITE_ASSERT(strcmp(question_type_format(type, text), types[i].formatted) == 0,
			     "\"%s\" is formatted as \"%s\"", types[i].text, text);
	}
	for (unsigned number = 0; number <= UINT16_MAX; number++) {
		char text[QUESTION_TYPE_TEXT_BYTES];
		uint16_t type = 0;

		question_type_format((uint16_t)number, text);
		if (question_type_parse(text, &type) != 0 || type != number)
			SUITE_ASSERT(false, "type %u is not the same after \"%s\"", number, text);
	}
}

static const struct {
	const char *wire;
	size_t bytes;
	const char *text;
} questions[] = {
	{"\7example\0\0\1\0\1", 13, "example. A IN"},
	{"\7example\0\0\34\0\1", 13, "example. AAAA IN"},
	{"\0\0\2\0\1", 5, ". NS IN"},
	{"\0\377\377\0\3", 5, ". TYPE65535 CH"},
	{"\0\0\377\377\377", 5, ". ANY CLASS65535"},
	{"\7example\0\0\1\0", 12, "(malformed)"},
	{"\7example\0\0\1\0\1\0", 14, "(malformed)"},
	{"\7example", 8, "(malformed)"},
	{"\300\14\0\1\0\1", 6, "(malformed)"},
	{"\100abc\0\0\1\0\1", 9, "(malformed)"},
	{"", 0, "(malformed)"},
};

static void
test_questions(void)
{
	uint8_t question[DNS_QUESTION_BYTES_MAX], longest[DNS_QUESTION_BYTES_MAX];
	char text[QUESTION_TEXT_BYTES];
	const char *why = "";
	uint16_t bytes = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		question_format((const uint8_t *)questions[i].wire, questions[i].bytes, text);
		SUITE_ASSERT(strcmp(text, questions[i].text) == 0, "row %zu is formatted as \"%s\"",
			     i, text);
	}
	SUITE_ASSERT(question_build("example", 28, question, &bytes, &why) == 0 && bytes == 13 &&
			     memcmp(question, "\7example\0\0\34\0\1", 13) == 0,
		     "a question is built");
	SUITE_ASSERT(question_build("a..", 1, question, &bytes, &why) == -EINVAL && *why != 0,
		     "a malformed name is refused");

	/* The longest possible text: 250 bytes that need an escape, in four labels. */
	memset(longest, 0xff, sizeof(longest));
	longest[0] = longest[64] = longest[128] = 63;
	longest[192] = 61;
	longest[254] = 0;
	SUITE_ASSERT(strlen(question_format(longest, sizeof(longest), text)) ==
			     4 * 250 + strlen("....") + strlen(" TYPE65535 CLASS65535"),
		     "the longest question is formatted as \"%s\"", text);
}

static const struct {
	const char *text, *shown;
	int rcode; /* -1: refused */
} rcodes[] = {
	{"noerror", "noerror", 0},
	{"NXDOMAIN", "nxdomain", 3},
	{"ServFail", "servfail", 2},
	{"notzone", "notzone", 10},
	{"0", "noerror", 0},
	{"5", "refused", 5},
	{"11", "rcode11", 11},
	{"15", "rcode15", 15},
	{"16", NULL, -1},
	{"05", NULL, -1},
	{"-1", NULL, -1},
	{"5 ", NULL, -1},
	{"100000000000", NULL, -1},
	{"badvers", NULL, -1},
	{"", NULL, -1},
};

static void
test_rcodes(void)
{
	for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++) {
		char text[QUESTION_RCODE_TEXT_BYTES];
		uint8_t rcode = 99;
		int status = question_rcode_parse(rcodes[i].text, &rcode);

		SUITE_ASSERT(status == (rcodes[i].rcode < 0 ? -EINVAL : 0) &&
				     (status != 0 || rcode == rcodes[i].rcode),
			     "\"%s\": %d, %u", rcodes[i].text, status, rcode);
		if (status == 0)
			SUITE_ASSERT(strcmp(question_rcode_format(rcode, text), rcodes[i].shown) ==
					     0,
				     "%u is %s", rcode, text);
	}
}

static CU_TestInfo tests[] = {
	{"names: text to wire and back", test_names},
	{"every byte value in a name", test_bytes},
	{"bad names are refused", test_bad_names},
	{"types", test_types},
	{"questions", test_questions},
	{"response codes", test_rcodes},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return suite_run("question", tests);
}
