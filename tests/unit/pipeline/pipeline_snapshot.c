/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot that tests start from. */
#include "tests/unit/pipeline/pipeline_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_common.h>

#include "tests/unit/pipeline/pipeline_frame.h"

/* The MAC address of an upstream's next hop. */
static struct mac
pipeline_next_hop(unsigned upstream)
{
	return (struct mac){{2, 0, 0, 0, 0xfa, (uint8_t)upstream}};
}

void
pipeline_snapshot_usable(struct snapshot *s, uint32_t upstreams)
{
	for (uint32_t i = 0; i < s->upstream_count; i++)
		s->upstreams[i].usable = upstreams >> i & 1;
}

void
pipeline_snapshot_tidy(struct snapshot *s)
{
	for (uint32_t i = 0; i < SNAPSHOT_POOLS_MAX; i++) {
		struct pool_member *members = snapshot_members(s) + s->pools[i].member_first;
		uint32_t kept = 0;

		for (uint32_t m = 0; m < s->pools[i].member_count; m++)
			if (members[m].upstream < s->upstream_count &&
			    s->upstreams[members[m].upstream].state == SLOT_ACTIVE)
				members[kept++] = members[m];
		s->pools[i].member_count = kept;
	}
}

void
pipeline_snapshot_ports(struct snapshot *s, uint16_t first, uint16_t last)
{
	memset(s->ports_draw, 0, sizeof(s->ports_draw));
	for (uint32_t port = first; port <= last; port++)
		bitmap_set(s->ports_draw, (uint16_t)port);
	memcpy(s->ports_accept, s->ports_draw, sizeof(s->ports_accept));
}

static void
fill_upstreams(struct snapshot *s)
{
	static const struct {
		const char *address;
		uint16_t port;
	} servers[PIPELINE_UPSTREAM_COUNT] = {
		[PIPELINE_UPSTREAM_IPV4] = {"198.51.100.101", 53},
		[PIPELINE_UPSTREAM_IPV4_SECOND] = {"198.51.100.102", 53},
		[PIPELINE_UPSTREAM_IPV6] = {"2001:db8:2::101", 53},
		[PIPELINE_UPSTREAM_IPV6_SECOND] = {"2001:db8:2::102", 53},
		[PIPELINE_UPSTREAM_OTHER_PORT] = {"198.51.100.101", 5300},
	};

	s->upstream_count = PIPELINE_UPSTREAM_COUNT;
	for (uint32_t i = 0; i < PIPELINE_UPSTREAM_COUNT; i++) {
		s->upstreams[i] = (struct snapshot_upstream){
			.address = pipeline_address(servers[i].address),
			.port = be16_from(servers[i].port),
			.state = SLOT_ACTIVE,
			.resolved = 1,
			.interface_index = 1,
			.next_hop = pipeline_next_hop(i),
		};
		snprintf(s->upstreams[i].name, sizeof(s->upstreams[i].name), "upstream-%u", i);
	}
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV4);
}

static void
fill_sources(struct snapshot *s)
{
	s->source_count = PIPELINE_SOURCE_COUNT;
	for (uint32_t i = 0; i < PIPELINE_SOURCE_COUNT; i++) {
		char text[32];

		if (i < PIPELINE_SOURCE_IPV6)
			snprintf(text, sizeof(text), "198.51.100.%u", 16 + i);
		else
			snprintf(text, sizeof(text), "2001:db8:2::%u",
				 16 + i - PIPELINE_SOURCE_IPV6);
		s->sources[i] = (struct snapshot_source){.address = pipeline_address(text),
							 .state = SLOT_ACTIVE};
	}
}

static void
fill_services(struct snapshot *s)
{
	s->service_count = PIPELINE_SERVICE_COUNT;
	s->services[PIPELINE_SERVICE_IPV4] =
		(struct snapshot_service){.address = pipeline_address("192.0.2.53"),
					  .port = be16_from(53),
					  .state = SLOT_ACTIVE};
	s->services[PIPELINE_SERVICE_IPV6] =
		(struct snapshot_service){.address = pipeline_address("2001:db8:1::53"),
					  .port = be16_from(53),
					  .state = SLOT_ACTIVE};
	s->services[PIPELINE_SERVICE_OTHER_PORT] =
		(struct snapshot_service){.address = pipeline_address("192.0.2.53"),
					  .port = be16_from(5353),
					  .state = SLOT_ACTIVE};
}

struct snapshot *
pipeline_snapshot_resize(struct snapshot *before, uint32_t ranges, uint32_t members,
			 uint32_t suffixes, uint32_t name_bytes)
{
	struct snapshot *s = calloc(1, snapshot_size(ranges, members, suffixes, name_bytes));

	if (s == NULL)
		abort();
	*s = *before;
	s->range_count = ranges;
	s->member_count = members;
	s->suffix_count = suffixes;
	s->name_bytes = name_bytes;
	memcpy(s->ranges, before->ranges,
	       RTE_MIN(ranges, before->range_count) * sizeof(s->ranges[0]));
	memcpy(snapshot_members(s), snapshot_members(before),
	       RTE_MIN(members, before->member_count) * sizeof(struct pool_member));
	memcpy(snapshot_suffixes(s), snapshot_suffixes(before),
	       RTE_MIN(suffixes, before->suffix_count) * sizeof(struct suffix_route));
	memcpy(snapshot_names(s), snapshot_names(before), RTE_MIN(name_bytes, before->name_bytes));
	free(before);
	return s;
}

static void
fill_pools(struct snapshot *s)
{
	strcpy(s->pools[0].name, "default");
	s->pools[0].used = 1;
	s->pools[0].policy = POLICY_ROUND_ROBIN;
	s->pools[0].member_count = PIPELINE_UPSTREAM_COUNT;
	for (uint16_t i = 0; i < PIPELINE_UPSTREAM_COUNT; i++)
		snapshot_members(s)[i] = (struct pool_member){.upstream = i, .weight = 1};
}

struct snapshot *
pipeline_snapshot_new(void)
{
	struct snapshot *s = calloc(1, snapshot_size(2, PIPELINE_UPSTREAM_COUNT, 0, 0));

	if (s == NULL)
		abort();
	s->generation = 1;
	s->timeout_ms = 30000;
	s->no_upstream = NO_UPSTREAM_SERVFAIL;
	s->near_miss = NEAR_MISS_COUNT;
	s->near_misses = 1;
	s->edns_bytes = PIPELINE_EDNS_BYTES;
	fill_services(s);
	fill_sources(s);
	fill_upstreams(s);
	pipeline_snapshot_ports(s, PIPELINE_PORT_FIRST, 65535);
	s->range_count = 2;
	s->member_count = PIPELINE_UPSTREAM_COUNT;
	for (uint32_t i = 0; i < s->service_count; i++)
		s->services[i].allow_count = 2;
	fill_pools(s);
	s->ranges[0] = (struct address_range){pipeline_address("192.0.2.0"),
					      pipeline_address("192.0.2.255")};
	s->ranges[1] =
		(struct address_range){pipeline_address("2001:db8:1::"),
				       pipeline_address("2001:db8:1:ffff:ffff:ffff:ffff:ffff")};
	snapshot_seal(s);
	return s;
}
