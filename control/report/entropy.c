/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `entropy`. */
#include "control/report/report.h"

#include "control/daemon/entropy_window.h"

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
			json_array_append_new(families,
					      json_pack("{s:s, s:I, s:f, s:f}", "family",
							entropy_family_names[f], "addresses",
							(json_int_t)bits->addresses[f],
							"address_bits", bits->address_bits[f],
							"total_bits", bits->total_bits[f]));
	return json_pack("{s:I, s:f, s:f, s:f, s:I, s:I, s:o}", "ports", (json_int_t)bits->ports,
			 "port_bits", bits->port_bits, "id_bits", bits->id_bits, "case_bits",
			 bits->case_bits, "upstreams", (json_int_t)bits->upstreams,
			 "upstreams_random_case", (json_int_t)bits->upstreams_random, "families",
			 families);
}

/* null: too few draws, or the test does not apply. */
static json_t *
report_chi(const struct uniformity_chi *chi)
{
	if (chi->degrees == 0)
		return json_null();
	return json_pack("{s:f, s:I, s:f}", "chi_square", chi->statistic, "degrees",
			 (json_int_t)chi->degrees, "p", chi->p);
}

static json_t *
report_serial(const struct uniformity_serial *serial)
{
	return serial->pairs == 0 ? json_null()
				  : json_pack("{s:f, s:f}", "r", serial->r, "z", serial->z);
}

static json_t *
report_addresses(const struct entropy_measure *measure)
{
	json_t *list = json_array();

	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++) {
		const struct entropy_addresses *family = &measure->families[f];

		if (family->draws > 0)
			json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:o}", "family",
							      entropy_family_names[f], "addresses",
							      (json_int_t)family->count, "draws",
							      (json_int_t)family->draws, "test",
							      report_chi(&family->chi)));
	}
	return list;
}

static json_t *
report_ports(const struct entropy_measure *measure)
{
	const bool whole = !measure->ports_dealt;

	return json_pack(
		"{s:I, s:I, s:f, s:o, s:o, s:b, s:o, s:o}", "distinct",
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
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "draws",
			 (json_int_t)measure->draws, "ports", report_ports(measure), "id_high",
			 report_chi(&measure->id_high), "id_low", report_chi(&measure->id_low),
			 "addresses", report_addresses(measure), "port_serial",
			 report_serial(&measure->port_serial), "id_serial",
			 report_serial(&measure->id_serial), "verdict", measure->verdict);
}

json_t *
report_entropy(const struct daemon *daemon)
{
	struct entropy_window window;
	json_t *report, *workers;

	if (!entropy_window_read(daemon, &window))
		return NULL;
	workers = json_array();
	for (unsigned i = 0; i < window.worker_count; i++)
		json_array_append_new(workers, report_measure(&window.workers[i]));
	report = json_pack("{s:s, s:f, s:o, s:o, s:o}", "verdict", window.all.verdict, "window_s",
			   window.seconds, "bits", report_bits(&window.bits), "all",
			   report_measure(&window.all), "workers", workers);
	json_object_set_new(report, "draws", integer(window.all.draws));
	return report;
}
