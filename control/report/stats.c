/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `stats`. */
#include "control/report/report.h"

#include <string.h>

#include "control/daemon/daemon.h"
#include "control/lib/address.h"
#include "control/lib/counter_names.h"
#include "control/state/snapshot_build.h"

static json_t *
integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* An object of `count` names and values. */
static json_t *
named_values(const struct counter_name *names, const uint64_t *values, unsigned count)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < count; i++)
		json_object_set_new(object, names[i].name, integer(values[i]));
	return object;
}

static json_t *
report_drop_sums(const struct stats_reader *stats)
{
	uint64_t sums[DROP_REASON_COUNT];

	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		sums[i] = stats_reader_drop(stats, (enum drop_reason)i);
	return named_values(drop_names, sums, DROP_REASON_COUNT);
}

static json_t *
report_counters(const struct stats_reader *stats)
{
	uint64_t sums[WORKER_COUNTER_COUNT];

	for (unsigned i = 0; i < WORKER_COUNTER_COUNT; i++)
		sums[i] = stats_reader_counter(stats, (enum worker_counter)i);
	return named_values(counter_names, sums, WORKER_COUNTER_COUNT);
}

static json_t *
report_verdicts(const struct steer_maps *steer)
{
	uint64_t sums[STEER_VERDICT_COUNT];
	int status = steer_maps_verdicts(steer, sums);

	return status == 0 ? named_values(verdict_names, sums, STEER_VERDICT_COUNT) : json_object();
}

static json_t *
report_upstream_sums(const struct daemon *daemon, unsigned index)
{
	const struct slot *slot = &daemon->publisher.slots.upstreams.slots[index];
	const struct upstream_stats stats = farm_stats(&daemon->farm, index);
	char address[ADDRESS_TEXT_BYTES];

	return json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", slot->name, "address",
		address_format(&slot->address, address), "queries", (json_int_t)stats.queries,
		"responses", (json_int_t)stats.responses, "servfails", (json_int_t)stats.servfails,
		"timeouts", (json_int_t)stats.timeouts, "wrong_case", (json_int_t)stats.wrong_case,
		"attacked", (json_int_t)stats.attacked, "latency_sum_us",
		(json_int_t)stats.latency_sum_us, "in_flight", (json_int_t)stats.in_flight);
}

static json_t *
report_workers(const struct stats_reader *stats)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < stats->worker_count; i++) {
		const struct worker_stats *worker = stats_reader_worker(stats, i);

		json_array_append_new(
			list,
			json_pack(
				"{s:o, s:o, s:I, s:I, s:I}", "counters",
				named_values(counter_names, worker->counters, WORKER_COUNTER_COUNT),
				"drops", named_values(drop_names, worker->drops, DROP_REASON_COUNT),
				"flows_in_flight", (json_int_t)worker->flows_in_flight,
				"generation", (json_int_t)worker->generation, "heartbeat",
				(json_int_t)worker->heartbeat));
	}
	return list;
}

static const char *
policy_name(enum policy policy)
{
	switch (policy) {
	case POLICY_ROUND_ROBIN:
		return "round-robin";
	case POLICY_LEAST_OUTSTANDING:
		return "least-outstanding";
	case POLICY_RANDOM:
		return "random";
	case POLICY_HASH:
		return "hash";
	case POLICY_FIRST:
		return "first";
	}
	return "?";
}

/* The pools of the snapshot in force. */
static json_t *
report_pools(const struct snapshot *snapshot)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++) {
		const struct snapshot_pool *pool = &snapshot->pools[i];

		if (pool->used)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:i, s:i}", "name", pool->name,
						"policy", policy_name(pool->policy), "members",
						(int)pool->member_count, "usable",
						(int)build_pool_usable(snapshot, pool)));
	}
	return list;
}

static json_t *
report_interfaces(const struct stats_header *header)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < header->interface_count && i < SNAPSHOT_INTERFACES_MAX; i++) {
		const struct interface_stats *interface = &header->interfaces[i];
		char name[sizeof(interface->name) + 1] = "";

		memcpy(name, interface->name, sizeof(interface->name));
		json_array_append_new(list,
				      json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
						name, "link_up", interface->link_up != 0,
						"received", (json_int_t)interface->received, "sent",
						(json_int_t)interface->sent, "missed",
						(json_int_t)interface->missed, "no_buffers",
						(json_int_t)interface->no_buffers, "bad",
						(json_int_t)interface->bad, "send_errors",
						(json_int_t)interface->send_errors));
	}
	return list;
}

static json_t *
report_quantiles(const struct stats_reader *stats)
{
	struct stats_latency latency = stats_reader_latency(stats);

	return json_pack("{s:I, s:I, s:I, s:f}", "p50", (json_int_t)latency.p50_us, "p99",
			 (json_int_t)latency.p99_us, "p999", (json_int_t)latency.p999_us, "mean",
			 latency.mean_us);
}

json_t *
report_stats(const struct daemon *daemon)
{
	const struct stats_reader *stats = &daemon->stats;
	const struct stats_header *header = stats_reader_header(stats);
	char boot[REPORT_BOOT_BYTES];
	json_t *report = json_object();

	json_object_set_new(report, "queries",
			    integer(stats_reader_counter(stats, COUNTER_queries)));
	json_object_set_new(report, "responses",
			    integer(stats_reader_counter(stats, COUNTER_responses)));
	json_object_set_new(report, "timeouts",
			    integer(stats_reader_counter(stats, COUNTER_timeouts)));
	json_object_set_new(report, "in_flight", integer(stats_reader_in_flight(stats)));
	json_object_set_new(report, "drops", report_drop_sums(stats));
	json_object_set_new(report, "counters", report_counters(stats));
	json_object_set_new(report, "steer", report_verdicts(&daemon->steer));
	json_object_set_new(report, "upstreams", report_farm(daemon, report_upstream_sums));
	json_object_set_new(report, "workers", report_workers(stats));
	json_object_set_new(report, "pools", report_pools(daemon->publisher.adopted));
	json_object_set_new(report, "interfaces", report_interfaces(header));
	json_object_set_new(report, "latency_us", report_quantiles(stats));
	json_object_set_new(report, "mbufs_total", integer(header->mbufs_total));
	json_object_set_new(report, "mbufs_in_use", integer(header->mbufs_in_use));
	json_object_set_new(report, "boot_id", json_string(report_boot(header->boot_id, boot)));
	json_object_set_new(report, "monotonic_us", integer(loop_now_ns() / 1000));
	json_object_set_new(report, "generation", integer(header->generation));
	return report;
}
