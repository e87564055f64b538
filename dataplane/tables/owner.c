/* SPDX-License-Identifier: BSD-3-Clause */
/* Distributes source addresses, or their ports, among workers.
 * Runs:  the main thread, when a snapshot is adopted; workers only read the result. */
#include "dataplane/tables/owner.h"

#include <string.h>

#include <sodium.h>

void
owners_init(struct owners *owners, uint32_t worker_count)
{
	memset(owners, 0, sizeof(*owners));
	owners->worker_count = worker_count;
	for (uint32_t i = 0; i < 65536; i++)
		owners->deal[i] = (uint8_t)(i % worker_count);
	/* Fisher-Yates shuffle: every order is equally likely. */
	for (uint32_t i = 65535; i > 0; i--) {
		uint32_t j = randombytes_uniform(i + 1);
		uint8_t worker = owners->deal[i];

		owners->deal[i] = owners->deal[j];
		owners->deal[j] = worker;
	}
	memset(owners->map.owner, OWNER_NONE, sizeof(owners->map.owner));
	for (uint32_t i = 0; i < SNAPSHOT_SOURCES_MAX; i++)
		owners->map.offset[i] = (uint16_t)randombytes_random();
	owners->map.deal = owners->deal;
}

static bool
source_in_family(const struct snapshot *s, uint32_t slot, bool ipv4)
{
	return s->sources[slot].state != SLOT_EMPTY &&
	       address_is_ipv4(&s->sources[slot].address) == ipv4;
}

/* The worker with the fewest (`most`: with the most) active addresses of a family; worker w has
 * held[w]. */
static uint32_t
worker_by_load(const uint32_t *held, uint32_t worker_count, bool most)
{
	uint32_t best = 0;

	for (uint32_t w = 1; w < worker_count; w++)
		if (most ? held[w] > held[best] : held[w] < held[best])
			best = w;
	return best;
}

/* Assigns every address without an owner to the worker with the fewest, then moves one from the
 * worker with the most to each worker without any. */
static void
family_assign(struct owners *owners, const struct snapshot *s, bool ipv4)
{
	uint32_t held[OWNER_NONE] = {0};

	for (uint32_t i = 0; i < s->source_count; i++)
		if (source_in_family(s, i, ipv4) && owners->map.owner[i] != OWNER_NONE &&
		    s->sources[i].state == SLOT_ACTIVE)
			held[owners->map.owner[i]]++;
	for (uint32_t i = 0; i < s->source_count; i++) {
		if (!source_in_family(s, i, ipv4) || owners->map.owner[i] != OWNER_NONE)
			continue;
		owners->map.owner[i] = (uint8_t)worker_by_load(held, owners->worker_count, false);
		held[owners->map.owner[i]] += s->sources[i].state == SLOT_ACTIVE;
	}
	for (;;) {
		uint32_t poor = worker_by_load(held, owners->worker_count, false);
		uint32_t rich = worker_by_load(held, owners->worker_count, true);
		uint32_t i = 0;

		if (held[poor] > 0 || held[rich] < 2)
			return;
		while (!(source_in_family(s, i, ipv4) && owners->map.owner[i] == rich &&
			 s->sources[i].state == SLOT_ACTIVE))
			i++;
		owners->map.owner[i] = (uint8_t)poor;
		held[poor]++;
		held[rich]--;
	}
}

void
owners_update(struct owners *owners, const struct snapshot *s)
{
	uint32_t active[2] = {0, 0};

	for (uint32_t i = 0; i < SNAPSHOT_SOURCES_MAX; i++) {
		bool there = i < s->source_count && s->sources[i].state != SLOT_EMPTY;

		if (!there || !address_equal(&owners->address[i], &s->sources[i].address))
			owners->map.owner[i] = OWNER_NONE;
		if (there) {
			owners->address[i] = s->sources[i].address;
			active[address_is_ipv4(&s->sources[i].address) ? 0 : 1] +=
				s->sources[i].state == SLOT_ACTIVE;
		}
	}
	for (int family = 0; family < 2; family++) {
		owners->map.dealt[family] = active[family] < owners->worker_count;
		if (!owners->map.dealt[family])
			family_assign(owners, s, family == 0);
	}
}
