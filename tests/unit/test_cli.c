/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line's own work: the dataplane's arguments, their quoting, and numbers for people. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/eal.h"
#include "cli/table.h"
#include "way_suite.h"

static struct config *
config_make(const char *runtime_dir)
{
	struct config *c = calloc(1, sizeof(*c));

	c->runtime_dir = strdup(runtime_dir);
	c->dataplane.main_core = 2;
	c->dataplane.worker_count = 2;
	c->dataplane.worker_cores[0] = 3;
	c->dataplane.worker_cores[1] = 5;
	c->dataplane.memory_mb = 512;
	c->dataplane.flows_per_worker = 65536;
	c->dataplane.port_count = 2;
	c->dataplane.ports[0] = (struct config_port){strdup("eth0"), 2};
	c->dataplane.ports[1] = (struct config_port){strdup("eth1.100"), 1};
	return c;
}

static char *
printed(const struct eal_command *command)
{
	size_t bytes;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	eal_print(command, stream);
	fclose(stream);
	return text;
}

static const struct {
	const char *runtime_dir, *quoted;
} directories[] = {
	{"/run/ephemera", "/run/ephemera"},   {"/run/my dir", "'/run/my dir'"},
	{"/run/it's", "'/run/it'\\''s'"},     {"/run/$(x);`y`", "'/run/$(x);`y`'"},
	{"/run/\xc3\xa9", "'/run/\xc3\xa9'"},
};

static void
test_command(void)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		struct config *c = config_make(directories[i].runtime_dir);
		struct eal_command command;
		char wanted[1024], *text;

		snprintf(wanted, sizeof(wanted),
			 "/x/ephemera-dataplane --lcores 0@2,1@3,2@5 --main-lcore 0 --in-memory "
			 "--no-telemetry --no-pci "
			 "-m 512 --log-level=warning "
			 "--vdev net_af_xdp0,iface=eth0,start_queue=0,queue_count=2,xdp_prog=/x/steer.bpf.o "
			 "--vdev "
			 "net_af_xdp1,iface=eth1.100,start_queue=0,queue_count=1,xdp_prog=/x/steer.bpf.o "
			 "-- --runtime-dir %s --flows 65536\n",
			 directories[i].quoted);
		CU_ASSERT_FATAL(eal_build(c, "/x/ephemera-dataplane", "/x/steer.bpf.o", &command) == 0);
		CU_ASSERT(command.words[command.count] == NULL);
		text = printed(&command);
		WAY_ASSERT(strcmp(text, wanted) == 0, "wants %s has %s", wanted, text);
		free(text);
		eal_free(&command);
		CU_ASSERT(eal_build(c, "/x/ephemera-dataplane", "/x,y/steer.bpf.o", &command) == -EINVAL);
		config_free(c);
	}
}

/* The largest configuration has room. */
static void
test_command_largest(void)
{
	struct config *c = config_make("/run/ephemera");
	struct eal_command command;

	c->dataplane.worker_count = CONFIG_WORKERS_MAX;
	for (unsigned i = 0; i < CONFIG_WORKERS_MAX; i++)
		c->dataplane.worker_cores[i] = (uint16_t)(960 + i);
	for (; c->dataplane.port_count < SNAPSHOT_PORTS_MAX; c->dataplane.port_count++)
		c->dataplane.ports[c->dataplane.port_count] =
			(struct config_port){strdup("ethxethxethxeth"), 64};
	CU_ASSERT_FATAL(eal_build(c, "/x", "/y", &command) == 0);
	CU_ASSERT(command.count <= EAL_WORDS_MAX);
	CU_ASSERT(strstr(command.words[2], ",64@1023") != NULL);
	eal_free(&command);
	config_free(c);
}

static const struct {
	long long number;
	const char *counted, *lasting;
} numbers[] = {
	{0, "0", "0s"},
	{59, "59", "59s"},
	{60, "60", "1m 0s"},
	{999, "999", "16m 39s"},
	{3661, "3,661", "1h 1m"},
	{1000000, "1,000,000", "11d 13h"},
	{-1234, "-1,234", NULL},
	{-123, "-123", NULL},
	{9223372036854775807, "9,223,372,036,854,775,807", NULL},
};

static const struct {
	double us;
	const char *text;
} latencies[] = {{0, "0 us"}, {850, "850 us"}, {1200, "1.2 ms"}, {2e6, "2.0 s"}};

static void
test_numbers(void)
{
	char text[TABLE_NUMBER_BYTES];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		WAY_ASSERT(strcmp(number_format(numbers[i].number, text), numbers[i].counted) == 0,
			   "%lld shows as %s", numbers[i].number, text);
		if (numbers[i].lasting != NULL)
			WAY_ASSERT(strcmp(duration_format(numbers[i].number, text), numbers[i].lasting) == 0,
				   "%lld s show as %s", numbers[i].number, text);
	}
	for (size_t i = 0; i < sizeof(latencies) / sizeof(latencies[0]); i++)
		WAY_ASSERT(strcmp(latency_format(latencies[i].us, text), latencies[i].text) == 0,
			   "%.0f us show as %s", latencies[i].us, text);
}

static CU_TestInfo tests[] = {
	{"the dataplane's command line", test_command},
	{"the longest one", test_command_largest},
	{"numbers for people", test_numbers},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return way_suite_run("cli", tests);
}
