/* SPDX-License-Identifier: BSD-3-Clause */
/* Seals and validates snapshots: workers rely on nothing that is not checked here. */
#include "dataplane/shared/snapshot.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* The checksum covers the whole block, with the checksum field as 0. */
static uint64_t
snapshot_checksum(const struct snapshot *s, size_t size)
{
	const size_t field = offsetof(struct snapshot, checksum),
		     after = field + sizeof(s->checksum);
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
	s->size_bytes = (uint32_t)snapshot_size(s->range_count, s->member_count, s->suffix_count,
						s->name_bytes);
	s->checksum = snapshot_checksum(s, s->size_bytes);
}

static const char *
frame_fault(const struct snapshot *s, size_t size)
{
	if (size < sizeof(*s))
		return "shorter than the fixed part";
	if (s->magic != SNAPSHOT_MAGIC)
		return "not a snapshot";
	if (s->version != SNAPSHOT_VERSION)
		return "another version of the snapshot format";
	if (s->range_count > SNAPSHOT_RANGES_MAX)
		return "too many address ranges";
	if (s->member_count > SNAPSHOT_MEMBERS_MAX)
		return "too many members of pools";
	if (s->suffix_count > SNAPSHOT_SUFFIXES_MAX || s->name_bytes > SNAPSHOT_NAMES_BYTES_MAX)
		return "too many suffixes";
	if (s->size_bytes != size ||
	    size != snapshot_size(s->range_count, s->member_count, s->suffix_count, s->name_bytes))
		return "size does not match the counts";
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
	if (s->not_allowed > REFUSAL_REFUSE)
		return "unknown refusal for clients that are not allowed";
	if (s->no_upstream > NO_UPSTREAM_KEEP_TRYING)
		return "unknown action without a usable upstream";
	if (s->near_miss > NEAR_MISS_TRUNCATE || s->near_misses == 0)
		return "unknown action for near misses";
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
			return "port that is drawn but not accepted";
		if (word < SNAPSHOT_SOURCE_PORT_MIN / 64 && s->ports_accept[word])
			return "source port below 1024";
	}
	return NULL;
}

/* A response's destination address must identify one slot, the one that its flow was drawn on. */
static const char *
sources_fault(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->source_count; i++) {
		if (s->sources[i].state > SLOT_RETIRED)
			return "source in an unknown state";
		for (uint32_t other = 0; other < i; other++)
			if (s->sources[i].state != SLOT_EMPTY &&
			    s->sources[other].state != SLOT_EMPTY &&
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

		if (u->state > SLOT_RETIRED || u->usable > 1 || u->resolved > 1 ||
		    u->random_case > 1)
			return "upstream in an unknown state";
		if (u->case_not_kept > 1 || (u->case_not_kept && u->random_case))
			return "upstream with both random_case and case_not_kept";
		if (u->admin_state > ADMIN_DOWN || (u->admin_state && u->state != SLOT_ACTIVE))
			return "upstream with an unknown override";
		if (u->state != SLOT_EMPTY && u->port.raw == 0)
			return "upstream with port 0";
		if (u->interface_index >= SNAPSHOT_INTERFACES_MAX)
			return "upstream with an interface out of range";
		if (memchr(u->name, 0, sizeof(u->name)) == NULL)
			return "unterminated name of an upstream";
	}
	return NULL;
}

/* One list of ranges: inside the block, sorted, disjoint. */
static const char *
ranges_fault(const struct snapshot *s, uint32_t first, uint32_t count)
{
	if (first > s->range_count || count > s->range_count - first)
		return "address ranges beyond the last one";
	for (uint32_t i = first; i < first + count; i++) {
		const struct address_range *r = &s->ranges[i];

		if (memcmp(r->first.bytes, r->last.bytes, 16) > 0)
			return "address range that ends before it starts";
		if (i > first && memcmp(s->ranges[i - 1].last.bytes, r->first.bytes, 16) >= 0)
			return "address ranges out of order";
	}
	return NULL;
}

static bool
pool_exists(const struct snapshot *s, uint8_t pool)
{
	return pool < SNAPSHOT_POOLS_MAX && s->pools[pool].used == 1;
}

/* Only an active service needs a pool and a list of allowed ranges. Services may share a list,
 * which is then read once for each: at most 64 times 16,384 ranges. */
static const char *
services_fault(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->service_count; i++) {
		const struct snapshot_service *service = &s->services[i];
		const char *why;

		if (service->state != SLOT_ACTIVE)
			continue;
		if (!pool_exists(s, service->pool))
			return "service with an unknown pool";
		why = ranges_fault(s, service->allow_first, service->allow_count);
		if (why != NULL)
			return why;
	}
	return NULL;
}

static const char *
members_fault(const struct snapshot *s, const struct snapshot_pool *pool)
{
	const struct pool_member *members = snapshot_members(s) + pool->member_first;
	uint64_t seen[SNAPSHOT_UPSTREAMS_MAX / 64] = {0};

	for (uint32_t i = 0; i < pool->member_count; i++) {
		const uint16_t slot = members[i].upstream;

		if (slot >= s->upstream_count || s->upstreams[slot].state != SLOT_ACTIVE)
			return "pool with a member that is not an active upstream";
		if (seen[slot / 64] >> slot % 64 & 1)
			return "pool with a member twice";
		if (members[i].weight == 0 || members[i].weight > SNAPSHOT_WEIGHT_MAX)
			return "weight out of range";
		seen[slot / 64] |= UINT64_C(1) << slot % 64;
	}
	return NULL;
}

static const char *
pools_fault(const struct snapshot *s)
{
	for (uint32_t i = 0; i < SNAPSHOT_POOLS_MAX; i++) {
		const struct snapshot_pool *pool = &s->pools[i];
		const char *why;

		if (pool->used > 1)
			return "pool in an unknown state";
		if (!pool->used)
			continue;
		if (pool->policy > POLICY_FIRST)
			return "unknown policy";
		if (memchr(pool->name, 0, sizeof(pool->name)) == NULL)
			return "unterminated name of a pool";
		if (pool->load_percent != 0 && pool->load_percent < 100)
			return "bounded load below 100 %";
		if (pool->member_first > s->member_count ||
		    pool->member_count > s->member_count - pool->member_first)
			return "members of a pool beyond the last one";
		why = members_fault(s, pool);
		if (why != NULL)
			return why;
	}
	return NULL;
}

/* A name in wire form, in lower case, that is exactly `bytes` long (RFC 1035 section 3.1). */
static bool
name_good(const uint8_t *name, unsigned bytes)
{
	unsigned at = 0;

	while (at < bytes && name[at] != 0) {
		const unsigned next = at + 1 + name[at];

		if (name[at] > DNS_LABEL_BYTES_MAX || next >= bytes)
			return false;
		for (unsigned i = at + 1; i < next; i++)
			if (name[i] >= 'A' && name[i] <= 'Z')
				return false;
		at = next;
	}
	return at + 1 == bytes;
}

static const char *
suffixes_fault(const struct snapshot *s)
{
	const struct suffix_route *suffixes = snapshot_suffixes(s), *before = NULL;
	const uint8_t *names = snapshot_names(s);

	for (uint32_t i = 0; i < s->suffix_count; i++, before = suffixes + i - 1) {
		const struct suffix_route *r = &suffixes[i];

		if (!pool_exists(s, r->pool))
			return "suffix with an unknown pool";
		if (r->name_offset > s->name_bytes ||
		    r->name_bytes > s->name_bytes - r->name_offset)
			return "suffix outside the names";
		if (!name_good(names + r->name_offset, r->name_bytes))
			return "suffix that is not a valid name";
		if (before != NULL && (before->name_bytes > r->name_bytes ||
				       (before->name_bytes == r->name_bytes &&
					memcmp(names + before->name_offset, names + r->name_offset,
					       r->name_bytes) >= 0)))
			return "suffixes out of order";
	}
	return NULL;
}

static const char *
types_fault(const struct snapshot *s)
{
	if (s->type_route_count > SNAPSHOT_TYPE_ROUTES_MAX)
		return "too many types";
	for (uint32_t i = 0; i < s->type_route_count; i++) {
		if (!pool_exists(s, s->type_routes[i].pool))
			return "type with an unknown pool";
		if (i > 0 && s->type_routes[i - 1].type >= s->type_routes[i].type)
			return "types out of order";
	}
	return NULL;
}

static const char *
limit_fault(const struct snapshot *s)
{
	const struct snapshot_limit *limit = &s->limit;

	if (limit->queries_per_second == 0)
		return NULL;
	if (limit->burst == 0 || limit->prefix4 == 0 || limit->prefix4 > 32 ||
	    limit->prefix6 == 0 || limit->prefix6 > 128 || limit->refusal > REFUSAL_REFUSE)
		return "limit out of range";
	return ranges_fault(s, limit->exempt_first, limit->exempt_count);
}

int
snapshot_validate(const void *block, size_t size, const char **why)
{
	static const char *(*const faults[])(const struct snapshot *) = {
		scalars_fault,	ports_fault,	slots_fault, sources_fault, pools_fault,
		services_fault, suffixes_fault, types_fault, limit_fault,
	};

	*why = frame_fault(block, size);
	for (size_t i = 0; *why == NULL && i < sizeof(faults) / sizeof(faults[0]); i++)
		*why = faults[i](block);
	return *why == NULL ? 0 : -EINVAL;
}
