/* SPDX-License-Identifier: BSD-3-Clause */
/* The content of the XDP maps for one snapshot, and for two during a change. */
#include <stdlib.h>
#include <string.h>

#include "control/state/snapshot_build.h"
#include "control/state/steer_set.h"
#include "tests/unit/state/control_config.h"
#include "tests/unit/suite.h"

static struct snapshot *
snapshot_make(struct slots *slots, const struct config_text *text, uint64_t now_ns)
{
	static const struct build_upstream unknown[SNAPSHOT_UPSTREAMS_MAX];
	struct snapshot *snapshot = malloc(build_size_max());
	struct config *config = control_config_make(text);
	const char *why;

	slots_expire(slots, now_ns);
	CU_ASSERT_EQUAL(slots_apply(slots, config, now_ns, &why), 0);
	build_snapshot(&(struct build_input){config, slots, unknown, 1}, snapshot);
	free(config);
	return snapshot;
}

static bool
holds(const struct steer_set *set, enum steer_map map, uint8_t last_byte)
{
	struct address address = address_from_ipv4((uint8_t[]){192, 0, 2, last_byte});
	struct steer_keys keys = steer_set_keys(set, map);

	return steer_keys_contain(&keys, &address);
}

static void
test_sets(void)
{
	struct slots *slots = malloc(sizeof(*slots));
	struct steer_set *set = malloc(sizeof(*set));
	struct snapshot *first, *second, *third;

	slots_init(slots);
	first = snapshot_make(
		slots,
		&(struct config_text){.services = "192.0.2.53#53 192.0.2.53#5353",
				      .sources = "192.0.2.16",
				      .upstreams = "192.0.2.1#53 192.0.2.1#5300 192.0.2.2#53",
				      .ports = "50000-50001",
				      .timeout_ms = 100},
		0);
	steer_set_init(set);
	steer_set_add(set, NULL);
	CU_ASSERT_EQUAL(set->service_count + set->source_count + set->upstream_count, 0);
	steer_set_add(set, first);
	CU_ASSERT_EQUAL(set->service_count, 2);
	CU_ASSERT_EQUAL(be16toh(set->services[1].port), 5353);
	CU_ASSERT_EQUAL(set->source_count, 1);
	CU_ASSERT_EQUAL(set->upstream_count, 2); /* one key for an address with two ports */
	CU_ASSERT_TRUE(bitmap_test((const uint64_t *)set->ports.words, 50001));

	second = snapshot_make(slots,
			       &(struct config_text){.services = "192.0.2.53#53",
						     .sources = "192.0.2.16",
						     .upstreams = "192.0.2.3#53",
						     .ports = "50001-50002",
						     .timeout_ms = 100},
			       1);
	steer_set_add(set, second);
	CU_ASSERT_TRUE(holds(set, STEER_MAP_upstreams, 1) && holds(set, STEER_MAP_upstreams, 3));

	steer_set_init(set); /* after the change: retired entries are kept */
	steer_set_add(set, second);
	CU_ASSERT_EQUAL(set->service_count, 2);
	CU_ASSERT_TRUE(holds(set, STEER_MAP_upstreams, 1) && holds(set, STEER_MAP_upstreams, 3));
	CU_ASSERT_TRUE(bitmap_test((const uint64_t *)set->ports.words, 50000));

	third = snapshot_make(slots,
			      &(struct config_text){.services = "192.0.2.53#53",
						    .sources = "192.0.2.16",
						    .upstreams = "192.0.2.3#53",
						    .ports = "50001-50002",
						    .timeout_ms = 100},
			      UINT64_C(5000000000));
	steer_set_init(set); /* and are removed in the end */
	steer_set_add(set, third);
	CU_ASSERT_EQUAL(set->service_count, 1);
	CU_ASSERT_FALSE(holds(set, STEER_MAP_upstreams, 1));
	CU_ASSERT_TRUE(holds(set, STEER_MAP_upstreams, 3) && holds(set, STEER_MAP_sources, 16));
	CU_ASSERT_FALSE(bitmap_test((const uint64_t *)set->ports.words, 50000));
	free(first);
	free(second);
	free(third);
	free(slots);
	free(set);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"one snapshot, two, retired, gone", test_sets}, CU_TEST_INFO_NULL};

	return suite_run("steer_set", tests);
}
