/* SPDX-License-Identifier: BSD-3-Clause */
/* How much a client prefix may ask: a token bucket for each, all in one table that all workers
 * share, so that the limit holds however a prefix's queries are spread over them.
 *
 * A bucket is one 64-bit word: a tag of 20 bits, and 44 bits of the time at which the bucket will
 * be full again (the "theoretical arrival time" of the GCRA, ITU-T I.371), in units of 4 TSC
 * cycles. Eight words make a set, which is a cache line. A bucket that is full says nothing and is
 * room for another; where all eight of a set are not, the one that misses the least is given away,
 * and its prefix begins with a full one the next time. Keyed with a secret of this process. Two
 * prefixes of one set share a bucket if their tags are alike, one pair in a million.
 *
 * Size:    fixed at start; it outlives snapshots. A limit that changes counts for buckets from then
 * on.
 * Threads: any number of workers; each word is read and replaced by itself (relaxed: it guards
 * nothing but itself). */
#ifndef EPHEMERA_DATAPLANE_TABLES_LIMIT_TABLE_H
#define EPHEMERA_DATAPLANE_TABLES_LIMIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"

#define LIMIT_WAYS	 8
#define LIMIT_SETS	 32768
#define LIMIT_TIME_BITS	 44
#define LIMIT_TIME_SHIFT 2 /* TSC cycles */

struct limit_set {
	uint64_t buckets[LIMIT_WAYS];
} __attribute__((aligned(64)));

struct limit_table {
	uint64_t seed;
	uint32_t mask;
	struct limit_set *sets; /* [mask + 1], zeroed at start */
};

/* A limit as workers apply it; part of a view. */
struct limit_rule {
	bool on;
	uint64_t interval;	 /* that a query costs, in units of a bucket's time */
	uint64_t burst;		 /* that may be owed after a query, likewise */
	struct address masks[2]; /* of the bits that name a bucket: of IPv6 clients, of IPv4 ones */
};

enum limit_verdict {
	LIMIT_WITHIN,
	LIMIT_EVICTED, /* within; another's bucket was given away for it */
	LIMIT_OVER,
};

/* [main] */
void limit_rule_make(const struct snapshot_limit *limit, uint64_t tsc_hz, struct limit_rule *rule);

/* `sets`: LIMIT_SETS of them, or another power of two, zeroed. [main] sodium_init() must have been
 * called. */
void limit_table_init(struct limit_table *table, struct limit_set *sets, uint32_t count);

/* The hash of the prefix that a client belongs to. [worker] */
uint64_t limit_hash(const struct limit_table *table, const struct limit_rule *rule,
		    const struct address *client);

/* Takes a query out of the bucket of that hash, if there is one in it at that time. [worker] */
enum limit_verdict limit_take(struct limit_table *table, const struct limit_rule *rule,
			      uint64_t hash, uint64_t now_tsc);

#endif
