/* SPDX-License-Identifier: BSD-3-Clause */
/* A log-linear histogram of latencies, like the dataplane's (dataplane/shared/stats.h), but finer,
 * for latencies of a few microseconds: 64 buckets per power of two of 16 ns, up to 2^26 of them,
 * which is a second. Threads: one writer. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_LATENCY_H
#define EPHEMERA_TESTS_BENCH_LOAD_LATENCY_H

#include <stdint.h>

#define LATENCY_UNIT_NS	 16
#define LATENCY_SUB_BITS 6
#define LATENCY_SUB	 (1u << LATENCY_SUB_BITS)
#define LATENCY_BUCKETS	 ((26 - LATENCY_SUB_BITS + 1) * LATENCY_SUB)

struct latency {
	uint64_t count, sum_tsc, max_tsc;
	uint64_t buckets[LATENCY_BUCKETS]; /* the last one: all larger values */
};

/* The first unit that bucket `index` covers. */
static inline uint64_t
latency_unit_of(uint32_t index)
{
	const uint32_t power = index >> LATENCY_SUB_BITS, sub = index & (LATENCY_SUB - 1);

	return power == 0 ? sub : (uint64_t)(LATENCY_SUB + sub) << (power - 1);
}

static inline uint32_t
latency_index_of(uint64_t units)
{
	uint32_t power, index;

	if (units < LATENCY_SUB)
		return (uint32_t)units;
	power = 63 - LATENCY_SUB_BITS - (uint32_t)__builtin_clzll(units);
	index = ((power + 1) << LATENCY_SUB_BITS) +
		(uint32_t)((units >> power) & (LATENCY_SUB - 1));
	return index < LATENCY_BUCKETS ? index : LATENCY_BUCKETS - 1;
}

/* `units_per_tsc` is a fixed-point number with 32 fractional bits. */
static inline void
latency_add(struct latency *latency, uint64_t tsc, uint64_t units_per_tsc)
{
	latency->buckets[latency_index_of(
		(uint64_t)((unsigned __int128)tsc * units_per_tsc >> 32))]++;
	latency->count++;
	latency->sum_tsc += tsc;
	if (tsc > latency->max_tsc)
		latency->max_tsc = tsc;
}

static inline uint64_t
latency_units_per_tsc(uint64_t tsc_hz)
{
	return (uint64_t)(((unsigned __int128)(1000000000 / LATENCY_UNIT_NS) << 32) / tsc_hz);
}

/* The quantile `share` in microseconds, as the middle of its bucket; 0 without samples. */
static inline double
latency_quantile_us(const struct latency *latency, double share)
{
	const double wanted = share * (double)latency->count;
	uint64_t seen = 0;

	if (latency->count == 0)
		return 0;
	for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (latency->buckets[i] > 0 && (double)seen >= wanted)
			return (double)(latency_unit_of(i) + latency_unit_of(i + 1)) / 2 *
			       LATENCY_UNIT_NS / 1000;
	}
	return 0; /* not reached: the buckets sum to count */
}

#endif
