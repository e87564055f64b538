/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reload says that it changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/changes.h"
#include "control_config.h"
#include "way_suite.h"

struct lines {
	unsigned count;
	char text[4096];
};

static void
line_take(void *owner, const char *text)
{
	struct lines *lines = owner;
	size_t used = strlen(lines->text);

	lines->count++;
	snprintf(lines->text + used, sizeof(lines->text) - used, "%s|", text);
}

#define STANDARD                                                                                             \
	.services = "192.0.2.53#53", .sources = "198.51.100.16",                                             \
	.upstreams = "a=192.0.2.1#53 b=192.0.2.2#53", .ports = "50000-50999", .timeout_ms = 2000

static const struct {
	const char *what;
	struct config_text after;
	const char *lines;
} rows[] = {
	{"nothing", {STANDARD}, ""},
	{"an upstream more",
	 {.services = "192.0.2.53#53",
	  .sources = "198.51.100.16",
	  .upstreams = "a=192.0.2.1#53 c=192.0.2.3#53 b=192.0.2.2#53",
	  .ports = "50000-50999",
	  .timeout_ms = 2000},
	 "upstream c (192.0.2.3#53) added|"},
	{"an upstream less, one renamed",
	 {.services = "192.0.2.53#53",
	  .sources = "198.51.100.16",
	  .upstreams = "x=192.0.2.2#53",
	  .ports = "50000-50999",
	  .timeout_ms = 2000},
	 "upstream b (192.0.2.2#53) renamed to x|upstream a (192.0.2.1#53) removed; its replies are taken "
	 "for "
	 "another 5.0 s|"},
	{"service, source, ports, timeout",
	 {.services = "192.0.2.54#53",
	  .sources = "2001:db8::1",
	  .upstreams = "a=192.0.2.1#53 b=192.0.2.2#53",
	  .ports = "50000-51999",
	  .timeout_ms = 1000},
	 "service address 192.0.2.54#53 added|service address 192.0.2.53#53 removed|source address "
	 "2001:db8::1 "
	 "added|source address 198.51.100.16 removed; replies to it are taken for another 5.0 s|source "
	 "ports: from "
	 "50000-50999 (1000 ports) to 50000-51999 (2000 ports)|upstreams.timeout_ms: from 2000 to 1000|"},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *before = control_config_make(&(struct config_text){STANDARD});
		struct config *after = control_config_make(&rows[i].after);
		struct lines lines = {0};

		changes_describe(before, after, line_take, &lines);
		WAY_ASSERT(strcmp(lines.text, rows[i].lines) == 0, "%s: %s", rows[i].what, lines.text);
		free(before);
		free(after);
	}
}

static void
test_policy_and_probe(void)
{
	struct config *before = control_config_make(&(struct config_text){STANDARD});
	struct config *after = control_config_make(&(struct config_text){STANDARD});
	struct lines lines = {0};

	after->pools[0].policy = POLICY_LEAST_OUTSTANDING;
	after->service.no_upstream = NO_UPSTREAM_KEEP_TRYING;
	after->probe.fall = 5;
	changes_describe(before, after, line_take, &lines);
	CU_ASSERT_STRING_EQUAL(lines.text,
			       "service.no_upstream: from servfail to keep-trying|upstreams.policy: from "
			       "round-robin to least-outstanding|upstreams.probe.fall: from 0 to 5|");
	free(before);
	free(after);
}

/* However much changes, the list has an end, and says so. */
static void
test_many(void)
{
	struct config *before = control_config_make(&(struct config_text){.timeout_ms = 100});
	struct config *after = control_config_make(&(struct config_text){.timeout_ms = 100});
	struct lines lines = {0};

	after->upstream_count = SNAPSHOT_UPSTREAMS_MAX;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		after->upstreams[i].port = (uint16_t)(1 + i);
	changes_describe(before, after, line_take, &lines);
	CU_ASSERT_EQUAL(lines.count, CHANGES_LINES_MAX);
	memset(&lines, 0, sizeof(lines));
	after->upstream_count = CHANGES_LINES_MAX - 1;
	changes_describe(before, after, line_take, &lines);
	CU_ASSERT_EQUAL(lines.count, CHANGES_LINES_MAX - 1);
	free(before);
	free(after);
}

static void
test_protection(void)
{
	struct config *before = control_config_make(&(struct config_text){STANDARD});
	struct config *after = control_config_make(&(struct config_text){STANDARD});
	struct lines lines = {0};

	after->upstreams[1].random_case = false;
	after->protection = (struct config_protection){.coalesce = false,
						       .waiters = 8,
						       .near_miss = NEAR_MISS_TRUNCATE,
						       .near_misses = 3,
						       .edns_bytes = 1400};
	changes_describe(before, after, line_take, &lines);
	CU_ASSERT_STRING_EQUAL(
		lines.text, "upstream b (192.0.2.2#53): the case of questions is not drawn any more|"
			    "protection.coalesce: from true to false|protection.waiters: from 64 to 8|"
			    "protection.near_miss: from count to truncate|protection.near_misses: from 1 to "
			    "3|protection.edns_bytes: from 1232 to 1400|");
	free(before);
	free(after);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"protection", test_protection},
			       {"things", test_rows},
			       {"policy and probe", test_policy_and_probe},
			       {"many", test_many},
			       CU_TEST_INFO_NULL};

	return way_suite_run("changes", tests);
}
