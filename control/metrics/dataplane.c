/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of the statistics segment and of the XDP program: the lists that name them are the dataplane's.
 */
#include "control/metrics/metrics.h"

#include <string.h>

#include "control/daemon/daemon.h"

#define NAME_BYTES 96

/* The edges of the histogram's buckets, powers of two of microseconds, from 64 us to 8.4 s: a few of the
 * edges that the workers have. */
#define EDGE_FIRST_US 64
#define EDGE_COUNT    18

static const struct row {
	const char *name, *help;
} counter_rows[] =
	{
#define X(name, help) {#name, help},
		WORKER_COUNTERS(X)},
  drop_rows[] = {DROP_REASONS(X)},
  verdict_rows[] = {STEER_VERDICTS(X)
#undef X
};

/* The number of a worker as a label. */
struct worker_label {
	char text[12];
};

static struct worker_label
worker_label(unsigned worker)
{
	struct worker_label label;

	snprintf(label.text, sizeof(label.text), "%u", worker);
	return label;
}

static uint64_t
word_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void
worker_counters(const struct stats_reader *stats, struct metrics_writer *writer)
{
	char name[NAME_BYTES];

	for (unsigned c = 0; c < WORKER_COUNTER_COUNT; c++) {
		snprintf(name, sizeof(name), "ephemera_%s", counter_rows[c].name);
		metrics_family(writer, METRICS_COUNTER, name, "", counter_rows[c].help);
		for (unsigned i = 0; i < stats->worker_count; i++)
			metrics_count(writer, word_read(&stats_reader_worker(stats, i)->counters[c]),
				      "worker", worker_label(i).text, NULL);
	}
}

static void
worker_drops(const struct stats_reader *stats, struct metrics_writer *writer)
{
	metrics_family(writer, METRICS_COUNTER, "ephemera_drops", "",
		       "packets dropped by the workers, by reason");
	for (unsigned i = 0; i < stats->worker_count; i++)
		for (unsigned reason = 0; reason < DROP_REASON_COUNT; reason++)
			metrics_count(writer, word_read(&stats_reader_worker(stats, i)->drops[reason]),
				      "worker", worker_label(i).text, "reason", drop_rows[reason].name, NULL);
}

static void
worker_words(const struct stats_reader *stats, struct metrics_writer *writer)
{
	metrics_family(writer, METRICS_GAUGE, "ephemera_in_flight", "",
		       "queries that wait for their answers, probes included");
	for (unsigned i = 0; i < stats->worker_count; i++)
		metrics_count(writer, word_read(&stats_reader_worker(stats, i)->flows_in_flight), "worker",
			      worker_label(i).text, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_worker_snapshot_generation", "",
		       "generation of the snapshot that the worker runs on; 0: none yet");
	for (unsigned i = 0; i < stats->worker_count; i++)
		metrics_count(writer, word_read(&stats_reader_worker(stats, i)->generation), "worker",
			      worker_label(i).text, NULL);
	metrics_family(writer, METRICS_COUNTER, "ephemera_worker_heartbeats", "",
		       "turns of the worker's loop, in units of 1,024");
	for (unsigned i = 0; i < stats->worker_count; i++)
		metrics_count(writer, word_read(&stats_reader_worker(stats, i)->heartbeat), "worker",
			      worker_label(i).text, NULL);
}

static void
verdicts(const struct steer_maps *steer, struct metrics_writer *writer)
{
	uint64_t sums[STEER_VERDICT_COUNT];

	if (steer_maps_verdicts(steer, sums) != 0)
		return;
	metrics_family(writer, METRICS_COUNTER, "ephemera_steer_packets", "",
		       "packets seen by the XDP program, by what became of them");
	for (unsigned i = 0; i < STEER_VERDICT_COUNT; i++)
		metrics_count(writer, sums[i], "verdict", verdict_rows[i].name, NULL);
}

/* Sums of the workers' finer buckets. An answer that took exactly an edge's time is counted above the edge.
 */
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
		       "from a client's query to the upstream's answer to it");
	metrics_histogram(writer, edges, counts, EDGE_COUNT, (double)histogram.sum_us / 1e6);
}

/* The machine's interfaces */

static const struct interface_row {
	const char *name, *help;
	size_t offset;
} interface_rows[] = {
	{"ephemera_interface_received_packets", "packets received",
	 offsetof(struct machine_port_stats, received)},
	{"ephemera_interface_sent_packets", "packets sent", offsetof(struct machine_port_stats, sent)},
	{"ephemera_interface_missed_packets", "packets that found no room in the receive queue",
	 offsetof(struct machine_port_stats, missed)},
	{"ephemera_interface_no_buffers", "packets that found no packet buffer free",
	 offsetof(struct machine_port_stats, no_buffers)},
	{"ephemera_interface_bad_packets", "packets that arrived damaged",
	 offsetof(struct machine_port_stats, bad)},
	{"ephemera_interface_send_errors", "packets that could not be sent",
	 offsetof(struct machine_port_stats, send_errors)},
};

static void
interfaces(const struct stats_header *header, struct metrics_writer *writer)
{
	char names[SNAPSHOT_PORTS_MAX][sizeof(header->ports[0].name) + 1] = {0};
	unsigned count =
		header->port_count < SNAPSHOT_PORTS_MAX ? (unsigned)header->port_count : SNAPSHOT_PORTS_MAX;

	for (unsigned i = 0; i < count; i++)
		memcpy(names[i], header->ports[i].name, sizeof(header->ports[i].name));
	for (unsigned row = 0; row < sizeof(interface_rows) / sizeof(interface_rows[0]); row++) {
		metrics_family(writer, METRICS_COUNTER, interface_rows[row].name, "",
			       interface_rows[row].help);
		for (unsigned i = 0; i < count; i++)
			metrics_count(writer,
				      word_read((const void *)((const char *)&header->ports[i] +
							       interface_rows[row].offset)),
				      "interface", names[i], NULL);
	}
	metrics_family(writer, METRICS_GAUGE, "ephemera_interface_up", "", "1: the interface has its link");
	for (unsigned i = 0; i < count; i++)
		metrics_count(writer, header->ports[i].link_up != 0, "interface", names[i], NULL);
}

/* The process */

static void
gauge(struct metrics_writer *writer, const char *name, const char *help, uint64_t value)
{
	metrics_family(writer, METRICS_GAUGE, name, "", help);
	metrics_count(writer, value, NULL);
}

void
metrics_dataplane(const struct daemon *daemon, struct metrics_writer *writer)
{
	const struct stats_reader *stats = &daemon->stats;
	const struct stats_header *header = stats_reader_header(stats);

	metrics_family(writer, METRICS_GAUGE, "ephemera_dataplane_start_time_seconds", "seconds",
		       "when the dataplane started, Unix time");
	metrics_value(writer, metrics_unix_time(header->started_ns), NULL);
	gauge(writer, "ephemera_dataplane_draining", "1: the dataplane was asked to stop",
	      header->draining != 0);
	gauge(writer, "ephemera_snapshot_generation", "generation of the snapshot that all workers run on",
	      header->generation);
	gauge(writer, "ephemera_in_flight_limit", "entries of the flow tables of all workers together",
	      header->flows_per_worker * stats->worker_count);
	gauge(writer, "ephemera_packet_buffers", "packet buffers in the pool", header->mbufs_total);
	gauge(writer, "ephemera_packet_buffers_in_use",
	      "packet buffers in use; some are held by the drivers at rest", header->mbufs_in_use);
	worker_counters(stats, writer);
	worker_drops(stats, writer);
	worker_words(stats, writer);
	verdicts(&daemon->steer, writer);
	latency(stats, writer);
	interfaces(header, writer);
}
