/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocates, retires and empties slots. */
#include "control/state/slots.h"

#include <errno.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

void
slots_init(struct slots *slots)
{
	memset(slots, 0, sizeof(*slots));
	slots->services.limit = SNAPSHOT_SERVICES_MAX;
	slots->sources.limit = SNAPSHOT_SOURCES_MAX;
	slots->upstreams.limit = SNAPSHOT_UPSTREAMS_MAX;
}

uint64_t
slots_linger_ns(uint32_t timeout_ms)
{
	return (2 * (uint64_t)timeout_ms + 1000) * NS_PER_MS;
}

bool
slot_same(const struct slot *a, const struct slot *b)
{
	return a->state != SLOT_EMPTY && b->state != SLOT_EMPTY && a->port == b->port &&
	       address_equal(&a->address, &b->address);
}

/* Ports */

static void
ports_withdraw(struct slots *slots, const uint64_t *words, uint64_t until_ns)
{
	struct withdrawn_ports *into = &slots->withdrawn[0];
	uint64_t any = 0;

	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		any |= words[i];
	if (any == 0)
		return;
	/* An unused one, or the one that ends first. */
	for (unsigned i = 1; i < SLOTS_WITHDRAWN_MAX; i++)
		if (slots->withdrawn[i].until_ns < into->until_ns)
			into = &slots->withdrawn[i];
	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		into->words[i] |= words[i];
	into->until_ns = until_ns;
}

static void
ports_apply(struct slots *slots, const uint64_t *ports, uint64_t until_ns)
{
	uint64_t gone[SNAPSHOT_BITMAP_WORDS];

	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		gone[i] = slots->ports[i] & ~ports[i];
	ports_withdraw(slots, gone, until_ns);
	memcpy(slots->ports, ports, sizeof(slots->ports));
}

/* Sets */

static void
set_seed(struct slot_set *set, unsigned index, const struct slot *slot, uint64_t until_ns)
{
	set->slots[index] = *slot;
	if (slot->state == SLOT_RETIRED)
		set->slots[index].until_ns = until_ns;
}

static struct slot *
set_find_kept(struct slot_set *set, const struct slot *wanted, const bool *taken)
{
	for (unsigned i = 0; i < set->limit; i++)
		if (!taken[i] && slot_same(&set->slots[i], wanted))
			return &set->slots[i];
	return NULL;
}

static struct slot *
set_find_empty(struct slot_set *set)
{
	for (unsigned i = 0; i < set->limit; i++)
		if (set->slots[i].state == SLOT_EMPTY)
			return &set->slots[i];
	return NULL;
}

/* Keeps the entries that are in both, retires those not wanted any more, then places new ones as
 * far as there is room. */
static int
set_apply(struct slot_set *set, const struct slot *wanted, unsigned wanted_count, uint64_t until_ns)
{
	bool taken[SNAPSHOT_UPSTREAMS_MAX] = {false}, placed[SNAPSHOT_UPSTREAMS_MAX] = {false};

	for (unsigned i = 0; i < wanted_count; i++) {
		struct slot *slot = set_find_kept(set, &wanted[i], taken);

		if (slot == NULL)
			continue;
		*slot = wanted[i];
		taken[slot - set->slots] = true;
		placed[i] = true;
	}
	for (unsigned i = 0; i < set->limit; i++) {
		if (taken[i] || set->slots[i].state != SLOT_ACTIVE)
			continue;
		set->slots[i].state = SLOT_RETIRED;
		set->slots[i].until_ns = until_ns;
	}
	for (unsigned i = 0; i < wanted_count; i++) {
		struct slot *slot;

		if (placed[i])
			continue;
		slot = set_find_empty(set);
		if (slot == NULL)
			return -ENOSPC;
		*slot = wanted[i];
	}
	return 0;
}

static void
set_expire(struct slot_set *set, uint64_t now_ns)
{
	for (unsigned i = 0; i < set->limit; i++)
		if (set->slots[i].state == SLOT_RETIRED && set->slots[i].until_ns <= now_ns)
			memset(&set->slots[i], 0, sizeof(set->slots[i]));
}

static uint64_t
set_expiry_ns(const struct slot_set *set, uint64_t first_ns)
{
	for (unsigned i = 0; i < set->limit; i++)
		if (set->slots[i].state == SLOT_RETIRED && set->slots[i].until_ns < first_ns)
			first_ns = set->slots[i].until_ns;
	return first_ns;
}

/* All of them */

void
slots_seed(struct slots *slots, const struct snapshot *snapshot, uint64_t now_ns)
{
	uint64_t until_ns = now_ns + slots_linger_ns(snapshot->timeout_ms);
	uint64_t lingering[SNAPSHOT_BITMAP_WORDS];

	slots_init(slots);
	for (unsigned i = 0; i < snapshot->service_count; i++) {
		const struct snapshot_service *s = &snapshot->services[i];

		set_seed(&slots->services, i,
			 &(struct slot){.address = s->address,
					.port = be16_to(s->port),
					.state = s->state},
			 until_ns);
	}
	for (unsigned i = 0; i < snapshot->source_count; i++) {
		const struct snapshot_source *s = &snapshot->sources[i];

		set_seed(&slots->sources, i,
			 &(struct slot){.address = s->address, .state = s->state}, until_ns);
	}
	for (unsigned i = 0; i < snapshot->upstream_count; i++) {
		const struct snapshot_upstream *u = &snapshot->upstreams[i];
		struct slot slot = {.address = u->address,
				    .port = be16_to(u->port),
				    .state = u->state,
				    .random_case = u->random_case || u->case_not_kept};

		memcpy(slot.name, u->name, sizeof(slot.name));
		set_seed(&slots->upstreams, i, &slot, until_ns);
	}
	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		lingering[i] = snapshot->ports_accept[i] & ~snapshot->ports_draw[i];
	ports_withdraw(slots, lingering, until_ns);
	memcpy(slots->ports, snapshot->ports_draw, sizeof(slots->ports));
	slots->timeout_ms = snapshot->timeout_ms;
}

static uint32_t
max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

int
slots_apply(struct slots *slots, const struct config *config, uint64_t now_ns, const char **full)
{
	uint32_t lives_ms = max_u32(config->timeout_ms, config->probe.timeout_ms);
	uint64_t until_ns = now_ns + slots_linger_ns(max_u32(lives_ms, slots->timeout_ms));
	struct slot wanted[SNAPSHOT_UPSTREAMS_MAX] = {0};

	*full = NULL;
	for (unsigned i = 0; i < config->service.listen_count; i++)
		wanted[i] = (struct slot){.address = config->service.listen[i].address,
					  .port = config->service.listen[i].port,
					  .state = SLOT_ACTIVE};
	if (set_apply(&slots->services, wanted, config->service.listen_count, until_ns) != 0)
		*full = "services";

	for (unsigned i = 0; i < config->source.address_count; i++)
		wanted[i] =
			(struct slot){.address = config->source.addresses[i], .state = SLOT_ACTIVE};
	if (set_apply(&slots->sources, wanted, config->source.address_count, until_ns) != 0)
		*full = "source addresses";

	for (unsigned i = 0; i < config->upstream_count; i++) {
		wanted[i] = (struct slot){.address = config->upstreams[i].address,
					  .port = config->upstreams[i].port,
					  .state = SLOT_ACTIVE,
					  .random_case = config->upstreams[i].random_case};
		memcpy(wanted[i].name, config->upstreams[i].name, sizeof(wanted[i].name));
	}
	if (set_apply(&slots->upstreams, wanted, config->upstream_count, until_ns) != 0)
		*full = "upstreams";

	ports_apply(slots, config->source.ports, until_ns);
	slots->timeout_ms = lives_ms;
	return *full == NULL ? 0 : -ENOSPC;
}

void
slots_expire(struct slots *slots, uint64_t now_ns)
{
	set_expire(&slots->services, now_ns);
	set_expire(&slots->sources, now_ns);
	set_expire(&slots->upstreams, now_ns);
	for (unsigned i = 0; i < SLOTS_WITHDRAWN_MAX; i++)
		if (slots->withdrawn[i].until_ns != 0 && slots->withdrawn[i].until_ns <= now_ns)
			memset(&slots->withdrawn[i], 0, sizeof(slots->withdrawn[i]));
}

uint64_t
slots_expiry_ns(const struct slots *slots)
{
	uint64_t first_ns = set_expiry_ns(&slots->services, UINT64_MAX);

	first_ns = set_expiry_ns(&slots->sources, first_ns);
	first_ns = set_expiry_ns(&slots->upstreams, first_ns);
	for (unsigned i = 0; i < SLOTS_WITHDRAWN_MAX; i++)
		if (slots->withdrawn[i].until_ns != 0 && slots->withdrawn[i].until_ns < first_ns)
			first_ns = slots->withdrawn[i].until_ns;
	return first_ns;
}

int
slots_upstream(const struct slots *slots, const struct address *address, uint16_t port)
{
	const struct slot_set *set = &slots->upstreams;

	for (unsigned i = 0; i < set->limit; i++)
		if (set->slots[i].state == SLOT_ACTIVE && set->slots[i].port == port &&
		    address_equal(&set->slots[i].address, address))
			return (int)i;
	return -1;
}

int
slots_upstream_named(const struct slots *slots, const char *name)
{
	const struct slot_set *set = &slots->upstreams;

	for (unsigned i = 0; i < set->limit; i++)
		if (set->slots[i].state == SLOT_ACTIVE && strcmp(set->slots[i].name, name) == 0)
			return (int)i;
	return -1;
}
