/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables derived from a snapshot: addresses, usable upstreams, spaces to draw from. */
#include "dataplane/tables/view.h"

#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "dataplane/tables/flow.h"
#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/suite.h"

/* Any rate: it is an argument. */
#define TSC_HZ UINT64_C(2600000000)

static struct owners owners;

static struct view *
view_new(struct snapshot *s, uint32_t workers)
{
	struct view *view = NULL;

	owners_init(&owners, workers);
	if (view_make(s, &owners, TSC_HZ, &view) != 0)
		abort();
	return view;
}

static const struct view_address *
find(const struct view *view, const char *text)
{
	const struct address address = pipeline_address(text);

	return view_find(view, &address);
}

static void
test_addresses(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	const struct view_address *entry;
	struct view *view;

	s->sources[1].state = SLOT_EMPTY;
	s->sources[2].state = SLOT_RETIRED;
	s->upstreams[PIPELINE_UPSTREAM_IPV6].state = SLOT_RETIRED;
	s->services[PIPELINE_SERVICE_IPV6].state = SLOT_EMPTY;
	view = view_new(s, 1);

	entry = find(view, "192.0.2.53");
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	CU_ASSERT(entry->source == VIEW_NONE && entry->first_upstream == VIEW_NONE);
	/* Both services of the address are on its chain. */
	CU_ASSERT(entry->first_service < PIPELINE_SERVICE_COUNT);
	CU_ASSERT_EQUAL(entry->first_service + view->next_service[entry->first_service],
			PIPELINE_SERVICE_IPV4 + PIPELINE_SERVICE_OTHER_PORT);
	CU_ASSERT_EQUAL(view->next_service[view->next_service[entry->first_service]], VIEW_NONE);

	entry = find(view, "198.51.100.101");
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	CU_ASSERT_EQUAL(entry->first_upstream + view->next_upstream[entry->first_upstream],
			PIPELINE_UPSTREAM_IPV4 + PIPELINE_UPSTREAM_OTHER_PORT);
	CU_ASSERT(entry->source == VIEW_NONE && entry->first_service == VIEW_NONE);

	CU_ASSERT_PTR_NOT_NULL(find(view, "2001:db8:2::101"));
	CU_ASSERT_PTR_NULL(find(view, "2001:db8:1::53"));
	CU_ASSERT_PTR_NULL(find(view, "198.51.100.17"));
	CU_ASSERT_PTR_NULL(find(view, "198.51.100.20"));
	CU_ASSERT_PTR_NULL(find(view, "0.0.0.0"));
	CU_ASSERT_PTR_NULL(find(view, "::"));
	entry = find(view, "198.51.100.18");
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	CU_ASSERT_EQUAL(entry->source, 2);
	view_free(view);
}

/* One address may be all three. */
static void
test_address_of_many(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	const struct view_address *entry;
	struct view *view;

	s->sources[0].address = s->upstreams[1].address = s->services[0].address;
	view = view_new(s, 1);
	entry = find(view, "192.0.2.53");
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	CU_ASSERT_EQUAL(entry->source, 0);
	CU_ASSERT_EQUAL(entry->first_upstream, 1);
	CU_ASSERT_NOT_EQUAL(entry->first_service, VIEW_NONE);
	view_free(view);
}

/* Every slot in use, each with its own address: 832 of 2,048 entries. */
static void
test_full(void)
{
	struct snapshot *s =
		pipeline_snapshot_resize(pipeline_snapshot_new(), 2, SNAPSHOT_UPSTREAMS_MAX, 0, 0);
	struct address address = pipeline_address("10.0.0.0");
	struct view *view;

	s->pools[0].member_count = SNAPSHOT_UPSTREAMS_MAX;
	s->service_count = SNAPSHOT_SERVICES_MAX;
	s->source_count = SNAPSHOT_SOURCES_MAX;
	s->upstream_count = SNAPSHOT_UPSTREAMS_MAX;
	for (uint32_t i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		address.bytes[14] = (uint8_t)(i >> 8);
		address.bytes[15] = (uint8_t)i;
		address.bytes[13] = 1;
		s->upstreams[i] = (struct snapshot_upstream){.address = address,
							     .port = be16_from(53),
							     .state = SLOT_ACTIVE,
							     .usable = 1,
							     .resolved = 1};
		snapshot_members(s)[i] = (struct pool_member){.upstream = (uint16_t)i, .weight = 1};
		address.bytes[13] = 2;
		if (i < SNAPSHOT_SOURCES_MAX)
			s->sources[i] =
				(struct snapshot_source){.address = address, .state = SLOT_ACTIVE};
		address.bytes[13] = 3;
		if (i < SNAPSHOT_SERVICES_MAX)
			s->services[i] = (struct snapshot_service){
				.address = address, .port = be16_from(53), .state = SLOT_ACTIVE};
	}
	view = view_new(s, 64);
	CU_ASSERT_EQUAL(view->pools[0].usable_count, SNAPSHOT_UPSTREAMS_MAX);
	CU_ASSERT_EQUAL(view->empty_pools, 0);
	for (uint32_t i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct view_address *entry = view_find(view, &s->upstreams[i].address);

		SUITE_ASSERT(entry != NULL && entry->first_upstream == i, "upstream %u", i);
		if (i >= SNAPSHOT_SOURCES_MAX)
			continue;
		entry = view_find(view, &s->sources[i].address);
		SUITE_ASSERT(entry != NULL && entry->source == i, "source %u", i);
	}
	for (uint32_t i = 0; i < SNAPSHOT_SERVICES_MAX; i++) {
		const struct view_address *entry = view_find(view, &s->services[i].address);

		SUITE_ASSERT(entry != NULL && entry->first_service == i, "service %u", i);
	}
	CU_ASSERT_PTR_NULL(find(view, "10.4.0.0"));
	view_free(view);
}

/* All upstreams on one address: one entry, a chain of 512. */
static void
test_chain(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	const struct view_address *entry;
	struct view *view;
	uint32_t length = 0;

	s->upstream_count = SNAPSHOT_UPSTREAMS_MAX;
	for (uint32_t i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		s->upstreams[i] = s->upstreams[0];
		s->upstreams[i].port = be16_from((uint16_t)(i + 1));
	}
	view = view_new(s, 1);
	entry = find(view, "198.51.100.101");
	CU_ASSERT_PTR_NOT_NULL_FATAL(entry);
	for (uint16_t slot = entry->first_upstream; slot != VIEW_NONE && length < 1000;
	     slot = view->next_upstream[slot])
		length++;
	CU_ASSERT_EQUAL(length, SNAPSHOT_UPSTREAMS_MAX);
	view_free(view);
}

static void
test_usable(void)
{
	static const struct {
		const char *description;
		uint8_t state, usable, resolved, rule, admin_state;
		uint32_t expected;
	} rows[] = {
		{"active, usable, resolved", SLOT_ACTIVE, 1, 1, NO_UPSTREAM_SERVFAIL, ADMIN_AUTO,
		 1},
		{"down", SLOT_ACTIVE, 0, 1, NO_UPSTREAM_SERVFAIL, ADMIN_AUTO, 0},
		{"down, keep trying", SLOT_ACTIVE, 0, 1, NO_UPSTREAM_KEEP_TRYING, ADMIN_AUTO, 1},
		{"taken out, keep trying", SLOT_ACTIVE, 0, 1, NO_UPSTREAM_KEEP_TRYING, ADMIN_DOWN,
		 0},
		{"draining, keep trying", SLOT_ACTIVE, 0, 1, NO_UPSTREAM_KEEP_TRYING, ADMIN_DRAIN,
		 0},
		{"forced up", SLOT_ACTIVE, 1, 1, NO_UPSTREAM_SERVFAIL, ADMIN_UP, 1},
		{"unresolved", SLOT_ACTIVE, 1, 0, NO_UPSTREAM_SERVFAIL, ADMIN_AUTO, 0},
		{"unresolved, keep trying", SLOT_ACTIVE, 1, 0, NO_UPSTREAM_KEEP_TRYING, ADMIN_AUTO,
		 0},
		{"retired", SLOT_RETIRED, 1, 1, NO_UPSTREAM_SERVFAIL, ADMIN_AUTO, 0},
		{"retired, keep trying", SLOT_RETIRED, 1, 1, NO_UPSTREAM_KEEP_TRYING, ADMIN_AUTO,
		 0},
		{"empty", SLOT_EMPTY, 1, 1, NO_UPSTREAM_KEEP_TRYING, ADMIN_AUTO, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *s = pipeline_snapshot_new();
		struct view *view;

		s->upstream_count = 1;
		s->pools[0].member_count = 1;
		s->no_upstream = rows[i].rule;
		s->upstreams[0].state = rows[i].state;
		s->upstreams[0].usable = rows[i].usable;
		s->upstreams[0].admin_state = rows[i].admin_state;
		s->upstreams[0].resolved = rows[i].resolved;
		view = view_new(s, 1);
		SUITE_ASSERT(view->pools[0].usable_count == rows[i].expected, "%s",
			     rows[i].description);
		SUITE_ASSERT(view->empty_pools == (rows[i].expected == 0),
			     "%s: pools without an upstream", rows[i].description);
		view_free(view);
	}
}

/* Every worker's spaces: only active sources and drawable ports, and each pair belongs to one
 * worker, that of owner_of(). */
static void
check_spaces(const struct view *view, uint32_t workers, enum view_family family)
{
	static uint8_t seen[SNAPSHOT_SOURCES_MAX][65536 / 8];
	const struct snapshot *s = view->snapshot;
	uint64_t pairs = 0, wanted = 0, wrong = 0;

	memset(seen, 0, sizeof(seen));
	for (uint32_t w = 0; w < workers; w++) {
		const struct view_space *space = view_space(view, w, family);

		for (uint32_t n = 0; n < space->source_count; n++) {
			const struct view_source *source = &space->sources[n];

			wrong += s->sources[source->slot].state != SLOT_ACTIVE ||
				 source->port_count == 0;
			wrong += address_is_ipv4(&s->sources[source->slot].address) !=
				 (family == FAMILY_IPV4);
			for (uint32_t i = 0; i < source->port_count; i++) {
				const uint16_t port = source->ports[i];
				uint8_t *byte = &seen[source->slot][port >> 3],
					bit = (uint8_t)(1 << (port & 7));

				wrong += !bitmap_test(s->ports_draw, port) || (*byte & bit);
				wrong += owner_of(&view->owners, source->slot,
						  family == FAMILY_IPV4, port) != w;
				*byte |= bit;
				pairs++;
			}
		}
	}
	for (uint32_t i = 0; i < s->source_count; i++)
		if (s->sources[i].state == SLOT_ACTIVE &&
		    address_is_ipv4(&s->sources[i].address) == (family == FAMILY_IPV4))
			for (uint32_t port = 0; port < 65536; port++)
				wanted += bitmap_test(s->ports_draw, (uint16_t)port);
	SUITE_ASSERT(wrong == 0, "%u workers, family %d: %lu wrong", workers, family, wrong);
	SUITE_ASSERT(pairs == wanted, "%u workers, family %d: %lu of %lu pairs", workers, family,
		     pairs, wanted);
}

static void
test_spaces(void)
{
	for (uint32_t workers = 1; workers <= 6; workers++) {
		struct snapshot *s = pipeline_snapshot_new();
		struct view *view;

		s->sources[1].state = SLOT_RETIRED;
		s->sources[6].state = SLOT_EMPTY;
		pipeline_snapshot_ports(s, 1024, 65535);
		s->ports_draw[600] = 0xff00ff00ff00ff00;
		view = view_new(s, workers);
		check_spaces(view, workers, FAMILY_IPV4);
		check_spaces(view, workers, FAMILY_IPV6);
		view_free(view);
	}
}

/* A few ports dealt among many workers: those without any have an empty space, and no source has 0
 * ports. */
static void
test_few_ports(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	struct view *view;

	s->source_count = 1;
	pipeline_snapshot_ports(s, 40000, 40002);
	view = view_new(s, 6);
	check_spaces(view, 6, FAMILY_IPV4);
	check_spaces(view, 6, FAMILY_IPV6);
	view_free(view);
}

static void
test_timeout(void)
{
	static const uint32_t timeouts_ms[] = {SNAPSHOT_TIMEOUT_MS_MIN, 2000,
					       SNAPSHOT_TIMEOUT_MS_MAX};

	for (int i = 0; i < 3; i++) {
		struct snapshot *s = pipeline_snapshot_new();
		struct view *view;
		double ms;

		s->timeout_ms = timeouts_ms[i];
		view = view_new(s, 1);
		ms = (double)((uint64_t)view->timeout_ticks << FLOW_TICK_SHIFT) /
		     ((double)TSC_HZ / 1000);
		SUITE_ASSERT(ms >= timeouts_ms[i] && ms < timeouts_ms[i] + 1, "%u ms became %f",
			     timeouts_ms[i], ms);
		view_free(view);
	}
	view_free(NULL);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"addresses", test_addresses},
			       {"one address, three roles", test_address_of_many},
			       {"all slots", test_full},
			       {"chain", test_chain},
			       {"usable", test_usable},
			       {"spaces", test_spaces},
			       {"few ports", test_few_ports},
			       {"timeout", test_timeout},
			       CU_TEST_INFO_NULL};

	return sodium_init() < 0 ? 1 : suite_run("view", tests);
}
