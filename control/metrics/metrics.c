/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole page, and the metrics of ephemerad itself. */
#include "control/metrics/metrics.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "control/daemon/daemon.h"

double
metrics_unix_time(uint64_t monotonic_ns)
{
	/* Rounded to the millisecond, because the conversion reads two clocks and would vary below
	 * that. */
	return (double)loop_unix_ms(monotonic_ns) / 1e3;
}

/* The standard names of Prometheus' client libraries. */
static void
process_usage(struct metrics_writer *writer)
{
	unsigned long pages = 0;
	struct timespec used;
	FILE *statm;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0) {
		metrics_family(writer, METRICS_COUNTER, "process_cpu_seconds", "seconds",
			       "user and system CPU time of ephemerad");
		metrics_value(writer, (double)used.tv_sec + (double)used.tv_nsec / 1e9, NULL);
	}
	statm = fopen("/proc/self/statm", "re");
	if (statm == NULL)
		return;
	if (fscanf(statm, "%*u %lu", &pages) == 1) {
		metrics_family(writer, METRICS_GAUGE, "process_resident_memory_bytes", "bytes",
			       "resident memory of ephemerad");
		metrics_count(writer, pages * (uint64_t)sysconf(_SC_PAGESIZE), NULL);
	}
	fclose(statm);
}

static void
metrics_process(const struct daemon *daemon, struct metrics_writer *writer)
{
	char reason[READINESS_REASON_BYTES];

	metrics_family(writer, METRICS_INFO, "ephemera_build", "",
		       "version and compiler of ephemerad");
	metrics_count(writer, 1, "version", EPHEMERA_VERSION, "compiler", __VERSION__, NULL);
	metrics_family(writer, METRICS_GAUGE, "process_start_time_seconds", "seconds",
		       "start time of ephemerad, Unix time");
	metrics_value(writer, metrics_unix_time(daemon->started_ns), NULL);
	process_usage(writer);
	metrics_family(writer, METRICS_GAUGE,
		       "ephemera_config_last_reload_success_timestamp_seconds", "seconds",
		       "when the configuration in force was loaded, Unix time");
	metrics_value(writer, metrics_unix_time(daemon->config_loaded_ns), NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_config_last_reload_successful", "",
		       "1 unless the last reload failed and an older configuration is in force");
	metrics_count(writer, !daemon->reload.failed, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_dataplane_up", "",
		       "1 if ephemerad is connected to the dataplane");
	metrics_count(writer, daemon->dataplane.state == LINK_CONNECTED, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_healthy", "",
		       "1 if the dataplane is connected and all workers run, as in /health");
	metrics_count(writer, readiness_is_healthy(&daemon->readiness), NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_ready", "",
		       "1 if clients may be sent to this instance, as in /ready");
	metrics_count(writer, readiness_is_ready(&daemon->readiness, reason), NULL);
	metrics_family(
		writer, METRICS_GAUGE, "ephemera_drain_active", "",
		"1 if this instance is being drained or has been drained, so it is not ready");
	metrics_count(writer, daemon->readiness.drain.state != DRAIN_OFF, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_attack_active", "",
		       "1 if queries had near misses of forged responses within the last minute");
	metrics_count(writer, daemon->watch.alarm.active, NULL);
}

char *
metrics_page(const struct daemon *daemon, enum metrics_format format, size_t *bytes)
{
	char *page = NULL;
	struct metrics_writer writer = {.out = open_memstream(&page, bytes), .format = format};

	if (writer.out == NULL)
		return NULL;
	metrics_process(daemon, &writer);
	metrics_upstreams(daemon, &writer);
	if (stats_reader_is_open(&daemon->stats)) {
		metrics_dataplane(daemon, &writer);
		metrics_entropy(daemon, &writer);
	}
	metrics_end(&writer);
	if (fclose(writer.out) == 0)
		return page;
	free(page);
	return NULL;
}
