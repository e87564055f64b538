/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and ranges: text form and arithmetic. */
#include <errno.h>
#include <string.h>

#include "control/lib/address.h"
#include "tests/unit/suite.h"

static const struct {
	const char *text;
	int status;
	const char *formatted; /* NULL: same as `text` */
} addresses[] = {
	{"192.0.2.1", 0, NULL},
	{"0.0.0.0", 0, NULL},
	{"255.255.255.255", 0, NULL},
	{"2001:db8::1", 0, NULL},
	{"2001:DB8:0:0:0:0:0:1", 0, "2001:db8::1"},
	{"::", 0, NULL},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, NULL},
	{"", -EINVAL, NULL},
	{"192.0.2", -EINVAL, NULL},
	{"192.0.2.256", -EINVAL, NULL},
	{"192.0.2.01", -EINVAL, NULL},
	{"192.0.2.1 ", -EINVAL, NULL},
	{" 192.0.2.1", -EINVAL, NULL},
	{"0x7f.1", -EINVAL, NULL},
	{"2001:db8::1::", -EINVAL, NULL},
	{"fe80::1%eth0", -EINVAL, NULL},
	{"::ffff:192.0.2.1", -EINVAL, NULL}, /* one spelling per address */
	{"::ffff:c000:201", -EINVAL, NULL},
	{"[2001:db8::1]", -EINVAL, NULL},
	{"localhost", -EINVAL, NULL},
};

static void
test_addresses(void)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		const char *text = addresses[i].text, *formatted = addresses[i].formatted;
		char back[ADDRESS_TEXT_BYTES];
		struct address address;
		int status = address_parse(text, &address);

		SUITE_ASSERT(status == addresses[i].status, "\"%s\" gives %d", text, status);
		if (status == 0)
			SUITE_ASSERT(strcmp(address_format(&address, back),
					    formatted ? formatted : text) == 0,
				     "\"%s\" is formatted as \"%s\"", text, back);
	}
}

static const struct {
	const char *text;
	uint64_t count;	  /* 0: must be refused */
	const char *ends; /* "first last" */
	const char *why;
} ranges[] = {
	{"192.0.2.1", 1, "192.0.2.1 192.0.2.1", NULL},
	{"192.0.2.0/24", 256, "192.0.2.0 192.0.2.255", NULL},
	{"192.0.2.1/32", 1, "192.0.2.1 192.0.2.1", NULL},
	{"0.0.0.0/0", UINT64_C(1) << 32, "0.0.0.0 255.255.255.255", NULL},
	{"198.51.100.16/29", 8, "198.51.100.16 198.51.100.23", NULL},
	{"198.51.100.16-198.51.100.23", 8, "198.51.100.16 198.51.100.23", NULL},
	{"198.51.100.17-198.51.100.17", 1, "198.51.100.17 198.51.100.17", NULL},
	{"192.0.2.255-192.0.3.0", 2, "192.0.2.255 192.0.3.0", NULL},
	{"2001:db8::/64", UINT64_MAX, "2001:db8:: 2001:db8::ffff:ffff:ffff:ffff", NULL},
	{"2001:db8::/65", UINT64_C(1) << 63, "2001:db8:: 2001:db8::7fff:ffff:ffff:ffff", NULL},
	{"2001:db8::/128", 1, "2001:db8:: 2001:db8::", NULL},
	{"::/0", UINT64_MAX, ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"2001:db8:2::16-2001:db8:2::1d", 8, "2001:db8:2::16 2001:db8:2::1d", NULL},
	{"2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::", 2,
	 "2001:db8::ffff:ffff:ffff:ffff 2001:db8:0:1::", NULL},
	{"2001:db8::-2001:db8:0:1::", UINT64_MAX, "2001:db8:: 2001:db8:0:1::", NULL},
	{"192.0.2.1/24", 0, NULL, "after the prefix"},
	{"2001:db8::1/64", 0, NULL, "after the prefix"},
	{"192.0.2.0/33", 0, NULL, "0 to 32"},
	{"2001:db8::/129", 0, NULL, "0 to 128"},
	{"192.0.2.0/", 0, NULL, "0 to 32"},
	{"192.0.2.0/-1", 0, NULL, "0 to 32"},
	{"192.0.2.0/+8", 0, NULL, "0 to 32"},
	{"192.0.2.0/024", 0, NULL, "0 to 32"},
	{"192.0.2.0/4294967320", 0, NULL, "0 to 32"},
	{"192.0.2.0/99999999999999999999", 0, NULL, "0 to 32"},
	{"/24", 0, NULL, "before the slash"},
	{"192.0.2.2-192.0.2.1", 0, NULL, "greater than the last"},
	{"192.0.2.2-", 0, NULL, "after the dash"},
	{"-192.0.2.2", 0, NULL, "before the dash"},
	{"192.0.2.2-2001:db8::", 0, NULL, "mix IPv4 and IPv6"},
	{"::ffff:0:0/96", 0, NULL, "before the slash"},
	{"1111111111111111111111111111111111111111111111111111111111111111/8", 0, NULL,
	 "before the slash"},
	{"", 0, NULL, "not an address"},
};

#define RANGE_ENDS_BYTES (2 * ADDRESS_TEXT_BYTES)

static const char *
range_ends(const struct address_range *range, char text[RANGE_ENDS_BYTES])
{
	char last[ADDRESS_TEXT_BYTES];

	address_format(&range->first, text);
	strcat(text, " ");
	return strcat(text, address_format(&range->last, last));
}

static void
test_ranges(void)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const char *text = ranges[i].text, *why = "";
		char ends[RANGE_ENDS_BYTES];
		struct address_range range;
		int status = address_range_parse(text, &range, &why);

		SUITE_ASSERT((status == 0) == (ranges[i].count > 0), "\"%s\" gives %d", text,
			     status);
		if (ranges[i].count == 0) {
			SUITE_ASSERT(strstr(why, ranges[i].why) != NULL,
				     "\"%s\": the reason is \"%s\"", text, why);
			continue;
		}
		SUITE_ASSERT(address_range_count(&range) == ranges[i].count,
			     "\"%s\" has a different count", text);
		SUITE_ASSERT(strcmp(range_ends(&range, ends), ranges[i].ends) == 0,
			     "\"%s\" is \"%s\"", text, ends);
	}
}

/* `in`: ranges separated by spaces; `out`: "first last" of each remaining range, separated by
 * commas. */
static const struct {
	const char *in, *out;
} merges[] = {
	{"192.0.2.0/24", "192.0.2.0 192.0.2.255"},
	{"192.0.2.128/25 192.0.2.0/25", "192.0.2.0 192.0.2.255"},
	{"10.0.0.0/8 10.1.0.0/16 10.255.255.255", "10.0.0.0 10.255.255.255"},
	{"10.0.0.1 10.0.0.3", "10.0.0.1 10.0.0.1, 10.0.0.3 10.0.0.3"},
	{"10.0.0.3 10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.3"},
	{"2001:db8::/127 192.0.2.0/24", "192.0.2.0 192.0.2.255, 2001:db8:: 2001:db8::1"},
	{"::1 0.0.0.0/0", "::1 ::1, 0.0.0.0 255.255.255.255"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::",
	 ":: ::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static void
test_merges(void)
{
	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		char in[256], out[512] = "", ends[RANGE_ENDS_BYTES];
		struct address_range list[16];
		const char *why = "";
		unsigned count = 0;

		strcpy(in, merges[i].in);
		for (char *word = strtok(in, " "); word != NULL; word = strtok(NULL, " "))
			SUITE_ASSERT(address_range_parse(word, &list[count++], &why) == 0, "%s: %s",
				     word, why);
		count = address_ranges_merge(list, count);
		for (unsigned j = 0; j < count; j++) {
			strcat(out, j > 0 ? ", " : "");
			strcat(out, range_ends(&list[j], ends));
		}
		SUITE_ASSERT(strcmp(out, merges[i].out) == 0, "\"%s\" becomes \"%s\"", merges[i].in,
			     out);
	}
	SUITE_ASSERT(address_ranges_merge(NULL, 0) == 0, "an empty list stays empty");
}

/* IPv4 in its mapped form is part of the IPv6 space, but "::/0" does not include it. */
static void
test_split(void)
{
	struct address_range all, parts[2];
	struct address ipv4, below, above;
	const char *why;

	address_parse("192.0.2.1", &ipv4);
	address_parse("::1", &below);
	address_parse("2001:db8::", &above);
	SUITE_ASSERT(address_range_parse("::/0", &all, &why) == 0, "::/0 is a range");
	SUITE_ASSERT(address_range_split(&all, parts) == 2, "::/0 has two parts");
	SUITE_ASSERT(address_compare(&parts[0].last, &ipv4) < 0 &&
			     address_compare(&parts[1].first, &ipv4) > 0,
		     "IPv4 is in neither part");
	SUITE_ASSERT(address_compare(&parts[0].first, &below) < 0 &&
			     address_compare(&parts[1].first, &above) < 0,
		     "IPv6 is in the parts");
	SUITE_ASSERT(!address_is_ipv4(&parts[0].last), "the first part ends in IPv6");
	below = address_next(&parts[0].last);
	SUITE_ASSERT(address_is_ipv4(&below), "IPv4 follows the first part directly");

	SUITE_ASSERT(address_range_parse("::/48", &all, &why) == 0 &&
			     address_range_split(&all, parts) == 2,
		     "a longer prefix around IPv4 has two parts too");
	SUITE_ASSERT(address_range_parse("0.0.0.0/0", &all, &why) == 0 &&
			     address_range_split(&all, parts) == 1 &&
			     address_equal(&parts[0].last, &all.last),
		     "an IPv4 range is unchanged");
	SUITE_ASSERT(address_range_parse("2001:db8::/32", &all, &why) == 0 &&
			     address_range_split(&all, parts) == 1 &&
			     address_equal(&parts[0].first, &all.first),
		     "an IPv6 range above is unchanged");
	SUITE_ASSERT(address_range_parse("::-::fffe:ffff:ffff", &all, &why) == 0 &&
			     address_range_split(&all, parts) == 1 &&
			     address_equal(&parts[0].last, &all.last),
		     "a range that ends right before IPv4 is unchanged");
}

static const struct {
	const char *text;
	bool host;
} hosts[] = {
	{"192.0.2.1", true},   {"10.0.0.0", true},
	{"0.0.0.0", false},    {"0.1.2.3", false},
	{"127.0.0.1", false},  {"224.0.0.1", false},
	{"240.0.0.1", false},  {"255.255.255.255", false},
	{"2001:db8::1", true}, {"fc00::1", true},
	{"::", false},	       {"::1", false},
	{"fe80::1", false},    {"febf::1", false},
	{"fec0::1", true},     {"ff02::1", false},
};

static void
test_hosts(void)
{
	char text[ADDRESS_PORT_TEXT_BYTES];
	struct address address;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		address_parse(hosts[i].text, &address);
		SUITE_ASSERT(address_is_host(&address) == hosts[i].host, "%s: wrong result",
			     hosts[i].text);
	}
	address_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &address);
	SUITE_ASSERT(strcmp(address_port_format(&address, 65535, text),
			    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff#65535") == 0,
		     "the longest address with a port: %s", text);
}

static CU_TestInfo tests[] = {
	{"addresses: text to bytes and back", test_addresses},
	{"ranges: text to bytes", test_ranges},
	{"ranges are sorted and merged", test_merges},
	{"IPv6 ranges do not mean IPv4", test_split},
	{"addresses of hosts", test_hosts},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return suite_run("address", tests);
}
