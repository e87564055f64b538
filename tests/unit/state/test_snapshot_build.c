/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot as a function of its input: valid, complete, equal for equal input, different for
 * different input. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/address.h"
#include "control/state/snapshot_build.h"
#include "tests/unit/state/control_config.h"
#include "tests/unit/suite.h"

struct fixture {
	struct config *config;
	struct slots *slots;
	struct build_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
	struct snapshot *snapshot, *other;
};

static const struct config_text standard = {
	.services = "192.0.2.53#53 2001:db8:1::53#53",
	.sources = "198.51.100.16 198.51.100.17 2001:db8:2::16",
	.upstreams = "nsd=198.51.100.101#53 knot=198.51.100.102#5353",
	.ports = "49152-65535",
	.timeout_ms = 2000};

static const struct config_text three_services = {
	.services = "192.0.2.53#53 192.0.2.53#54 192.0.2.53#55",
	.ports = "49152-65535",
	.timeout_ms = 2000};

static struct fixture
fixture_open(const struct config_text *text)
{
	struct fixture f = {.config = control_config_make(text),
			    .slots = malloc(sizeof(*f.slots)),
			    .snapshot = malloc(build_size_max()),
			    .other = malloc(build_size_max())};
	const char *why;

	slots_init(f.slots);
	CU_ASSERT_EQUAL(slots_apply(f.slots, f.config, 0, &why), 0);
	f.upstreams[0] =
		(struct build_upstream){true, true, 1, {{2, 0, 0, 0, 0, 1}}, ADMIN_AUTO, false};
	f.upstreams[1] =
		(struct build_upstream){false, false, 1, {{2, 0, 0, 0, 0, 2}}, ADMIN_DOWN, false};
	return f;
}

static void
fixture_close(struct fixture *f)
{
	free(f->config);
	free(f->slots);
	free(f->snapshot);
	free(f->other);
}

static const char *
fault(struct fixture *f, uint64_t generation, struct snapshot *into)
{
	const char *why = NULL;

	memset(into, 0xa5, build_size_max()); /* the old content must not matter */
	build_snapshot(&(struct build_input){f->config, f->slots, f->upstreams, generation}, into);
	snapshot_validate(into, into->size_bytes, &why);
	return why;
}

static void
test_content(void)
{
	struct fixture f = fixture_open(&standard);
	const struct snapshot *s = f.snapshot;

	f.config->pools[0].policy = POLICY_LEAST_OUTSTANDING;
	f.config->service.no_upstream = NO_UPSTREAM_KEEP_TRYING;
	CU_ASSERT_PTR_NULL(fault(&f, 9, f.snapshot));
	CU_ASSERT_EQUAL(s->generation, 9);
	CU_ASSERT_EQUAL(s->timeout_ms, 2000);
	CU_ASSERT_EQUAL(s->pools[0].policy, POLICY_LEAST_OUTSTANDING);
	CU_ASSERT_EQUAL(s->no_upstream, NO_UPSTREAM_KEEP_TRYING);
	CU_ASSERT_EQUAL(s->service_count, 2);
	CU_ASSERT_EQUAL(s->source_count, 3);
	CU_ASSERT_EQUAL(s->upstream_count, 2);
	CU_ASSERT_EQUAL(be16_to(s->services[1].port), 53);
	CU_ASSERT_EQUAL(be16_to(s->upstreams[1].port), 5353);
	CU_ASSERT_STRING_EQUAL(s->upstreams[0].name, "nsd");
	CU_ASSERT_TRUE(s->upstreams[0].usable && s->upstreams[0].resolved);
	CU_ASSERT_EQUAL(s->upstreams[0].next_hop.bytes[5], 1);
	CU_ASSERT_FALSE(s->upstreams[1].usable || s->upstreams[1].resolved);
	CU_ASSERT_EQUAL(s->upstreams[1].next_hop.bytes[5], 0); /* not resolved: not copied */
	CU_ASSERT_EQUAL(s->upstreams[1].interface_index,
			1); /* its responses may still arrive there */
	CU_ASSERT_TRUE(bitmap_test(s->ports_draw, 49152) && bitmap_test(s->ports_accept, 65535));
	CU_ASSERT_FALSE(bitmap_test(s->ports_accept, 49151));
	fixture_close(&f);
}

static void
test_retired(void)
{
	struct config_text fewer = standard;
	struct fixture f = fixture_open(&standard);
	struct config *before = f.config;
	const char *why;

	fewer.upstreams = "knot=198.51.100.102#5353";
	fewer.ports = "60000-65535";
	f.config = control_config_make(&fewer);
	slots_apply(f.slots, f.config, 1, &why);
	CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
	CU_ASSERT_EQUAL(f.snapshot->upstream_count, 2);
	CU_ASSERT_EQUAL(f.snapshot->upstreams[0].state, SLOT_RETIRED);
	CU_ASSERT_FALSE(f.snapshot->upstreams[0].usable); /* although it is healthy */
	CU_ASSERT_EQUAL(f.snapshot->upstreams[0].interface_index, 1);
	CU_ASSERT_FALSE(bitmap_test(f.snapshot->ports_draw, 50000));
	CU_ASSERT_TRUE(bitmap_test(f.snapshot->ports_accept, 50000));
	slots_expire(f.slots, slots_expiry_ns(f.slots));
	CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
	CU_ASSERT_EQUAL(f.snapshot->upstreams[0].state, SLOT_EMPTY);
	CU_ASSERT_EQUAL(f.snapshot->upstreams[0].name[0], 0);
	CU_ASSERT_FALSE(bitmap_test(f.snapshot->ports_accept, 50000));
	free(before);
	fixture_close(&f);
}

/* Protection settings; random case is used where it is configured and the upstream keeps it. */
static void
test_protection(void)
{
	struct fixture f = fixture_open(&standard);
	const struct snapshot *s = f.snapshot;
	const char *why;

	f.config->upstreams[1].random_case = false;
	CU_ASSERT_EQUAL(slots_apply(f.slots, f.config, 0, &why), 0);
	CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
	CU_ASSERT(s->waiters == 64 && s->near_miss == NEAR_MISS_COUNT && s->near_misses == 1 &&
		  s->edns_bytes == 1232);
	CU_ASSERT(s->upstreams[0].random_case && !s->upstreams[0].case_not_kept);
	CU_ASSERT(!s->upstreams[1].random_case && !s->upstreams[1].case_not_kept);
	f.upstreams[0].case_not_kept = f.upstreams[1].case_not_kept = true;
	f.config->protection = (struct config_protection){.waiters = 9,
							  .near_miss = NEAR_MISS_TRUNCATE,
							  .near_misses = 200,
							  .edns_bytes = 4096};
	CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
	CU_ASSERT(s->waiters == 0 && s->near_miss == NEAR_MISS_TRUNCATE && s->near_misses == 200 &&
		  s->edns_bytes == 4096);
	CU_ASSERT(!s->upstreams[0].random_case && s->upstreams[0].case_not_kept);
	CU_ASSERT(!s->upstreams[1].random_case && !s->upstreams[1].case_not_kept);
	fixture_close(&f);
}

static struct address_range *
range_make(const char *text)
{
	struct address_range *range = malloc(sizeof(*range));
	const char *why;

	CU_ASSERT_EQUAL_FATAL(address_range_parse(text, range, &why), 0);
	return range;
}

/* Equal lists of addresses are stored once, and each service refers to its own; without a rate
 * limit its fields are 0. */
static void
test_lists(void)
{
	struct fixture f = fixture_open(&three_services);
	struct address_range *ranges[] = {range_make("10.0.0.0/8"), range_make("192.0.2.0/24"),
					  range_make("10.0.0.0/8")};
	const struct snapshot *s = f.snapshot;

	for (unsigned i = 0; i < 3; i++)
		f.config->service.listen[i].allow = (struct config_ranges){ranges[i], 1};
	f.config->service.not_allowed = REFUSAL_REFUSE;
	f.config->limit =
		(struct config_limit){.burst = 5, .prefix4 = 24, .exempt = {ranges[1], 1}};
	CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
	CU_ASSERT_EQUAL(s->not_allowed, REFUSAL_REFUSE);
	CU_ASSERT_EQUAL_FATAL(s->range_count, 2);
	CU_ASSERT(s->services[0].allow_first == s->services[2].allow_first);
	CU_ASSERT(s->services[0].allow_first != s->services[1].allow_first);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(s->services[i].allow_count == 1 &&
			  memcmp(&s->ranges[s->services[i].allow_first], ranges[i],
				 sizeof(*ranges[i])) == 0);
	CU_ASSERT(s->limit.burst == 0 && s->limit.exempt_count == 0);

	f.config->limit = (struct config_limit){7, 70, 25, 57, REFUSAL_REFUSE, 3, {ranges[1], 1}};
	CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
	CU_ASSERT_EQUAL(s->range_count, 2);
	CU_ASSERT(s->limit.queries_per_second == 7 && s->limit.burst == 70 &&
		  s->limit.prefix4 == 25 && s->limit.prefix6 == 57 &&
		  s->limit.refusal == REFUSAL_REFUSE && s->limit.truncate_every == 3);
	CU_ASSERT(s->limit.exempt_first == s->services[1].allow_first &&
		  s->limit.exempt_count == 1);
	for (unsigned i = 0; i < 3; i++)
		free(ranges[i]);
	fixture_close(&f);
}

/* Adds a pool with these upstreams in this order. */
static void
pool_make(struct config *config, const char *name, uint16_t *members, unsigned count)
{
	struct config_pool *pool = &config->pools[config->pool_count++];

	snprintf(pool->name, sizeof(pool->name), "%s", name);
	pool->policy = POLICY_HASH;
	pool->hash_seed = 77;
	pool->load_percent = 125;
	pool->members = members;
	pool->member_count = count;
}

/* Members are slots of active upstreams, in the order of the configuration. */
static void
test_pools(void)
{
	struct config_text later = standard;
	struct fixture f = fixture_open(&standard);
	struct config *before = f.config;
	uint16_t members[] = {1, 0};
	const struct snapshot *s = f.snapshot;
	const struct pool_member *rows;
	const char *why;

	later.upstreams =
		"new=198.51.100.103#53 knot=198.51.100.102#5353"; /* slot 2, slot 1; 0 is retired */
	f.config = control_config_make(&later);
	f.config->upstreams[0].weight = 9;
	pool_make(f.config, "turned", members, 2);
	f.config->service.listen[1].pool = 1;
	slots_apply(f.slots, f.config, 1, &why);
	CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
	CU_ASSERT_EQUAL(s->upstreams[0].state, SLOT_RETIRED);
	CU_ASSERT_EQUAL_FATAL(s->member_count, 4);
	rows = snapshot_members(s);
	CU_ASSERT(s->pools[0].used && strcmp(s->pools[0].name, "default") == 0);
	CU_ASSERT(s->pools[0].member_first == 0 && s->pools[0].member_count == 2);
	CU_ASSERT(rows[0].upstream == 2 && rows[0].weight == 9);
	CU_ASSERT(rows[1].upstream == 1 && rows[1].weight == 1);
	CU_ASSERT(s->pools[1].used && strcmp(s->pools[1].name, "turned") == 0);
	CU_ASSERT(s->pools[1].policy == POLICY_HASH && s->pools[1].hash_seed == 77 &&
		  s->pools[1].load_percent == 125);
	CU_ASSERT(s->pools[1].member_first == 2 && s->pools[1].member_count == 2);
	CU_ASSERT(rows[2].upstream == 1 && rows[3].upstream == 2);
	CU_ASSERT(s->services[0].pool == 0 && s->services[1].pool == 1);
	CU_ASSERT(!s->pools[2].used);
	free(before);
	fixture_close(&f);
}

/* An upstream without a slot is in no pool until it gets one. */
static void
test_pools_full(void)
{
	struct fixture f = fixture_open(&standard);
	const char *why;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		f.slots->upstreams.slots[i].state = SLOT_RETIRED;
	f.config->upstreams[0].port = 1; /* different from those in the slots */
	f.config->upstreams[1].port = 1;
	f.slots->upstreams.slots[7].state = SLOT_EMPTY;
	CU_ASSERT_EQUAL(slots_apply(f.slots, f.config, 1, &why), -ENOSPC);
	for (unsigned i = 8; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		f.slots->upstreams.slots[i].port = 2; /* a snapshot has no upstream on port 0 */
	for (unsigned i = 2; i < 7; i++)
		f.slots->upstreams.slots[i].port = 2;
	CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
	CU_ASSERT_EQUAL(f.snapshot->pools[0].member_count, 1);
	CU_ASSERT_EQUAL(snapshot_members(f.snapshot)[0].upstream, 7);
	fixture_close(&f);
}

/* Routes are copied; the size of a snapshot follows its content. */
static void
test_routes(void)
{
	struct fixture f = fixture_open(&standard);
	struct config_suffix suffixes[] = {{0, 9, 0}, {9, 13, 1}};
	uint8_t names[] = "\7example\0\7example\3com";
	uint16_t members[] = {0};
	const struct snapshot *s = f.snapshot;

	CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
	CU_ASSERT_EQUAL(s->size_bytes, snapshot_size(0, 2, 0, 0));
	pool_make(f.config, "routed", members, 1);
	f.config->routes = (struct config_routes){.suffixes = suffixes,
						  .suffix_count = 2,
						  .names = names,
						  .names_bytes = sizeof(names),
						  .types = {{1, 0, 0}, {12, 1, 0}},
						  .type_count = 2};
	CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
	CU_ASSERT_EQUAL(s->size_bytes, snapshot_size(0, 3, 2, sizeof(names)));
	CU_ASSERT_EQUAL_FATAL(s->suffix_count, 2);
	CU_ASSERT(snapshot_suffixes(s)[1].name_offset == 9 &&
		  snapshot_suffixes(s)[1].name_bytes == 13 && snapshot_suffixes(s)[1].pool == 1);
	CU_ASSERT_EQUAL(memcmp(snapshot_names(s), names, sizeof(names)), 0);
	CU_ASSERT(s->type_route_count == 2 && s->type_routes[1].type == 12 &&
		  s->type_routes[1].pool == 1);
	fixture_close(&f);
}

static void
change_nothing(struct fixture *f)
{
	(void)f;
}

static void
change_usable(struct fixture *f)
{
	f->upstreams[0].usable = false;
}

static void
change_mac(struct fixture *f)
{
	f->upstreams[0].next_hop.bytes[0] ^= 2;
}

static void
change_hidden_mac(struct fixture *f)
{
	f->upstreams[1].next_hop.bytes[0] ^= 2;
}

static void
change_timeout(struct fixture *f)
{
	f->config->timeout_ms = 1999;
}

static void
change_allow(struct fixture *f)
{
	static struct address_range any = {.last = {.words = {UINT64_MAX, UINT64_MAX}}};

	f->config->service.listen[0].allow = (struct config_ranges){&any, 1};
}

static void
change_policy(struct fixture *f)
{
	f->config->pools[0].policy = POLICY_FIRST;
}

static void
change_weight(struct fixture *f)
{
	f->config->upstreams[1].weight = 2;
}

static void
change_order(struct fixture *f)
{
	f->config->pools[0].members[0] = 1;
	f->config->pools[0].members[1] = 0;
}

static void
change_route(struct fixture *f)
{
	f->config->routes.types[0] = (struct type_route){.type = 1};
	f->config->routes.type_count = 1;
}

static void
change_limit(struct fixture *f)
{
	f->config->limit = (struct config_limit){
		.queries_per_second = 1, .burst = 1, .prefix4 = 24, .prefix6 = 56};
}

static void
change_no_limit(struct fixture *f)
{
	f->config->limit.prefix4 = 25;
}

static const struct {
	const char *what;
	void (*change)(struct fixture *f);
	bool same;
} changes[] = {
	{"only the generation", change_nothing, true},
	{"an upstream goes down", change_usable, false},
	{"a next hop's MAC", change_mac, false},
	{"the MAC of an unresolved next hop", change_hidden_mac, true},
	{"the timeout", change_timeout, false},
	{"the allowed clients", change_allow, false},
	{"a policy", change_policy, false},
	{"a weight", change_weight, false},
	{"the order of a pool's members", change_order, false},
	{"a route", change_route, false},
	{"a limit", change_limit, false},
	{"the prefix, without a limit", change_no_limit, true},
};

static void
test_same(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct fixture f = fixture_open(&standard);

		CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
		changes[i].change(&f);
		CU_ASSERT_PTR_NULL(fault(&f, 2, f.other));
		SUITE_ASSERT(build_same(f.snapshot, f.other) == changes[i].same, "%s",
			     changes[i].what);
		CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
		SUITE_ASSERT(memcmp(f.snapshot, f.other, f.other->size_bytes) == 0,
			     "%s: equal input, different output", changes[i].what);
		fixture_close(&f);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"content", test_content},
			       {"protection", test_protection},
			       {"retired, then empty", test_retired},
			       {"lists of addresses", test_lists},
			       {"pools", test_pools},
			       {"pools without room", test_pools_full},
			       {"routes, and the size", test_routes},
			       {"equal input, equal bytes", test_same},
			       CU_TEST_INFO_NULL};

	return suite_run("build", tests);
}
