/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's command line. */
#include "dataplane/lib/args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

#define ARGV_MAX 16

struct args_row {
	const char *description;
	const char *argv[ARGV_MAX]; /* without the program's name, up to the first NULL */
	int status;
	const char *why; /* a part of the message */
	struct args expected;
};

#define DEFAULTS .runtime_dir = ARGS_RUNTIME_DIR_DEFAULT, .flows_per_worker = ARGS_FLOWS_DEFAULT

static const struct args_row rows[] = {
	{"no arguments", {NULL}, .expected = {DEFAULTS, .eal_argc = 1}},
	{"EAL arguments only",
	 {"--in-memory", "-m", "64"},
	 .expected = {DEFAULTS, .eal_argc = 4, .memory_mb = 64}},
	{"own arguments only",
	 {"--", "--runtime-dir", "/tmp/a", "--flows", "4096"},
	 .expected = {.runtime_dir = "/tmp/a", .flows_per_worker = 4096, .eal_argc = 1}},
	{"own arguments with =",
	 {"--", "--runtime-dir=/tmp/a", "--flows=1024"},
	 .expected = {.runtime_dir = "/tmp/a", .flows_per_worker = 1024, .eal_argc = 1}},
	{"two interfaces",
	 {"--vdev", "net_af_xdp0,iface=eth0,start_queue=0", "--vdev=net_af_xdp1,iface=eth1",
	  "--no-huge", "--"},
	 .expected = {DEFAULTS, .eal_argc = 5, .xdp_count = 2, .xdp = {"eth0", "eth1"},
		      .no_huge = true}},
	{"other devices are left to EAL",
	 {"--vdev", "net_null0", "--vdev", "net_memif0,role=server", "--log-level=8", "--"},
	 .expected = {DEFAULTS, .eal_argc = 6, .log_level_given = true}},
	{"EAL options after --",
	 {"--", "--vdev", "net_af_xdp0,iface=eth0"},
	 .status = -EINVAL,
	 .why = "unknown argument --vdev"},
	{"an interface given twice",
	 {"--vdev", "net_af_xdp0,iface=eth0", "--vdev", "net_af_xdp1,iface=eth0", "--"},
	 .status = -EINVAL,
	 .why = "interface eth0 is given twice"},
	{"interface name too long",
	 {"--vdev", "net_af_xdp0,iface=sixteen-letters-", "--"},
	 .status = -EINVAL,
	 .why = "not a valid interface name"},
	{"interface name empty",
	 {"--vdev", "net_af_xdp0,iface=,queue_count=1", "--"},
	 .status = -EINVAL,
	 .why = "not a valid interface name"},
	{"flows not a power of two",
	 {"--", "--flows", "1000"},
	 .status = -EINVAL,
	 .why = "power of two"},
	{"flows zero", {"--", "--flows", "0"}, .status = -EINVAL, .why = "power of two"},
	{"flows too few", {"--", "--flows", "512"}, .status = -EINVAL, .why = "power of two"},
	{"flows too many",
	 {"--", "--flows", "134217728"},
	 .status = -EINVAL,
	 .why = "power of two"},
	{"flows beyond 64 bits",
	 {"--", "--flows", "99999999999999999999"},
	 .status = -EINVAL,
	 .why = "power of two"},
	{"flows negative", {"--", "--flows", "-1024"}, .status = -EINVAL, .why = "power of two"},
	{"flows with a suffix",
	 {"--", "--flows", "1024k"},
	 .status = -EINVAL,
	 .why = "power of two"},
	{"flows empty", {"--", "--flows="}, .status = -EINVAL, .why = "power of two"},
	{"value missing", {"--", "--flows"}, .status = -EINVAL, .why = "needs a value"},
	{"relative directory",
	 {"--", "--runtime-dir", "run"},
	 .status = -EINVAL,
	 .why = "absolute"},
	{"unknown argument",
	 {"--", "--flow", "1024"},
	 .status = -EINVAL,
	 .why = "unknown argument --flow"},
	{"known argument with a suffix",
	 {"--", "--flows2", "1024"},
	 .status = -EINVAL,
	 .why = "unknown argument --flows2"},
	{"value for an argument without one",
	 {"--", "--help=x"},
	 .status = -EINVAL,
	 .why = "unknown argument"},
	{"--help alone", {"--help"}, .expected = {DEFAULTS, .action = ARGS_HELP, .eal_argc = 2}},
	{"--version alone",
	 {"--version"},
	 .expected = {DEFAULTS, .action = ARGS_VERSION, .eal_argc = 2}},
	{"--help after --",
	 {"--", "--help"},
	 .expected = {DEFAULTS, .action = ARGS_HELP, .eal_argc = 1}},
	{"--help among EAL arguments is EAL's",
	 {"-m", "64", "--help"},
	 .expected = {DEFAULTS, .eal_argc = 4, .memory_mb = 64}},
};

static void
row_check(const struct args_row *row, const struct args *args)
{
	const struct args *e = &row->expected;

	SUITE_ASSERT(args->action == e->action, "%s: action %d", row->description, args->action);
	SUITE_ASSERT(strcmp(args->runtime_dir, e->runtime_dir) == 0, "%s: directory %s",
		     row->description, args->runtime_dir);
	SUITE_ASSERT(args->flows_per_worker == e->flows_per_worker, "%s: flows %u",
		     row->description, args->flows_per_worker);
	SUITE_ASSERT(args->eal_argc == e->eal_argc, "%s: eal_argc %d", row->description,
		     args->eal_argc);
	SUITE_ASSERT(args->memory_mb == e->memory_mb, "%s: memory", row->description);
	SUITE_ASSERT(args->no_huge == e->no_huge && args->log_level_given == e->log_level_given,
		     "%s: flags", row->description);
	SUITE_ASSERT(args->xdp_count == e->xdp_count, "%s: %u interfaces", row->description,
		     args->xdp_count);
	for (uint32_t i = 0; i < e->xdp_count; i++)
		SUITE_ASSERT(strcmp(args->xdp[i], e->xdp[i]) == 0, "%s: interface %s",
			     row->description, args->xdp[i]);
}

static void
test_command_lines(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct args_row *row = &rows[i];
		char *argv[ARGV_MAX + 2] = {(char *)(uintptr_t) "ephemera-dataplane"};
		char why[256] = "";
		struct args args;
		int argc = 1, status;

		for (; row->argv[argc - 1] != NULL; argc++)
			argv[argc] = (char *)(uintptr_t)row->argv[argc - 1];
		status = args_parse(&args, argc, argv, why, sizeof(why));
		SUITE_ASSERT(status == row->status, "%s: status %d, %s", row->description, status,
			     why);
		if (status == 0 && row->status == 0)
			row_check(row, &args);
		else
			SUITE_ASSERT(row->why != NULL && strstr(why, row->why) != NULL,
				     "%s: why is \"%s\"", row->description, why);
	}
}

static void
test_too_many_interfaces(void)
{
	char vdevs[SNAPSHOT_INTERFACES_MAX + 1][48], why[256] = "";
	char *argv[SNAPSHOT_INTERFACES_MAX + 2] = {(char *)(uintptr_t) "ephemera-dataplane"};
	struct args args;

	for (int i = 0; i <= SNAPSHOT_INTERFACES_MAX; i++) {
		snprintf(vdevs[i], sizeof(vdevs[i]), "--vdev=net_af_xdp%d,iface=eth%d", i, i);
		argv[i + 1] = vdevs[i];
	}
	CU_ASSERT_EQUAL(args_parse(&args, SNAPSHOT_INTERFACES_MAX + 1, argv, why, sizeof(why)), 0);
	CU_ASSERT_EQUAL(args.xdp_count, SNAPSHOT_INTERFACES_MAX);
	CU_ASSERT_EQUAL(args_parse(&args, SNAPSHOT_INTERFACES_MAX + 2, argv, why, sizeof(why)),
			-EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "more than 16 interfaces"));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"command lines", test_command_lines},
		{"too many interfaces", test_too_many_interfaces},
		CU_TEST_INFO_NULL,
	};

	return suite_run("args", tests);
}
