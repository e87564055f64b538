/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts EAL, DPDK's runtime.
 * Runs:  the main thread. */
#include "dataplane/process/eal.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "dataplane/lib/log.h"

#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"
#define DEFAULT_KB    2048 /* x86's, if /proc/meminfo cannot be read */

static uint64_t
number_read(const char *directory, const char *file)
{
	char path[512];
	unsigned long long number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), HUGEPAGES_DIR "/%s/%s", directory, file);
	stream = fopen(path, "re");
	if (stream == NULL)
		return 0;
	if (fscanf(stream, "%llu", &number) != 1)
		number = 0;
	fclose(stream);
	return number;
}

/* Bytes of free hugepages of all sizes, or UINT64_MAX if that is unknown. */
static uint64_t
hugepages_free_bytes(void)
{
	DIR *directory = opendir(HUGEPAGES_DIR);
	struct dirent *entry;
	uint64_t bytes = 0;

	if (directory == NULL)
		return UINT64_MAX;
	while ((entry = readdir(directory)) != NULL) {
		unsigned long long page_kb;

		if (sscanf(entry->d_name, "hugepages-%llukB", &page_kb) != 1)
			continue;
		bytes += page_kb * 1024 *
			 (number_read(entry->d_name, "free_hugepages") +
			  number_read(entry->d_name, "nr_overcommit_hugepages"));
	}
	closedir(directory);
	return bytes;
}

/* The size of the pages that vm.nr_hugepages counts. */
static uint64_t
hugepages_default_kb(void)
{
	FILE *stream = fopen("/proc/meminfo", "re");
	uint64_t page_kb = 0;
	char line[128];

	if (stream == NULL)
		return DEFAULT_KB;
	while (page_kb == 0 && fgets(line, sizeof(line), stream) != NULL)
		if (sscanf(line, "Hugepagesize: %" SCNu64, &page_kb) != 1)
			page_kb = 0;
	fclose(stream);
	return page_kb != 0 ? page_kb : DEFAULT_KB;
}

static int
hugepages_check(const struct args *args)
{
	const uint64_t wanted_mb = args->memory_mb != 0 ? args->memory_mb : 2;
	const uint64_t free_bytes = hugepages_free_bytes();
	uint64_t page_kb, missing_pages;
	char directory[64];

	if (args->no_huge || free_bytes == UINT64_MAX || free_bytes / (1024 * 1024) >= wanted_mb)
		return 0;
	page_kb = hugepages_default_kb();
	missing_pages = (wanted_mb * 1024 - free_bytes / 1024 + page_kb - 1) / page_kb;
	snprintf(directory, sizeof(directory), "hugepages-%" PRIu64 "kB", page_kb);
	/* Added to the existing pages, which other processes use. */
	log_line("%" PRIu64 " MiB of hugepages needed, %" PRIu64
		 " MiB free: run `sysctl vm.nr_hugepages=%" PRIu64
		 "`, or lower dataplane.memory_mb",
		 wanted_mb, free_bytes / (1024 * 1024),
		 number_read(directory, "nr_hugepages") + missing_pages);
	return -ENOMEM;
}

int
eal_open(const struct args *args, char **argv)
{
	static char no_telemetry[] = "--no-telemetry", virtual_addresses[] = "--iova-mode=va";
	int count = 0, status = hugepages_check(args);
	char **eal_argv;

	if (status != 0)
		return status;
	eal_argv = calloc((size_t)args->eal_argc + 3, sizeof(*eal_argv));
	if (eal_argv == NULL)
		return -ENOMEM;
	eal_argv[count++] = argv[0];
	/* Before the caller's arguments, so that those take precedence. */
	eal_argv[count++] = no_telemetry;
	/* The AF_XDP driver needs the packet buffers in one chunk of memory. With physical
	 * addresses the pool may be split into several. */
	if (args->xdp_count > 0)
		eal_argv[count++] = virtual_addresses;
	for (int i = 1; i < args->eal_argc; i++)
		eal_argv[count++] = argv[i];

	rte_openlog_stream(stderr); /* stderr only: by default DPDK logs to syslog as well */
	if (!args->log_level_given)
		rte_log_set_global_level(RTE_LOG_WARNING);
	if (rte_eal_init(count, eal_argv) < 0) {
		log_line("DPDK's EAL did not start (%s): see its messages above",
			 rte_strerror(rte_errno));
		status = -EINVAL;
	}
	/* EAL keeps pointers into the strings, not into the array. */
	free(eal_argv);
	return status;
}

void
eal_close(void)
{
	rte_eal_cleanup();
}
