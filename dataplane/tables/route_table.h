/* SPDX-License-Identifier: BSD-3-Clause */
/* Selects a query's pool: by the longest suffix of its name that has a route, else by its type,
 * else by the queried service.
 *
 * Suffixes are in a hash table whose buckets are cache lines, keyed with a secret of this process.
 * Names are hashed label by label from the root, so that one walk yields the hashes of all
 * suffixes. Only suffixes with as many labels as some route has are looked up, each in one bucket,
 * however many routes there are: the table is rebuilt, with another key or larger, until no bucket
 * overflows. A filter in front of it, with sixteen bits or more per suffix, rejects nearly all
 * suffixes without a route; it fits in the caches, the table does not. Part of a view: immutable
 * while workers use it. */
#ifndef EPHEMERA_DATAPLANE_TABLES_ROUTE_TABLE_H
#define EPHEMERA_DATAPLANE_TABLES_ROUTE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "dataplane/packet/case.h"
#include "dataplane/shared/snapshot.h"

#define ROUTE_NONE	  UINT8_MAX
#define ROUTE_WAYS	  8
#define ROUTE_FILTER_BITS 16  /* per bucket */
#define ROUTE_LABELS_MAX  127 /* of a name of 255 bytes */

/* A bucket of the table; an entry is a word, 0 if unused. */
struct route_bucket {
	uint64_t entries[ROUTE_WAYS];
} __attribute__((aligned(64)));

struct routes {
	bool any;
	uint8_t labels_most; /* largest number of labels of a suffix */
	uint64_t labels[2];  /* bit n: there are suffixes with n labels */
	uint64_t seed;	     /* secret */
	uint32_t bucket_mask;
	struct route_bucket *buckets; /* NULL: no suffixes */
	uint64_t *filter;   /* [(bucket_mask + 1) * ROUTE_FILTER_BITS / 64]: a bit per hash */
	uint8_t types[256]; /* the pool of a type, or ROUTE_NONE */
};

/* A suffix of a name that may have a route. */
struct route_probe {
	uint64_t hash;
	uint8_t offset; /* of the suffix in the name */
};

/* Derives the routes of a snapshot. 0 or -ENOMEM. [main] */
int routes_make(const struct snapshot *snapshot, struct routes *routes);

void routes_free(struct routes *routes); /* [main] */

/* Writes the suffixes to look up, the longest first, to `probes`, [ROUTE_LABELS_MAX + 1], without
 * those that the filter rejects, and prefetches their buckets. `name`: in wire form, in any letter
 * case. Returns how many. [worker] */
uint32_t route_probes(const struct routes *routes, const uint8_t *name, uint32_t name_bytes,
		      struct route_probe *probes);

/* The pool of the probe's suffix, or ROUTE_NONE. Reads one bucket. [worker] */
static inline uint8_t
route_suffix(const struct routes *routes, const struct snapshot *s, const uint8_t *name,
	     uint32_t name_bytes, const struct route_probe *probe)
{
	const struct route_bucket *bucket =
		&routes->buckets[(uint32_t)probe->hash & routes->bucket_mask];
	const uint32_t bytes = name_bytes - probe->offset;

	for (unsigned way = 0; way < ROUTE_WAYS; way++) {
		const uint64_t entry = bucket->entries[way];

		if ((entry ^ probe->hash) >> 40 == 0 && (entry >> 8 & 0xff) == bytes &&
		    case_equal(snapshot_names(s) + (entry >> 16 & 0xffffff), name + probe->offset,
			       bytes))
			return (uint8_t)entry;
	}
	return ROUTE_NONE;
}

/* The pool of a type, or ROUTE_NONE. [worker] */
static inline uint8_t
route_type(const struct routes *routes, const struct snapshot *s, uint16_t type)
{
	uint32_t low = 0, high = s->type_route_count;

	if (type < RTE_DIM(routes->types))
		return routes->types[type];
	while (low < high) {
		const uint32_t middle = (low + high) / 2;

		if (s->type_routes[middle].type == type)
			return s->type_routes[middle].pool;
		if (s->type_routes[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return ROUTE_NONE;
}

#endif
