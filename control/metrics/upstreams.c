/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of the upstreams and pools, labelled with their names in the configuration. */
#include "control/metrics/metrics.h"

#include "control/daemon/daemon.h"
#include "control/lib/address.h"
#include "control/metrics/time.h"
#include "control/state/snapshot_build.h"

/* An upstream of the configuration. */
struct upstream {
	const struct slot *slot;
	const struct health *health;
	uint64_t up;
	struct upstream_stats stats;
};

static void
address_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct upstream *upstream = subject->figures;
	char address[ADDRESS_TEXT_BYTES], port[8];

	snprintf(port, sizeof(port), "%u", upstream->slot->port);
	metrics_count(writer, 1, subject->label, subject->name, "address",
		      address_format(&upstream->slot->address, address), "port", port, NULL);
}

static void
state_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct upstream *upstream = subject->figures;

	for (unsigned state = HEALTH_UP; state <= HEALTH_FORCED_DOWN; state++)
		metrics_count(writer, health_state(upstream->health) == state, subject->label,
			      subject->name, "ephemera_upstream_state",
			      health_state_name((enum health_state)state), NULL);
}

static void
since_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct upstream *upstream = subject->figures;

	metrics_value(writer, metrics_unix_time(upstream->health->since_ns), subject->label,
		      subject->name, NULL);
}

static void
probe_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct upstream *upstream = subject->figures;

	if (upstream->health->latency_known)
		metrics_value(writer, upstream->health->latency_us / 1e6, subject->label,
			      subject->name, NULL);
}

static void
latency_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct upstream *upstream = subject->figures;

	metrics_summary(writer, (double)upstream->stats.latency_sum_us / 1e6,
			upstream->stats.responses, subject->label, subject->name, NULL);
}

#define WORD(member) NULL, offsetof(struct upstream, member)
static const struct metrics_row upstream_rows[] = {
	{METRICS_INFO, "ephemera_upstream", "", "address and port of the upstream", address_sample,
	 0},
	{METRICS_GAUGE, "ephemera_upstream_up", "", "1 if the upstream is given queries", WORD(up)},
	{METRICS_STATESET, "ephemera_upstream_state", "",
	 "1 for the current state of the upstream, 0 for the others", state_sample, 0},
	{METRICS_GAUGE, "ephemera_upstream_state_change_timestamp_seconds", "seconds",
	 "when the state last changed, Unix time", since_sample, 0},
	{METRICS_GAUGE, "ephemera_upstream_probe_latency_seconds", "seconds",
	 "latency of the last good probe; absent before the first", probe_sample, 0},
	{METRICS_COUNTER, "ephemera_upstream_queries", "", "client queries sent to the upstream",
	 WORD(stats.queries)},
	{METRICS_COUNTER, "ephemera_upstream_responses", "",
	 "responses delivered to clients, any rcode", WORD(stats.responses)},
	{METRICS_COUNTER, "ephemera_upstream_servfail_responses", "",
	 "responses delivered to clients with rcode SERVFAIL", WORD(stats.servfails)},
	{METRICS_COUNTER, "ephemera_upstream_timeouts", "",
	 "client queries without a response in time", WORD(stats.timeouts)},
	{METRICS_COUNTER, "ephemera_upstream_wrong_case_responses", "",
	 "responses that differed from the question in letter case only", WORD(stats.wrong_case)},
	{METRICS_COUNTER, "ephemera_upstream_attacked_queries", "",
	 "client queries that had near misses", WORD(stats.attacked)},
	{METRICS_SUMMARY, "ephemera_upstream_latency_seconds", "seconds",
	 "time from a client's query to the upstream's response", latency_sample, 0},
	{METRICS_GAUGE, "ephemera_upstream_queries_in_flight", "",
	 "queries waiting for a response, including probes", WORD(stats.in_flight)},
};

static void
upstreams(const struct daemon *daemon, struct metrics_writer *writer)
{
	const struct slot_set *slots = &daemon->publisher.slots.upstreams;
	struct metrics_subject subjects[SNAPSHOT_UPSTREAMS_MAX];
	struct upstream figures[SNAPSHOT_UPSTREAMS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < slots->limit; i++) {
		const struct health *health = &daemon->farm.upstreams[i].health;

		if (slots->slots[i].state != SLOT_ACTIVE)
			continue;
		figures[count] = (struct upstream){.slot = &slots->slots[i],
						   .health = health,
						   .up = health_usable(health),
						   .stats = farm_stats(&daemon->farm, i)};
		subjects[count] =
			(struct metrics_subject){"upstream", slots->slots[i].name, &figures[count]};
		count++;
	}
	metrics_rows(writer, upstream_rows, sizeof(upstream_rows) / sizeof(upstream_rows[0]),
		     subjects, count);
}

/* Pools of the snapshot in force */

struct pool {
	uint64_t members, usable;
};

static const struct metrics_row pool_rows[] = {
	{METRICS_GAUGE, "ephemera_pool_members", "", "upstreams in the pool", NULL,
	 offsetof(struct pool, members)},
	{METRICS_GAUGE, "ephemera_pool_usable_members", "",
	 "upstreams in the pool that are given queries", NULL, offsetof(struct pool, usable)},
};

static void
pools(const struct snapshot *snapshot, struct metrics_writer *writer)
{
	struct metrics_subject subjects[SNAPSHOT_POOLS_MAX];
	struct pool figures[SNAPSHOT_POOLS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++) {
		const struct snapshot_pool *pool = &snapshot->pools[i];

		if (!pool->used)
			continue;
		figures[count] =
			(struct pool){pool->member_count, build_pool_usable(snapshot, pool)};
		subjects[count] = (struct metrics_subject){"pool", pool->name, &figures[count]};
		count++;
	}
	metrics_rows(writer, pool_rows, sizeof(pool_rows) / sizeof(pool_rows[0]), subjects, count);
}

void
metrics_upstreams(const struct daemon *daemon, struct metrics_writer *writer)
{
	upstreams(daemon, writer);
	if (daemon->publisher.adopted->generation != 0)
		pools(daemon->publisher.adopted, writer);
}
