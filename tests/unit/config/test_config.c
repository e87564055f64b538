/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: what good files are loaded as. Usage: test_config DIRECTORY, which holds
 * the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/schema.h"
#include "control/lib/address.h"
#include "control/lib/question.h"
#include "tests/unit/config/config_rig.h"
#include "tests/unit/suite.h"

static const struct {
	const char *old, *new, *words; /* words NULL: no warning */
} warned[] = {
	{"[1]", "[0]", "warning: dataplane.worker_cores: core 0 is also dataplane.main_core"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 60000-60099",
	 "warning: source.ports: 100 ports are easy to guess"},
	{"[198.51.100.16]", "[198.51.100.16]\n  exclude: [80]",
	 "warning: source.exclude: 80 is outside source.ports"},
	{"[198.51.100.16]", "[198.51.100.16]\n  exclude: [40000-50000]",
	 "40000-50000 is outside source.ports, 49152-65535: remove it"},
	{"upstreams:", "upstreams:\n  probe: {interval_ms: 200}",
	 "warning: upstreams.probe.timeout_ms: 1000 is longer"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 1024-2047", NULL},
	{"upstreams:", "upstreams:\n  passive: {timeout_percent: 100}",
	 "warning: upstreams.passive: timeout_percent and servfail_percent are 100, so no server "
	 "is ever taken out"},
	{"upstreams:", "upstreams:\n  passive: {}", NULL},
	{"upstreams:", "pools: [{name: spare, servers: [only]}]\nupstreams:",
	 "warning: pools.name: \"spare\" is not used by any route or service address"},
	{"upstreams:", "pools: [{name: default, servers: [only]}]\nupstreams:", NULL},
	{"192.0.2.53}", "192.0.2.53, pool: a}]\npools: [{name: a, hash_key: x, servers: [only]}",
	 "warning: pools.hash_key: has no effect with policy round-robin"},
	{"servers: [", "servers: [{name: spare, address: 198.51.100.102}, ", NULL},
	{"upstreams:\n  servers: [",
	 "pools: [{name: default, servers: [only]}]\nupstreams:\n  servers: [{name: spare, "
	 "address: 198.51.100.102}, ",
	 "warning: upstreams.servers.name: \"spare\" is in no pool and gets no queries"},
	{"upstreams:", "routes: [{pool: default, domains: [.]}]\nupstreams:",
	 "warning: routes.domains: the root matches every name"},
};

static void
test_warnings(void)
{
	for (size_t i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
		struct loaded loaded;
		unsigned line;
		const char *path = config_rig_change(warned[i].old, warned[i].new, &line);

		loaded = config_rig_load(path);
		SUITE_ASSERT(loaded.status == 0, "a warning is not an error: %s", loaded.lines);
		SUITE_ASSERT(loaded.line_count == (warned[i].words != NULL), "%u lines: %s",
			     loaded.line_count, loaded.lines);
		if (warned[i].words != NULL)
			SUITE_ASSERT(strstr(loaded.lines, warned[i].words) != NULL,
				     "wants %s, has %s", warned[i].words, loaded.lines);
		config_rig_unload(&loaded);
	}
}

static struct config *
good_load(const char *name)
{
	struct loaded loaded = config_rig_load(config_rig_kept(name));

	SUITE_ASSERT(loaded.status == 0 && loaded.line_count == 0, "%s is good: %s", name,
		     loaded.lines);
	free(loaded.lines);
	if (loaded.config == NULL)
		exit(EXIT_FAILURE);
	return loaded.config;
}

static bool
address_is(const struct address *address, const char *text)
{
	char back[ADDRESS_TEXT_BYTES];

	return strcmp(address_format(address, back), text) == 0;
}

static bool
range_is(const struct config_ranges *ranges, unsigned index, const char *text)
{
	const struct address_range *range = &ranges->ranges[index];
	struct address_range wanted;
	const char *why;

	return index < ranges->count && address_range_parse(text, &wanted, &why) == 0 &&
	       address_equal(&range->first, &wanted.first) &&
	       address_equal(&range->last, &wanted.last);
}

static bool
probe_is(const struct config *c, const char *text)
{
	char back[QUESTION_TEXT_BYTES];

	return strcmp(question_format(c->probe.question, c->probe.question_bytes, back), text) == 0;
}

static void
full_host(const struct config *c)
{
	const struct config_dataplane *d = &c->dataplane;

	CU_ASSERT_STRING_EQUAL(c->runtime_dir, "/run/elsewhere");
	CU_ASSERT(d->main_core == 2 && d->worker_count == 2 && d->worker_cores[0] == 3 &&
		  d->worker_cores[1] == 5);
	CU_ASSERT(d->memory_mb == 512 && d->flows_per_worker == 65536 && d->interface_count == 2);
	CU_ASSERT(strcmp(d->interfaces[0].xdp, "eth0") == 0 && d->interfaces[0].queues == 2);
	CU_ASSERT(strcmp(d->interfaces[1].xdp, "eth1.100") == 0 && d->interfaces[1].queues == 1);
	CU_ASSERT(c->source.first_port == 20000 && c->source.last_port == 29999 &&
		  c->source.port_count == 9989);
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		bool excluded = port == 25000 || (port >= 26000 && port <= 26009);

		if (bitmap_test(c->source.ports, (uint16_t)port) !=
		    (port >= 20000 && port <= 29999 && !excluded))
			SUITE_ASSERT(false, "port %u has the wrong bit", port);
	}
	CU_ASSERT(c->source.address_count == 7 &&
		  address_is(&c->source.addresses[1], "198.51.100.17"));
	CU_ASSERT(address_is(&c->source.addresses[5], "198.51.100.67"));
	CU_ASSERT(address_is(&c->source.addresses[6], "2001:db8:2::16"));
	CU_ASSERT(c->http.on && address_is(&c->http.address, "::1") && c->http.port == 9153);
}

static void
full_clients(const struct config *c)
{
	const struct config_listen *listen = c->service.listen;

	CU_ASSERT(c->service.listen_count == 3 && listen[1].port == 5353);
	CU_ASSERT(address_is(&listen[2].address, "2001:db8:1::53"));
	CU_ASSERT(listen[0].pool == 0 && listen[1].pool == 1 && listen[2].pool == 0);
	for (unsigned i = 0; i < 3; i += 2)
		CU_ASSERT(listen[i].allow.count == 3 &&
			  range_is(&listen[i].allow, 0, "192.0.2.0/24") &&
			  range_is(&listen[i].allow, 1, "203.0.113.7") &&
			  range_is(&listen[i].allow, 2, "2001:db8:1::/64"));
	CU_ASSERT(listen[1].allow.count == 1 && range_is(&listen[1].allow, 0, "10.0.0.0/8"));
	CU_ASSERT(c->service.not_allowed == REFUSAL_REFUSE);
	CU_ASSERT(c->service.no_upstream == NO_UPSTREAM_KEEP_TRYING);
	CU_ASSERT(c->limit.queries_per_second == 50 && c->limit.burst == 75);
	CU_ASSERT(c->limit.prefix4 == 32 && c->limit.prefix6 == 64);
	CU_ASSERT(c->limit.refusal == REFUSAL_REFUSE && c->limit.truncate_every == 10);
	CU_ASSERT(c->limit.exempt.count == 1 && range_is(&c->limit.exempt, 0, "192.0.2.8/31"));
	CU_ASSERT(!c->protection.coalesce && c->protection.waiters == 8 &&
		  c->protection.edns_bytes == 1400);
	CU_ASSERT(c->protection.near_miss == NEAR_MISS_TRUNCATE && c->protection.near_misses == 3);
}

static void
full_upstreams(const struct config *c)
{
	CU_ASSERT(!c->upstreams[0].random_case && c->upstreams[1].random_case);
	CU_ASSERT(c->timeout_ms == 1500 && c->healthy_min_percent == 25);
	CU_ASSERT(probe_is(c, "Probe\\.1.example. AAAA IN"));
	CU_ASSERT(c->probe.interval_ms == 500 && c->probe.timeout_ms == 400 && c->probe.rise == 4 &&
		  c->probe.fall == 5 && c->probe.good_rcodes == (1 << 0 | 1 << 5 | 1 << 11));
	CU_ASSERT(c->passive.on && c->passive.responses == 200 &&
		  c->passive.timeout_percent == 30 && c->passive.servfail_percent == 40);
	CU_ASSERT(c->upstream_count == 2 && strcmp(c->upstreams[1].name, "second") == 0);
	CU_ASSERT(c->upstreams[0].port == 53 && c->upstreams[1].port == 5300);
	CU_ASSERT(c->upstreams[0].weight == 10000 && c->upstreams[1].weight == 3);
	CU_ASSERT(address_is(&c->upstreams[1].address, "2001:db8:2::101"));
}

static void
full_pools(const struct config *c)
{
	const struct config_pool *p = c->pools;

	CU_ASSERT_FATAL(c->pool_count == 3);
	CU_ASSERT(strcmp(p[0].name, "default") == 0 && p[0].policy == POLICY_LEAST_OUTSTANDING);
	CU_ASSERT(p[0].member_count == 2 && p[0].members[0] == 0 && p[0].members[1] == 1);
	CU_ASSERT(strcmp(p[1].name, "bulk") == 0 && p[1].policy == POLICY_FIRST &&
		  p[1].load_percent == 200);
	CU_ASSERT(p[1].member_count == 2 && p[1].members[0] == 1 && p[1].members[1] == 0);
	CU_ASSERT(strcmp(p[2].name, "ring") == 0 && p[2].policy == POLICY_HASH &&
		  p[2].load_percent == 0);
	CU_ASSERT(p[2].member_count == 1 && p[2].members[0] == 0);
	/* The XXH3-64 of the texts, as `xxhsum -H3` prints it: it must not differ between machines
	 * or versions. */
	CU_ASSERT_EQUAL(p[0].hash_seed, UINT64_C(0x9a2010634cd92a0c));
	CU_ASSERT_EQUAL(p[1].hash_seed, UINT64_C(0x9a2010634cd92a0c));
	CU_ASSERT_EQUAL(p[2].hash_seed, UINT64_C(0x1d7aa85f3586115b));
}

/* Sorted by length of the wire form, then by name; without duplicates, in lower case. */
static void
full_routes(const struct config *c)
{
	static const struct {
		const char *name;
		unsigned pool;
	} rows[] = {
		{"com.", 1},
		{"example.com.", 1},
		{"\\.dot.example.", 1},
		{"example.com.au.", 2},
		{"sub.example.net.", 1},
		{"www.example.com.", 2},
		{"other.example.org.", 1},
		{"2.0.192.in-addr.arpa.", 1},
		{"xn--bcher-kva.example.", 1},
		{"0/25.2.0.192.in-addr.arpa.", 1},
	};
	const struct config_routes *routes = &c->routes;

	CU_ASSERT_EQUAL_FATAL(routes->suffix_count, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct config_suffix *suffix = &routes->suffixes[i];
		char text[QUESTION_NAME_TEXT_BYTES];
		int bytes = question_name_format(routes->names + suffix->name_offset,
						 suffix->name_bytes, text);

		SUITE_ASSERT(bytes == suffix->name_bytes && strcmp(text, rows[i].name) == 0 &&
				     suffix->pool == rows[i].pool,
			     "wants %s in pool %u, has %s in pool %u", rows[i].name, rows[i].pool,
			     text, suffix->pool);
	}
	CU_ASSERT_EQUAL_FATAL(routes->type_count, 4);
	CU_ASSERT(routes->types[0].type == 1 && routes->types[0].pool == 0);
	CU_ASSERT(routes->types[1].type == 12 && routes->types[1].pool == 2);
	CU_ASSERT(routes->types[2].type == 28 && routes->types[2].pool == 2);
	CU_ASSERT(routes->types[3].type == 65 && routes->types[3].pool == 2);
}

static void
test_full(void)
{
	struct config *c = good_load("full.yaml");

	full_host(c);
	full_clients(c);
	full_upstreams(c);
	full_pools(c);
	full_routes(c);
	config_free(c);
}

/* The defaults; by default, clients with private addresses are allowed. */
static void
test_minimal(void)
{
	static const char *const private_ranges[] = {
		"::1",		 "10.0.0.0/8",	   "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "192.168.0.0/16", "fc00::/7",	    "fe80::/10"};
	struct config *c = good_load("minimal.yaml");

	CU_ASSERT_STRING_EQUAL(c->runtime_dir, "/run/ephemera");
	CU_ASSERT(c->dataplane.main_core == 0 && c->dataplane.worker_count == 1 &&
		  c->dataplane.worker_cores[0] == 1);
	CU_ASSERT(c->dataplane.memory_mb == 256 && c->dataplane.flows_per_worker == 1048576);
	CU_ASSERT(c->dataplane.interface_count == 1 && c->dataplane.interfaces[0].queues == 1);
	CU_ASSERT(c->source.first_port == 49152 && c->source.last_port == 65535 &&
		  c->source.port_count == 16384);
	CU_ASSERT(c->service.listen_count == 1 && c->service.listen[0].port == 53);
	CU_ASSERT(c->service.no_upstream == NO_UPSTREAM_SERVFAIL &&
		  c->pools[0].policy == POLICY_ROUND_ROBIN);
	CU_ASSERT(c->service.not_allowed == REFUSAL_DROP && c->limit.queries_per_second == 0);
	CU_ASSERT(c->pool_count == 1 && strcmp(c->pools[0].name, "default") == 0);
	CU_ASSERT(c->pools[0].member_count == 1 && c->pools[0].load_percent == 150);
	CU_ASSERT(c->routes.suffix_count == 0 && c->routes.type_count == 0 && !c->passive.on);
	CU_ASSERT(c->probe.good_rcodes == (1 << DNS_NOERROR | 1 << DNS_NXDOMAIN));
	CU_ASSERT(c->healthy_min_percent == 0 && c->upstreams[0].weight == 1);
	CU_ASSERT(c->http.on && address_is(&c->http.address, "127.0.0.1") && c->http.port == 8953);
	CU_ASSERT(c->timeout_ms == 2000 && probe_is(c, ". NS IN"));
	CU_ASSERT(c->probe.interval_ms == 1000 && c->probe.timeout_ms == 1000 &&
		  c->probe.rise == 2 && c->probe.fall == 3);
	CU_ASSERT(c->protection.coalesce && c->protection.waiters == 64 &&
		  c->protection.edns_bytes == 1232);
	CU_ASSERT(c->protection.near_miss == NEAR_MISS_COUNT && c->protection.near_misses == 1);
	CU_ASSERT(c->upstream_count == 1 && c->upstreams[0].port == 53 &&
		  c->upstreams[0].random_case);
	CU_ASSERT(c->service.listen[0].allow.count ==
		  sizeof(private_ranges) / sizeof(private_ranges[0]));
	for (unsigned i = 0; i < c->service.listen[0].allow.count; i++)
		SUITE_ASSERT(range_is(&c->service.listen[0].allow, i, private_ranges[i]),
			     "%s is allowed by default", private_ranges[i]);
	config_free(c);
}

static void
test_lab(void)
{
	struct config *c = good_load("lab.yaml");

	CU_ASSERT(c->upstream_count == 6 && c->source.address_count == 16 &&
		  c->source.port_count == 16384);
	CU_ASSERT(probe_is(c, "probe.example. A IN"));
	config_free(c);
}

/* "::/0" allows every IPv6 client and no IPv4 client. */
static void
test_allow_all_ipv6(void)
{
	struct loaded loaded;
	struct address ipv4;
	unsigned line;
	const char *path =
		config_rig_change("upstreams:", "  allow: [\"::/0\"]\nupstreams:", &line);

	loaded = config_rig_load(path);
	address_parse("192.0.2.1", &ipv4);
	CU_ASSERT_FATAL(loaded.status == 0 && loaded.config->service.listen[0].allow.count == 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct address_range *range =
			&loaded.config->service.listen[0].allow.ranges[i];

		SUITE_ASSERT(address_compare(&ipv4, &range->first) < 0 ||
				     address_compare(&ipv4, &range->last) > 0,
			     "no IPv4 in part %u", i);
	}
	config_rig_unload(&loaded);
}

static const struct {
	const char *old, *new, *key; /* key NULL: can change without a restart */
} differences[] = {
	{"[1]", "[2]", "dataplane.worker_cores"},
	{"[1]", "[1, 2]\n  memory_mb: 512", "dataplane.worker_cores"},
	{"[1]", "[1]\n  main_core: 3", "dataplane.main_core"},
	{"[1]", "[1]\n  memory_mb: 300", "dataplane.memory_mb"},
	{"[1]", "[1]\n  flows_per_worker: 4096", "dataplane.flows_per_worker"},
	{"eth0", "eth1", "dataplane.interfaces"},
	{"eth0", "eth0, queues: 2", "dataplane.interfaces"},
	{"{xdp: eth0}", "{xdp: eth0}, {xdp: eth1}", "dataplane.interfaces"},
	{"upstreams:", "runtime_dir: /run/x\nupstreams:", "runtime_dir"},
	{"upstreams:", "upstreams:\n  timeout_ms: 1000", NULL},
	{"198.51.100.16", "198.51.100.17", NULL},
	{"upstreams:",
	 "protection: {random_case: false, near_miss: truncate, edns_bytes: 512}\nupstreams:",
	 NULL},
	{"xdp: eth0", "queues: 1, xdp: eth0", NULL},
};

static void
test_differences(void)
{
	struct config *c = good_load("minimal.yaml");

	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		const char *key, *wanted = differences[i].key;
		struct loaded loaded;
		unsigned line;
		const char *path = config_rig_change(differences[i].old, differences[i].new, &line);

		loaded = config_rig_load(path);
		CU_ASSERT_FATAL(loaded.status == 0);
		key = config_static_difference(c, loaded.config);
		SUITE_ASSERT(wanted == NULL ? key == NULL : key != NULL && strcmp(key, wanted) == 0,
			     "\"%s\": %s", differences[i].new, key != NULL ? key : "no difference");
		config_rig_unload(&loaded);
	}
	config_free(c);
}

/* The reference lists the keys with range, unit and default. */
static void
test_reference(void)
{
	static const char *const keys[] = {
		"runtime_dir ",		  "dataplane.interfaces[].xdp ",
		"source.exclude[] ",	  "service.addresses[].port ",
		"upstreams.probe.fall ",  "upstreams.servers[].address ",
		"protection.edns_bytes ", "upstreams.servers[].random_case "};
	size_t bytes;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	schema_print(stream);
	fclose(stream);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		SUITE_ASSERT(strstr(text, keys[i]) != NULL, "%s is in the reference", keys[i]);
	SUITE_ASSERT(strstr(text, "(50 to 30000 ms); default 2000") != NULL,
		     "range, unit and default are in the reference");
	free(text);
}

static CU_TestInfo tests[] = {
	{"every key", test_full},
	{"only the required keys", test_minimal},
	{"the file of the lab", test_lab},
	{"warnings", test_warnings},
	{"all IPv6 clients", test_allow_all_ipv6},
	{"the static part", test_differences},
	{"the reference", test_reference},
	{"bad files in the tree", test_bad_kept},
	{"bad files with one change", test_bad_changes},
	{"bad files, generated", test_bad_made},
	{"a NUL byte", test_bad_nul},
	{"no regular or readable file", test_bad_files},
	{"many errors", test_bad_many},
	{"damage", test_bad_damage},
	{"bad pools, routes and limits", test_bad_sections},
	{"bad entries", test_bad_entries},
	{"bad domain files", test_bad_lists},
	{"totals over the limit", test_bad_sums},
	{"many domains", test_many_domains},
	{"unusual domain files", test_odd_lists},
	CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: test_config DIRECTORY\n");
		return EXIT_FAILURE;
	}
	config_rig_open(argv[1]);
	status = suite_run("config", tests);
	config_rig_close();
	return status;
}
