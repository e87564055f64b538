/* SPDX-License-Identifier: BSD-3-Clause */
/* Seals and checks snapshots: the one gate between what control says and what workers believe. */
#include "snapshot.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The checksum covers the block with the checksum field read as 0. */
static uint64_t
snapshot_checksum(const struct snapshot *s, size_t size)
{
	const size_t field = offsetof(struct snapshot, checksum), after = field + sizeof(s->checksum);
	const uint8_t *block = (const uint8_t *)s;
	const uint64_t zero = 0;
	XXH3_state_t state;

	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, block, field);
	XXH3_64bits_update(&state, &zero, sizeof(zero));
	XXH3_64bits_update(&state, block + after, size - after);
	return XXH3_64bits_digest(&state);
}

void
snapshot_seal(struct snapshot *s)
{
	s->magic = SNAPSHOT_MAGIC;
	s->version = SNAPSHOT_VERSION;
	s->size_bytes = (uint32_t)snapshot_size(s->allow_count);
	s->checksum = snapshot_checksum(s, s->size_bytes);
}

static const char *
frame_fault(const struct snapshot *s, size_t size)
{
	if (size < sizeof(*s))
		return "shorter than its fixed part";
	if (s->magic != SNAPSHOT_MAGIC)
		return "not a snapshot";
	if (s->version != SNAPSHOT_VERSION)
		return "another version of the snapshot format";
	if (s->allow_count > SNAPSHOT_ALLOW_MAX)
		return "too many allowed ranges";
	if (s->size_bytes != size || size != snapshot_size(s->allow_count))
		return "size and counts disagree";
	if (s->checksum != snapshot_checksum(s, size))
		return "wrong checksum";
	return NULL;
}

static const char *
scalars_fault(const struct snapshot *s)
{
	if (s->generation == 0)
		return "generation 0";
	if (s->timeout_ms < SNAPSHOT_TIMEOUT_MS_MIN || s->timeout_ms > SNAPSHOT_TIMEOUT_MS_MAX)
		return "timeout out of range";
	if (s->policy > POLICY_LEAST_OUTSTANDING)
		return "unknown policy";
	if (s->no_upstream > NO_UPSTREAM_KEEP_TRYING)
		return "unknown rule for no upstream";
	if (s->near_miss > NEAR_MISS_TRUNCATE || s->near_misses == 0)
		return "unknown rule for near misses";
	if (s->edns_bytes < 512)
		return "EDNS size below 512";
	if (s->service_count > SNAPSHOT_SERVICES_MAX || s->source_count > SNAPSHOT_SOURCES_MAX ||
	    s->upstream_count > SNAPSHOT_UPSTREAMS_MAX)
		return "too many slots";
	return NULL;
}

static const char *
ports_fault(const struct snapshot *s)
{
	for (unsigned word = 0; word < SNAPSHOT_BITMAP_WORDS; word++) {
		if (s->ports_draw[word] & ~s->ports_accept[word])
			return "a port is drawn but not accepted";
		if (word < SNAPSHOT_SOURCE_PORT_MIN / 64 && s->ports_accept[word])
			return "a source port below 1024";
	}
	return NULL;
}

/* A reply's address must name one slot: the flow that it belongs to was drawn on that one. */
static const char *
sources_fault(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->source_count; i++) {
		if (s->sources[i].state > SLOT_RETIRED)
			return "source in an unknown state";
		for (uint32_t other = 0; other < i; other++)
			if (s->sources[i].state != SLOT_EMPTY && s->sources[other].state != SLOT_EMPTY &&
			    address_equal(&s->sources[i].address, &s->sources[other].address))
				return "source address in two slots";
	}
	return NULL;
}

static const char *
slots_fault(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->service_count; i++) {
		if (s->services[i].state > SLOT_RETIRED)
			return "service in an unknown state";
		if (s->services[i].state != SLOT_EMPTY && s->services[i].port.raw == 0)
			return "service on port 0";
	}
	for (uint32_t i = 0; i < s->upstream_count; i++) {
		const struct snapshot_upstream *u = &s->upstreams[i];

		if (u->state > SLOT_RETIRED || u->usable > 1 || u->resolved > 1 || u->random_case > 1)
			return "upstream in an unknown state";
		if (u->case_not_kept > 1 || (u->case_not_kept && u->random_case))
			return "upstream whose case is both drawn and not kept";
		if (u->state != SLOT_EMPTY && u->port.raw == 0)
			return "upstream with port 0";
		if (u->port_index >= SNAPSHOT_PORTS_MAX)
			return "upstream behind a port that can't exist";
		if (memchr(u->name, 0, sizeof(u->name)) == NULL)
			return "upstream's name without an end";
	}
	return NULL;
}

static const char *
allow_fault(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->allow_count; i++) {
		const struct allow_range *r = &s->allow[i];

		if (memcmp(r->first.bytes, r->last.bytes, 16) > 0)
			return "allowed range that ends before it starts";
		if (i > 0 && memcmp(s->allow[i - 1].last.bytes, r->first.bytes, 16) >= 0)
			return "allowed ranges out of order";
	}
	return NULL;
}

int
snapshot_validate(const void *block, size_t size, const char **why)
{
	const struct snapshot *s = block;

	*why = frame_fault(s, size);
	if (*why == NULL)
		*why = scalars_fault(s);
	if (*why == NULL)
		*why = ports_fault(s);
	if (*why == NULL)
		*why = slots_fault(s);
	if (*why == NULL)
		*why = sources_fault(s);
	if (*why == NULL)
		*why = allow_fault(s);
	return *why == NULL ? 0 : -EINVAL;
}
