/* SPDX-License-Identifier: BSD-3-Clause */
/* Which entry keeps, gets and loses a slot: each step of a sequence is a time, a configuration, and
 * the content of the slots afterwards. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/state/slots.h"
#include "control/state/snapshot_build.h"
#include "tests/unit/state/control_config.h"
#include "tests/unit/suite.h"

#define MS UINT64_C(1000000)

/* The content of a set: for each slot the letter of its entry, upper case if active, lower case if
 * retired; "." if empty; without trailing empty slots. */
static const char *
set_letters(const struct slot_set *set)
{
	static char text[SNAPSHOT_UPSTREAMS_MAX + 1];
	unsigned length = 0;

	for (unsigned i = 0; i < set->limit; i++) {
		static const char first[] = {[SLOT_ACTIVE] = 'A', [SLOT_RETIRED] = 'a'};
		const struct slot *slot = &set->slots[i];

		text[i] = slot->state == SLOT_EMPTY
				  ? '.'
				  : (char)(first[slot->state] + slot->address.bytes[15] - 1);
		if (slot->state != SLOT_EMPTY)
			length = i + 1;
	}
	text[length] = 0;
	return text;
}

struct step {
	uint64_t now_ms;
	const char *upstreams; /* addresses 192.0.2.1 = A, .2 = B and so on, ports 53 */
	const char *letters;
};

static const struct {
	const char *what;
	struct step steps[8];
} sequences[] = {
	{"in order", {{0, "192.0.2.1#53 192.0.2.2#53", "AB"}}},
	{"the order in the file does not matter",
	 {{0, "192.0.2.1#53 192.0.2.2#53", "AB"}, {1, "192.0.2.2#53 192.0.2.1#53", "AB"}}},
	{"one is removed: its slot is empty after 2 x 100 ms + 1 s",
	 {{0, "192.0.2.1#53 192.0.2.2#53", "AB"},
	  {10, "192.0.2.2#53", "aB"},
	  {1209, "192.0.2.2#53", "aB"},
	  {1210, "192.0.2.2#53", ".B"}}},
	{"a retired slot is not reused",
	 {{0, "192.0.2.1#53", "A"},
	  {10, "192.0.2.3#53", "aC"},
	  {1210, "192.0.2.3#53", ".C"},
	  {1211, "192.0.2.3#53 192.0.2.4#53", "DC"}}},
	{"added again in time: its old slot",
	 {{0, "192.0.2.1#53 192.0.2.2#53", "AB"},
	  {10, "192.0.2.2#53", "aB"},
	  {500, "192.0.2.2#53 192.0.2.1#53", "AB"},
	  {5000, "192.0.2.2#53 192.0.2.1#53", "AB"}}},
	{"another port is another upstream",
	 {{0, "192.0.2.1#53", "A"},
	  {1, "192.0.2.1#5353", "aA"},
	  {2, "192.0.2.1#53 192.0.2.1#5353", "AA"}}},
	{"renamed: the same slot", {{0, "x=192.0.2.1#53", "A"}, {1, "y=192.0.2.1#53", "A"}}},
};

static void
test_sequences(void)
{
	struct slots *slots = malloc(sizeof(*slots));

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		slots_init(slots);
		for (const struct step *m = sequences[i].steps; m->letters != NULL; m++) {
			struct config *config = control_config_make(&(struct config_text){
				.upstreams = m->upstreams, .timeout_ms = 100});
			const char *why;

			slots_expire(slots, m->now_ms * MS);
			CU_ASSERT_EQUAL(slots_apply(slots, config, m->now_ms * MS, &why), 0);
			SUITE_ASSERT(strcmp(set_letters(&slots->upstreams), m->letters) == 0,
				     "%s: at %llu ms %s", sequences[i].what,
				     (unsigned long long)m->now_ms, set_letters(&slots->upstreams));
			free(config);
		}
	}
	free(slots);
}

static void
test_rename(void)
{
	struct slots *slots = malloc(sizeof(*slots));
	struct config *before =
		control_config_make(&(struct config_text){.upstreams = "x=192.0.2.1#53"});
	struct config *after =
		control_config_make(&(struct config_text){.upstreams = "y=192.0.2.1#53"});
	const char *why;

	slots_init(slots);
	slots_apply(slots, before, 0, &why);
	slots_apply(slots, after, 1, &why);
	CU_ASSERT_STRING_EQUAL(slots->upstreams.slots[0].name, "y");
	free(before);
	free(after);
	free(slots);
}

/* An active upstream is found by its address and by its name; a retired one is not, even if another
 * upstream has its name now. */
static void
test_found(void)
{
	struct slots *slots = malloc(sizeof(*slots));
	struct config *before = control_config_make(
		&(struct config_text){.upstreams = "x=192.0.2.1#53 y=192.0.2.2#53"});
	struct config *after =
		control_config_make(&(struct config_text){.upstreams = "x=192.0.2.3#53"});
	const struct address *first = &before->upstreams[0].address,
			     *third = &after->upstreams[0].address;
	const char *why;

	slots_init(slots);
	slots_apply(slots, before, 0, &why);
	CU_ASSERT_EQUAL(slots_upstream(slots, first, 53), 0);
	CU_ASSERT_EQUAL(slots_upstream(slots, first, 5353), -1);
	CU_ASSERT_EQUAL(slots_upstream(slots, third, 53), -1);
	CU_ASSERT_EQUAL(slots_upstream_named(slots, "y"), 1);
	slots_apply(slots, after, 1, &why);
	CU_ASSERT_EQUAL(slots_upstream(slots, first, 53), -1);
	CU_ASSERT_EQUAL(slots_upstream(slots, third, 53), 2);
	CU_ASSERT_EQUAL(slots_upstream_named(slots, "x"), 2);
	CU_ASSERT_EQUAL(slots_upstream_named(slots, "y"), -1);
	free(before);
	free(after);
	free(slots);
}

/* How long an entry is retired depends on the longest of the old and new timeouts of queries and
 * probes. */
static void
test_linger(void)
{
	static const struct {
		uint32_t before_ms, after_ms, probe_ms;
		uint64_t until_ms;
	} rows[] = {{100, 100, 50, 1200},
		    {3000, 100, 50, 7000},
		    {100, 3000, 50, 7000},
		    {100, 100, 2000, 5000}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slots *slots = malloc(sizeof(*slots));
		struct config *before = control_config_make(&(struct config_text){
			.sources = "192.0.2.1 192.0.2.2", .timeout_ms = rows[i].before_ms});
		struct config *after = control_config_make(&(struct config_text){
			.sources = "192.0.2.1", .timeout_ms = rows[i].after_ms});
		const char *why;

		before->probe.timeout_ms = after->probe.timeout_ms = rows[i].probe_ms;
		slots_init(slots);
		slots_apply(slots, before, 0, &why);
		CU_ASSERT_EQUAL(slots_expiry_ns(slots), UINT64_MAX);
		slots_apply(slots, after, 0, &why);
		SUITE_ASSERT(slots_expiry_ns(slots) == rows[i].until_ms * MS, "row %zu: %llu", i,
			     (unsigned long long)slots_expiry_ns(slots));
		free(before);
		free(after);
		free(slots);
	}
}

static unsigned
active(const struct slot_set *set)
{
	unsigned count = 0;

	for (unsigned i = 0; i < set->limit; i++)
		count += set->slots[i].state == SLOT_ACTIVE;
	return count;
}

/* 63 of 64 services change at once: no room while the old ones are retired, enough afterwards. */
static void
test_full(void)
{
	struct slots *slots = malloc(sizeof(*slots)), *tried = malloc(sizeof(*tried));
	struct config *config = control_config_make(&(struct config_text){.timeout_ms = 100});
	const char *full = NULL;

	config->service.listen_count = SNAPSHOT_SERVICES_MAX;
	for (unsigned i = 0; i < SNAPSHOT_SERVICES_MAX; i++)
		config->service.listen[i].port = (uint16_t)(1 + i);
	slots_init(slots);
	CU_ASSERT_EQUAL(slots_apply(slots, config, 0, &full), 0);
	CU_ASSERT_PTR_NULL(full);
	for (unsigned i = 1; i < SNAPSHOT_SERVICES_MAX; i++) /* the first one stays */
		config->service.listen[i].port = (uint16_t)(1001 + i);
	*tried = *slots;
	CU_ASSERT_EQUAL(slots_apply(tried, config, 1, &full), -ENOSPC);
	CU_ASSERT_STRING_EQUAL(full, "services");
	CU_ASSERT_EQUAL(active(&tried->services), 1);
	/* Applying again does not extend their time. */
	CU_ASSERT_EQUAL(slots_apply(tried, config, 2, &full), -ENOSPC);
	slots_expire(tried, 1 + slots_linger_ns(100));
	CU_ASSERT_EQUAL(slots_apply(tried, config, 5000 * MS, &full), 0);
	CU_ASSERT_EQUAL(active(&tried->services), SNAPSHOT_SERVICES_MAX);

	/* Half of them: there is room for all at once. */
	config->service.listen_count = SNAPSHOT_SERVICES_MAX / 2;
	for (unsigned i = 0; i < SNAPSHOT_SERVICES_MAX / 2; i++)
		config->service.listen[i].port = (uint16_t)(1 + i);
	slots_init(slots);
	CU_ASSERT_EQUAL(slots_apply(slots, config, 0, &full), 0);
	for (unsigned i = 0; i < SNAPSHOT_SERVICES_MAX / 2; i++)
		config->service.listen[i].port = (uint16_t)(1001 + i);
	CU_ASSERT_EQUAL(slots_apply(slots, config, 1, &full), 0);
	CU_ASSERT_EQUAL(active(&slots->services), SNAPSHOT_SERVICES_MAX / 2);
	free(config);
	free(slots);
	free(tried);
}

static unsigned
lingering(const struct slots *slots, uint16_t port)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SLOTS_WITHDRAWN_MAX; i++)
		count += bitmap_test(slots->withdrawn[i].words, port);
	return count;
}

/* Withdrawn ports linger: after more changes than there is room for, each still lingers long
 * enough. */
static void
test_ports(void)
{
	struct slots *slots = malloc(sizeof(*slots));
	const char *why;

	slots_init(slots);
	for (unsigned i = 0; i <= 6; i++) {
		char range[32];
		struct config *config;

		snprintf(range, sizeof(range), "%u-60000", 50000 + i);
		config = control_config_make(
			&(struct config_text){.ports = range, .timeout_ms = 100});
		slots_apply(slots, config, i * 100 * MS, &why);
		free(config);
	}
	for (unsigned i = 0; i < 6; i++) /* 50000 + i was withdrawn at (i + 1) * 100 ms */
		SUITE_ASSERT(lingering(slots, (uint16_t)(50000 + i)) == 1, "port %u lingers",
			     50000 + i);
	CU_ASSERT_EQUAL(lingering(slots, 50006), 0);
	/* There was no room for the last two, so 50000 and 50001 were merged with them: 50002 ends
	 * first. */
	CU_ASSERT_EQUAL(slots_expiry_ns(slots), 1500 * MS);
	slots_expire(slots, 1500 * MS - 1);
	CU_ASSERT_EQUAL(lingering(slots, 50002), 1);
	slots_expire(slots, 1500 * MS);
	for (unsigned i = 0; i < 6; i++)
		SUITE_ASSERT(lingering(slots, (uint16_t)(50000 + i)) == (i != 2),
			     "port %u at 1500 ms", 50000 + i);
	slots_expire(slots, 1799 * MS);
	CU_ASSERT_EQUAL(lingering(slots, 50005), 1);
	slots_expire(slots, 1800 * MS);
	for (unsigned i = 0; i < 6; i++)
		SUITE_ASSERT(lingering(slots, (uint16_t)(50000 + i)) == 0, "port %u ended",
			     50000 + i);
	CU_ASSERT_EQUAL(slots_expiry_ns(slots), UINT64_MAX);
	free(slots);
}

/* A restarted ephemerad takes over slots, including retired ones, and lingering ports from the
 * running dataplane. */
static void
test_seed(void)
{
	static const struct build_upstream unknown[SNAPSHOT_UPSTREAMS_MAX];
	struct snapshot *snapshot = malloc(build_size_max());
	struct slots *slots = malloc(sizeof(*slots)), *seeded = malloc(sizeof(*seeded));
	struct config *before =
		control_config_make(&(struct config_text){.services = "192.0.2.53#53",
							  .sources = "198.51.100.16",
							  .upstreams = "192.0.2.1#53 192.0.2.2#53",
							  .ports = "50000-50999",
							  .timeout_ms = 100});
	struct config *after =
		control_config_make(&(struct config_text){.services = "192.0.2.53#53",
							  .sources = "198.51.100.16",
							  .upstreams = "192.0.2.2#53",
							  .ports = "50500-50999",
							  .timeout_ms = 100});
	const char *why;

	slots_init(slots);
	slots_apply(slots, before, 0, &why);
	slots_apply(slots, after, 0, &why);
	build_snapshot(&(struct build_input){after, slots, unknown, 7}, snapshot);
	snapshot->upstreams[0].random_case = snapshot->upstreams[1].random_case = 0;
	snapshot->upstreams[1].case_not_kept = 1;
	slots_seed(seeded, snapshot, 1000 * MS);
	CU_ASSERT_FALSE(seeded->upstreams.slots[0].random_case);
	CU_ASSERT_TRUE(seeded->upstreams.slots[1].random_case); /* as configured */
	CU_ASSERT_STRING_EQUAL(set_letters(&seeded->upstreams), "aB");
	CU_ASSERT_EQUAL(lingering(seeded, 50000), 1);
	CU_ASSERT_EQUAL(lingering(seeded, 50500), 0);
	CU_ASSERT_EQUAL(slots_expiry_ns(seeded), 2200 * MS);
	slots_apply(seeded, after, 1000 * MS, &why);
	CU_ASSERT_STRING_EQUAL(set_letters(&seeded->upstreams), "aB");
	CU_ASSERT_STRING_EQUAL(seeded->upstreams.slots[1].name, "u1");
	free(before);
	free(after);
	free(slots);
	free(seeded);
	free(snapshot);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"sequences of upstreams", test_sequences},
		{"a renamed upstream", test_rename},
		{"finding upstreams", test_found},
		{"time in retirement", test_linger},
		{"no room", test_full},
		{"withdrawn ports", test_ports},
		{"from a running dataplane", test_seed},
		CU_TEST_INFO_NULL,
	};

	return suite_run("slots", tests);
}
