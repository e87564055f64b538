/* SPDX-License-Identifier: BSD-3-Clause */
/* The result of `config diff` for a file. Usage: test_config_diff DIRECTORY, the one with the
 * sample files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/publish/config_diff.h"
#include "tests/unit/config/config_rig.h"
#include "tests/unit/suite.h"

/* A change to minimal.yaml, which is in force, and the resulting lists, entries separated by
 * '|'. */
static const struct {
	const char *old, *new, *changes, *fixed, *errors, *warnings;
} rows[] = {
	{"eth0", "eth0", "", "", "", ""},
	{"upstreams:", "upstreams:\n  timeout_ms: 1000", "upstreams.timeout_ms: from 2000 to 1000",
	 "", "", ""},
	{"upstreams:", "http: {port: 0}\nrate_limit: {queries_per_second: 9}\nupstreams:",
	 "rate_limit: on, 9 queries per second|http: from 127.0.0.1#8953 to off", "", "", ""},
	{"{xdp: eth0}]", "{xdp: eth1}]\nruntime_dir: /run/x", "",
	 "runtime_dir|dataplane.interfaces", "", ""},
	{"[1]\n  interfaces: [{xdp: eth0}]\nsource:\n",
	 "[2]\n  interfaces: [{xdp: eth0}]\nsource:\n  ports: 50000-60000\n",
	 "source ports: from 49152-65535 (16384 ports) to 50000-60000 (10001 ports)",
	 "dataplane.worker_cores", "", ""},
	{"xdp: eth0", "xbp: eth0", "", "",
	 "MADE:5: dataplane.interfaces.xbp: unknown key: use one of xdp, queues|MADE:5: "
	 "dataplane.interfaces.xdp: missing: add it (name of the network interface, used through "
	 "AF_XDP)",
	 ""},
	{"[198.51.100.16]", "[198.51.100.16]\n  exclude: [80]", "", "", "",
	 "MADE:8: warning: source.exclude: 80 is outside source.ports, 49152-65535: remove it"},
};

/* Joins the entries with '|'; the changed file's path becomes MADE. */
static const char *
joined(const json_t *list, const char *path)
{
	static char text[4096];
	const json_t *entry;
	size_t i, used = 0;

	text[0] = 0;
	json_array_foreach(list, i, entry)
	{
		const char *line = json_string_value(entry), *at = strstr(line, path);

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s",
					 used > 0 ? "|" : "", at == line ? "MADE" : "",
					 at == line ? line + strlen(path) : line);
	}
	return text;
}

static void
test_rows(void)
{
	struct loaded running = config_rig_load(config_rig_kept("minimal.yaml"));

	CU_ASSERT_PTR_NOT_NULL_FATAL(running.config);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char *const lists[] = {"changes", "static", "errors", "warnings"};
		const char *const wanted[] = {rows[i].changes, rows[i].fixed, rows[i].errors,
					      rows[i].warnings};
		unsigned line;
		const char *path = config_rig_change(rows[i].old, rows[i].new, &line);
		json_t *diff = config_diff(running.config, path);

		for (unsigned list = 0; list < 4; list++) {
			const char *has = joined(json_object_get(diff, lists[list]), path);

			SUITE_ASSERT(strcmp(has, wanted[list]) == 0, "\"%s\": %s: %s", rows[i].new,
				     lists[list], has);
		}
		json_decref(diff);
	}
	config_rig_unload(&running);
}

int
main(int argc, char **argv)
{
	CU_TestInfo tests[] = {{"changes to a file", test_rows}, CU_TEST_INFO_NULL};
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: test_config_diff DIRECTORY\n");
		return EXIT_FAILURE;
	}
	config_rig_open(argv[1]);
	status = suite_run("config_diff", tests);
	config_rig_close();
	return status;
}
