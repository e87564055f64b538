/* SPDX-License-Identifier: BSD-3-Clause */
/* How hard the source of a query is to guess: what the configuration in force promises, and what
 * the draws of late show.
 *
 * A worker that owns whole source addresses draws from all ports, and its ports are held against
 * the whole range. Where a family has fewer addresses than there are workers, the ports of each
 * address are dealt out among them (../dataplane/owner.h): then a worker's ports are held against
 * those it drew from, and those against the range they must be scattered over. How much each worker
 * has to do is the NIC's affair and the clients', so the sums over several workers are tested only
 * in what does not depend on it.
 *
 * Pure. */
#ifndef EPHEMERA_CONTROL_STATS_ENTROPY_H
#define EPHEMERA_CONTROL_STATS_ENTROPY_H

#include "control/stats/draw_window.h"
#include "control/stats/uniformity.h"

#define ENTROPY_VERDICT_BYTES 160
#define ENTROPY_DRAWS_MIN     1024 /* fewer are too few for a verdict */

enum entropy_family {
	ENTROPY_IPV4,
	ENTROPY_IPV6,
	ENTROPY_FAMILIES,
};

extern const char *const entropy_family_names[ENTROPY_FAMILIES]; /* "IPv4", "IPv6" */

/* What a forger has to guess of one query. */
struct entropy_bits {
	unsigned ports, addresses[ENTROPY_FAMILIES]; /* that are drawn from */
	unsigned upstreams, upstreams_random;	     /* active ones; of these, with random case */
	double port_bits, id_bits, case_bits;	     /* case_bits: letters of a query, on average */
	double address_bits[ENTROPY_FAMILIES];
	double total_bits[ENTROPY_FAMILIES]; /* 0 without an address */
};

enum entropy_judgement {
	ENTROPY_UNIFORM,
	ENTROPY_NOT_UNIFORM,
	ENTROPY_TOO_FEW,
};

struct entropy_addresses {
	unsigned count; /* that were drawn from; all in force where there is one worker */
	uint64_t draws;
	struct uniformity_chi chi;
};

struct entropy_measure {
	uint64_t draws;
	unsigned ports_distinct, ports_of; /* drawn from, of how many in force */
	uint64_t ports_outside;		   /* draws from ports that are not */
	double distinct_expected, distinct_z;
	bool ports_dealt;	       /* the worker has its own part of the ports */
	struct uniformity_chi ports;   /* degrees 0 also where they can't be judged */
	struct uniformity_chi scatter; /* of a part, over all in force */
	struct uniformity_chi id_high, id_low;
	struct entropy_addresses families[ENTROPY_FAMILIES];
	struct uniformity_serial port_serial, id_serial;
	enum entropy_judgement judgement;
	char verdict
		[ENTROPY_VERDICT_BYTES]; /* "uniform", "too few draws", "not uniform: " and why */
};

/* `letters` and `queries`: letters in so many queries whose case was drawn. */
void entropy_bits(const struct snapshot *snapshot, uint64_t letters, uint64_t queries,
		  struct entropy_bits *bits);

/* What one worker drew, of `worker_count`, while the snapshot was in force. */
void entropy_of_worker(const struct snapshot *snapshot, unsigned worker_count,
		       const struct draw_difference *drawn, struct entropy_measure *measure);

/* All workers together: `sum` of their draws, and the measures of each. */
void entropy_of_all(const struct snapshot *snapshot, unsigned worker_count,
		    const struct draw_difference *sum, const struct entropy_measure *workers,
		    struct entropy_measure *measure);

#endif
