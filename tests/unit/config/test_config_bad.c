/* SPDX-License-Identifier: BSD-3-Clause */
/* The line that each bad configuration file gets: kept files, small changes to the good file
 * minimal.yaml, and files that are better made than kept. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/config/fault.h"
#include "tests/unit/config/config_rig.h"
#include "tests/unit/suite.h"

static const struct {
	const char *file;
	unsigned line;
	const char *words;
} kept[] = {
	{"unknown_key", 21,
	 "upstreams.time_out_ms: unknown key: use one of policy, hash_key, load_percent"},
	{"duplicate_name", 25, "upstreams.servers.name: \"nsd\" is given twice: give each"},
	{"duplicate_address", 26,
	 "upstreams.servers.address: 198.51.100.101 port 53 is \"nsd\" already"},
	{"duplicate_key", 21, "upstreams.policy: written twice, first on line 20: keep one"},
	{"port_zero", 17,
	 "service.addresses.port: 0 is out of range: write a number from 1 to 65535"},
	{"weight", 27,
	 "upstreams.servers.weight: 1000000000 is out of range: write a number from 1 to 10000"},
	{"timeout_huge", 21,
	 "upstreams.timeout_ms: 1000000000 is out of range: write a number from 50 to 30000 ms"},
	{"alias_bomb", 28, "anchors and aliases are not supported, write the value out"},
	{"tabs", 20, "indent with spaces, not with tabs"},
	{"wrong_type", 18, "service.allow: is a single value: write a list"},
	{"family", 26, "\"knot\" is reached over IPv6, but no source address is IPv6: add one"},
	{"memory", 6,
	 "dataplane.memory_mb: 128 MiB is too little for 1 worker of 1048576 flows: write at least "
	 "233"},
	{"worker_twice", 5,
	 "dataplane.worker_cores: core 1 is given twice: give each worker its own"},
	{"service_twice", 18,
	 "service.addresses.address: 192.0.2.53 port 53 is given twice: give it once"},
	{"all_excluded", 12,
	 "source.ports: no port of 50000-51999 is left: exclude fewer, or widen"},
};

void
test_bad_kept(void)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "bad/%s.yaml", kept[i].file);
		config_rig_bad(config_rig_kept(name), kept[i].line, kept[i].words);
	}
}

/* `line` counts from the line on which the change begins: most faults are there, some lie between
 * two places. */
static const struct {
	const char *old, *new;
	int line;
	const char *words;
} changes[] = {
	{"  worker_cores: [1]\n", "", -1, "dataplane.worker_cores: missing: add it"},
	{"[1]", "[]", 0, "dataplane.worker_cores: empty list"},
	{"[1]", "\n", 0, "dataplane.worker_cores: is empty: write a list"},
	{"[1]", "[-1]", 0, "\"-1\" is not a whole number: write one from 0 to 1023"},
	{"[1]", "[1024]", 0, "1024 is out of range"},
	{"[1]", "[010]", 0, "\"010\" is not a whole number"},
	{"[1]", "[0x1]", 0, "\"0x1\" is not a whole number"},
	{"[1]", "[1.0]", 0, "\"1.0\" is not a whole number"},
	{"[1]", "[99999999999999999999]", 0, "99999999999999999999 is out of range"},
	{"[1]", "[[1]]", 0, "dataplane.worker_cores: is a list: write one value"},
	{"[1]", "[1]\n  flows_per_worker: 100000", 1,
	 "100000 is not a power of two: write 65536 or 131072"},
	{"[1]", "[1]\n  flows_per_worker: 512", 1, "from 1024 to 16777216"},
	{"[1]", "[1, 2]", -1,
	 "256 MiB is too little for 2 workers of 1048576 flows: write at least 442"},
	{"xdp: eth0", "xdp: \"eth0,a=b\"", 0,
	 "is not the name of an interface: use letters, digits"},
	{"xdp: eth0", "xdp: eth0eth0eth0eth0", 0, "16 characters long: at most 15"},
	{"xdp: eth0", "xdp: ..", 0, "is not the name of an interface"},
	{"xdp: eth0", "xdp: \"\"", 0, "dataplane.interfaces.xdp: empty"},
	{"{xdp: eth0}", "{xdp: eth0}, {xdp: eth0}", 0, "eth0 is given twice"},
	{"{xdp: eth0}", "{xdp: eth0, pci: \"0000:3b:00.0\"}", 0,
	 "dataplane.interfaces.pci: unknown key: use one of xdp, queues"},
	{"[198.51.100.16]", "[198.51.100.16, 198.51.100.16]", 0,
	 "198.51.100.16 is given twice: give it once"},
	{"[198.51.100.16]", "[198.51.0.0/16]", 0,
	 "\"198.51.0.0/16\" makes more than 256 addresses: give fewer"},
	{"[198.51.100.16]", "[\"2001:db8::/64\"]", 0, "makes more than 256 addresses"},
	{"[198.51.100.16]", "[198.51.100.16/24]", 0, "the address has bits behind the prefix"},
	{"[198.51.100.16]", "[127.0.0.1]", 0, "127.0.0.1 is not an address of one machine"},
	{"[198.51.100.16]", "[198.51.100.300]", 0,
	 "\"198.51.100.300\": not an address: write an address, first-last"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 1000-2000", 1, "begins below 1024"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 2000-1999", 1,
	 "is not a range of ports: write first-last"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 2000-65536", 1, "is not a range of ports"},
	{"[198.51.100.16]", "[198.51.100.16]\n  ports: 2000 - 3000", 1, "is not a range of ports"},
	{"[198.51.100.16]", "[198.51.100.16]\n  exclude: [x]", 1,
	 "\"x\" is neither a port nor a range"},
	{"[198.51.100.16]", "[192.0.2.53]", 2, "192.0.2.53 is a source address too"},
	{"address: 192.0.2.53", "address: \"::ffff:192.0.2.53\"", 0,
	 "is not an address: write one like"},
	{"address: 192.0.2.53", "address: fe80::1", 0, "fe80::1 is not an address of one machine"},
	{"{address: 192.0.2.53}", "{port: 53}", 0, "service.addresses.address: missing"},
	{"upstreams:", "  allow: [192.0.2.1/24]\nupstreams:", 0,
	 "service.allow: \"192.0.2.1/24\": the address has bits"},
	{"upstreams:", "  allow: []\nupstreams:", 0,
	 "service.allow: empty list: add an entry, or take the key out"},
	{"upstreams:", "  no_upstream: shrug\nupstreams:", 0,
	 "\"shrug\" is not known: use one of servfail, keep-trying"},
	{"upstreams:", "upstreams:\n  probe: {type: AXFR}", 1, "\"AXFR\" cannot be asked for"},
	{"upstreams:", "upstreams:\n  probe: {type: FOO}", 1,
	 "\"FOO\" cannot be asked for: write a type like NS"},
	{"upstreams:", "upstreams:\n  probe: {name: a..b}", 1,
	 "\"a..b\" is not a name: empty label"},
	{"upstreams:", "upstreams:\n  probe: {rise: 0}", 1,
	 "upstreams.probe.rise: 0 is out of range"},
	{"upstreams:", "upstreams:\n  policy: fastest", 1,
	 "\"fastest\" is not known: use one of round-robin, least-outstanding, random, hash, "
	 "first"},
	{"upstreams:", "protection: {waiters: 0}\nupstreams:", 0,
	 "protection.waiters: 0 is out of range: write a number from 1 to 255"},
	{"upstreams:", "protection: {near_misses: 256}\nupstreams:", 0, "256 is out of range"},
	{"upstreams:", "protection: {edns_bytes: 511}\nupstreams:", 0,
	 "511 is out of range: write a number from 512 to 4096 bytes"},
	{"upstreams:", "protection: {edns_bytes: 4097}\nupstreams:", 0, "4097 is out of range"},
	{"upstreams:", "protection: {near_miss: drop}\nupstreams:", 0,
	 "\"drop\" is not known: use one of count, truncate"},
	{"upstreams:", "protection: {random_case: yes}\nupstreams:", 0,
	 "\"yes\" is not known: use one of true, false"},
	{"upstreams:", "protection: {near-miss: count}\nupstreams:", 0,
	 "protection.near-miss: unknown key: use one of random_case, coalesce"},
	{"upstreams:", "runtime_dir: run\nupstreams:", 0,
	 "runtime_dir: \"run\" is not an absolute path"},
	{"upstreams:", "? [a]\n: b\nupstreams:", 0, "a key that is not a plain word"},
	{"upstreams:", "<<: {a: b}\nupstreams:", 0, "<<: unknown key"},
	{"upstreams:", "---\nupstreams:", 0, "a second document"},
	{"name: only", "name: \"only one\"", 0, "\"only one\" has other characters"},
	{"name: only", "name: \"a\\0b\"", 0, "a value with a NUL byte"},
	{"name: only", "name: \"a\\nb\"", 0, "\"a?b\" has other characters"},
	{"name: only", "name: !!str only", 0, "tags are not supported"},
	{"name: only", "name: &x only", 0, "anchors and aliases are not supported"},
	{"name: only", "name: *x", 0, "anchors and aliases are not supported"},
	{"name: only", "name: a2345678901234567890123456789012", 0,
	 "32 characters long: at most 31"},
	{"address: 198.51.100.101", "address: 192.0.2.53", 0,
	 "192.0.2.53 is a service address: name another machine"},
	{"address: 198.51.100.101", "address: 198.51.100.16", 0,
	 "198.51.100.16 is a source address: name another"},
	{"address: 198.51.100.101", "address: ns.example", 0, "\"ns.example\" is not an address"},
	{"address: 198.51.100.101", "address: 198.51.100.101, port: 0", 0,
	 "upstreams.servers.port: 0 is out of range"},
	{"address: 198.51.100.101", "address: 198.51.100.101, random_case: 1", 0,
	 "upstreams.servers.random_case: \"1\" is not known: use one of true, false"},
	{"servers: [", "servers: [[", 1, "syntax error"},
};

void
test_bad_changes(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		unsigned line;
		const char *path = config_rig_change(changes[i].old, changes[i].new, &line);

		config_rig_bad(path, line + (unsigned)changes[i].line, changes[i].words);
	}
}

/* Texts that are too long or too odd to be kept: `head`, then `part` so many times, then `tail`. */
static const struct {
	const char *what, *head, *part, *tail;
	size_t parts;
	unsigned line;
	const char *words;
} made[] = {
	{"empty", "", "", "", 0, 0, "is empty: start from the sample"},
	{"comments only", "", "# nothing\n", "", 3, 0, "is empty: start from the sample"},
	{"a word", "hello\n", "", "", 0, 1, "not a configuration: begin with"},
	{"a list", "- a\n", "", "", 0, 1, "not a configuration: begin with"},
	{"not UTF-8", "# fine\nruntime_dir: /run/\xe9t\xe9\n", "", "", 0, 2, "not UTF-8 text"},
	{"UTF-8 cut short", "# fine\n\n# \xe2\x82", "", "", 0, 3, "not UTF-8 text"},
	{"UTF-16",
	 "\xff\xfe"
	 "a",
	 "", "", 0, 1, "not UTF-8 text"},
	{"control character", "# fine\n# \x07\n", "", "", 0, 2,
	 "not UTF-8 text: control characters"},
	{"deep lists", "a: ", "[", "", 100000, 1, "nested deeper than a configuration is"},
	{"deep mappings", "", "{a: ", "", 100000, 1, "nested deeper than a configuration is"},
	{"deep entries", "", "- ", "", 100000, 1, "nested deeper than a configuration is"},
	{"too many values", "a: [", "x, ", "x]\n", 270000, 1,
	 "more values than a configuration can hold"},
	{"brackets", "a: [", "[],", "]\n", 1000000, 1, "more values than a configuration can hold"},
	{"an open quote", "a: \"", "xxxxxxxxxxxxxxx\n", "", 200000, 200001, "syntax error"},
	{"a huge key", "", "xxxxxxxxxxxxxxxx", ": 1\n", 200000, 1, ": "},
	{"a huge value", "runtime_dir: /", "xxxxxxxxxxxxxxxx", "\n", 200000, 1, ": "},
};

void
test_bad_made(void)
{
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		size_t bytes;
		const char *path;
		char *text;
		FILE *stream = open_memstream(&text, &bytes);

		fputs(made[i].head, stream);
		for (size_t part = 0; part < made[i].parts; part++)
			fputs(made[i].part, stream);
		fputs(made[i].tail, stream);
		fclose(stream);
		path = config_rig_write(text, bytes);
		free(text);
		if (strcmp(made[i].words, ": ") != 0) {
			config_rig_bad(path, made[i].line, made[i].words);
		} else {
			struct loaded loaded = config_rig_load(path);

			SUITE_ASSERT(loaded.status < 0, "%s is taken", made[i].what);
			SUITE_ASSERT(strlen(loaded.lines) < 16384, "%s makes endless lines",
				     made[i].what);
			config_rig_unload(&loaded);
		}
	}
}

/* A NUL byte ends no text early: what follows it would go unread. */
void
test_bad_nul(void)
{
	static const char text[] = "runtime_dir: /run/x\ndataplane:\0\nunknown: 1\n";
	static const char utf16[] = "\xff\xfe"
				    "a\0:\0 \0b\0\n";

	config_rig_bad(config_rig_write(text, sizeof(text) - 1), 2,
		       "not UTF-8 text: control characters");
	config_rig_bad(config_rig_write(utf16, sizeof(utf16)), 1, "not UTF-8 text");
}

/* Files that are none, or that cannot be read. */
void
test_bad_files(void)
{
	const char *path;
	struct stat status;

	config_rig_bad(config_rig_kept(""), 0, "is a directory: name a regular file");
	config_rig_bad(config_rig_made("absent.yaml"), 0,
		       "No such file or directory: name an existing file");
	config_rig_bad("", 0, "No such file or directory");
	config_rig_bad("/dev/zero", 0, "is not a regular file: name a regular file");

	path = config_rig_made("pipe");
	SUITE_ASSERT(mkfifo(path, 0600) == 0, "a pipe is made");
	config_rig_bad(
		path, 0,
		"is not a regular file: name a regular file"); /* nobody writes: must not wait */
	unlink(path);

	path = config_rig_write("", 0);
	SUITE_ASSERT(truncate(path, 100000000) == 0, "a file of 100 MB is made");
	config_rig_bad(path, 0, "is 100000000 bytes long: a configuration has at most 4194304");
	SUITE_ASSERT(truncate(path, 4194305) == 0, "a file a byte too long is made");
	config_rig_bad(path, 0, "is 4194305 bytes long");
	SUITE_ASSERT(stat(path, &status) == 0 && chmod(path, 0) == 0, "it is made unreadable");
	if (geteuid() == 0) /* root reads all files: be somebody else for a moment */
		SUITE_ASSERT(seteuid(65534) == 0, "root can be nobody");
	config_rig_bad(path, 0, "Permission denied: let this user read it, or run as one who may");
	if (getuid() == 0)
		SUITE_ASSERT(seteuid(0) == 0, "and root again");
	unlink(path);
}

/* All mistakes of a file are told at once, but no more than twenty lines. */
void
test_bad_many(void)
{
	static const char seven[] = "a: 1\nb: 1\nsource: {x: 1}\n";
	size_t bytes;
	const char *path;
	char *text;
	struct loaded loaded;
	FILE *stream;

	path = config_rig_write(seven, strlen(seven));
	loaded = config_rig_load(path);
	SUITE_ASSERT(loaded.status == -EINVAL && loaded.line_count == 7, "seven mistakes: %s",
		     loaded.lines);
	SUITE_ASSERT(strstr(loaded.lines, ":3: source.x: unknown key") != NULL,
		     "line and key of one: %s", loaded.lines);
	config_rig_unload(&loaded);

	stream = open_memstream(&text, &bytes);
	for (unsigned i = 0; i < 60; i++)
		fprintf(stream, "key%u: 1\n", i);
	fclose(stream);
	path = config_rig_write(text, bytes);
	free(text);
	loaded = config_rig_load(path);
	SUITE_ASSERT(loaded.status == -EINVAL && loaded.line_count == FAULTS_MAX, "%u lines",
		     loaded.line_count);
	SUITE_ASSERT(strstr(loaded.lines, "more errors follow") != NULL,
		     "says that there are more");
	config_rig_unload(&loaded);
}

/* The good file cut at each byte, and with each byte made odd: taken or refused with a line,
 * nothing else. */
void
test_bad_damage(void)
{
	const char *path;
	char good[4096];
	FILE *file = fopen(config_rig_kept("full.yaml"), "re");
	size_t bytes = file != NULL ? fread(good, 1, sizeof(good), file) : 0;

	if (file != NULL)
		fclose(file);
	CU_ASSERT_FATAL(bytes > 0);
	config_rig_write_as("domains.txt", "a.example\n", 10); /* the list that it names */
	for (size_t at = 0; at < 2 * bytes; at++) {
		struct loaded loaded;
		char kept_byte = good[at % bytes];

		if (at >= bytes)
			good[at % bytes] ^= (char)(1 << at % 8);
		path = config_rig_write(good, at < bytes ? at : bytes);
		good[at % bytes] = kept_byte;
		loaded = config_rig_load(path);
		if ((loaded.status == 0) != (loaded.config != NULL) ||
		    (loaded.status < 0 && loaded.line_count == 0))
			SUITE_ASSERT(false, "damage %zu: status %d, lines: %s", at, loaded.status,
				     loaded.lines);
		config_rig_unload(&loaded);
	}
	unlink(config_rig_made("domains.txt"));
}
