/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file: what good files become. Usage: test_config DIRECTORY, the one with the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "config_rig.h"
#include "question.h"
#include "schema.h"
#include "way_suite.h"

static const struct {
	const char *old, *new, *words; /* words NULL: no warning */
} warned[] = {
	{"[1]", "[0]", "warning: dataplane.worker_cores: core 0 is dataplane.main_core too"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 60000-60099",
	 "warning: source.ports: 100 ports are easily guessed"},
	{"[198.51.100.16]", "[198.51.100.16]\n  exclude: [80]",
	 "warning: source.exclude: 80 lies outside source.ports"},
	{"[198.51.100.16]", "[198.51.100.16]\n  exclude: [40000-50000]",
	 "40000-50000 lies outside source.ports, 49152-65535"},
	{"upstreams:", "upstreams:\n  probe: {interval_ms: 200}",
	 "warning: upstreams.probe.timeout_ms: 1000 is longer"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 1024-2047", NULL},
};

static void
test_warnings(void)
{
	for (size_t i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
		struct loaded loaded;
		unsigned line;
		const char *path = config_rig_change(warned[i].old, warned[i].new, &line);

		loaded = config_rig_load(path);
		WAY_ASSERT(loaded.status == 0, "a warning is no mistake: %s", loaded.lines);
		WAY_ASSERT(loaded.line_count == (warned[i].words != NULL), "%u lines: %s", loaded.line_count,
			   loaded.lines);
		if (warned[i].words != NULL)
			WAY_ASSERT(strstr(loaded.lines, warned[i].words) != NULL, "wants %s, has %s",
				   warned[i].words, loaded.lines);
		config_rig_unload(&loaded);
	}
}

static struct config *
good_load(const char *name)
{
	struct loaded loaded = config_rig_load(config_rig_kept(name));

	WAY_ASSERT(loaded.status == 0 && loaded.line_count == 0, "%s is good: %s", name, loaded.lines);
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
allow_is(const struct config *c, unsigned index, const char *text)
{
	const struct address_range *range = &c->service.listen[0].allow.ranges[index];
	struct address_range wanted;
	const char *why;

	return index < c->service.listen[0].allow.count && address_range_parse(text, &wanted, &why) == 0 &&
	       address_equal(&range->first, &wanted.first) && address_equal(&range->last, &wanted.last);
}

static bool
probe_is(const struct config *c, const char *text)
{
	char back[QUESTION_TEXT_BYTES];

	return strcmp(question_format(c->probe.question, c->probe.question_bytes, back), text) == 0;
}

static void
test_full(void)
{
	struct config *c = good_load("full.yaml");
	const struct config_dataplane *d = &c->dataplane;

	CU_ASSERT_STRING_EQUAL(c->runtime_dir, "/run/elsewhere");
	CU_ASSERT(d->main_core == 2 && d->worker_count == 2 && d->worker_cores[0] == 3 &&
		  d->worker_cores[1] == 5);
	CU_ASSERT(d->memory_mb == 512 && d->flows_per_worker == 65536 && d->port_count == 2);
	CU_ASSERT(strcmp(d->ports[0].xdp, "eth0") == 0 && d->ports[0].queues == 2);
	CU_ASSERT(strcmp(d->ports[1].xdp, "eth1.100") == 0 && d->ports[1].queues == 1);
	CU_ASSERT(c->source.first_port == 20000 && c->source.last_port == 29999 &&
		  c->source.port_count == 9989);
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		bool excluded = port == 25000 || (port >= 26000 && port <= 26009);

		if (bitmap_test(c->source.ports, (uint16_t)port) !=
		    (port >= 20000 && port <= 29999 && !excluded))
			WAY_ASSERT(false, "port %u has the wrong bit", port);
	}
	CU_ASSERT(c->source.address_count == 7 && address_is(&c->source.addresses[1], "198.51.100.17"));
	CU_ASSERT(address_is(&c->source.addresses[5], "198.51.100.67"));
	CU_ASSERT(address_is(&c->source.addresses[6], "2001:db8:2::16"));
	CU_ASSERT(c->service.listen_count == 3 && c->service.listen[1].port == 5353);
	CU_ASSERT(address_is(&c->service.listen[2].address, "2001:db8:1::53"));
	CU_ASSERT(c->service.listen[0].allow.count == 3 && allow_is(c, 0, "192.0.2.0/24") &&
		  allow_is(c, 1, "203.0.113.7") && allow_is(c, 2, "2001:db8:1::/64"));
	CU_ASSERT(c->service.no_upstream == NO_UPSTREAM_KEEP_TRYING);
	CU_ASSERT(!c->protection.coalesce && c->protection.waiters == 8 && c->protection.edns_bytes == 1400);
	CU_ASSERT(c->protection.near_miss == NEAR_MISS_TRUNCATE && c->protection.near_misses == 3);
	CU_ASSERT(!c->upstreams[0].random_case && c->upstreams[1].random_case);
	CU_ASSERT(c->pools[0].policy == POLICY_LEAST_OUTSTANDING && c->timeout_ms == 1500);
	CU_ASSERT(probe_is(c, "Probe\\.1.example. AAAA IN"));
	CU_ASSERT(c->probe.interval_ms == 500 && c->probe.timeout_ms == 400 && c->probe.rise == 4 &&
		  c->probe.fall == 5);
	CU_ASSERT(c->upstream_count == 2 && strcmp(c->upstreams[1].name, "second") == 0);
	CU_ASSERT(c->upstreams[0].port == 53 && c->upstreams[1].port == 5300);
	CU_ASSERT(address_is(&c->upstreams[1].address, "2001:db8:2::101"));
	config_free(c);
}

/* The defaults, and that the client ranges of the default are the private ones. */
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
	CU_ASSERT(c->dataplane.port_count == 1 && c->dataplane.ports[0].queues == 1);
	CU_ASSERT(c->source.first_port == 49152 && c->source.last_port == 65535 &&
		  c->source.port_count == 16384);
	CU_ASSERT(c->service.listen_count == 1 && c->service.listen[0].port == 53);
	CU_ASSERT(c->service.no_upstream == NO_UPSTREAM_SERVFAIL && c->pools[0].policy == POLICY_ROUND_ROBIN);
	CU_ASSERT(c->timeout_ms == 2000 && probe_is(c, ". NS IN"));
	CU_ASSERT(c->probe.interval_ms == 1000 && c->probe.timeout_ms == 1000 && c->probe.rise == 2 &&
		  c->probe.fall == 3);
	CU_ASSERT(c->protection.coalesce && c->protection.waiters == 64 && c->protection.edns_bytes == 1232);
	CU_ASSERT(c->protection.near_miss == NEAR_MISS_COUNT && c->protection.near_misses == 1);
	CU_ASSERT(c->upstream_count == 1 && c->upstreams[0].port == 53 && c->upstreams[0].random_case);
	CU_ASSERT(c->service.listen[0].allow.count == sizeof(private_ranges) / sizeof(private_ranges[0]));
	for (unsigned i = 0; i < c->service.listen[0].allow.count; i++)
		WAY_ASSERT(allow_is(c, i, private_ranges[i]), "%s may ask by default", private_ranges[i]);
	config_free(c);
}

static void
test_lab(void)
{
	struct config *c = good_load("lab.yaml");

	CU_ASSERT(c->upstream_count == 6 && c->source.address_count == 16 && c->source.port_count == 16384);
	CU_ASSERT(probe_is(c, "probe.example. A IN"));
	config_free(c);
}

/* "::/0" lets every IPv6 client ask and no IPv4 client. */
static void
test_allow_all_ipv6(void)
{
	struct loaded loaded;
	struct address ipv4;
	unsigned line;
	const char *path = config_rig_change("upstreams:", "  allow: [\"::/0\"]\nupstreams:", &line);

	loaded = config_rig_load(path);
	address_parse("192.0.2.1", &ipv4);
	CU_ASSERT_FATAL(loaded.status == 0 && loaded.config->service.listen[0].allow.count == 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct address_range *range = &loaded.config->service.listen[0].allow.ranges[i];

		WAY_ASSERT(address_compare(&ipv4, &range->first) < 0 ||
				   address_compare(&ipv4, &range->last) > 0,
			   "no IPv4 in part %u", i);
	}
	config_rig_unload(&loaded);
}

static const struct {
	const char *old, *new, *key; /* key NULL: a change that is taken live */
} differences[] = {
	{"[1]", "[2]", "dataplane.worker_cores"},
	{"[1]", "[1, 2]\n  memory_mb: 512", "dataplane.worker_cores"},
	{"[1]", "[1]\n  main_core: 3", "dataplane.main_core"},
	{"[1]", "[1]\n  memory_mb: 300", "dataplane.memory_mb"},
	{"[1]", "[1]\n  flows_per_worker: 4096", "dataplane.flows_per_worker"},
	{"eth0", "eth1", "dataplane.ports"},
	{"eth0", "eth0, queues: 2", "dataplane.ports"},
	{"{xdp: eth0}", "{xdp: eth0}, {xdp: eth1}", "dataplane.ports"},
	{"upstreams:", "runtime_dir: /run/x\nupstreams:", "runtime_dir"},
	{"upstreams:", "upstreams:\n  timeout_ms: 1000", NULL},
	{"198.51.100.16", "198.51.100.17", NULL},
	{"upstreams:", "protection: {random_case: false, near_miss: truncate, edns_bytes: 512}\nupstreams:",
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
		WAY_ASSERT(wanted == NULL ? key == NULL : key != NULL && strcmp(key, wanted) == 0,
			   "\"%s\": %s", differences[i].new, key != NULL ? key : "no difference");
		config_rig_unload(&loaded);
	}
	config_free(c);
}

/* Every key is in the reference, with a help. */
static void
test_reference(void)
{
	static const char *const keys[] = {"runtime_dir ",	     "dataplane.ports[].xdp ",
					   "source.exclude[] ",	     "service.addresses[].port ",
					   "upstreams.probe.fall ",  "upstreams.servers[].address ",
					   "protection.edns_bytes ", "upstreams.servers[].random_case "};
	size_t bytes;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	schema_print(stream);
	fclose(stream);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		WAY_ASSERT(strstr(text, keys[i]) != NULL, "%s is in the reference", keys[i]);
	WAY_ASSERT(strstr(text, "(50 to 30000 ms); default 2000") != NULL, "range, unit and default are");
	free(text);
}

static CU_TestInfo tests[] = {
	{"every key", test_full},
	{"only the keys that must be", test_minimal},
	{"the lab's file", test_lab},
	{"warnings", test_warnings},
	{"all IPv6 clients", test_allow_all_ipv6},
	{"the static part", test_differences},
	{"the reference", test_reference},
	{"bad files, kept", test_bad_kept},
	{"bad files, by one change", test_bad_changes},
	{"bad files, made", test_bad_made},
	{"a NUL byte", test_bad_nul},
	{"no file, or not one that can be read", test_bad_files},
	{"many mistakes", test_bad_many},
	{"damage", test_bad_damage},
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
	status = way_suite_run("config", tests);
	config_rig_close();
	return status;
}
