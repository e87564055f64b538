/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits the query rate of client prefixes: a token bucket for each, in one table shared by all
 * workers, so that the limit holds however a prefix's queries are spread over workers.
 *
 * A bucket is one 64-bit word: a tag of 20 bits, and 44 bits of the time at which the bucket will
 * be full again (the "theoretical arrival time" of the GCRA, ITU-T I.371), in units of 4 TSC
 * cycles. Eight words make a set, which is a cache line. A full bucket carries no information and
 * can be reused for another prefix; if no bucket of a set is full, the fullest is reused, and its
 * former prefix starts with a full one next time. The hash is keyed with a secret of this process.
 * Two prefixes of one set share a bucket if their tags are equal: one pair in a million.
 *
 * Size:    fixed at start; the table is kept across snapshots. A changed limit applies to existing
 *          buckets.
 * Threads: any number of workers; each word is loaded and exchanged atomically (relaxed: it guards
 *          no other data). */
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
	uint64_t interval;	 /* cost of a query, in units of a bucket's time */
	uint64_t burst;		 /* largest debt after a query, in the same unit */
	struct address masks[2]; /* of the address bits that select a bucket: IPv6, IPv4 */
};

enum limit_verdict {
	LIMIT_WITHIN,
	LIMIT_EVICTED, /* within; a bucket that was not full was reused for it */
	LIMIT_OVER,
};

/* Derives the rule of a limit. [main] */
void limit_rule_make(const struct snapshot_limit *limit, uint64_t tsc_hz, struct limit_rule *rule);

/* `sets`: `count` of them, a power of two (LIMIT_SETS), zeroed. sodium_init() must have been
 * called. [main] */
void limit_table_init(struct limit_table *table, struct limit_set *sets, uint32_t count);

/* The hash of a client's prefix. [worker] */
uint64_t limit_hash(const struct limit_table *table, const struct limit_rule *rule,
		    const struct address *client);

/* Takes one query out of the bucket of that hash, unless it is empty. [worker] */
enum limit_verdict limit_take(struct limit_table *table, const struct limit_rule *rule,
			      uint64_t hash, uint64_t now_tsc);

#endif
