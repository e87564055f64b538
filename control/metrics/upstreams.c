/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of the upstreams and their pools, by the names that the configuration gives them. */
#include "control/metrics/metrics.h"

#include "control/lib/address.h"
#include "control/daemon/daemon.h"

/* An upstream of the configuration. */
struct row {
	const char *name;
	const struct slot *slot;
	const struct health *health;
	struct upstream_stats stats;
	unsigned index;
};

struct rows {
	unsigned count;
	struct row rows[SNAPSHOT_UPSTREAMS_MAX];
};

static void
rows_read(const struct daemon *daemon, struct rows *rows)
{
	const struct slot_set *upstreams = &daemon->publisher.slots.upstreams;

	rows->count = 0;
	for (unsigned i = 0; i < upstreams->limit; i++)
		if (upstreams->slots[i].state == SLOT_ACTIVE)
			rows->rows[rows->count++] = (struct row){.name = upstreams->slots[i].name,
								 .slot = &upstreams->slots[i],
								 .health = &daemon->farm.upstreams[i].health,
								 .stats = farm_stats(&daemon->farm, i),
								 .index = i};
}

/* Counted */

static const struct counter {
	const char *name, *help;
	size_t offset;
} counters[] = {
	{"ephemera_upstream_queries", "queries of clients sent to the upstream",
	 offsetof(struct upstream_stats, queries)},
	{"ephemera_upstream_answers", "its answers delivered to clients, any rcode",
	 offsetof(struct upstream_stats, answers)},
	{"ephemera_upstream_servfails", "of these, SERVFAIL", offsetof(struct upstream_stats, servfails)},
	{"ephemera_upstream_timeouts", "queries that it did not answer in time",
	 offsetof(struct upstream_stats, timeouts)},
	{"ephemera_upstream_wrong_case", "replies that differed from the question in letter case alone",
	 offsetof(struct upstream_stats, wrong_case)},
	{"ephemera_upstream_attacked", "queries to it that saw near misses",
	 offsetof(struct upstream_stats, attacked)},
};

static void
upstream_counters(const struct rows *rows, struct metrics_writer *writer)
{
	for (unsigned c = 0; c < sizeof(counters) / sizeof(counters[0]); c++) {
		metrics_family(writer, METRICS_COUNTER, counters[c].name, "", counters[c].help);
		for (unsigned i = 0; i < rows->count; i++)
			metrics_count(
				writer,
				*(const uint64_t *)((const char *)&rows->rows[i].stats + counters[c].offset),
				"upstream", rows->rows[i].name, NULL);
	}
	metrics_family(writer, METRICS_SUMMARY, "ephemera_upstream_latency_seconds", "seconds",
		       "from a client's query to the upstream's answer to it");
	for (unsigned i = 0; i < rows->count; i++)
		metrics_summary(writer, (double)rows->rows[i].stats.latency_sum_us / 1e6,
				rows->rows[i].stats.answers, "upstream", rows->rows[i].name, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_upstream_in_flight", "",
		       "queries that wait for its answer, probes included");
	for (unsigned i = 0; i < rows->count; i++)
		metrics_count(writer, rows->rows[i].stats.in_flight, "upstream", rows->rows[i].name, NULL);
}

/* Health */

static void
upstream_states(const struct rows *rows, struct metrics_writer *writer)
{
	metrics_family(writer, METRICS_GAUGE, "ephemera_upstream_up", "", "1: it is given queries");
	for (unsigned i = 0; i < rows->count; i++)
		metrics_count(writer, health_usable(rows->rows[i].health), "upstream", rows->rows[i].name,
			      NULL);
	metrics_family(writer, METRICS_STATESET, "ephemera_upstream_state", "",
		       "1 for the state that it is in, and 0 for the others");
	for (unsigned i = 0; i < rows->count; i++)
		for (unsigned state = HEALTH_UP; state <= HEALTH_FORCED_DOWN; state++)
			metrics_count(writer, health_state(rows->rows[i].health) == state, "upstream",
				      rows->rows[i].name, "ephemera_upstream_state",
				      health_state_name((enum health_state)state), NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_upstream_state_since_seconds", "seconds",
		       "since when it is in its state, Unix time");
	for (unsigned i = 0; i < rows->count; i++)
		metrics_value(writer, metrics_unix_time(rows->rows[i].health->since_ns), "upstream",
			      rows->rows[i].name, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_upstream_probe_latency_seconds", "seconds",
		       "how long its last good probe took; absent before that");
	for (unsigned i = 0; i < rows->count; i++)
		if (rows->rows[i].health->latency_known)
			metrics_value(writer, rows->rows[i].health->latency_us / 1e6, "upstream",
				      rows->rows[i].name, NULL);
}

static void
upstream_addresses(const struct rows *rows, struct metrics_writer *writer)
{
	char address[ADDRESS_TEXT_BYTES], port[8];

	metrics_family(writer, METRICS_INFO, "ephemera_upstream", "", "where the upstream is");
	for (unsigned i = 0; i < rows->count; i++) {
		snprintf(port, sizeof(port), "%u", rows->rows[i].slot->port);
		metrics_count(writer, 1, "upstream", rows->rows[i].name, "address",
			      address_format(&rows->rows[i].slot->address, address), "port", port, NULL);
	}
}

/* Pools, as they are in force in the dataplane */

static unsigned
pool_usable(const struct snapshot *snapshot, const struct snapshot_pool *pool)
{
	const struct pool_member *members = snapshot_members(snapshot) + pool->member_first;
	unsigned usable = 0;

	for (unsigned i = 0; i < pool->member_count; i++)
		usable += snapshot->upstreams[members[i].upstream].usable;
	return usable;
}

static void
pools(const struct snapshot *snapshot, struct metrics_writer *writer)
{
	metrics_family(writer, METRICS_GAUGE, "ephemera_pool_members", "", "upstreams in the pool");
	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++)
		if (snapshot->pools[i].used)
			metrics_count(writer, snapshot->pools[i].member_count, "pool",
				      snapshot->pools[i].name, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_pool_usable", "",
		       "upstreams of the pool that are given queries");
	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++)
		if (snapshot->pools[i].used)
			metrics_count(writer, pool_usable(snapshot, &snapshot->pools[i]), "pool",
				      snapshot->pools[i].name, NULL);
}

void
metrics_upstreams(const struct daemon *daemon, struct metrics_writer *writer)
{
	struct rows rows;

	rows_read(daemon, &rows);
	upstream_addresses(&rows, writer);
	upstream_states(&rows, writer);
	upstream_counters(&rows, writer);
	if (daemon->publisher.adopted->generation != 0)
		pools(daemon->publisher.adopted, writer);
}
