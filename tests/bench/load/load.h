/* SPDX-License-Identifier: BSD-3-Clause */
/* The load: clients, farm and neighbours on their interfaces, in one loop on one core. Threads:
 * one; *stop may be set by a signal handler. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_LOAD_H
#define EPHEMERA_TESTS_BENCH_LOAD_LOAD_H

#include <signal.h>

#include "tests/bench/load/client.h"
#include "tests/bench/load/farm.h"
#include "tests/bench/load/neighbour.h"

struct load {
	const struct options *options;
	uint64_t tsc_hz;
	struct rte_mempool *pool;
	struct names names;
	struct clients clients;
	struct farm farm;
	struct neighbours client_side, farm_side;
	volatile sig_atomic_t stop;
};

/* The result of one measurement. */
struct measured {
	double target;	/* queries a second wanted; 0: as many as the driver accepts */
	double seconds; /* measured */
	uint64_t lost;	/* neither answered nor failed within the timeout */
	uint64_t turns; /* of the loop */
	struct load_counters counters;
	struct latency latency;
};

/* Reads the names, makes buffers, opens the interfaces, waits for their links and the neighbour,
 * makes clients and farm. 0, or -errno with the reason in `why`; then everything is undone. */
int load_open(struct load *load, const struct options *options, char *why, size_t why_bytes);
void load_close(struct load *load);

/* Repeats a query until the first response arrives. 0, -ETIMEDOUT, or -EINTR. */
int load_knock(struct load *load);

/* Warm-up, measurement, and the wait for the last responses, at `rate` queries a second (0: as many
 * as the driver accepts). A stop ends it early; `measured` has the actual duration. */
void load_measure(struct load *load, double rate, struct measured *measured);

static inline double
measured_offered(const struct measured *m)
{
	return m->seconds > 0 ? (double)m->counters.sent / m->seconds : 0;
}

static inline double
measured_answered(const struct measured *m)
{
	return m->seconds > 0 ? (double)m->counters.answered / m->seconds : 0;
}

static inline double
measured_loss(const struct measured *m)
{
	return m->counters.sent > 0
		       ? (double)(m->lost + m->counters.failed) / (double)m->counters.sent
		       : 0;
}

#endif
