/* SPDX-License-Identifier: BSD-3-Clause */
/* How hard the source of a query is to guess: the entropy of the configuration in force, and the
 * uniformity of recent draws.
 *
 * A worker that owns whole source addresses draws from all ports, and its ports are tested against
 * the whole range. If a family has fewer addresses than there are workers, the ports of each
 * address are divided among them (dataplane/tables/owner.h): then a worker's ports are tested
 * against those it drew from, and those for an even distribution over the range. The load of each
 * worker depends on the NIC and the clients, so sums over several workers are only tested for
 * properties that do not depend on it.
 *
 * Pure. */
#ifndef EPHEMERA_CONTROL_STATS_ENTROPY_H
#define EPHEMERA_CONTROL_STATS_ENTROPY_H

#include "control/stats/draw_window.h"
#include "control/stats/uniformity.h"

#define ENTROPY_VERDICT_BYTES 160
#define ENTROPY_DRAWS_MIN     1024 /* needed for a verdict */

enum entropy_family {
	ENTROPY_IPV4,
	ENTROPY_IPV6,
	ENTROPY_FAMILIES,
};

extern const char *const entropy_family_names[ENTROPY_FAMILIES]; /* "IPv4", "IPv6" */

/* What a forger must guess for one query. */
struct entropy_bits {
	unsigned ports, addresses[ENTROPY_FAMILIES]; /* to draw from */
	unsigned upstreams, upstreams_random;	     /* active; with random case */
	double port_bits, id_bits, case_bits;	     /* case_bits: average letters per query */
	double address_bits[ENTROPY_FAMILIES];
	double total_bits[ENTROPY_FAMILIES]; /* 0 without an address */
};

enum entropy_judgement {
	ENTROPY_UNIFORM,
	ENTROPY_NOT_UNIFORM,
	ENTROPY_TOO_FEW,
};

struct entropy_addresses {
	unsigned count; /* drawn from; with one worker: all in force */
	uint64_t draws;
	struct uniformity_chi chi;
};

struct entropy_measure {
	uint64_t draws;
	unsigned ports_distinct, ports_of; /* drawn from; in force */
	uint64_t ports_outside;		   /* draws from ports not in force */
	double distinct_expected, distinct_z;
	bool ports_dealt;	       /* the worker owns only a part of the ports */
	struct uniformity_chi ports;   /* degrees 0 also if they can't be tested */
	struct uniformity_chi scatter; /* of the worker's part over all ports in force */
	struct uniformity_chi id_high, id_low;
	struct entropy_addresses families[ENTROPY_FAMILIES];
	struct uniformity_serial port_serial, id_serial;
	enum entropy_judgement judgement;
	/* "uniform", "too few draws", or "not uniform: " and the reasons. */
	char verdict[ENTROPY_VERDICT_BYTES];
};

/* `letters`: in `queries` queries whose case was drawn. */
void entropy_bits(const struct snapshot *snapshot, uint64_t letters, uint64_t queries,
		  struct entropy_bits *bits);

/* Tests the draws of one of `worker_count` workers while the snapshot was in force. */
void entropy_of_worker(const struct snapshot *snapshot, unsigned worker_count,
		       const struct draw_difference *drawn, struct entropy_measure *measure);

/* Tests the draws of all workers: `sum` are their draws, `workers` the results of each. */
void entropy_of_all(const struct snapshot *snapshot, unsigned worker_count,
		    const struct draw_difference *sum, const struct entropy_measure *workers,
		    struct entropy_measure *measure);

#endif
