/* SPDX-License-Identifier: BSD-3-Clause */
/* Ownership of source addresses and ports, at start and across reloads. */
#include "dataplane/tables/owner.h"

#include <stdlib.h>

#include <sodium.h>

#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

static struct owners owners;

/* A snapshot with sources of each family, all active: 198.51.100.1.., 2001:db8:2::1.. */
static struct snapshot *
sources(uint32_t ipv4, uint32_t ipv6)
{
	struct snapshot *s = pipeline_snapshot_new();

	memset(s->sources, 0, sizeof(s->sources));
	s->source_count = ipv4 + ipv6;
	for (uint32_t i = 0; i < ipv4 + ipv6; i++) {
		struct address address =
			pipeline_address(i < ipv4 ? "198.51.100.0" : "2001:db8:2::");

		address.bytes[15] = (uint8_t)(1 + i);
		s->sources[i] = (struct snapshot_source){.address = address, .state = SLOT_ACTIVE};
	}
	return s;
}

/* Counts the active addresses of a family of each worker. */
static void
count_owned(const struct snapshot *s, bool ipv4, uint32_t *held)
{
	memset(held, 0, 64 * sizeof(*held));
	for (uint32_t i = 0; i < s->source_count; i++) {
		const uint8_t owner = owners.map.owner[i];

		if (s->sources[i].state != SLOT_ACTIVE ||
		    address_is_ipv4(&s->sources[i].address) != ipv4)
			continue;
		if (owner < 64)
			held[owner]++;
		else
			CU_FAIL("an active address without an owner");
	}
}

/* Whole addresses: evenly distributed, no worker without one. */
static void
test_whole(void)
{
	static const struct {
		uint32_t workers, ipv4, ipv6;
	} rows[] = {{1, 1, 1}, {2, 2, 3}, {3, 8, 8}, {7, 7, 20}, {64, 64, 190}, {4, 200, 56}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *s = sources(rows[i].ipv4, rows[i].ipv6);
		uint32_t held[64];

		owners_init(&owners, rows[i].workers);
		owners_update(&owners, s);
		CU_ASSERT(!owners.map.dealt[0] && !owners.map.dealt[1]);
		for (int family = 0; family < 2; family++) {
			const uint32_t all = family ? rows[i].ipv6 : rows[i].ipv4;

			count_owned(s, family == 0, held);
			for (uint32_t w = 0; w < rows[i].workers; w++)
				SUITE_ASSERT(held[w] == all / rows[i].workers ||
						     held[w] == all / rows[i].workers + 1,
					     "row %zu: worker %u has %u of %u", i, w, held[w], all);
		}
		for (uint32_t slot = 0; slot < s->source_count; slot++)
			CU_ASSERT_EQUAL(
				owner_of(&owners.map, (uint16_t)slot, slot < rows[i].ipv4, 1024),
				owner_of(&owners.map, (uint16_t)slot, slot < rows[i].ipv4, 65535));
		free(s);
	}
}

/* Fewer addresses than workers: all ports are dealt equally often, and no range of ports reveals
 * its worker. */
static void
test_dealt(void)
{
	struct snapshot *s = sources(2, 3);
	uint32_t counts[3] = {0}, slices[3][64] = {{0}};

	owners_init(&owners, 3);
	owners_update(&owners, s);
	CU_ASSERT(owners.map.dealt[0]);
	CU_ASSERT(!owners.map.dealt[1]);
	for (uint32_t port = 0; port < 65536; port++) {
		const uint8_t owner = owner_of(&owners.map, 0, true, (uint16_t)port);

		if (owner > 2) {
			CU_FAIL_FATAL("port without an owner");
		}
		counts[owner]++;
		slices[owner][port >> 10]++;
	}
	for (int w = 0; w < 3; w++) {
		CU_ASSERT(counts[w] == 21845 || counts[w] == 21846);
		for (int slice = 0; slice < 64; slice++)
			/* A mean of 341 of 1,024 with a standard deviation of 15: seven of them. */
			SUITE_ASSERT(slices[w][slice] > 235 && slices[w][slice] < 448,
				     "worker %d has %u of range %d", w, slices[w][slice], slice);
	}
	free(s);
}

/* Each start has another deal, and each address has its own offset in it. */
static void
test_deal_is_random(void)
{
	static struct owners other;
	struct snapshot *s = sources(2, 0);
	uint32_t same_start = 0, same_address = 0;

	owners_init(&owners, 4);
	owners_init(&other, 4);
	owners_update(&owners, s);
	owners_update(&other, s);
	for (uint32_t port = 0; port < 65536; port++) {
		same_start += owner_of(&owners.map, 0, true, (uint16_t)port) ==
			      owner_of(&other.map, 0, true, (uint16_t)port);
		same_address += owner_of(&owners.map, 0, true, (uint16_t)port) ==
				owner_of(&owners.map, 1, true, (uint16_t)port);
	}
	/* Expected is a quarter, 16,384, with a standard deviation of 111. In one of 65,536 starts
	 * the offsets are equal, which gives 65,536. */
	CU_ASSERT(same_start > 15300 && same_start < 17500);
	CU_ASSERT(owners.map.offset[0] == owners.map.offset[1] ||
		  (same_address > 15300 && same_address < 17500));
	free(s);
}

/* An address that stays keeps its owner while others are added and removed, in seeded random
 * order. */
static void
test_reloads(void)
{
	uint32_t random = 1, held[64];

	for (uint32_t workers = 2; workers <= 5; workers++) {
		uint8_t before[SNAPSHOT_SOURCES_MAX];
		struct snapshot *s = sources(40, 0);

		owners_init(&owners, workers);
		owners_update(&owners, s);
		for (int reload = 0; reload < 200; reload++) {
			uint32_t active = 0, changed = 0, poor = 0;
			bool stayed[40];

			memcpy(before, owners.map.owner, sizeof(before));
			for (uint32_t i = 0; i < 40; i++) {
				const uint8_t old = s->sources[i].state;

				random = random * 1664525 + 1013904223;
				if (random >> 28 == 0)
					s->sources[i].state = (uint8_t)((old + 1) % 3);
				stayed[i] = old != SLOT_EMPTY && s->sources[i].state != SLOT_EMPTY;
				active += s->sources[i].state == SLOT_ACTIVE;
			}
			owners_update(&owners, s);
			if (active < workers)
				continue;
			count_owned(s, true, held);
			for (uint32_t w = 0; w < workers; w++)
				poor += held[w] == 0;
			SUITE_ASSERT(poor == 0, "%u workers, reload %d: %u without an address",
				     workers, reload, poor);
			for (uint32_t i = 0; i < 40; i++)
				changed += stayed[i] && before[i] != OWNER_NONE &&
					   before[i] != owners.map.owner[i];
			/* Addresses change owner only for a worker that would have none. */
			SUITE_ASSERT(changed <= workers, "%u workers, reload %d: %u changed owner",
				     workers, reload, changed);
		}
		free(s);
	}
}

/* Exactly: no owner changes without need. */
static void
test_keeps(void)
{
	struct snapshot *s = sources(6, 6);
	uint8_t before[12], taken;

	owners_init(&owners, 2);
	owners_update(&owners, s);
	memcpy(before, owners.map.owner, sizeof(before));
	owners_update(&owners, s);
	CU_ASSERT_EQUAL(memcmp(before, owners.map.owner, sizeof(before)), 0);

	s->sources[3].state = SLOT_RETIRED;
	owners_update(&owners, s);
	CU_ASSERT_EQUAL(memcmp(before, owners.map.owner, sizeof(before)), 0);

	s->sources[3].state = SLOT_EMPTY;
	owners_update(&owners, s);
	CU_ASSERT_EQUAL(owners.map.owner[3], OWNER_NONE);
	before[3] = OWNER_NONE;
	CU_ASSERT_EQUAL(memcmp(before, owners.map.owner, sizeof(before)), 0);

	/* Its slot is reused for another address: it goes to the worker with fewer, and no other
	 * owner changes. */
	s->sources[3].state = SLOT_ACTIVE;
	s->sources[3].address.bytes[15] = 99;
	owners_update(&owners, s);
	CU_ASSERT(owners.map.owner[3] < 2);
	before[3] = owners.map.owner[3];
	CU_ASSERT_EQUAL(memcmp(before, owners.map.owner, sizeof(before)), 0);

	/* All addresses of one worker are removed: it gets one of the other's. */
	taken = owners.map.owner[0];
	for (int i = 0; i < 6; i++)
		if (owners.map.owner[i] == taken)
			s->sources[i].state = SLOT_EMPTY;
	owners_update(&owners, s);
	{
		uint32_t held[64];

		count_owned(s, true, held);
		CU_ASSERT_EQUAL(held[0] + held[1], 3);
		CU_ASSERT(held[0] > 0 && held[1] > 0);
	}
	free(s);
}

/* From whole addresses to dealt ports and back. */
static void
test_modes(void)
{
	struct snapshot *s = sources(3, 1);
	uint8_t owner;

	owners_init(&owners, 3);
	owners_update(&owners, s);
	CU_ASSERT(!owners.map.dealt[0] && owners.map.dealt[1]);
	owner = owners.map.owner[0];
	s->sources[2].state = SLOT_RETIRED;
	owners_update(&owners, s);
	CU_ASSERT(owners.map.dealt[0]);
	s->sources[2].state = SLOT_ACTIVE;
	owners_update(&owners, s);
	CU_ASSERT(!owners.map.dealt[0]);
	CU_ASSERT_EQUAL(owners.map.owner[0], owner);
	free(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"whole addresses", test_whole},
			       {"dealt ports", test_dealt},
			       {"the deal is random", test_deal_is_random},
			       {"reloads", test_reloads},
			       {"what stays", test_keeps},
			       {"modes", test_modes},
			       CU_TEST_INFO_NULL};

	return sodium_init() < 0 ? 1 : suite_run("owner", tests);
}
