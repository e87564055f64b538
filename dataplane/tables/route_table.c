/* SPDX-License-Identifier: BSD-3-Clause */
/* Derives the routes of a snapshot, and finds the suffixes of a name that may have one.
 * Runs:  the main thread makes the table; workers look up names in it.
 * Never: changes a table in use: it is complete before workers see it. */
#include "dataplane/tables/route_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <sodium.h>

#include <rte_prefetch.h>

#define HUGE_BYTES (2u << 20)
#define KEY_TRIES  8 /* keys tried before the table is doubled */

/* An entry: tag (24 bits), offset of the name (24), its size (8), pool (8). Never 0: a name has at
 * least one byte. */
static inline uint64_t
route_entry(uint64_t hash, const struct suffix_route *route)
{
	return (hash >> 40) << 40 | (uint64_t)route->name_offset << 16 |
	       (uint64_t)route->name_bytes << 8 | route->pool;
}

static_assert(SNAPSHOT_NAMES_BYTES_MAX <= 1 << 24, "a name's offset fits in 24 bits");

/* Hashes a name label by label: the bytes in lower case, eight at a time, in multiplications.
 * Clients choose which names are looked up, but not which are in the table. */
static inline uint64_t
hash_mix(uint64_t hash, uint64_t bytes)
{
	const unsigned __int128 product =
		(unsigned __int128)(hash ^ bytes) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t
label_hash(uint64_t below, const uint8_t *label)
{
	const uint32_t bytes = 1u + label[0];
	uint64_t hash = below;
	uint32_t at = 0;

	for (; at + 8 <= bytes; at += 8)
		hash = hash_mix(hash, case_lower(bytes_load(label + at)));
	/* The label's length byte, hashed first, determines how many bytes are left. */
	if (at < bytes)
		hash = hash_mix(hash, case_lower(bytes_load_few(label + at, bytes - at)));
	return hash;
}

/* Finds the offsets of the labels of a name in wire form, in order; returns their number. */
static inline uint32_t
labels_find(const uint8_t *name, uint8_t *offsets)
{
	uint32_t count = 0, at = 0;

	while (name[at] != 0) {
		offsets[count++] = (uint8_t)at;
		at += 1u + name[at];
	}
	return count;
}

static inline bool
labels_looked_for(const struct routes *routes, uint32_t count)
{
	return routes->labels[count >> 6] >> (count & 63) & 1;
}

/* The bit of a hash in the filter: selected by bits 20 and up of the hash, not by those of the
 * bucket or by the tag's high bits. */
static inline uint32_t
filter_place(const struct routes *routes, uint64_t hash)
{
	return (uint32_t)(hash >> 20) &
	       (routes->bucket_mask * ROUTE_FILTER_BITS + ROUTE_FILTER_BITS - 1);
}

static inline bool
filter_says(const struct routes *routes, uint64_t hash)
{
	const uint32_t place = filter_place(routes, hash);

	return routes->filter[place / 64] >> place % 64 & 1;
}

uint32_t
route_probes(const struct routes *routes, const uint8_t *name, uint32_t name_bytes,
	     struct route_probe *probes)
{
	uint8_t offsets[ROUTE_LABELS_MAX + 1];
	uint32_t labels, deepest, count = 0;
	uint64_t hash = routes->seed;

	labels = labels_find(name, offsets);
	offsets[labels] = (uint8_t)(name_bytes - 1);
	deepest = labels < routes->labels_most ? labels : routes->labels_most;
	for (uint32_t n = 0; n <= deepest; n++) {
		const uint8_t offset = offsets[labels - n];

		if (n > 0)
			hash = label_hash(hash, name + offset);
		if (!labels_looked_for(routes, n) || !filter_says(routes, hash))
			continue;
		rte_prefetch0(&routes->buckets[(uint32_t)hash & routes->bucket_mask]);
		probes[count++] = (struct route_probe){hash, offset};
	}
	for (uint32_t n = 0; n < count / 2; n++) {
		const struct route_probe longer = probes[count - 1 - n];

		probes[count - 1 - n] = probes[n];
		probes[n] = longer;
	}
	return count;
}

void
routes_free(struct routes *routes)
{
	free(routes->buckets);
	free(routes->filter);
	routes->buckets = NULL;
	routes->filter = NULL;
}

static size_t
filter_bytes(const struct routes *routes)
{
	return (routes->bucket_mask + 1u) * (size_t)ROUTE_FILTER_BITS / 8;
}

static uint64_t
name_hash(uint64_t seed, const uint8_t *name, uint32_t *labels)
{
	uint8_t offsets[ROUTE_LABELS_MAX + 1];

	*labels = labels_find(name, offsets);
	for (uint32_t n = *labels; n > 0; n--)
		seed = label_hash(seed, name + offsets[n - 1]);
	return seed;
}

static bool
bucket_put(struct route_bucket *bucket, uint64_t entry)
{
	for (unsigned way = 0; way < ROUTE_WAYS; way++)
		if (bucket->entries[way] == 0) {
			bucket->entries[way] = entry;
			return true;
		}
	return false;
}

/* False: a bucket overflows. */
static bool
table_fill(struct routes *routes, const struct snapshot *s)
{
	const struct suffix_route *suffixes = snapshot_suffixes(s);

	memset(routes->buckets, 0, (routes->bucket_mask + 1u) * sizeof(*routes->buckets));
	memset(routes->filter, 0, filter_bytes(routes));
	for (uint32_t i = 0; i < s->suffix_count; i++) {
		uint32_t labels;
		const uint64_t hash = name_hash(
			routes->seed, snapshot_names(s) + suffixes[i].name_offset, &labels);

		routes->labels[labels >> 6] |= UINT64_C(1) << (labels & 63);
		routes->labels_most =
			labels > routes->labels_most ? (uint8_t)labels : routes->labels_most;
		if (!bucket_put(&routes->buckets[(uint32_t)hash & routes->bucket_mask],
				route_entry(hash, &suffixes[i])))
			return false;
		routes->filter[filter_place(routes, hash) / 64] |=
			UINT64_C(1) << filter_place(routes, hash) % 64;
	}
	return true;
}

/* Large tables use huge pages if the kernel has some. */
static struct route_bucket *
table_allocate(size_t bytes)
{
	struct route_bucket *buckets =
		aligned_alloc(bytes < HUGE_BYTES ? sizeof(*buckets) : HUGE_BYTES, bytes);

	if (buckets != NULL && bytes >= HUGE_BYTES)
		(void)madvise(buckets, bytes, MADV_HUGEPAGE);
	return buckets;
}

/* With about one suffix per bucket of eight, nearly every key succeeds. */
static int
table_make(struct routes *routes, const struct snapshot *s)
{
	for (uint32_t size = 8; size != 0; size *= 2) {
		if (size < s->suffix_count)
			continue;
		routes->bucket_mask = size - 1;
		routes->buckets = table_allocate(size * sizeof(*routes->buckets));
		routes->filter = malloc(filter_bytes(routes));
		if (routes->buckets == NULL || routes->filter == NULL)
			break;
		for (unsigned tries = 0; tries < KEY_TRIES; tries++) {
			randombytes_buf(&routes->seed, sizeof(routes->seed));
			if (table_fill(routes, s))
				return 0;
		}
		routes_free(routes);
	}
	routes_free(routes);
	return -ENOMEM;
}

int
routes_make(const struct snapshot *s, struct routes *routes)
{
	*routes = (struct routes){.any = s->suffix_count + s->type_route_count > 0};
	memset(routes->types, ROUTE_NONE, sizeof(routes->types));
	for (uint32_t i = 0; i < s->type_route_count; i++)
		if (s->type_routes[i].type < RTE_DIM(routes->types))
			routes->types[s->type_routes[i].type] = s->type_routes[i].pool;
	return s->suffix_count > 0 ? table_make(routes, s) : 0;
}
