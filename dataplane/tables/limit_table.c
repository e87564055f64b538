/* SPDX-License-Identifier: BSD-3-Clause */
/* The token buckets of client prefixes.
 * Runs:  workers, on one shared table; the main thread initialises it and makes the rule of each
 *        view.
 * Never: lets a client find or use up the bucket of another prefix: the table is hashed with a
 *        secret key. */
#include "dataplane/tables/limit_table.h"

#include <sodium.h>

#include <rte_common.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TIME_MASK ((UINT64_C(1) << LIMIT_TIME_BITS) - 1)
#define DEBT_MAX  (UINT64_C(1) << (LIMIT_TIME_BITS - 2)) /* largest debt: about two hours */

static struct address
prefix_mask(unsigned bits)
{
	struct address mask = {.words = {0, 0}};

	for (unsigned bit = 0; bit < bits; bit++)
		mask.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return mask;
}

void
limit_rule_make(const struct snapshot_limit *limit, uint64_t tsc_hz, struct limit_rule *rule)
{
	const uint64_t hz = tsc_hz >> LIMIT_TIME_SHIFT;

	*rule = (struct limit_rule){.on = limit->queries_per_second > 0};
	if (!rule->on)
		return;
	rule->interval = (hz + limit->queries_per_second / 2) / limit->queries_per_second;
	rule->interval = RTE_MAX(rule->interval, UINT64_C(1));
	rule->burst = RTE_MIN(rule->interval * limit->burst, DEBT_MAX);
	rule->masks[0] = prefix_mask(limit->prefix6);
	rule->masks[1] = prefix_mask(96u + limit->prefix4);
}

void
limit_table_init(struct limit_table *table, struct limit_set *sets, uint32_t count)
{
	*table = (struct limit_table){.mask = count - 1, .sets = sets};
	randombytes_buf(&table->seed, sizeof(table->seed));
}

uint64_t
limit_hash(const struct limit_table *table, const struct limit_rule *rule,
	   const struct address *client)
{
	const struct address *mask = &rule->masks[address_is_ipv4(client)];
	const struct address prefix = {
		.words = {client->words[0] & mask->words[0], client->words[1] & mask->words[1]}};

	return XXH3_64bits_withSeed(prefix.bytes, sizeof(prefix.bytes), table->seed);
}

/* The time until a bucket is full again, at `now`. A debt above the burst means that the bucket is
 * full: its time has passed, or the clock has wrapped, or the bucket belongs to an earlier, larger
 * limit. */
static inline uint64_t
bucket_debt(const struct limit_rule *rule, uint64_t word, uint64_t now)
{
	const uint64_t debt = (word - now) & TIME_MASK;

	return debt <= rule->burst ? debt : 0;
}

/* The way of the set that has the tag; else the one with the smallest debt, and *found is false. */
static unsigned
set_find(const struct limit_rule *rule, const uint64_t words[LIMIT_WAYS], uint64_t hash,
	 uint64_t now, bool *found)
{
	uint64_t least = UINT64_MAX;
	unsigned way = 0;

	*found = true;
	for (unsigned n = 0; n < LIMIT_WAYS; n++)
		if ((words[n] ^ hash) >> LIMIT_TIME_BITS == 0)
			return n;
	*found = false;
	for (unsigned n = 0; n < LIMIT_WAYS; n++) {
		const uint64_t debt = bucket_debt(rule, words[n], now);

		if (debt < least) {
			least = debt;
			way = n;
		}
	}
	return way;
}

enum limit_verdict
limit_take(struct limit_table *table, const struct limit_rule *rule, uint64_t hash,
	   uint64_t now_tsc)
{
	struct limit_set *set = &table->sets[(uint32_t)hash & table->mask];
	const uint64_t now = now_tsc >> LIMIT_TIME_SHIFT;

	for (;;) {
		uint64_t words[LIMIT_WAYS], debt, full;
		unsigned way;
		bool found;

		for (unsigned n = 0; n < LIMIT_WAYS; n++)
			words[n] = __atomic_load_n(&set->buckets[n], __ATOMIC_RELAXED);
		way = set_find(rule, words, hash, now, &found);
		debt = bucket_debt(rule, words[way], now);
		if (found && debt + rule->interval > rule->burst)
			return LIMIT_OVER;
		full = (now + (found ? debt : 0) + rule->interval) & TIME_MASK;
		full |= hash >> LIMIT_TIME_BITS << LIMIT_TIME_BITS;
		if (__atomic_compare_exchange_n(&set->buckets[way], &words[way], full, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return found || debt == 0 ? LIMIT_WITHIN : LIMIT_EVICTED;
		/* Another worker changed the bucket: try again. */
	}
}
