/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `ports`: a map of the range of source ports. */
#include "control/report/report.h"

#include <stdlib.h>

#include "control/daemon/daemon.h"

/* The counts of every port of the configured range. */
struct map {
	const struct config_source *source;
	unsigned first, count;	 /* ports */
	unsigned drawn_distinct; /* allowed ports that were drawn */
	unsigned live_distinct;	 /* ports with queries in flight */
	uint64_t live_sum, drawn_sum, live_elsewhere;
	uint64_t drawn_min, drawn_max; /* of the allowed ports */
	struct draw_difference one;
	uint64_t live[DRAW_PORTS], drawn[DRAW_PORTS]; /* by port */
};

static void
map_gather(const struct draw_window *window, struct map *map)
{
	for (unsigned i = 0; i < window->worker_count; i++) {
		const struct worker_stats *worker = stats_reader_worker(window->stats, i);

		draw_window_read(window, i, &map->one);
		for (unsigned port = 0; port < DRAW_PORTS; port++) {
			map->live[port] +=
				__atomic_load_n(&worker->ports[port].live, __ATOMIC_RELAXED);
			map->drawn[port] += map->one.ports[port];
		}
	}
}

static void
map_sum(struct map *map)
{
	map->drawn_min = UINT64_MAX;
	for (unsigned port = 0; port < DRAW_PORTS; port++) {
		const uint64_t drawn = map->drawn[port];

		if (port < map->first || port >= map->first + map->count) {
			map->live_elsewhere += map->live[port];
			continue;
		}
		map->live_sum += map->live[port];
		map->live_distinct += map->live[port] > 0;
		map->drawn_sum += drawn;
		if (!bitmap_test(map->source->ports, (uint16_t)port))
			continue;
		map->drawn_distinct += drawn > 0;
		if (drawn < map->drawn_min)
			map->drawn_min = drawn;
		if (drawn > map->drawn_max)
			map->drawn_max = drawn;
	}
}

/* The sums of each cell's ports. */
static json_t *
report_cells(const struct map *map, const uint64_t *counts, unsigned cell_ports)
{
	json_t *list = json_array();

	for (unsigned from = 0; from < map->count; from += cell_ports) {
		uint64_t sum = 0;

		for (unsigned i = from; i < from + cell_ports && i < map->count; i++)
			sum += counts[map->first + i];
		json_array_append_new(list, json_integer((json_int_t)sum));
	}
	return list;
}

/* [first, last] of each run of excluded ports in the range. */
static json_t *
report_excluded(const struct map *map)
{
	json_t *list = json_array();
	unsigned end = map->first + map->count, run = 0;

	for (unsigned port = map->first; port <= end; port++) {
		if (port < end && !bitmap_test(map->source->ports, (uint16_t)port)) {
			run++;
			continue;
		}
		if (run > 0)
			json_array_append_new(
				list, json_pack("[i, i]", (int)(port - run), (int)port - 1));
		run = 0;
	}
	return list;
}

/* The verdict of `entropy` on all workers' draws in this window. */
static void
report_judgement(const struct daemon *daemon, json_t *report)
{
	json_t *entropy = report_entropy(daemon);
	json_t *test =
		json_object_get(json_object_get(json_object_get(entropy, "all"), "ports"), "test");

	json_object_set(report, "test", json_is_object(test) ? test : json_null());
	json_object_set(report, "verdict", json_object_get(entropy, "verdict"));
	json_decref(entropy);
}

static json_t *
report_map(const struct daemon *daemon, const struct map *map, unsigned cell_ports)
{
	const unsigned ports = map->source->port_count;
	json_t *report = json_pack(
		"{s:i, s:i, s:o, s:f, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:f, s:I, s:i, s:I}",
		"first", (int)map->first, "last", (int)(map->first + map->count - 1), "excluded",
		report_excluded(map), "window_s",
		(double)(loop_now_ns() - daemon->watch.draws.base_ns) / 1e9, "cell_ports",
		(int)cell_ports, "columns", REPORT_PORTS_COLUMNS, "ports", (int)ports, "used",
		(int)map->drawn_distinct, "draws", (json_int_t)map->drawn_sum, "min",
		(json_int_t)map->drawn_min, "max", (json_int_t)map->drawn_max, "mean",
		(double)map->drawn_sum / ports, "in_flight", (json_int_t)map->live_sum,
		"in_flight_ports", (int)map->live_distinct, "in_flight_elsewhere",
		(json_int_t)map->live_elsewhere);

	if (report == NULL)
		return NULL;
	report_judgement(daemon, report);
	json_object_set_new(report, "live", report_cells(map, map->live, cell_ports));
	json_object_set_new(report, "drawn", report_cells(map, map->drawn, cell_ports));
	return report;
}

json_t *
report_port_map(const struct daemon *daemon, bool full)
{
	const struct config_source *source = &daemon->publisher.config->source;
	const unsigned count = source->last_port - source->first_port + 1u;
	struct map *map;
	json_t *report;

	if (!draw_window_is_open(&daemon->watch.draws) ||
	    daemon->publisher.adopted->generation == 0)
		return NULL;
	map = calloc(1, sizeof(*map));
	if (map == NULL)
		return NULL;
	map->source = source;
	map->first = source->first_port;
	map->count = count;
	map_gather(&daemon->watch.draws, map);
	map_sum(map);
	report = report_map(daemon, map,
			    full ? 1 : (count + REPORT_PORTS_CELLS - 1) / REPORT_PORTS_CELLS);
	free(map);
	return report;
}
