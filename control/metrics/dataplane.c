/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of the statistics segment and of the XDP program. Their names come from the lists in
 * dataplane/shared/counters.h and bpf/steer.h. */
#include "control/metrics/metrics.h"

#include <string.h>

#include "control/daemon/daemon.h"
#include "control/lib/counter_names.h"
#include "control/metrics/time.h"

/* The bounds of the histogram's buckets: powers of two of microseconds from 64 us to 8.4 s, a
 * subset of the workers' buckets. */
#define EDGE_FIRST_US 64
#define EDGE_COUNT    18

/* The process */

static void
start_sample(struct metrics_writer *writer, const struct metrics_subject *process)
{
	const struct stats_header *header = process->figures;

	metrics_value(writer, metrics_unix_time(header->started_ns), NULL);
}

static void
flows_sample(struct metrics_writer *writer, const struct metrics_subject *process)
{
	const struct stats_header *header = process->figures;

	metrics_count(writer, header->flows_per_worker * header->worker_count, NULL);
}

#define PROCESS(member) NULL, offsetof(struct stats_header, member)
static const struct metrics_row process_rows[] = {
	{METRICS_GAUGE, "ephemera_dataplane_start_time_seconds", "seconds",
	 "start time of the dataplane, Unix time", start_sample, 0},
	{METRICS_GAUGE, "ephemera_dataplane_draining", "", "1 if the dataplane is stopping",
	 PROCESS(draining)},
	{METRICS_GAUGE, "ephemera_snapshot_generation", "",
	 "generation of the snapshot that all workers use", PROCESS(generation)},
	{METRICS_GAUGE, "ephemera_queries_in_flight_limit", "",
	 "entries in the flow tables of all workers", flows_sample, 0},
	{METRICS_GAUGE, "ephemera_mbufs", "", "packet buffers (mbufs) in the pool",
	 PROCESS(mbufs_total)},
	{METRICS_GAUGE, "ephemera_mbufs_in_use", "",
	 "packet buffers (mbufs) in use; idle drivers hold some", PROCESS(mbufs_in_use)},
};

/* The workers */

static void
drops_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct worker_stats *worker = subject->figures;

	for (unsigned reason = 0; reason < DROP_REASON_COUNT; reason++)
		metrics_count(writer, __atomic_load_n(&worker->drops[reason], __ATOMIC_RELAXED),
			      subject->label, subject->name, "reason", drop_names[reason].name,
			      NULL);
}

#define WORKER(member) NULL, offsetof(struct worker_stats, member)
static const struct metrics_row worker_rows[] = {
#define X(name, help)                                                                              \
	{METRICS_COUNTER, "ephemera_" #name, "", help, WORKER(counters[COUNTER_##name])},
	WORKER_COUNTERS(X)
#undef X
		{METRICS_COUNTER, "ephemera_drops", "", "packets dropped by the workers, by reason",
		 drops_sample, 0},
	{METRICS_GAUGE, "ephemera_queries_in_flight", "",
	 "queries waiting for a response, including probes", WORKER(flows_in_flight)},
	{METRICS_GAUGE, "ephemera_worker_snapshot_generation", "",
	 "generation of the snapshot that the worker uses; 0: none yet", WORKER(generation)},
	{METRICS_COUNTER, "ephemera_worker_heartbeats", "",
	 "iterations of the worker's loop, in units of 1024", WORKER(heartbeat)},
};

static void
workers(const struct stats_reader *stats, struct metrics_writer *writer)
{
	struct metrics_subject subjects[STATS_READER_WORKERS_MAX];
	char names[STATS_READER_WORKERS_MAX][12];

	for (unsigned i = 0; i < stats->worker_count; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		subjects[i] =
			(struct metrics_subject){"worker", names[i], stats_reader_worker(stats, i)};
	}
	metrics_rows(writer, worker_rows, sizeof(worker_rows) / sizeof(worker_rows[0]), subjects,
		     stats->worker_count);
}

/* The XDP program */

static void
verdicts(const struct steer_maps *steer, struct metrics_writer *writer)
{
	static const struct metrics_row row = {METRICS_COUNTER,
					       "ephemera_steer_packets",
					       "",
					       "packets seen by the XDP program, by verdict",
					       NULL,
					       0};
	struct metrics_subject subjects[STEER_VERDICT_COUNT];
	uint64_t sums[STEER_VERDICT_COUNT];

	if (steer_maps_verdicts(steer, sums) != 0)
		return;
	for (unsigned i = 0; i < STEER_VERDICT_COUNT; i++)
		subjects[i] = (struct metrics_subject){"verdict", verdict_names[i].name, &sums[i]};
	metrics_rows(writer, &row, 1, subjects, STEER_VERDICT_COUNT);
}

/* Sums of the workers' finer buckets. A latency equal to a bound is counted in the bucket above
 * it. */
static void
latency(const struct stats_reader *stats, struct metrics_writer *writer)
{
	const struct stats_histogram histogram = stats_reader_histogram(stats);
	uint64_t counts[EDGE_COUNT + 1] = {0};
	double edges[EDGE_COUNT];
	unsigned edge = 0;

	for (unsigned i = 0; i < EDGE_COUNT; i++)
		edges[i] = (double)((uint64_t)EDGE_FIRST_US << i) / 1e6;
	for (unsigned i = 0; i < STATS_LATENCY_BUCKETS; i++) {
		while (edge < EDGE_COUNT && latency_bucket_us(i) >= (uint64_t)EDGE_FIRST_US << edge)
			edge++;
		counts[edge] += histogram.buckets[i];
	}
	metrics_family(writer, METRICS_HISTOGRAM, "ephemera_latency_seconds", "seconds",
		       "time from a client's query to the upstream's response");
	metrics_histogram(writer, edges, counts, EDGE_COUNT, (double)histogram.sum_us / 1e6);
}

/* Interfaces */

#define INTERFACE(member) NULL, offsetof(struct interface_stats, member)
static const struct metrics_row interface_rows[] = {
	{METRICS_COUNTER, "ephemera_interface_received_packets", "", "packets received",
	 INTERFACE(received)},
	{METRICS_COUNTER, "ephemera_interface_sent_packets", "", "packets sent", INTERFACE(sent)},
	{METRICS_COUNTER, "ephemera_interface_missed_packets", "",
	 "packets dropped because the receive queue was full", INTERFACE(missed)},
	{METRICS_COUNTER, "ephemera_interface_no_mbuf_packets", "",
	 "packets dropped for lack of a packet buffer (mbuf)", INTERFACE(no_buffers)},
	{METRICS_COUNTER, "ephemera_interface_bad_packets", "", "packets received with errors",
	 INTERFACE(bad)},
	{METRICS_COUNTER, "ephemera_interface_send_errors", "", "packets that could not be sent",
	 INTERFACE(send_errors)},
	{METRICS_GAUGE, "ephemera_interface_up", "", "1 if the interface's link is up",
	 INTERFACE(link_up)},
};

static void
interfaces(const struct stats_header *header, struct metrics_writer *writer)
{
	char names[SNAPSHOT_INTERFACES_MAX][sizeof(header->interfaces[0].name) + 1] = {0};
	struct metrics_subject subjects[SNAPSHOT_INTERFACES_MAX];
	unsigned count = header->interface_count < SNAPSHOT_INTERFACES_MAX
				 ? (unsigned)header->interface_count
				 : SNAPSHOT_INTERFACES_MAX;

	for (unsigned i = 0; i < count; i++) {
		memcpy(names[i], header->interfaces[i].name, sizeof(header->interfaces[i].name));
		subjects[i] =
			(struct metrics_subject){"interface", names[i], &header->interfaces[i]};
	}
	metrics_rows(writer, interface_rows, sizeof(interface_rows) / sizeof(interface_rows[0]),
		     subjects, count);
}

void
metrics_dataplane(const struct daemon *daemon, struct metrics_writer *writer)
{
	const struct stats_reader *stats = &daemon->stats;
	const struct stats_header *header = stats_reader_header(stats);
	const struct metrics_subject process = {NULL, NULL, header};

	metrics_rows(writer, process_rows, sizeof(process_rows) / sizeof(process_rows[0]), &process,
		     1);
	workers(stats, writer);
	verdicts(&daemon->steer, writer);
	latency(stats, writer);
	interfaces(header, writer);
}
