/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of what a forger must guess, and of whether the draws are uniform. */
#include "control/metrics/metrics.h"

#include "control/daemon/entropy_window.h"

static void
bits_write(const struct entropy_bits *bits, struct metrics_writer *writer)
{
	metrics_family(
		writer, METRICS_GAUGE, "ephemera_entropy", "",
		"bits that a forger must guess for a query; the total is the sum of the parts");
	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++) {
		if (bits->addresses[f] == 0)
			continue;
		metrics_value(writer, bits->port_bits, "family", entropy_family_names[f], "part",
			      "port", NULL);
		metrics_value(writer, bits->id_bits, "family", entropy_family_names[f], "part",
			      "id", NULL);
		metrics_value(writer, bits->address_bits[f], "family", entropy_family_names[f],
			      "part", "address", NULL);
		metrics_value(writer, bits->case_bits, "family", entropy_family_names[f], "part",
			      "case", NULL);
	}
}

static void
chance_write(const struct uniformity_chi *chi, const char *of, struct metrics_writer *writer)
{
	if (chi->degrees > 0)
		metrics_value(writer, chi->p, "of", of, NULL);
}

static void
chances_write(const struct entropy_measure *all, struct metrics_writer *writer)
{
	metrics_family(
		writer, METRICS_GAUGE, "ephemera_draws_chi_square_p", "",
		"chi-square p-value of the draws in the window; absent if there are too few");
	chance_write(&all->ports, "port", writer);
	chance_write(&all->id_high, "id_high", writer);
	chance_write(&all->id_low, "id_low", writer);
	chance_write(&all->families[ENTROPY_IPV4].chi, "address_ipv4", writer);
	chance_write(&all->families[ENTROPY_IPV6].chi, "address_ipv6", writer);
}

void
metrics_entropy(const struct daemon *daemon, struct metrics_writer *writer)
{
	struct entropy_window window;

	if (!entropy_window_read(daemon, &window))
		return;
	bits_write(&window.bits, writer);
	metrics_family(writer, METRICS_GAUGE, "ephemera_draws_window_seconds", "seconds",
		       "length of the window of draws");
	metrics_value(writer, window.seconds, NULL);
	metrics_family(writer, METRICS_GAUGE, "ephemera_draws_window_queries", "",
		       "draws in the window");
	metrics_count(writer, window.all.draws, NULL);
	chances_write(&window.all, writer);
	if (window.all.judgement == ENTROPY_TOO_FEW)
		return;
	metrics_family(
		writer, METRICS_GAUGE, "ephemera_draws_uniform", "",
		"1 if all tests of the window's draws pass; absent if there are too few draws");
	metrics_count(writer, window.all.judgement == ENTROPY_UNIFORM, NULL);
}
