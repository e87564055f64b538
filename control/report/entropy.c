/* SPDX-License-Identifier: BSD-3-Clause */
/* The answer to `entropy`. */
#include "control/report/entropy.h"

#include <stdlib.h>

#include "control/daemon/daemon.h"
#include "control/report/report.h"

static json_t *
integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *
report_bits(const struct entropy_bits *bits)
{
	json_t *families = json_array();

	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++)
		if (bits->addresses[f] > 0)
			json_array_append_new(families, json_pack("{s:s, s:I, s:f, s:f}", "family",
								  entropy_family_names[f], "addresses",
								  (json_int_t)bits->addresses[f],
								  "address_bits", bits->address_bits[f],
								  "total_bits", bits->total_bits[f]));
	return json_pack("{s:I, s:f, s:f, s:f, s:I, s:I, s:o}", "ports", (json_int_t)bits->ports, "port_bits",
			 bits->port_bits, "id_bits", bits->id_bits, "case_bits", bits->case_bits, "upstreams",
			 (json_int_t)bits->upstreams, "upstreams_random_case",
			 (json_int_t)bits->upstreams_random, "families", families);
}

/* null: too few draws, or not for this test to tell. */
static json_t *
report_chi(const struct uniformity_chi *chi)
{
	if (chi->degrees == 0)
		return json_null();
	return json_pack("{s:f, s:I, s:f}", "chi_square", chi->statistic, "degrees", (json_int_t)chi->degrees,
			 "p", chi->p);
}

static json_t *
report_serial(const struct uniformity_serial *serial)
{
	return serial->pairs == 0 ? json_null() : json_pack("{s:f, s:f}", "r", serial->r, "z", serial->z);
}

static json_t *
report_addresses(const struct entropy_measure *measure)
{
	json_t *list = json_array();

	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++) {
		const struct entropy_addresses *family = &measure->families[f];

		if (family->draws > 0)
			json_array_append_new(
				list, json_pack("{s:s, s:I, s:I, s:o}", "family", entropy_family_names[f],
						"addresses", (json_int_t)family->count, "draws",
						(json_int_t)family->draws, "test", report_chi(&family->chi)));
	}
	return list;
}

static json_t *
report_ports(const struct entropy_measure *measure)
{
	const bool whole = !measure->ports_dealt;

	return json_pack("{s:I, s:I, s:f, s:o, s:o, s:b, s:o, s:o}", "distinct",
			 (json_int_t)measure->ports_distinct, "of", (json_int_t)measure->ports_of, "share",
			 measure->ports_of > 0 ? (double)measure->ports_distinct / measure->ports_of : 0.0,
			 "distinct_expected", whole ? json_real(measure->distinct_expected) : json_null(),
			 "distinct_z", whole ? json_real(measure->distinct_z) : json_null(), "dealt",
			 measure->ports_dealt, "test", report_chi(&measure->ports), "scatter",
			 report_chi(&measure->scatter));
}

static json_t *
report_measure(const struct entropy_measure *measure)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "draws", (json_int_t)measure->draws,
			 "ports", report_ports(measure), "id_high", report_chi(&measure->id_high), "id_low",
			 report_chi(&measure->id_low), "addresses", report_addresses(measure), "port_serial",
			 report_serial(&measure->port_serial), "id_serial",
			 report_serial(&measure->id_serial), "verdict", measure->verdict);
}

struct figures {
	struct draw_difference one, sum;
	struct entropy_measure workers[STATS_READER_WORKERS_MAX], all;
};

static void
figures_measure(const struct draw_window *window, const struct snapshot *snapshot, struct figures *figures)
{
	for (unsigned i = 0; i < window->worker_count; i++) {
		draw_window_read(window, i, &figures->one);
		draw_difference_add(&figures->sum, &figures->one);
		entropy_of_worker(snapshot, window->worker_count, &figures->one, &figures->workers[i]);
	}
	entropy_of_all(snapshot, window->worker_count, &figures->sum, figures->workers, &figures->all);
}

/* Letters a query: of the window, or of all time where the window has none. */
static void
bits_measure(const struct daemon *daemon, const struct draw_stats *window, struct entropy_bits *bits)
{
	uint64_t letters = window->case_letters, queries = window->case_queries;

	for (unsigned i = 0; i < daemon->stats.worker_count && window->case_queries == 0; i++) {
		letters += stats_reader_worker(&daemon->stats, i)->draw.case_letters;
		queries += stats_reader_worker(&daemon->stats, i)->draw.case_queries;
	}
	entropy_bits(daemon->publisher.adopted, letters, queries, bits);
}

/* NULL: no window, or no memory. */
static struct figures *
figures_read(const struct daemon *daemon, struct entropy_bits *bits)
{
	const struct draw_window *window = &daemon->watch.draws;
	const struct snapshot *snapshot = daemon->publisher.adopted;
	struct figures *figures;

	if (!draw_window_is_open(window) || snapshot->generation == 0)
		return NULL;
	figures = calloc(1, sizeof(*figures));
	if (figures == NULL)
		return NULL;
	figures_measure(window, snapshot, figures);
	bits_measure(daemon, &figures->sum.stats, bits);
	return figures;
}

static double
window_seconds(const struct draw_window *window)
{
	return (double)(loop_now_ns() - window->base_ns) / 1e9;
}

bool
report_entropy_read(const struct daemon *daemon, struct entropy_bits *bits, struct entropy_measure *all,
		    double *window_s)
{
	struct figures *figures = figures_read(daemon, bits);

	if (figures == NULL)
		return false;
	*all = figures->all;
	*window_s = window_seconds(&daemon->watch.draws);
	free(figures);
	return true;
}

json_t *
report_entropy(const struct daemon *daemon)
{
	const struct draw_window *window = &daemon->watch.draws;
	struct entropy_bits bits;
	struct figures *figures = figures_read(daemon, &bits);
	json_t *report, *workers;

	if (figures == NULL)
		return NULL;
	workers = json_array();
	for (unsigned i = 0; i < window->worker_count; i++)
		json_array_append_new(workers, report_measure(&figures->workers[i]));
	report = json_pack("{s:s, s:f, s:o, s:o, s:o}", "verdict", figures->all.verdict, "window_s",
			   window_seconds(window), "bits", report_bits(&bits), "all",
			   report_measure(&figures->all), "workers", workers);
	json_object_set_new(report, "draws", integer(figures->all.draws));
	free(figures);
	return report;
}
