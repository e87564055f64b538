/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools, routes and limits in the configuration file: error messages; domain files; many
 * domains. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/lib/question.h"
#include "tests/unit/config/config_rig.h"
#include "tests/unit/suite.h"

/* Asserts that minimal.yaml with a change is refused; `line` is relative to the change. */
static void
change_bad(const char *old, const char *new, int line, const char *words)
{
	unsigned begins;
	const char *path = config_rig_change(old, new, &begins);

	config_rig_bad(path, begins + (unsigned)line, words);
}

/* Sections inserted before upstreams in minimal.yaml, which has one server, "only"; `line` is
 * relative to there. */
static const struct {
	const char *text;
	int line;
	const char *words;
} rows[] = {
	/* service */
	{"  not_allowed: reject\n", 0,
	 "service.not_allowed: unknown value \"reject\": use one of drop, refuse"},

	/* rate_limit */
	{"rate_limit: {}\n", 0, "rate_limit.queries_per_second: missing: add it (sustained rate"},
	{"rate_limit: {burst: 5}\n", 0, "rate_limit.queries_per_second: missing"},
	{"rate_limit:\n", 0, "rate_limit: is empty: write keys below it"},
	{"rate_limit: {queries_per_second: 0}\n", 0,
	 "0 is out of range: write a number from 1 to 1000000 queries/s"},
	{"rate_limit: {queries_per_second: 1e3}\n", 0, "\"1e3\" is not a whole number"},
	{"rate_limit: {queries_per_second: 1, burst: 0}\n", 0,
	 "rate_limit.burst: 0 is out of range"},
	{"rate_limit: {queries_per_second: 1, ipv4_prefix: 33}\n", 0, "a number from 1 to 32 bits"},
	{"rate_limit: {queries_per_second: 1, ipv6_prefix: 0}\n", 0, "a number from 1 to 128 bits"},
	{"rate_limit: {queries_per_second: 1, over_limit: tc}\n", 0,
	 "unknown value \"tc\": use one of drop, refuse"},
	{"rate_limit: {queries_per_second: 1, truncate_every: -1}\n", 0,
	 "\"-1\" is not a whole number"},
	{"rate_limit:\n  queries_per_second: 1\n  exempt: [10.0.0.0/8, 10.0.0.1/8]\n", 2,
	 "rate_limit.exempt: \"10.0.0.1/8\": the address has bits set after the prefix: write"},

	/* http */
	{"http: {address: localhost}\n", 0,
	 "http.address: \"localhost\" is not an address to listen on"},
	{"http: {address: 224.0.0.1}\n", 0,
	 "http.address: \"224.0.0.1\" is not an address to listen on"},
	{"http: {address: fe80::1}\n", 0,
	 "is not an address to listen on: write 127.0.0.1, ::1, or an"},
	{"http: {address: \"127.0.0.1:8953\"}\n", 0, "is not an address to listen on"},
	{"http: {port: 65536}\n", 0,
	 "http.port: 65536 is out of range: write a number from 0 to 65535"},
	{"http: {tls: true}\n", 0, "http.tls: unknown key: use one of address, port"},

	/* pools */
	{"pools: {name: a, servers: [only]}\n", 0, "pools: is a mapping of keys: write a list"},
	{"pools: []\n", 0, "pools: is an empty list"},
	{"pools: [{servers: [only]}]\n", 0, "pools.name: missing"},
	{"pools: [{name: a}]\n", 0, "pools.servers: missing: add it (names of its servers"},
	{"pools: [{name: a, servers: []}]\n", 0, "pools.servers: is an empty list"},
	{"pools: [{name: a b, servers: [only]}]\n", 0,
	 "pools.name: \"a b\" has invalid characters: use letters"},
	{"pools: [{name: a2345678901234567890123456789012, servers: [only]}]\n", 0,
	 "is 32 characters long: use at most 31"},
	{"pools:\n  - {name: a, servers: [only]}\n  - {name: a, servers: [only]}\n", 2,
	 "pools.name: \"a\" is used twice, first on line"},
	{"pools:\n  - {name: default, servers: [only]}\n  - {name: default, servers: [only]}\n", 2,
	 "pools.name: \"default\" is used twice, first on line"},
	{"pools: [{name: a, servers: [onyl]}]\n", 0,
	 "pools.servers: unknown server \"onyl\": use names from upstreams.servers: only"},
	{"pools:\n  - name: a\n    servers:\n      - only\n      - only\n", 4,
	 "pools.servers: \"only\" is listed twice: remove one; for a larger share raise its "
	 "weight"},
	{"pools: [{name: a, policy: fair, servers: [only]}]\n", 0,
	 "pools.policy: unknown value \"fair\""},
	{"pools: [{name: a, load_percent: 99, servers: [only]}]\n", 0,
	 "pools.load_percent: 99 is below the average, 100 %: write 100 to 10000, or 0"},
	{"pools: [{name: a, hash_key: \"\", servers: [only]}]\n", 0,
	 "pools.hash_key: is empty: write"},
	{"pools: [{name: a, weight: 5, servers: [only]}]\n", 0,
	 "pools.weight: unknown key: use one of name, policy, hash_key, load_percent, servers"},

	/* routes */
	{"routes: [{domains: [example]}]\n", 0, "routes.pool: missing"},
	{"routes: [{pool: default}]\n", 0,
	 "routes: this route matches no query: add domains, domains_file or types"},
	{"routes: [{pool: defalt, types: [A]}]\n", 0,
	 "routes.pool: unknown pool \"defalt\": add it to pools, or use one of default"},
	{"routes: [{pool: default, domains: []}]\n", 0, "routes.domains: is an empty list"},
	{"routes: [{pool: default, domains: example}]\n", 0,
	 "routes.domains: is a single value: write a list"},
	{"routes: [{pool: default, domains: [\"\"]}]\n", 0, "routes.domains: is empty: write"},
	{"routes: [{pool: default, domains: [\"*.example\"]}]\n", 0,
	 "\"*.example\" is not a domain: a domain includes all names below it: write it without "
	 "the *"},
	{"routes: [{pool: default, domains: [a..b]}]\n", 0,
	 "\"a..b\" is not a domain: empty label"},
	{"routes: [{pool: default, domains: [.example]}]\n", 0, "is not a domain: empty label"},
	{"routes: [{pool: default, domains: [b\xc3\xbc"
	 "cher.example]}]\n",
	 0, "is not a domain: it has non-ASCII letters: write it in its xn-- form"},
	{"routes: [{pool: default, domains: [a b]}]\n", 0, "is not a domain: it has spaces"},
	{"routes: [{pool: default, domains: [\"a@b\"]}]\n", 0,
	 "is not a domain: it has characters other than letters"},
	{"routes: [{pool: default, domains: [a\\300]}]\n", 0, "is not a domain: an escape is"},
	{"routes: [{pool: default, domains_file: \"a\\nb\"}]\n", 0,
	 "routes.domains_file: \"a?b\" has control characters: rename the file"},
	{"routes: [{pool: default, domains_file: \"a\\u009bb\"}]\n", 0,
	 "routes.domains_file: \"a??b\" has control characters"},
	{"routes: [{pool: default, types: [APEX]}]\n", 0,
	 "routes.types: \"APEX\" is not a query type: write one like PTR"},
	{"routes: [{pool: default, types: [OPT]}]\n", 0, "\"OPT\" is not a query type"},
	{"routes: [{pool: default, types: [TYPE65536]}]\n", 0, "\"TYPE65536\" is not a query type"},
	{"routes: [{pool: default, types: [0]}]\n", 0, "\"0\" is not a query type"},
	{"pools: [{name: a, servers: [only]}]\nroutes:\n  - {pool: a, types: [MX, PTR]}\n  - "
	 "{pool: default, types: [ptr]}\n",
	 3, "routes.types: PTR already goes to pool \"a\" on line"},
	{"pools: [{name: a, servers: [only]}]\nroutes:\n  - {pool: a, domains: [b.example, "
	 "a.example]}\n  - {pool: default, domains: [A.EXAMPLE.]}\n",
	 3, "routes.domains: a.example. goes to pool \"default\" here, and to \"a\" at "},

	/* upstreams */
	{"upstreams:\n  load_percent: 1\n", 1, "upstreams.load_percent: 1 is below the average"},
	{"upstreams:\n  load_percent: 10001\n", 1,
	 "10001 is out of range: write a number from 0 to 10000 %"},
	{"upstreams:\n  healthy_min_percent: 101\n", 1,
	 "upstreams.healthy_min_percent: 101 is out of range"},
	{"upstreams:\n  passive: {responses: 9}\n", 1,
	 "upstreams.passive.responses: 9 is out of range"},
	{"upstreams:\n  passive: {timeout_percent: 101}\n", 1,
	 "timeout_percent: 101 is out of range"},
	{"upstreams:\n  passive:\n", 1, "upstreams.passive: is empty: write keys below it"},
	{"upstreams:\n  passive: true\n", 1,
	 "upstreams.passive: is a single value: write keys below it"},
	{"upstreams:\n  probe: {good: []}\n", 1, "upstreams.probe.good: is an empty list"},
	{"upstreams:\n  probe: {good: [noerror, nodata]}\n", 1,
	 "upstreams.probe.good: \"nodata\" is not a response code: write a name like noerror"},
	{"upstreams:\n  probe: {good: [16]}\n", 1, "\"16\" is not a response code"},
	{"upstreams:\n  probe: {good: [00]}\n", 1, "\"00\" is not a response code"},
};

void
test_bad_sections(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool upstreams = strncmp(rows[i].text, "upstreams:\n", 11) == 0;
		char text[1024];

		snprintf(text, sizeof(text), "%s%s", rows[i].text, upstreams ? "" : "upstreams:\n");
		change_bad("upstreams:\n", text, rows[i].line, rows[i].words);
	}
}

/* Keys of one entry of service.addresses and of upstreams.servers. */
void
test_bad_entries(void)
{
	static const struct {
		const char *old, *new, *words;
	} entries[] = {
		{"192.0.2.53}", "192.0.2.53, pool: bulk}",
		 "service.addresses.pool: unknown pool \"bulk\": add it to pools, or use one of "
		 "default"},
		{"192.0.2.53}", "192.0.2.53, allow: [any]}",
		 "service.addresses.allow: \"any\": not an address"},
		{"192.0.2.53}", "192.0.2.53, allow: []}",
		 "service.addresses.allow: is an empty list"},
		{"198.51.100.101}", "198.51.100.101, weight: 0}",
		 "upstreams.servers.weight: 0 is out of range"},
		{"198.51.100.101}", "198.51.100.101, weight: 10001}", "from 1 to 10000"},
		{"198.51.100.101}", "198.51.100.101, weight: 1e9}",
		 "\"1e9\" is not a whole number"},
		{"198.51.100.101}", "198.51.100.101, pool: bulk}",
		 "upstreams.servers.pool: unknown key"},
	};

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		change_bad(entries[i].old, entries[i].new, 0, entries[i].words);
	}
}

/* Domain files: the message gives the file and line of the domain. */
static const struct {
	const char *text;
	unsigned line; /* 0: about the file as a whole */
	const char *words;
} lists[] = {
	{"a.example\n\n# c\nb..example\n", 4, "\"b..example\" is not a domain: empty label"},
	{"||ads.example^\n", 1,
	 "\"||ads.example^\" is not a domain: it has characters other than letters"},
	{"0.0.0.0 ads.example\n", 1, "\"0.0.0.0 ads.example\" is not a domain: it has spaces"},
	{"# x\n*.ads.example # y\n", 2, "write it without the *"},
	{"a.example\nb\xff.example\n", 2,
	 "\"b?.example\" is not a domain: it has non-ASCII letters"},
	{"a.\"b\".example\n", 1, "it has characters other than letters"},
	{"x.example\nsame.example\n", 2,
	 "same.example. goes to pool \"default\" here, and to \"a\" at "},
};

/* Writes a domain file, and a configuration with a route of "same.example" to pool a before one
 * with that file to the pool default. */
static const char *
list_configuration(const char *list, size_t bytes)
{
	unsigned line;

	config_rig_write_as("list.txt", list, bytes);
	return config_rig_change(
		"upstreams:",
		"pools: [{name: a, servers: [only]}]\nroutes:\n  - {pool: a, domains: "
		"[same.example]}\n  - {pool: default, domains_file: list.txt}\nupstreams:",
		&line);
}

void
test_bad_lists(void)
{
	char list_path[512], path[512];

	snprintf(list_path, sizeof(list_path), "%s", config_rig_made("list.txt"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		config_rig_bad_in(list_configuration(lists[i].text, strlen(lists[i].text)),
				  list_path, lists[i].line, lists[i].words);
	config_rig_bad_in(list_configuration("a\0b\n", 4), list_path, 0, "contains a NUL byte");
	snprintf(path, sizeof(path), "%s", list_configuration("", 0));
	SUITE_ASSERT(truncate(list_path, 33554433) == 0, "a list one byte too long is made");
	config_rig_bad_in(path, list_path, 0,
			  "is 33554433 bytes long, too long for a list of domains: shorten it to "
			  "33554432 bytes");
	unlink(list_path);
	config_rig_bad_in(path, list_path, 0, "No such file or directory");
}

static const char *
many_configuration(uint32_t count)
{
	size_t bytes;
	char *text;
	const char *path;
	FILE *stream = open_memstream(&text, &bytes);

	for (uint32_t i = 0; i < count;
	     i++) /* shuffled: multiplying by an odd number is a permutation */
		fprintf(stream, "N%u.example.org\n", i * 40503u % SNAPSHOT_SUFFIXES_MAX);
	fclose(stream);
	path = list_configuration(text, bytes);
	free(text);
	return path;
}

/* The maximum number of domains, counting the one outside the list; then one more. */
void
test_many_domains(void)
{
	struct loaded loaded = config_rig_load(many_configuration(SNAPSHOT_SUFFIXES_MAX - 1));
	const struct config_routes *routes;
	char list_path[512];

	snprintf(list_path, sizeof(list_path), "%s", config_rig_made("list.txt"));
	CU_ASSERT_EQUAL_FATAL(loaded.status, 0);
	routes = &loaded.config->routes;
	CU_ASSERT_EQUAL(routes->suffix_count, SNAPSHOT_SUFFIXES_MAX);
	for (unsigned i = 1; i < routes->suffix_count; i++) {
		const struct config_suffix *a = &routes->suffixes[i - 1], *b = a + 1;

		if (a->name_bytes > b->name_bytes ||
		    (a->name_bytes == b->name_bytes &&
		     memcmp(routes->names + a->name_offset, routes->names + b->name_offset,
			    a->name_bytes) >= 0))
			SUITE_ASSERT(false, "suffix %u is out of order", i);
	}
	config_rig_unload(&loaded);
	config_rig_bad_in(many_configuration(SNAPSHOT_SUFFIXES_MAX), list_path,
			  SNAPSHOT_SUFFIXES_MAX,
			  "more than 131072 domains in all routes together: remove some");
	unlink(config_rig_made("list.txt"));
}

/* A list may be empty and have duplicates. */
void
test_odd_lists(void)
{
	static const char empty[] = "# nothing yet\n\n", twice[] = "\xef\xbb\xbf"
								   "a.example\r\nA.Example.\r\n";
	struct loaded loaded = config_rig_load(list_configuration(empty, strlen(empty)));

	SUITE_ASSERT(loaded.status == 0 &&
			     strstr(loaded.lines, "list.txt: warning: contains no domain") != NULL,
		     "an empty list gives a warning: %s", loaded.lines);
	config_rig_unload(&loaded);
	loaded = config_rig_load(list_configuration(twice, strlen(twice)));
	SUITE_ASSERT(loaded.status == 0 && loaded.line_count == 0, "no error: %s", loaded.lines);
	CU_ASSERT(loaded.config != NULL && loaded.config->routes.suffix_count == 2);
	config_rig_unload(&loaded);
	unlink(config_rig_made("list.txt"));
}

/* Limits on totals over several lists. */
void
test_bad_sums(void)
{
	size_t bytes;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	fputs("pools:\n", stream);
	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX;
	     i++) /* plus the pool default, which is implicit */
		fprintf(stream, "  - {name: p%u, servers: [only]}\n", i);
	fputs("upstreams:", stream);
	fclose(stream);
	change_bad("upstreams:", text, SNAPSHOT_POOLS_MAX,
		   "pools: more than 64 pools, including the pool default: remove some");
	free(text);

	stream = open_memstream(&text, &bytes);
	fputs("192.0.2.53, allow: [", stream);
	for (unsigned i = 0; i < SNAPSHOT_RANGES_MAX; i++)
		fprintf(stream, "10.%u.%u.0, ", i >> 8, i & 255);
	fputs("]}, {address: 192.0.2.54}", stream);
	fclose(stream);
	change_bad(
		"192.0.2.53}", text, -1,
		"service: 16393 address ranges in all lists together, more than 16384: merge some");
	free(text);

	stream = open_memstream(&text, &bytes);
	fputs("routes: [{pool: default, types: [A]}, {pool: default, types: [", stream);
	for (unsigned i = 0; i < SNAPSHOT_TYPE_ROUTES_MAX; i++)
		fprintf(stream, "TYPE%u, ", 1000 + i);
	fputs("]}]\nupstreams:", stream);
	fclose(stream);
	change_bad("upstreams:", text, 0,
		   "routes.types: more than 64 types in all routes together: remove some");
	free(text);
}
