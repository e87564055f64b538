/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemera-load: reads the command line, starts EAL, runs the load on the main core, reports. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "tests/bench/load/result.h"

#define EAL_ARGUMENTS_MAX 256

enum exit_status {
	EXIT_CLEAN = 0,
	EXIT_LOST = 1,
	EXIT_USAGE = 2,
	EXIT_START = 3,
};

static struct load load; /* static: a signal handler stops it */

static void
stop_ask(int signal_number)
{
	load.stop = 1;
}

static void
signals_catch(void)
{
	const struct sigaction action = {.sa_handler = stop_ask,
					 .sa_flags = SA_RESETHAND}; /* the second signal kills */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int
environment_open(const struct options *o, char **argv)
{
	static char no_telemetry[] = "--no-telemetry";
	char *eal_argv[EAL_ARGUMENTS_MAX]; /* EAL keeps pointers to the strings, not to the array */
	bool has_log_level = false;
	int count = 0;

	if (o->eal_argc + 1 > EAL_ARGUMENTS_MAX)
		return -E2BIG;
	eal_argv[count++] = argv[0];
	eal_argv[count++] = no_telemetry;
	for (int i = 1; i < o->eal_argc; i++) {
		has_log_level |= strncmp(argv[i], "--log-level", strlen("--log-level")) == 0;
		eal_argv[count++] = argv[i];
	}
	rte_openlog_stream(stderr);
	if (!has_log_level)
		rte_log_set_global_level(RTE_LOG_WARNING);
	return rte_eal_init(count, eal_argv) < 0 ? -rte_errno : 0;
}

static void
arguments_note(struct result *r, int argc, char **argv)
{
	size_t used = 0;

	for (int i = 0; i < argc && used < sizeof(r->arguments); i++)
		used += (size_t)snprintf(r->arguments + used, sizeof(r->arguments) - used, "%s%s",
					 i > 0 ? " " : "", argv[i]);
}

static enum exit_status
load_run(const struct options *o, struct result *r)
{
	static struct search search;
	static struct measured measured;
	int status = load_knock(&load);

	if (status == -ETIMEDOUT) {
		fprintf(stderr,
			"ephemera-load: no response to the first queries within %.0f s: %lu sent, "
			"%lu received by our farm, %lu not for us, %lu wrong\n",
			o->wait_s, load.clients.counters.sent, load.clients.counters.farm_queries,
			load.clients.counters.other, load_counters_wrong(&load.clients.counters));
		return EXIT_START;
	}
	if (status != 0)
		return EXIT_LOST;
	r->load = &load;
	if (o->search) {
		search_run(&search, &load);
		r->search = &search;
		r->measured = &search.best;
		return search.rate > 0 ? EXIT_CLEAN : EXIT_LOST;
	}
	load_measure(&load, o->rate, &measured);
	r->measured = &measured;
	return measured_is_clean(&measured, o) ? EXIT_CLEAN : EXIT_LOST;
}

/* The peer ends first: memif's driver unmaps the shared memory of a peer that still reads it. */
static void
hold(void)
{
	puts("ephemera-load: done, holding the interfaces until SIGINT or SIGTERM");
	fflush(stdout);
	while (!load.stop)
		rte_delay_us_sleep(10000);
}

int
main(int argc, char **argv)
{
	static struct options options;
	static struct result result;
	enum exit_status exit_status;
	char why[256];
	int status;

	if (options_read(&options, argc, argv, why, sizeof(why)) != 0) {
		fprintf(stderr, "ephemera-load: %s\n", why);
		return EXIT_USAGE;
	}
	if (options.action == OPTIONS_HELP) {
		fputs(options_usage, stdout);
		return EXIT_CLEAN;
	}
	if (options.action == OPTIONS_VERSION) {
		puts("ephemera-load " EPHEMERA_VERSION);
		return EXIT_CLEAN;
	}
	arguments_note(&result, argc, argv);
	signals_catch();
	status = environment_open(&options, argv);
	if (status != 0) {
		fprintf(stderr,
			"ephemera-load: DPDK's EAL did not start (%s): see its messages above\n",
			strerror(-status));
		return EXIT_START;
	}
	if (load_open(&load, &options, why, sizeof(why)) != 0) {
		fprintf(stderr, "ephemera-load: %s\n", why);
		rte_eal_cleanup();
		return EXIT_START;
	}
	exit_status = load_run(&options, &result);
	if (result.measured != NULL) {
		if (options.json_file == NULL || strcmp(options.json_file, "-") != 0)
			result_print(&result);
		status = options.json_file == NULL ? 0 : result_write(&result, options.json_file);
		if (status != 0) {
			fprintf(stderr, "ephemera-load: %s: %s\n", options.json_file,
				strerror(-status));
			exit_status = EXIT_START;
		}
	}
	if (options.hold)
		hold();
	load_close(&load);
	rte_eal_cleanup();
	return exit_status;
}
