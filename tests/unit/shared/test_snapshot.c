/* SPDX-License-Identifier: BSD-3-Clause */
/* snapshot_validate(): every checked field, made invalid one at a time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/suite.h"

/* Room for the largest block, so that edits can claim more than there is. */
union block {
	struct snapshot s;
	uint8_t bytes[sizeof(struct snapshot) + 20 * 1024 * 1024];
};

static union block block;

#define SPOIL(name, ...)                                                                           \
	static void name(struct snapshot *s)                                                       \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}

SPOIL(generation_0, s->generation = 0)
SPOIL(timeout_49, s->timeout_ms = SNAPSHOT_TIMEOUT_MS_MIN - 1)
SPOIL(timeout_50, s->timeout_ms = SNAPSHOT_TIMEOUT_MS_MIN)
SPOIL(timeout_30000, s->timeout_ms = SNAPSHOT_TIMEOUT_MS_MAX)
SPOIL(timeout_30001, s->timeout_ms = SNAPSHOT_TIMEOUT_MS_MAX + 1)
SPOIL(policy_last, s->pools[0].policy = POLICY_FIRST)
SPOIL(policy_unknown, s->pools[0].policy = POLICY_FIRST + 1)
SPOIL(policy_unused, s->pools[1].policy = POLICY_FIRST + 1)
SPOIL(not_allowed_last, s->not_allowed = REFUSAL_REFUSE)
SPOIL(not_allowed_unknown, s->not_allowed = REFUSAL_REFUSE + 1)
SPOIL(no_upstream_last, s->no_upstream = NO_UPSTREAM_KEEP_TRYING)
SPOIL(no_upstream_unknown, s->no_upstream = 255)
SPOIL(services_most, s->service_count = SNAPSHOT_SERVICES_MAX)
SPOIL(services_more, s->service_count = SNAPSHOT_SERVICES_MAX + 1)
SPOIL(sources_most, s->source_count = SNAPSHOT_SOURCES_MAX)
SPOIL(sources_more, s->source_count = SNAPSHOT_SOURCES_MAX + 1)
SPOIL(upstreams_most, s->upstream_count = SNAPSHOT_UPSTREAMS_MAX)
SPOIL(upstreams_more, s->upstream_count = UINT32_MAX)
SPOIL(nothing_at_all, s->service_count = s->source_count = s->upstream_count = 0;
      s->pools[0].member_count = 0)
SPOIL(draw_not_accepted, s->ports_accept[1000] &= ~UINT64_C(1))
SPOIL(accept_not_drawn, s->ports_draw[1000] &= ~UINT64_C(1))
SPOIL(port_1023, s->ports_accept[15] |= UINT64_C(1) << 63)
SPOIL(port_1024, s->ports_accept[16] |= 1)
SPOIL(port_0, s->ports_accept[0] |= 1)
SPOIL(service_state, s->services[2].state = SLOT_RETIRED + 1)
SPOIL(service_port_0, s->services[2].port.raw = 0)
SPOIL(service_empty_port_0, s->services[2].port.raw = 0; s->services[2].state = SLOT_EMPTY)
SPOIL(service_retired_port_0, s->services[2].port.raw = 0; s->services[2].state = SLOT_RETIRED)
SPOIL(source_state, s->sources[7].state = 3)
SPOIL(source_retired, s->sources[7].state = SLOT_RETIRED)
SPOIL(source_twice, s->sources[7].address = s->sources[5].address)
SPOIL(source_twice_retired, s->sources[7] = s->sources[5]; s->sources[5].state = SLOT_RETIRED)
SPOIL(source_twice_empty, s->sources[7] = s->sources[5]; s->sources[5].state = SLOT_EMPTY)
SPOIL(upstream_state, s->upstreams[4].state = 3)
SPOIL(upstream_usable, s->upstreams[4].usable = 2)
SPOIL(upstream_resolved, s->upstreams[4].resolved = 2)
SPOIL(upstream_port_0, s->upstreams[4].port.raw = 0)
SPOIL(upstream_empty_port_0, s->upstreams[4].port.raw = 0; s->upstreams[4].state = SLOT_EMPTY;
      s->pools[0].member_count = 4)
SPOIL(near_miss_last, s->near_miss = NEAR_MISS_TRUNCATE)
SPOIL(near_miss_unknown, s->near_miss = NEAR_MISS_TRUNCATE + 1)
SPOIL(near_misses_0, s->near_misses = 0)
SPOIL(near_misses_255, s->near_misses = 255)
SPOIL(edns_511, s->edns_bytes = 511)
SPOIL(edns_512, s->edns_bytes = 512)
SPOIL(edns_65535, s->edns_bytes = 65535)
SPOIL(waiters_255, s->waiters = 255)
SPOIL(random_case_1, s->upstreams[4].random_case = 1)
SPOIL(random_case_2, s->upstreams[4].random_case = 2)
SPOIL(case_not_kept_1, s->upstreams[4].case_not_kept = 1)
SPOIL(case_not_kept_2, s->upstreams[4].case_not_kept = 2)
SPOIL(override_last, s->upstreams[4].admin_state = ADMIN_DOWN)
SPOIL(override_unknown, s->upstreams[4].admin_state = ADMIN_DOWN + 1)
SPOIL(override_retired, s->upstreams[4].admin_state = ADMIN_DRAIN;
      s->upstreams[4].state = SLOT_RETIRED; s->pools[0].member_count = 0)
SPOIL(case_drawn_not_kept, s->upstreams[4].random_case = s->upstreams[4].case_not_kept = 1)
SPOIL(upstream_interface_index_15, s->upstreams[4].interface_index = SNAPSHOT_INTERFACES_MAX - 1)
SPOIL(upstream_interface_index_16, s->upstreams[4].interface_index = SNAPSHOT_INTERFACES_MAX)
SPOIL(upstream_name_31, memset(s->upstreams[4].name, 'n', SNAPSHOT_NAME_BYTES - 1))
SPOIL(upstream_name_32, memset(s->upstreams[4].name, 'n', SNAPSHOT_NAME_BYTES))
SPOIL(beyond_the_count, s->upstreams[400].state = 9)
SPOIL(allow_backwards, s->ranges[1].last = s->ranges[0].first)
SPOIL(allow_one_address, s->ranges[0].last = s->ranges[0].first)
SPOIL(allow_overlaps, s->ranges[1].first = s->ranges[0].last)
SPOIL(allow_unsorted, struct address_range r = s->ranges[0]; s->ranges[0] = s->ranges[1];
      s->ranges[1] = r)
SPOIL(allow_none,
      s->services[0].allow_count = s->services[1].allow_count = s->services[2].allow_count = 0)

/* A second pool, of upstreams 1 and 3, with routes for two suffixes and two types, and a limit;
 * edits below make parts of it invalid. */
static void
routed(struct snapshot *s)
{
	static const char names[] = "\3net\0\3www\3org\0\7example";
	struct snapshot *grown = pipeline_snapshot_resize(
		pipeline_snapshot_new(), 3, PIPELINE_UPSTREAM_COUNT + 2, 3, sizeof(names));

	grown->pools[7] = (struct snapshot_pool){.used = 1,
						 .policy = POLICY_HASH,
						 .member_first = PIPELINE_UPSTREAM_COUNT,
						 .member_count = 2};
	strcpy(grown->pools[7].name, "bulk");
	snapshot_members(grown)[PIPELINE_UPSTREAM_COUNT] =
		(struct pool_member){.upstream = 1, .weight = 2};
	snapshot_members(grown)[PIPELINE_UPSTREAM_COUNT + 1] =
		(struct pool_member){.upstream = 3, .weight = 10000};
	grown->services[2].pool = 7;
	grown->services[2].allow_first = 2;
	grown->services[2].allow_count = 1;
	grown->ranges[2] = (struct address_range){pipeline_address("0.0.0.0"),
						  pipeline_address("255.255.255.255")};
	memcpy(snapshot_names(grown), names, sizeof(names));
	snapshot_suffixes(grown)[0] =
		(struct suffix_route){.name_offset = 0, .name_bytes = 5, .pool = 7};
	snapshot_suffixes(grown)[1] =
		(struct suffix_route){.name_offset = 5, .name_bytes = 9, .pool = 0};
	snapshot_suffixes(grown)[2] =
		(struct suffix_route){.name_offset = 14, .name_bytes = 9, .pool = 7};
	grown->type_route_count = 2;
	grown->type_routes[0] = (struct type_route){.type = 12, .pool = 7};
	grown->type_routes[1] = (struct type_route){.type = 65, .pool = 0};
	grown->limit = (struct snapshot_limit){.queries_per_second = 1,
					       .burst = 1,
					       .prefix4 = 32,
					       .prefix6 = 128,
					       .refusal = REFUSAL_REFUSE,
					       .exempt_first = 0,
					       .exempt_count = 2};
	memcpy(s, grown,
	       snapshot_size(grown->range_count, grown->member_count, grown->suffix_count,
			     grown->name_bytes));
	free(grown);
}

#define SPOIL_ROUTED(name, ...)                                                                    \
	SPOIL(name, routed(s); struct pool_member *members = snapshot_members(s);                  \
	      struct suffix_route *suffixes = snapshot_suffixes(s);                                \
	      uint8_t *names = snapshot_names(s); (void)members, (void)suffixes, (void)names;      \
	      __VA_ARGS__)

SPOIL_ROUTED(routed_whole, )
SPOIL_ROUTED(pool_used_2, s->pools[9].used = 2)
SPOIL_ROUTED(pool_name_32, memset(s->pools[7].name, 'n', SNAPSHOT_NAME_BYTES))
SPOIL_ROUTED(pool_load_99, s->pools[7].load_percent = 99)
SPOIL_ROUTED(pool_load_100, s->pools[7].load_percent = 100)
SPOIL_ROUTED(pool_members_beyond, s->pools[7].member_count = 3)
SPOIL_ROUTED(pool_members_wrap, s->pools[7].member_count = UINT32_MAX)
SPOIL_ROUTED(pool_first_beyond, s->pools[7].member_first = 8; s->pools[7].member_count = 0)
SPOIL_ROUTED(pool_no_members, s->pools[7].member_count = 0)
SPOIL_ROUTED(member_beyond, members[5].upstream = PIPELINE_UPSTREAM_COUNT)
SPOIL_ROUTED(member_retired, s->upstreams[3].state = SLOT_RETIRED; s->pools[0].member_count = 3)
SPOIL_ROUTED(member_twice, members[5].upstream = members[6].upstream)
SPOIL_ROUTED(weight_0, members[6].weight = 0)
SPOIL_ROUTED(weight_10001, members[6].weight = SNAPSHOT_WEIGHT_MAX + 1)
SPOIL_ROUTED(service_pool_unused, s->services[0].pool = 8)
SPOIL_ROUTED(service_pool_64, s->services[0].pool = SNAPSHOT_POOLS_MAX)
SPOIL_ROUTED(service_retired_pool, s->services[0].pool = 8; s->services[0].state = SLOT_RETIRED)
SPOIL_ROUTED(service_ranges_beyond, s->services[2].allow_count = 2)
SPOIL_ROUTED(service_ranges_wrap, s->services[2].allow_count = UINT32_MAX)
SPOIL_ROUTED(service_ranges_shared, s->services[2].allow_first = 0; s->services[2].allow_count = 2)
SPOIL_ROUTED(service_ranges_joined, s->services[2].allow_first = 1; s->services[2].allow_count = 2)
SPOIL_ROUTED(suffix_pool, suffixes[1].pool = 1)
SPOIL_ROUTED(suffix_offset, suffixes[2].name_offset = s->name_bytes + 1)
SPOIL_ROUTED(suffix_bytes, suffixes[2].name_bytes = 11)
SPOIL_ROUTED(suffix_short, suffixes[2].name_bytes = 8)
SPOIL_ROUTED(suffix_empty, suffixes[0].name_bytes = 0)
SPOIL_ROUTED(suffix_root, suffixes[0].name_offset = 4; suffixes[0].name_bytes = 1)
SPOIL_ROUTED(suffix_upper, names[6] = 'E')
SPOIL_ROUTED(suffix_label_64, names[5] = 64)
SPOIL_ROUTED(suffix_label_long, names[5] = 8)
SPOIL_ROUTED(suffix_pointer, names[5] = 0xc0)
SPOIL_ROUTED(suffix_early_end, names[0] = 0)
SPOIL_ROUTED(suffix_twice, suffixes[2].name_offset = suffixes[1].name_offset)
SPOIL_ROUTED(suffix_order, suffixes[1].name_offset = 14; suffixes[2].name_offset = 5)
SPOIL_ROUTED(suffix_sizes, suffixes[0].name_offset = 5; suffixes[0].name_bytes = 9;
	     suffixes[1].name_offset = 0; suffixes[1].name_bytes = 5)
SPOIL_ROUTED(suffixes_most, s->suffix_count = SNAPSHOT_SUFFIXES_MAX + 1)
SPOIL_ROUTED(names_most, s->name_bytes = SNAPSHOT_NAMES_BYTES_MAX + 1)
SPOIL_ROUTED(members_most, s->member_count = SNAPSHOT_MEMBERS_MAX + 1)
SPOIL_ROUTED(types_65, s->type_route_count = SNAPSHOT_TYPE_ROUTES_MAX + 1)
SPOIL_ROUTED(type_pool, s->type_routes[1].pool = 1)
SPOIL_ROUTED(type_twice, s->type_routes[1].type = 12)
SPOIL_ROUTED(type_order, s->type_routes[1].type = 11)
SPOIL_ROUTED(limit_burst_0, s->limit.burst = 0)
SPOIL_ROUTED(limit_prefix4_0, s->limit.prefix4 = 0)
SPOIL_ROUTED(limit_prefix4_33, s->limit.prefix4 = 33)
SPOIL_ROUTED(limit_prefix6_0, s->limit.prefix6 = 0)
SPOIL_ROUTED(limit_prefix6_129, s->limit.prefix6 = 129)
SPOIL_ROUTED(limit_refusal, s->limit.refusal = 2)
SPOIL_ROUTED(limit_exempt, s->limit.exempt_count = 4)
SPOIL_ROUTED(limit_off, s->limit = (struct snapshot_limit){.refusal = 9})

/* Sealed again after the change: only the field itself can be the fault. */
static const struct {
	const char *description;
	void (*spoil)(struct snapshot *);
	const char *why; /* NULL: accepted */
} fields[] = {
	{"generation 0", generation_0, "generation 0"},
	{"timeout of 49 ms", timeout_49, "timeout out of range"},
	{"timeout of 50 ms", timeout_50, NULL},
	{"timeout of 30 s", timeout_30000, NULL},
	{"timeout of 30.001 s", timeout_30001, "timeout out of range"},
	{"first usable", policy_last, NULL},
	{"policy 5", policy_unknown, "unknown policy"},
	{"policy 5 of an unused pool", policy_unused, NULL},
	{"not_allowed: refuse", not_allowed_last, NULL},
	{"not_allowed 2", not_allowed_unknown, "unknown refusal for clients that are not allowed"},
	{"keep trying", no_upstream_last, NULL},
	{"no_upstream 255", no_upstream_unknown, "unknown action without a usable upstream"},
	{"near misses truncate", near_miss_last, NULL},
	{"near_miss 2", near_miss_unknown, "unknown action for near misses"},
	{"0 near misses mark a query", near_misses_0, "unknown action for near misses"},
	{"255 near misses mark a query", near_misses_255, NULL},
	{"EDNS size 511", edns_511, "EDNS size below 512"},
	{"EDNS size 512", edns_512, NULL},
	{"EDNS size 65535", edns_65535, NULL},
	{"255 waiters", waiters_255, NULL},
	{"case drawn", random_case_1, NULL},
	{"random_case 2", random_case_2, "upstream in an unknown state"},
	{"case not kept", case_not_kept_1, NULL},
	{"override, the last", override_last, NULL},
	{"override, unknown", override_unknown, "upstream with an unknown override"},
	{"override, retired", override_retired, "upstream with an unknown override"},
	{"case_not_kept 2", case_not_kept_2, "upstream with both random_case and case_not_kept"},
	{"case drawn and not kept", case_drawn_not_kept,
	 "upstream with both random_case and case_not_kept"},
	{"64 services", services_most, NULL},
	{"65 services", services_more, "too many slots"},
	{"256 sources", sources_most, NULL},
	{"257 sources", sources_more, "too many slots"},
	{"512 upstreams", upstreams_most, NULL},
	{"2^32-1 upstreams", upstreams_more, "too many slots"},
	{"no slots", nothing_at_all, NULL},
	{"port drawn but not accepted", draw_not_accepted, "port that is drawn but not accepted"},
	{"port accepted but not drawn", accept_not_drawn, NULL},
	{"port 1023", port_1023, "source port below 1024"},
	{"port 1024", port_1024, NULL},
	{"port 0", port_0, "source port below 1024"},
	{"service in state 3", service_state, "service in an unknown state"},
	{"service on port 0", service_port_0, "service on port 0"},
	{"empty service on port 0", service_empty_port_0, NULL},
	{"retired service on port 0", service_retired_port_0, "service on port 0"},
	{"source in state 3", source_state, "source in an unknown state"},
	{"retired source", source_retired, NULL},
	{"one source in two slots", source_twice, "source address in two slots"},
	{"one source in two slots, one retired", source_twice_retired,
	 "source address in two slots"},
	{"one source in two slots, one empty", source_twice_empty, NULL},
	{"upstream in state 3", upstream_state, "upstream in an unknown state"},
	{"upstream usable 2", upstream_usable, "upstream in an unknown state"},
	{"upstream resolved 2", upstream_resolved, "upstream in an unknown state"},
	{"upstream on port 0", upstream_port_0, "upstream with port 0"},
	{"empty upstream on port 0", upstream_empty_port_0, NULL},
	{"upstream behind interface 15", upstream_interface_index_15, NULL},
	{"upstream behind interface 16", upstream_interface_index_16,
	 "upstream with an interface out of range"},
	{"name of 31 bytes", upstream_name_31, NULL},
	{"name of 32 bytes", upstream_name_32, "unterminated name of an upstream"},
	{"garbage beyond the count", beyond_the_count, NULL},
	{"allowed range backwards", allow_backwards, "address range that ends before it starts"},
	{"allowed range of one address", allow_one_address, NULL},
	{"allowed ranges that overlap", allow_overlaps, "address ranges out of order"},
	{"allowed ranges unsorted", allow_unsorted, "address ranges out of order"},
	{"no client allowed", allow_none, NULL},
	{"pools, routes and a limit", routed_whole, NULL},
	{"pool used 2", pool_used_2, "pool in an unknown state"},
	{"pool's name of 32 bytes", pool_name_32, "unterminated name of a pool"},
	{"load bound to 99 %", pool_load_99, "bounded load below 100 %"},
	{"load bound to 100 %", pool_load_100, NULL},
	{"one member too many", pool_members_beyond, "members of a pool beyond the last one"},
	{"2^32-1 members of a pool", pool_members_wrap, "members of a pool beyond the last one"},
	{"first member beyond the last", pool_first_beyond,
	 "members of a pool beyond the last one"},
	{"pool without members", pool_no_members, NULL},
	{"member that is no upstream", member_beyond,
	 "pool with a member that is not an active upstream"},
	{"member that is retired", member_retired,
	 "pool with a member that is not an active upstream"},
	{"member twice", member_twice, "pool with a member twice"},
	{"weight 0", weight_0, "weight out of range"},
	{"weight 10,001", weight_10001, "weight out of range"},
	{"service with a pool that is not used", service_pool_unused,
	 "service with an unknown pool"},
	{"service with pool 64", service_pool_64, "service with an unknown pool"},
	{"retired service without a pool", service_retired_pool, NULL},
	{"service with one range too many", service_ranges_beyond,
	 "address ranges beyond the last one"},
	{"service with 2^32-1 ranges", service_ranges_wrap, "address ranges beyond the last one"},
	{"two services with one list", service_ranges_shared, NULL},
	{"list that overlaps the ends of two others", service_ranges_joined,
	 "address ranges out of order"},
	{"suffix to a pool that is not used", suffix_pool, "suffix with an unknown pool"},
	{"suffix that begins beyond the names", suffix_offset, "suffix outside the names"},
	{"suffix that ends beyond the names", suffix_bytes, "suffix outside the names"},
	{"suffix without its root", suffix_short, "suffix that is not a valid name"},
	{"suffix of no bytes", suffix_empty, "suffix that is not a valid name"},
	{"the root as a suffix", suffix_root, NULL},
	{"suffix in upper case", suffix_upper, "suffix that is not a valid name"},
	{"suffix with a label of 64 bytes", suffix_label_64, "suffix that is not a valid name"},
	{"suffix with a label beyond its end", suffix_label_long,
	 "suffix that is not a valid name"},
	{"suffix with a pointer", suffix_pointer, "suffix that is not a valid name"},
	{"suffix that ends before its end", suffix_early_end, "suffix that is not a valid name"},
	{"suffix twice", suffix_twice, "suffixes out of order"},
	{"suffixes of one size out of order", suffix_order, "suffixes out of order"},
	{"a longer suffix first", suffix_sizes, "suffixes out of order"},
	{"131,073 suffixes", suffixes_most, "too many suffixes"},
	{"names of 16 MiB and a byte", names_most, "too many suffixes"},
	{"4,097 members", members_most, "too many members of pools"},
	{"65 types", types_65, "too many types"},
	{"type to a pool that is not used", type_pool, "type with an unknown pool"},
	{"type twice", type_twice, "types out of order"},
	{"types out of order", type_order, "types out of order"},
	{"burst of 0", limit_burst_0, "limit out of range"},
	{"prefix of no IPv4 bits", limit_prefix4_0, "limit out of range"},
	{"prefix of 33 IPv4 bits", limit_prefix4_33, "limit out of range"},
	{"prefix of no IPv6 bits", limit_prefix6_0, "limit out of range"},
	{"prefix of 129 IPv6 bits", limit_prefix6_129, "limit out of range"},
	{"refusal 2 over the limit", limit_refusal, "limit out of range"},
	{"one exempt range too many", limit_exempt, "address ranges beyond the last one"},
	{"no limit", limit_off, NULL},
};

static void
block_reset(void)
{
	struct snapshot *s = pipeline_snapshot_new();

	memset(&block, 0, sizeof(struct snapshot) + 65536);
	memcpy(&block, s, s->size_bytes);
	free(s);
}

static void
expect(const char *description, size_t size, const char *why)
{
	const char *found = "nothing";
	const int status = snapshot_validate(&block, size, &found);

	SUITE_ASSERT(status == (why ? -EINVAL : 0), "%s: status %d", description, status);
	if (why == NULL || found == NULL)
		SUITE_ASSERT(found == why, "%s: %s", description, found ? found : "accepted");
	else
		SUITE_ASSERT(strcmp(found, why) == 0, "%s: %s", description, found);
}

static void
test_fields(void)
{
	block_reset();
	expect("the template", block.s.size_bytes, NULL);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		block_reset();
		fields[i].spoil(&block.s);
		snapshot_seal(&block.s);
		expect(fields[i].description, block.s.size_bytes, fields[i].why);
	}
}

/* What the seal itself protects. */
static void
test_frame(void)
{
	const size_t sizes[] = {0, 1, 8, sizeof(struct snapshot) - 1};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		block_reset();
		expect("truncated", sizes[i], "shorter than the fixed part");
	}
	block_reset();
	expect("one byte less", block.s.size_bytes - 1, "size does not match the counts");
	expect("one byte more", block.s.size_bytes + 1, "size does not match the counts");
	block.s.magic ^= 1;
	expect("magic", block.s.size_bytes, "not a snapshot");
	block_reset();
	block.s.version++;
	expect("version", block.s.size_bytes, "another version of the snapshot format");
	block_reset();
	block.s.size_bytes++;
	expect("size", block.s.size_bytes - 1, "size does not match the counts");
	block_reset();
	block.s.range_count = 3;
	expect("range_count", block.s.size_bytes, "size does not match the counts");
	block.s.range_count = UINT32_MAX;
	expect("range_count", block.s.size_bytes, "too many address ranges");
	block_reset();
	block.s.checksum ^= 1;
	expect("checksum", block.s.size_bytes, "wrong checksum");
}

/* A flipped bit anywhere after the header breaks the seal; the seal does not depend on the old
 * checksum. */
static void
test_every_byte(void)
{
	uint64_t checksum;

	block_reset();
	checksum = block.s.checksum;
	block.s.checksum = 12345;
	snapshot_seal(&block.s);
	CU_ASSERT_EQUAL(block.s.checksum, checksum);
	for (size_t at = offsetof(struct snapshot, generation); at < block.s.size_bytes; at += 61) {
		const char *why;

		block.bytes[at] ^= 0x10;
		SUITE_ASSERT(snapshot_validate(&block, block.s.size_bytes, &why) == -EINVAL,
			     "byte %zu", at);
		block.bytes[at] ^= 0x10;
	}
	expect("restored", block.s.size_bytes, NULL);
}

static void
test_ranges_most(void)
{
	block_reset();
	block.s.member_count = 0;
	block.s.pools[0].member_count = 0;
	block.s.range_count = SNAPSHOT_RANGES_MAX;
	block.s.services[0].allow_count = SNAPSHOT_RANGES_MAX;
	for (uint32_t i = 0; i < SNAPSHOT_RANGES_MAX + 1; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.%u.0", i / 256, i % 256);
		block.s.ranges[i] =
			(struct address_range){pipeline_address(text), pipeline_address(text)};
	}
	snapshot_seal(&block.s);
	expect("16,384 ranges", block.s.size_bytes, NULL);
	block.s.range_count++;
	snapshot_seal(&block.s);
	expect("16,385 ranges", block.s.size_bytes, "too many address ranges");
}

/* Reads only within the given size: a copy of exactly that size, for AddressSanitizer. */
static void
test_exact_memory(void)
{
	const size_t sizes[] = {0, 8, sizeof(struct snapshot) - 8, sizeof(struct snapshot)};
	const char *why;

	block_reset();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *copy = malloc(sizes[i] + 1);

		memcpy(copy, &block, sizes[i]);
		CU_ASSERT_EQUAL(snapshot_validate(copy, sizes[i], &why), -EINVAL);
		free(copy);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"fields", test_fields},
			       {"frame", test_frame},
			       {"every byte", test_every_byte},
			       {"most ranges", test_ranges_most},
			       {"exact memory", test_exact_memory},
			       CU_TEST_INFO_NULL};

	return suite_run("snapshot", tests);
}
