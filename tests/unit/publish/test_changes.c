/* SPDX-License-Identifier: BSD-3-Clause */
/* The changes that a reload reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/publish/changes.h"
#include "tests/unit/state/control_config.h"
#include "tests/unit/suite.h"

struct lines {
	unsigned count;
	char text[4096];
};

static void
line_add(void *owner, const char *text)
{
	struct lines *lines = owner;
	size_t used = strlen(lines->text);

	lines->count++;
	snprintf(lines->text + used, sizeof(lines->text) - used, "%s|", text);
}

#define STANDARD                                                                                   \
	.services = "192.0.2.53#53", .sources = "198.51.100.16",                                   \
	.upstreams = "a=192.0.2.1#53 b=192.0.2.2#53", .ports = "50000-50999", .timeout_ms = 2000

static const struct {
	const char *what;
	struct config_text after;
	const char *lines;
} rows[] = {
	{"nothing", {STANDARD}, ""},
	{"an upstream added",
	 {.services = "192.0.2.53#53",
	  .sources = "198.51.100.16",
	  .upstreams = "a=192.0.2.1#53 c=192.0.2.3#53 b=192.0.2.2#53",
	  .ports = "50000-50999",
	  .timeout_ms = 2000},
	 "upstream c (192.0.2.3#53) added|"},
	{"an upstream removed, one renamed",
	 {.services = "192.0.2.53#53",
	  .sources = "198.51.100.16",
	  .upstreams = "x=192.0.2.2#53",
	  .ports = "50000-50999",
	  .timeout_ms = 2000},
	 "upstream b (192.0.2.2#53) renamed to x|upstream a (192.0.2.1#53) removed; its responses "
	 "are accepted "
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
	 "added|source address 198.51.100.16 removed; responses to it are accepted for another 5.0 "
	 "s|source "
	 "ports: from "
	 "50000-50999 (1000 ports) to 50000-51999 (2000 ports)|upstreams.timeout_ms: from 2000 to "
	 "1000|"},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config *before = control_config_make(&(struct config_text){STANDARD});
		struct config *after = control_config_make(&rows[i].after);
		struct lines lines = {0};

		changes_describe(before, after, line_add, &lines);
		SUITE_ASSERT(strcmp(lines.text, rows[i].lines) == 0, "%s: %s", rows[i].what,
			     lines.text);
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
	changes_describe(before, after, line_add, &lines);
	CU_ASSERT_STRING_EQUAL(
		lines.text,
		"service.no_upstream: from servfail to keep-trying|pool default: policy from "
		"round-robin to least-outstanding|upstreams.probe.fall: from 0 to 5|");
	free(before);
	free(after);
}

/* The list of changes is bounded, and its last line has the number of the others. */
static void
test_many(void)
{
	struct config *before = control_config_make(&(struct config_text){.timeout_ms = 100});
	struct config *after = control_config_make(&(struct config_text){.timeout_ms = 100});
	struct lines lines = {0};

	after->upstream_count = SNAPSHOT_UPSTREAMS_MAX;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		after->upstreams[i].port = (uint16_t)(1 + i);
	changes_describe(before, after, line_add, &lines);
	CU_ASSERT_EQUAL(lines.count, CHANGES_LINES_MAX);
	memset(&lines, 0, sizeof(lines));
	after->upstream_count = CHANGES_LINES_MAX - 1;
	changes_describe(before, after, line_add, &lines);
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
	changes_describe(before, after, line_add, &lines);
	CU_ASSERT_STRING_EQUAL(
		lines.text,
		"upstream b (192.0.2.2#53): random_case: from true to false|"
		"protection.coalesce: from true to false|protection.waiters: from 64 to 8|"
		"protection.near_miss: from count to truncate|protection.near_misses: from 1 to "
		"3|protection.edns_bytes: from 1232 to 1400|");
	free(before);
	free(after);
}

/* Two configurations, and a function that changes the second one. */
static void
changed(const char *what, void (*change)(struct config *before, struct config *after),
	const char *wanted)
{
	struct config *before = control_config_make(&(struct config_text){STANDARD});
	struct config *after = control_config_make(&(struct config_text){STANDARD});
	struct lines lines = {0};

	change(before, after);
	changes_describe(before, after, line_add, &lines);
	SUITE_ASSERT(strcmp(lines.text, wanted) == 0, "%s: %s", what, lines.text);
	free(before);
	free(after);
}

static uint16_t both[] = {0, 1}, turned[] = {1, 0}, one[] = {1};

static void
pool_give(struct config *config, const char *name, enum policy policy, uint16_t *members,
	  unsigned count)
{
	struct config_pool *pool = &config->pools[config->pool_count++];

	snprintf(pool->name, sizeof(pool->name), "%s", name);
	pool->policy = policy;
	pool->members = members;
	pool->member_count = count;
}

static void
pool_added(struct config *before, struct config *after)
{
	(void)before;
	pool_give(after, "bulk", POLICY_HASH, both, 2);
}

static void
pool_removed(struct config *before, struct config *after)
{
	(void)after;
	pool_give(before, "bulk", POLICY_HASH, both, 2);
}

static void
pools_renumbered(struct config *before, struct config *after)
{
	pool_give(before, "a", POLICY_FIRST, both, 2);
	pool_give(before, "b", POLICY_RANDOM, one, 1);
	pool_give(after, "b", POLICY_RANDOM, one, 1);
	pool_give(after, "a", POLICY_FIRST, both, 2);
	before->service.listen[0].pool = 1;
	after->service.listen[0].pool = 2;
	before->routes.types[before->routes.type_count++] =
		(struct type_route){.type = 12, .pool = 2};
	after->routes.types[after->routes.type_count++] =
		(struct type_route){.type = 12, .pool = 1};
}

static void
pool_turned(struct config *before, struct config *after)
{
	pool_give(before, "a", POLICY_FIRST, both, 2);
	pool_give(before, "b", POLICY_RANDOM, both, 2);
	pool_give(after, "a", POLICY_FIRST, turned, 2);
	/* not reported: this policy has no order */
	pool_give(after, "b", POLICY_RANDOM, turned, 2);
}

static void
pool_member(struct config *before, struct config *after)
{
	pool_give(before, "x", POLICY_HASH, both, 2);
	pool_give(after, "x", POLICY_HASH, one, 1);
	before->pools[1].load_percent = 150;
	before->pools[1].hash_seed = 1;
	after->upstreams[0].weight = 7;
	after->service.listen[0].pool = 1;
}

static void
routes_changed(struct config *before, struct config *after)
{
	static struct config_suffix was[] = {{0, 3, 0}, {3, 3, 0}, {6, 3, 0}};
	static struct config_suffix now[] = {{0, 3, 0}, {3, 3, 1}, {6, 4, 1}};

	pool_give(before, "x", POLICY_HASH, both, 2);
	pool_give(after, "x", POLICY_HASH, both, 2);
	before->routes = (struct config_routes){
		was, 3, (uint8_t *)"\1a\0\1b\0\1c", 9, {{1, 0, 0}, {2, 0, 0}}, 2};
	after->routes = (struct config_routes){
		now, 3, (uint8_t *)"\1a\0\1b\0\2dd", 10, {{2, 1, 0}, {3, 1, 0}}, 2};
}

static void
routes_many(struct config *before, struct config *after)
{
	static struct config_suffix suffixes[11];
	static uint8_t names[3 * 11];

	for (uint8_t i = 0; i < 11; i++) {
		suffixes[i] = (struct config_suffix){.name_offset = 3u * i, .name_bytes = 3};
		memcpy(names + 3 * i, (const uint8_t[]){1, 'a' + i, 0}, 3);
	}
	(void)before;
	after->routes =
		(struct config_routes){.suffixes = suffixes, .suffix_count = 11, .names = names};
}

static void
limit_given(struct config *before, struct config *after)
{
	(void)before;
	after->limit =
		(struct config_limit){.queries_per_second = 100, .burst = 100, .prefix4 = 24};
}

static void
limit_changed(struct config *before, struct config *after)
{
	static struct address_range range;

	before->limit = (struct config_limit){100, 100, 24, 56, REFUSAL_DROP, 0, {NULL, 0}};
	after->limit = (struct config_limit){50, 200, 32, 64, REFUSAL_REFUSE, 5, {&range, 1}};
	after->service.not_allowed = REFUSAL_REFUSE;
}

static void
allow_changed(struct config *before, struct config *after)
{
	static struct address_range range;

	(void)before;
	after->service.listen[0].allow = (struct config_ranges){&range, 1};
}

static void
allow_of_one_changed(struct config *before, struct config *after)
{
	before->service.listen[1] = after->service.listen[1] = before->service.listen[0];
	before->service.listen[1].port = after->service.listen[1].port = 54;
	before->service.listen_count = after->service.listen_count = 2;
	allow_changed(before, after);
}

static void
health_changed(struct config *before, struct config *after)
{
	before->probe.good_rcodes = 1 << 0 | 1 << 3;
	after->probe.good_rcodes = 1 << 0 | 1 << 11;
	before->passive =
		(struct config_passive){.on = true, .responses = 100, .timeout_percent = 50};
	after->passive = (struct config_passive){true, 200, 60, 70};
	after->healthy_min_percent = 40;
}

static void
passive_off(struct config *before, struct config *after)
{
	before->passive = (struct config_passive){.on = true, .responses = 100};
	before->http = (struct config_http){
		.on = true, .address = after->service.listen[0].address, .port = 8953};
}

/* Pools, and routes to them. */
static void
test_pools(void)
{
	changed("a pool added", pool_added, "pool bulk added: 2 servers, policy hash|");
	changed("a pool removed", pool_removed, "pool bulk removed|");
	changed("other numbers, same names", pools_renumbered, "");
	changed("another order", pool_turned, "pool a: the order of its servers changed|");
	changed("a member removed, one added", pool_member,
		"upstream a (192.0.2.1#53): weight from 1 to 7|service address 192.0.2.53#53: "
		"pool: from "
		"default "
		"to x|pool x: server a removed|pool x: hash_key changed|pool x: load_percent from "
		"150 to 0|");
	changed("routes", routes_changed,
		"route of domain b.: from pool default to pool x|route of domain c. to pool "
		"default "
		"removed|route "
		"of domain dd. to pool x added|route of type NS: from pool default to pool x|route "
		"of type "
		"TYPE3 "
		"to pool x added|route of type A to pool default removed|");
	changed("many routes", routes_many,
		"routes: 11 domains added, 0 removed, 0 moved to another pool|");
}

static void
test_clients(void)
{
	changed("a limit", limit_given, "rate_limit: on, 100 queries per second|");
	changed("another limit", limit_changed,
		"service.not_allowed: from drop to refuse|rate_limit.queries_per_second: from 100 "
		"to "
		"50|rate_limit.burst: from 100 to 200|rate_limit.ipv4_prefix: from 24 to "
		"32|rate_limit.ipv6_prefix: "
		"from 56 to 64|rate_limit.over_limit: from drop to "
		"refuse|rate_limit.truncate_every: from 0 "
		"to "
		"5|rate_limit.exempt: from 0 ranges to 1|");
	changed("the clients", allow_changed, "service.allow: from 0 ranges to 1|");
	changed("the clients of one address", allow_of_one_changed,
		"service address 192.0.2.53#53: allow: from 0 ranges to 1|");
}

static void
test_health(void)
{
	changed("what counts", health_changed,
		"upstreams.healthy_min_percent: from 0 to 40|upstreams.probe.good: from noerror, "
		"nxdomain to "
		"noerror, rcode11|upstreams.passive.responses: from 100 to "
		"200|upstreams.passive.timeout_percent: "
		"from 50 to 60|upstreams.passive.servfail_percent: from 0 to 70|");
	changed("switched off", passive_off,
		"upstreams.passive: off|http: from 192.0.2.53#8953 to off|");
}

int
main(void)
{
	CU_TestInfo tests[] = {{"protection", test_protection},
			       {"pools and routes", test_pools},
			       {"clients", test_clients},
			       {"health and http", test_health},
			       {"things", test_rows},
			       {"policy and probe", test_policy_and_probe},
			       {"many", test_many},
			       CU_TEST_INFO_NULL};

	return suite_run("changes", tests);
}
