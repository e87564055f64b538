/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds up entropy bits, and tests draws for uniformity. */
#include "control/stats/entropy.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Draws needed per port of a worker's part, to be sure that no other port belongs to it. */
#define DEALT_DRAWS_MIN 20

const char *const entropy_family_names[] = {[ENTROPY_IPV4] = "IPv4", [ENTROPY_IPV6] = "IPv6"};

static enum entropy_family
family_of(const struct address *address)
{
	return address_is_ipv4(address) ? ENTROPY_IPV4 : ENTROPY_IPV6;
}

static bool
source_active(const struct snapshot *snapshot, unsigned slot)
{
	return slot < snapshot->source_count && snapshot->sources[slot].state == SLOT_ACTIVE;
}

static unsigned
family_addresses(const struct snapshot *snapshot, enum entropy_family family)
{
	unsigned count = 0;

	for (unsigned i = 0; i < snapshot->source_count; i++)
		count += source_active(snapshot, i) &&
			 family_of(&snapshot->sources[i].address) == family;
	return count;
}

void
entropy_bits(const struct snapshot *snapshot, uint64_t letters, uint64_t queries,
	     struct entropy_bits *bits)
{
	*bits = (struct entropy_bits){.id_bits = 16};
	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		bits->ports += (unsigned)__builtin_popcountll(snapshot->ports_draw[i]);
	for (unsigned i = 0; i < snapshot->upstream_count; i++) {
		bits->upstreams += snapshot->upstreams[i].state == SLOT_ACTIVE;
		bits->upstreams_random += snapshot->upstreams[i].state == SLOT_ACTIVE &&
					  snapshot->upstreams[i].random_case;
	}
	bits->port_bits = bits->ports > 0 ? log2(bits->ports) : 0;
	if (bits->upstreams_random > 0 && queries > 0)
		bits->case_bits = (double)letters / (double)queries;
	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++) {
		bits->addresses[f] = family_addresses(snapshot, f);
		if (bits->addresses[f] == 0)
			continue;
		bits->address_bits[f] = log2(bits->addresses[f]);
		bits->total_bits[f] =
			bits->port_bits + bits->id_bits + bits->address_bits[f] + bits->case_bits;
	}
}

/* Ports */

/* Writes the counts of the ports in force, in order; returns their number. */
static unsigned
ports_collect(const struct snapshot *snapshot, const struct draw_difference *drawn,
	      uint64_t *counts, struct entropy_measure *measure)
{
	for (unsigned port = 0; port < DRAW_PORTS; port++) {
		if (!bitmap_test(snapshot->ports_draw, (uint16_t)port)) {
			measure->ports_outside += drawn->ports[port];
			continue;
		}
		measure->ports_distinct += drawn->ports[port] > 0;
		counts[measure->ports_of++] = drawn->ports[port];
	}
	return measure->ports_of;
}

/* The draws of a worker that owns a part of the ports of one address. With several addresses the
 * parts overlap, and the expected count of a port is not known here. */
static void
ports_judge_dealt(uint64_t *counts, unsigned count, unsigned addresses,
		  struct entropy_measure *measure)
{
	const unsigned part = measure->ports_distinct;
	uint64_t chosen[DRAW_PORTS];
	unsigned used = 0;

	measure->ports_dealt = true;
	if (addresses != 1 || measure->draws < (uint64_t)DEALT_DRAWS_MIN * part)
		return;
	for (unsigned i = 0; i < count; i++)
		chosen[i] = counts[i] > 0;
	measure->scatter = uniformity_choice(chosen, count);
	for (unsigned i = 0; i < count; i++)
		if (chosen[i])
			counts[used++] = counts[i];
	measure->ports = uniformity_cells(counts, used);
}

static void
ports_judge(uint64_t *counts, unsigned count, struct entropy_measure *measure)
{
	measure->ports = uniformity_cells(counts, count);
	if (count == 0)
		return;
	measure->distinct_expected = uniformity_distinct_expected(count, (double)measure->draws);
	measure->distinct_z =
		uniformity_distinct_z(count, (double)measure->draws, measure->ports_distinct);
}

/* Addresses */

/* `all`: every address in force must be drawn; otherwise only the drawn ones are compared with each
 * other. */
static void
addresses_judge(const struct snapshot *snapshot, const struct draw_stats *stats, bool all,
		struct entropy_measure *measure)
{
	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++) {
		struct entropy_addresses *family = &measure->families[f];
		uint64_t counts[SNAPSHOT_SOURCES_MAX];
		unsigned count = 0;

		for (unsigned i = 0; i < snapshot->source_count; i++) {
			if (!source_active(snapshot, i) ||
			    family_of(&snapshot->sources[i].address) != f)
				continue;
			family->draws += stats->sources[i];
			if (all || stats->sources[i] > 0)
				counts[count++] = stats->sources[i];
		}
		family->count = family->draws > 0 ? count : 0;
		if (family->draws > 0)
			family->chi = uniformity_cells(counts, count);
	}
}

static bool
any_dealt(const struct snapshot *snapshot, unsigned worker_count,
	  const struct entropy_measure *measure)
{
	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++)
		if (measure->families[f].draws > 0 && family_addresses(snapshot, f) < worker_count)
			return true;
	return false;
}

/* Verdicts */

static void __attribute__((format(printf, 2, 3)))
accuse(struct entropy_measure *measure, const char *format, ...)
{
	size_t used = strlen(measure->verdict);
	va_list arguments;

	used += (size_t)snprintf(measure->verdict + used, sizeof(measure->verdict) - used, "%s",
				 measure->judgement == ENTROPY_NOT_UNIFORM ? ", "
									   : "not uniform: ");
	measure->judgement = ENTROPY_NOT_UNIFORM;
	if (used >= sizeof(measure->verdict))
		return;
	va_start(arguments, format);
	vsnprintf(measure->verdict + used, sizeof(measure->verdict) - used, format, arguments);
	va_end(arguments);
}

static void
accuse_chi(struct entropy_measure *measure, const struct uniformity_chi *chi, const char *what)
{
	if (uniformity_chi_bad(chi))
		accuse(measure, "%s (chi-square %.0f of %u)", what, chi->statistic, chi->degrees);
}

static void
accuse_serial(struct entropy_measure *measure, const struct uniformity_serial *serial,
	      const char *what)
{
	if (serial->pairs > 0 && fabs(serial->z) > UNIFORMITY_Z_MAX)
		accuse(measure, "%s (r %.4f)", what, serial->r);
}

static void
judge(struct entropy_measure *measure)
{
	static const char *const families[] = {"IPv4 addresses", "IPv6 addresses"};

	if (measure->draws < ENTROPY_DRAWS_MIN) {
		measure->judgement = ENTROPY_TOO_FEW;
		strcpy(measure->verdict, "too few draws");
		return;
	}
	if (fabs(measure->distinct_z) > UNIFORMITY_Z_MAX)
		accuse(measure, "%u ports in use, %.0f expected", measure->ports_distinct,
		       measure->distinct_expected);
	accuse_chi(measure, &measure->ports, "ports");
	accuse_chi(measure, &measure->scatter, "distribution of the worker's ports");
	accuse_chi(measure, &measure->id_high, "IDs, high byte");
	accuse_chi(measure, &measure->id_low, "IDs, low byte");
	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++)
		accuse_chi(measure, &measure->families[f].chi, families[f]);
	accuse_serial(measure, &measure->port_serial, "consecutive ports correlate");
	accuse_serial(measure, &measure->id_serial, "consecutive IDs correlate");
	if (measure->judgement != ENTROPY_NOT_UNIFORM)
		strcpy(measure->verdict, "uniform");
}

static struct uniformity_serial
serial_of(uint64_t draws, const struct draw_sums *sums)
{
	return uniformity_serial(draws, &(struct uniformity_sums){sums->x, sums->xx, sums->xy});
}

void
entropy_of_worker(const struct snapshot *snapshot, unsigned worker_count,
		  const struct draw_difference *drawn, struct entropy_measure *measure)
{
	uint64_t counts[DRAW_PORTS];
	unsigned addresses = 0, count;

	*measure = (struct entropy_measure){.draws = drawn->stats.draws};
	count = ports_collect(snapshot, drawn, counts, measure);
	addresses_judge(snapshot, &drawn->stats, worker_count == 1, measure);
	for (unsigned f = 0; f < ENTROPY_FAMILIES; f++)
		addresses += measure->families[f].count;
	if (any_dealt(snapshot, worker_count, measure))
		ports_judge_dealt(counts, count, addresses, measure);
	else
		ports_judge(counts, count, measure);
	measure->id_high = uniformity_cells(drawn->stats.id_high, 256);
	measure->id_low = uniformity_cells(drawn->stats.id_low, 256);
	measure->port_serial = serial_of(measure->draws, &drawn->stats.port_sums);
	measure->id_serial = serial_of(measure->draws, &drawn->stats.id_sums);
	judge(measure);
}

void
entropy_of_all(const struct snapshot *snapshot, unsigned worker_count,
	       const struct draw_difference *sum, const struct entropy_measure *workers,
	       struct entropy_measure *measure)
{
	uint64_t counts[DRAW_PORTS];
	unsigned count;

	*measure = (struct entropy_measure){.draws = sum->stats.draws};
	count = ports_collect(snapshot, sum, counts, measure);
	addresses_judge(snapshot, &sum->stats, true, measure);
	for (unsigned f = 0; f < ENTROPY_FAMILIES && worker_count > 1; f++)
		measure->families[f].chi = (struct uniformity_chi){0};
	measure->ports_dealt = any_dealt(snapshot, worker_count, measure);
	if (!measure->ports_dealt)
		ports_judge(counts, count, measure);
	measure->id_high = uniformity_cells(sum->stats.id_high, 256);
	measure->id_low = uniformity_cells(sum->stats.id_low, 256);
	for (unsigned i = 0; i < worker_count; i++) {
		uniformity_serial_add(&measure->port_serial, &workers[i].port_serial);
		uniformity_serial_add(&measure->id_serial, &workers[i].id_serial);
	}
	judge(measure);
	for (unsigned i = 0; i < worker_count && worker_count > 1; i++)
		if (workers[i].judgement == ENTROPY_NOT_UNIFORM)
			accuse(measure, "worker %u", i);
}
