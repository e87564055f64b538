/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparing source.ports with the kernel's ephemeral ports, and the setting that is suggested. */
#include <stdlib.h>
#include <string.h>

#include "control/config/local_ports.h"
#include "control/lib/address.h"
#include "tests/unit/suite.h"

static const struct {
	const char *what;
	const char *own; /* the host's address beside 127.0.0.1 */
	const char *range, *reserved;
	unsigned first, last, step; /* the source ports: every step-th */
	unsigned clashes;	    /* 0: no warning */
	const char *list;
} rows[] = {
	{"the usual range", "198.51.100.16", "32768\t60999\n", "\n", 49152, 65535, 1, 11848,
	 "49152-60999"},
	{"an IPv6 address", "2001:db8::16", "32768\t60999\n", "\n", 49152, 65535, 1, 11848,
	 "49152-60999"},
	{"not our address", "198.51.100.15", "32768\t60999\n", "\n", 49152, 65535, 1, 0, NULL},
	{"no overlap", "198.51.100.16", "32768\t49151\n", "\n", 49152, 65535, 1, 0, NULL},
	{"one port", "198.51.100.16", "32768 49152\n", "", 49152, 65535, 1, 1, "49152"},
	{"the last port", "198.51.100.16", "65535\t65535\n", "", 49152, 65535, 1, 1, "65535"},
	{"all reserved", "198.51.100.16", "32768\t60999\n", "49152-60999\n", 49152, 65535, 1, 0,
	 NULL},
	{"reserved piece by piece", "198.51.100.16", "49152\t49155\n", "49152,49153-49154,49155\n",
	 49152, 65535, 1, 0, NULL},
	{"some reserved, others kept", "198.51.100.16", "32768\t60999\n",
	 "8080,49152-50000,61000\n", 49152, 65535, 1, 10999, "8080,49152-61000"},
	{"excluded ports are left alone", "198.51.100.16", "49152\t49157\n", "\n", 49152, 65535, 2,
	 3, "49152,49154,49156"},
	{"too many pieces for a list: the whole range", "198.51.100.16", "32768\t60999\n", "8080\n",
	 49152, 65535, 2, 5924, "8080,49152-60998"},
	{"an empty text", "198.51.100.16", "", "", 49152, 65535, 1, 0, NULL},
	{"numbers that are not ports", "198.51.100.16", "1 99999999999999999999\n", "x\n", 49152,
	 65535, 1, 0, NULL},
};

static void
test_rows(void)
{
	struct config_source *source = malloc(sizeof(*source));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct local_ports_clash clash;
		struct address own[2];
		const struct local_ports kernel = {own, 2, rows[i].range, rows[i].reserved};
		bool found;

		memset(source, 0, sizeof(*source));
		address_parse("127.0.0.1", &own[0]);
		address_parse(rows[i].own, &own[1]);
		address_parse("198.51.100.16", &source->addresses[0]);
		address_parse("2001:db8::16", &source->addresses[1]);
		source->address_count = 2;
		for (unsigned port = rows[i].first; port <= rows[i].last; port += rows[i].step)
			bitmap_set(source->ports, (uint16_t)port);
		found = local_ports_find(source, &kernel, &clash);
		SUITE_ASSERT(found == (rows[i].clashes > 0), "%s: %s", rows[i].what,
			     found ? "a clash" : "none");
		if (!found || rows[i].clashes == 0)
			continue;
		SUITE_ASSERT(clash.port_count == rows[i].clashes, "%s: %u ports", rows[i].what,
			     clash.port_count);
		SUITE_ASSERT(strcmp(clash.list, rows[i].list) == 0, "%s: set %s", rows[i].what,
			     clash.list);
		SUITE_ASSERT(clash.address_count == 1 && address_equal(clash.address, &own[1]),
			     "%s: whose", rows[i].what);
		SUITE_ASSERT(clash.first_port >= rows[i].first && clash.last_port <= rows[i].last,
			     "%s: within", rows[i].what);
	}
	free(source);
}

/* If the reserved list is too long to repeat, a range to add is suggested. */
static void
test_long_list(void)
{
	struct config_source *source = calloc(1, sizeof(*source));
	struct local_ports_clash clash;
	char reserved[4096] = "";
	size_t used = 0;

	for (unsigned port = 1024; port < 2000; port += 2)
		used += (size_t)snprintf(reserved + used, sizeof(reserved) - used, "%u,", port);
	address_parse("198.51.100.16", &source->addresses[0]);
	source->address_count = 1;
	for (unsigned port = 49152; port <= 65535; port++)
		bitmap_set(source->ports, (uint16_t)port);
	CU_ASSERT_TRUE(local_ports_find(
		source, &(struct local_ports){source->addresses, 1, "32768\t60999", reserved},
		&clash));
	CU_ASSERT_STRING_EQUAL(clash.list, "");
	CU_ASSERT(clash.first_port == 49152 && clash.last_port == 60999);
	free(source);
}

/* With the kernel of this host: no warning for an address that no host has. */
static void
test_kernel(void)
{
	struct config_source *source = calloc(1, sizeof(*source));
	size_t bytes;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	address_parse("192.0.2.250", &source->addresses[0]);
	source->address_count = 1;
	for (unsigned port = 1024; port <= 65535; port++)
		bitmap_set(source->ports, (uint16_t)port);
	local_ports_warn(source, "file", stream);
	fflush(stream);
	CU_ASSERT_EQUAL(bytes, 0);
	address_parse("127.0.0.1", &source->addresses[0]);
	local_ports_warn(source, "file", stream);
	fclose(stream);
	/* If this host reserves every port of the range, there is no warning. */
	if (bytes > 0) {
		SUITE_ASSERT(strncmp(text,
				     "file: warning: source.addresses: 127.0.0.1 is an address of",
				     58) == 0,
			     "%s", text);
		SUITE_ASSERT(strstr(text, "net.ipv4.ip_local_reserved_ports") != NULL &&
				     text[bytes - 1] == '\n',
			     "%s", text);
	}
	free(text);
	free(source);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"clashes", test_rows},
			       {"a long list", test_long_list},
			       {"this host", test_kernel},
			       CU_TEST_INFO_NULL};

	return suite_run("local_ports", tests);
}
