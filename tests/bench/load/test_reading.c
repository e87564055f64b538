/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of what the load program reads (addresses, numbers, names, the command line), and of its
 * histogram. */
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/load/latency.h"
#include "tests/bench/load/names.h"
#include "tests/bench/load/packet.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text;
	const char *first; /* NULL: an error */
	uint32_t count;
} block_rows[] = {
	{"192.0.2.1", "192.0.2.1", 1},
	{"192.0.2.1-192.0.2.10", "192.0.2.1", 10},
	{"192.0.2.77/24", "192.0.2.0", 256},
	{"192.0.2.77/32", "192.0.2.77", 1},
	{"0.0.0.0/1", "0.0.0.0", 1u << 31},
	{"2001:db8::7", "2001:db8::7", 1},
	{"2001:db8::5/120", "2001:db8::", 256},
	{"2001:db8::1-2001:db8::ffff", "2001:db8::1", 0xffff},
	{"0.0.0.0/0", NULL, 0},
	{"2001:db8::/64", NULL, 0},
	{"2001:db8::1-2001:db9::1", NULL, 0},
	{"192.0.2.2-192.0.2.1", NULL, 0},
	{"192.0.2.1-2001:db8::1", NULL, 0},
	{"192.0.2.1/33", NULL, 0},
	{"192.0.2.1/", NULL, 0},
	{"192.0.2.1/-1", NULL, 0},
	{"192.0.2", NULL, 0},
	{"::ffff:192.0.2.1", NULL, 0},
	{"", NULL, 0},
};

static void
test_blocks(void)
{
	for (size_t i = 0; i < sizeof(block_rows) / sizeof(block_rows[0]); i++) {
		struct address_block block = {.count = 0};
		struct address first;
		const int status = address_block_read(block_rows[i].text, &block);

		if (block_rows[i].first == NULL) {
			SUITE_ASSERT(status != 0 && block.count == 0, "'%s' is refused",
				     block_rows[i].text);
			continue;
		}
		CU_ASSERT_EQUAL_FATAL(address_read(block_rows[i].first, &first), 0);
		SUITE_ASSERT(status == 0 && address_equal(&block.first, &first) &&
				     block.count == block_rows[i].count,
			     "'%s': %u addresses", block_rows[i].text, block.count);
		SUITE_ASSERT(address_block_holds(&block, &first), "'%s' holds its first",
			     block_rows[i].text);
	}
}

static const struct {
	const char *text;
	double value; /* negative: an error */
} number_rows[] = {{"1", 1},	{"1.5M", 1.5e6}, {"200k", 2e5}, {"2G", 2e9},
		   {".5", 0.5}, {"0", 0},	 {"-1", -1},	{"1.5X", -1},
		   {"1Mb", -1}, {"", -1},	 {"M", -1},	{"nan", -1}};

static void
test_numbers(void)
{
	for (size_t i = 0; i < sizeof(number_rows) / sizeof(number_rows[0]); i++) {
		double value = -1;
		const int status = number_read(number_rows[i].text, &value);

		SUITE_ASSERT((status == 0) == (number_rows[i].value >= 0) &&
				     (status != 0 || value == number_rows[i].value),
			     "'%s' is %g", number_rows[i].text, value);
	}
}

/* ---- names ---- */

static const struct {
	const char *text;
	const char *wire; /* of name, type, class; NULL: refused */
	size_t bytes;
} name_rows[] = {
	{"Example.COM", "\7Example\3COM\0\0\1\0\1", 17},
	{"example. AAAA", "\7example\0\0\34\0\1", 13},
	{". NS", "\0\0\2\0\1", 5},
	{"a\\.b.c TYPE65 # comment", "\3a.b\1c\0\0\101\0\1", 11},
	{"\\000\\255 TXT", "\2\0\377\0\0\20\0\1", 8},
	{"a..b", NULL, 0},
	{".a", NULL, 0},
	{"\\256", NULL, 0},
	{"a\\", NULL, 0},
	{"example NOTYPE", NULL, 0},
	{"example TYPE65536", NULL, 0},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
	 0}, /* 64 letters */
};

/* Reads names from a file with this text. */
static int
names_of_text(const char *text, struct names *names, char *why, size_t why_bytes)
{
	char path[] = "/tmp/ephemera-names-XXXXXX";
	struct options options = {.names_file = path, .name_type = 1};
	const int fd = mkstemp(path);
	int status;

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_FATAL(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	status = names_open(names, &options, why, why_bytes);
	unlink(path);
	return status;
}

static void
test_names(void)
{
	for (size_t i = 0; i < sizeof(name_rows) / sizeof(name_rows[0]); i++) {
		char text[256], why[256] = "";
		struct names names;
		int status;

		snprintf(text, sizeof(text), "# first\n\n%s\n", name_rows[i].text);
		status = names_of_text(text, &names, why, sizeof(why));
		if (name_rows[i].wire == NULL) {
			SUITE_ASSERT(status != 0 && strstr(why, "line 3") != NULL,
				     "'%s' is refused: %s", name_rows[i].text, why);
			continue;
		}
		SUITE_ASSERT(status == 0 && names.count == 1 &&
				     names.name[0].question_bytes == name_rows[i].bytes &&
				     memcmp(name_tail(&names, &names.name[0]), name_rows[i].wire,
					    name_rows[i].bytes) == 0,
			     "'%s': %s", name_rows[i].text, why);
		names_close(&names);
	}
}

/* Many lines: the array grows, and no name is lost. */
static void
test_many_names(void)
{
	static char text[5000 * 24];
	char why[256] = "";
	struct names names;
	size_t used = 0;

	for (int i = 0; i < 5000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "n%04d.example\n", i);
	CU_ASSERT_EQUAL_FATAL(names_of_text(text, &names, why, sizeof(why)), 0);
	CU_ASSERT_EQUAL_FATAL(names.count, 5000);
	for (int i = 0; i < 5000; i++) {
		char label[8];

		snprintf(label, sizeof(label), "\5n%04d", i);
		SUITE_ASSERT(memcmp(name_tail(&names, &names.name[i]), label, 6) == 0, "line %d",
			     i);
	}
	names_close(&names);
}

/* Generated names have the requested length, are valid, and differ regardless of letter case. */
static void
test_generated(void)
{
	for (uint32_t bytes = NAMES_GENERATED_BYTES_MIN; bytes <= DNS_NAME_BYTES_MAX; bytes += 16) {
		struct options options = {.name_count = 36, .name_bytes = bytes, .name_type = 1};
		char why[256] = "";
		struct names names;

		CU_ASSERT_EQUAL_FATAL(names_open(&names, &options, why, sizeof(why)), 0);
		for (uint32_t i = 0; i < names.count; i++) {
			const uint8_t *wire = name_tail(&names, &names.name[i]);
			uint32_t at = 0;

			while (wire[at] != 0 && wire[at] <= DNS_LABEL_BYTES_MAX && at < bytes)
				at += wire[at] + 1u;
			SUITE_ASSERT(at + 1 == bytes && names.name[i].question_bytes == bytes + 4,
				     "name %u of %u bytes", i, bytes);
			for (uint32_t other = 0; other < i; other++)
				SUITE_ASSERT(names.name[other].mark != names.name[i].mark,
					     "names %u and %u of %u bytes", other, i, bytes);
		}
		names_close(&names);
	}
}

/* The mark is the same for a question in any letter case, and different for others. */
static void
test_mark(void)
{
	uint8_t question[] = "\7eXaMpLe\3cOm\0\0\1\0\1", lower[] = "\7example\3com\0\0\1\0\1";
	const uint32_t bytes = sizeof(question) - 1, mark = question_mark(question, bytes);

	CU_ASSERT_EQUAL(mark, question_mark(lower, bytes));
	for (uint32_t i = 0; i < bytes; i++) {
		lower[i] ^= 0x01;
		SUITE_ASSERT(mark != question_mark(lower, bytes), "byte %u differs", i);
		lower[i] ^= 0x01;
	}
}

/* ---- the command line ---- */

#define NEEDED "--service=192.0.2.53", "--clients=192.0.2.64/26"

static const struct {
	const char *arguments[10];
	const char *fault; /* a part of the message; NULL: accepted */
} option_rows[] = {
	{{"--", NEEDED}, NULL},
	{{"-l", "0", "--", NEEDED, "--rate", "1.5M", "--json", "-"}, NULL},
	{{"--", NEEDED, "--farm-device=0", "--farm=198.51.100.1", "--farm-delay=100"}, NULL},
	{{NEEDED}, "no `--`"},
	{{"--", "--clients=192.0.2.64"}, "--service"},
	{{"--", "--service=192.0.2.53"}, "--clients"},
	{{"--", "--service=2001:db8::1", "--clients=192.0.2.64"}, "families"},
	{{"--", NEEDED, "--rate"}, "needs a value"},
	{{"--", NEEDED, "--rate=fast"}, "queries a second"},
	{{"--", NEEDED, "--rate=0"}, "queries a second"},
	{{"--", NEEDED, "--speed=1"}, "unknown argument --speed"},
	{{"--", NEEDED, "--search=1"}, "takes no value"},
	{{"--", NEEDED, "--farm=198.51.100.1"}, "--farm-device"},
	{{"--", NEEDED, "--reflect", "--farm-device=1"}, "--reflect"},
	{{"--", "--service=192.0.2.53", "--clients=10.0.0.0/8"}, "too many clients"},
	{{"--", NEEDED, "--latency-at=10,,20"}, "percentages"},
	{{"--", NEEDED, "--edns=100"}, "512"},
	{{"--", NEEDED, "--service-mac=02:00"}, "MAC"},
};

static void
test_options(void)
{
	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		char texts[11][64] = {"ephemera-load"}, *argv[11] = {texts[0]}, why[256] = "";
		static struct options options;
		int argc = 1, status;

		for (; argc < 11 && option_rows[i].arguments[argc - 1] != NULL; argc++) {
			snprintf(texts[argc], sizeof(texts[argc]), "%s",
				 option_rows[i].arguments[argc - 1]);
			argv[argc] = texts[argc];
		}
		status = options_read(&options, argc, argv, why, sizeof(why));
		if (option_rows[i].fault == NULL)
			SUITE_ASSERT(status == 0, "row %zu: %s", i, why);
		else
			SUITE_ASSERT(status != 0 && strstr(why, option_rows[i].fault) != NULL,
				     "row %zu: %s", i, why);
	}
}

/* ---- the histogram ---- */

static void
test_latency(void)
{
	static struct latency latency;
	const uint64_t units_per_tsc = latency_units_per_tsc(1000000000);

	for (uint32_t i = 0; i + 1 < LATENCY_BUCKETS; i++) {
		SUITE_ASSERT(latency_index_of(latency_unit_of(i)) == i, "first of bucket %u", i);
		SUITE_ASSERT(latency_index_of(latency_unit_of(i + 1) - 1) == i, "last of bucket %u",
			     i);
	}
	CU_ASSERT_EQUAL(latency_index_of(UINT64_MAX / LATENCY_UNIT_NS), LATENCY_BUCKETS - 1);
	CU_ASSERT_EQUAL(latency_quantile_us(&latency, 0.5), 0);
	for (uint64_t us = 1; us <= 1000; us++)
		latency_add(&latency, us * 1000, units_per_tsc);
	CU_ASSERT_DOUBLE_EQUAL(latency_quantile_us(&latency, 0.5), 500, 10);
	CU_ASSERT_DOUBLE_EQUAL(latency_quantile_us(&latency, 0.99), 990, 16);
	CU_ASSERT_DOUBLE_EQUAL(latency_quantile_us(&latency, 0.999), 999, 16);
	CU_ASSERT_EQUAL(latency.max_tsc, 1000000);
	CU_ASSERT_EQUAL(latency.count, 1000);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"blocks of addresses", test_blocks},
		{"numbers", test_numbers},
		{"names", test_names},
		{"many names", test_many_names},
		{"generated names", test_generated},
		{"marks", test_mark},
		{"the command line", test_options},
		{"the histogram", test_latency},
		CU_TEST_INFO_NULL,
	};

	return suite_run("load, reading", tests);
}
