/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot as a function of its input: valid, complete, the same for the same input, another for another.
 */
#include <stdlib.h>
#include <string.h>

#include "control/build.h"
#include "control_config.h"
#include "way_suite.h"

struct fixture {
	struct config *config;
	struct slots *slots;
	struct build_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
	struct snapshot *snapshot, *other;
};

static const struct config_text standard = {.services = "192.0.2.53#53 2001:db8:1::53#53",
					    .sources = "198.51.100.16 198.51.100.17 2001:db8:2::16",
					    .upstreams = "nsd=198.51.100.101#53 knot=198.51.100.102#5353",
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
	f.upstreams[0] = (struct build_upstream){true, true, 1, {{2, 0, 0, 0, 0, 1}}, false};
	f.upstreams[1] = (struct build_upstream){false, false, 1, {{2, 0, 0, 0, 0, 2}}, false};
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

	memset(into, 0xa5, build_size_max()); /* nothing of what was there before may shine through */
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
	CU_ASSERT_EQUAL(s->upstreams[1].next_hop.bytes[5], 0); /* not resolved: says nothing */
	CU_ASSERT_EQUAL(s->upstreams[1].port_index, 1);	       /* but its replies still come by there */
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
	CU_ASSERT_FALSE(f.snapshot->upstreams[0].usable); /* although health has it up */
	CU_ASSERT_EQUAL(f.snapshot->upstreams[0].port_index, 1);
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

/* What protects against forgers; the case is drawn where it is configured and kept. */
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
	f.config->protection = (struct config_protection){
		.waiters = 9, .near_miss = NEAR_MISS_TRUNCATE, .near_misses = 200, .edns_bytes = 4096};
	CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
	CU_ASSERT(s->waiters == 0 && s->near_miss == NEAR_MISS_TRUNCATE && s->near_misses == 200 &&
		  s->edns_bytes == 4096);
	CU_ASSERT(!s->upstreams[0].random_case && s->upstreams[0].case_not_kept);
	CU_ASSERT(!s->upstreams[1].random_case && !s->upstreams[1].case_not_kept);
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

static const struct {
	const char *what;
	void (*change)(struct fixture *f);
	bool same;
} changes[] = {
	{"only the generation", change_nothing, true},
	{"an upstream goes down", change_usable, false},
	{"a next hop's MAC", change_mac, false},
	{"the MAC of one that is not resolved", change_hidden_mac, true},
	{"the timeout", change_timeout, false},
	{"the allowed clients", change_allow, false},
};

static void
test_same(void)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct fixture f = fixture_open(&standard);

		CU_ASSERT_PTR_NULL(fault(&f, 1, f.snapshot));
		changes[i].change(&f);
		CU_ASSERT_PTR_NULL(fault(&f, 2, f.other));
		WAY_ASSERT(build_same(f.snapshot, f.other) == changes[i].same, "%s", changes[i].what);
		CU_ASSERT_PTR_NULL(fault(&f, 2, f.snapshot));
		WAY_ASSERT(memcmp(f.snapshot, f.other, f.other->size_bytes) == 0, "%s: the same twice",
			   changes[i].what);
		fixture_close(&f);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"content", test_content},
			       {"protection", test_protection},
			       {"retired, then empty", test_retired},
			       {"same input, same block", test_same},
			       CU_TEST_INFO_NULL};

	return way_suite_run("build", tests);
}
