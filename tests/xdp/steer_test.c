/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the XDP program by BPF_PROG_TEST_RUN: steer_test OBJECT. Needs root.
 *
 * Every frame is run on a queue with a real AF_XDP socket, so that XDP_REDIRECT is the kernel's
 * actual result, and on a queue without one, for the fallback actions (rig.h). Each run must return
 * the action, increment exactly one counter by one, and not change the frame. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "tests/xdp/cases.h"
#include "tests/xdp/rig.h"

#define ETHERNET_BYTES 14
#define MUTANTS	       20000

static struct rig rig; /* CUnit's tests have no argument */

static const char *const verdict_names[] = {
#define X(name, help) #name,
	STEER_VERDICTS(X)
#undef X
};

static const char *
action_name(uint32_t action)
{
	static const char *const names[] = {"aborted", "drop", "pass", "tx", "redirect"};

	return action < sizeof(names) / sizeof(names[0]) ? names[action] : "unknown action";
}

/* Reports a failed case with its description, which CU_ASSERT can't. */
static void
fail(const char *description, const char *what)
{
	char line[256];

	snprintf(line, sizeof(line), "%s: %s", description, what);
	CU_assertImplementation(CU_FALSE, __LINE__, line, __FILE__, "", CU_FALSE);
}

/* The verdict whose counter grew by one; STEER_VERDICT_COUNT if not exactly one did. */
static enum steer_verdict
grown_one(const uint64_t *grown)
{
	int found = STEER_VERDICT_COUNT;

	for (int i = 0; i < STEER_VERDICT_COUNT; i++) {
		if (grown[i] > 1 || (grown[i] == 1 && found != STEER_VERDICT_COUNT))
			return STEER_VERDICT_COUNT;
		if (grown[i] == 1)
			found = i;
	}
	return (enum steer_verdict)found;
}

/* Runs a frame and checks everything but the verdict; returns the verdict, and the action in
 * *action. */
static enum steer_verdict
run_frame(const char *description, enum rig_queue queue, const uint8_t *frame, size_t bytes,
	  uint32_t *action)
{
	struct rig_result result = {0};
	uint8_t shown[FRAME_BYTES_MAX];
	enum steer_verdict verdict;
	int rc;

	memcpy(shown, frame, bytes);
	*action = XDP_ABORTED;
	rc = rig_run(&rig, queue, shown, bytes, &result);
	if (rc) {
		fail(description, strerror(-rc));
		return STEER_VERDICT_COUNT;
	}
	*action = result.action;
	verdict = grown_one(result.grown);
	if (verdict == STEER_VERDICT_COUNT)
		fail(description, "not exactly one counter grew by one");
	if (result.frame_bytes != bytes || memcmp(shown, frame, bytes) != 0)
		fail(description, "the frame was changed");
	return verdict;
}

static void
expect(const char *description, enum rig_queue queue, const struct frame_spec *spec,
       enum xdp_action action, enum steer_verdict verdict)
{
	uint8_t frame[FRAME_BYTES_MAX];
	char what[128];
	uint32_t got_action;
	size_t bytes = frame_build(spec, frame);
	enum steer_verdict got = run_frame(description, queue, frame, bytes, &got_action);

	CU_PASS(description);
	if (got == STEER_VERDICT_COUNT || (got == verdict && got_action == action))
		return;
	snprintf(what, sizeof(what), "%s/%s, not %s/%s (IPv%d, %zu bytes)", action_name(got_action),
		 verdict_names[got], action_name(action), verdict_names[verdict],
		 spec->to && strchr(spec->to, ':') ? 6 : 4, bytes);
	fail(description, what);
}

static void
run_table(const struct steer_table *table)
{
	for (const struct steer_case *c = table->cases; c->description; c++)
		expect(c->description, QUEUE_SOCKET, &c->frame, c->action, c->verdict);
}

#define TABLE(index)                                                                               \
	static void test_table_##index(void)                                                       \
	{                                                                                          \
		run_table(&steer_tables[index]);                                                   \
	}
TABLE(0)
TABLE(1)
TABLE(2)
TABLE(3)
TABLE(4)
TABLE(5)
static void (*const table_tests[])(void) = {test_table_0, test_table_1, test_table_2,
					    test_table_3, test_table_4, test_table_5};

/* The dataplane is not running, or frames arrive on a queue that it does not poll. */
static void
test_no_socket(void)
{
	for (const struct steer_table *table = steer_tables; table->title; table++)
		for (const struct steer_case *c = table->cases; c->description; c++) {
			enum xdp_action action = c->verdict == STEER_query	? XDP_PASS
						 : c->verdict == STEER_response ? XDP_DROP
										: c->action;

			expect(c->description, QUEUE_BARE, &c->frame, action,
			       action == c->action ? c->verdict : STEER_orphan);
		}
}

static void
test_every_port(void)
{
	for (unsigned port = 0; port < 65536; port++) {
		bool open = port >= PORT_FIRST && port <= PORT_LAST && port != PORT_EXCLUDED;
		struct frame_spec stray = {STRAY6}, response = {RESPONSE4};

		stray.to_port = response.to_port = (uint16_t)port;
		if (open) {
			expect("stray to each port", QUEUE_SOCKET, &stray, TO_STRAY);
			expect("response to each port", QUEUE_SOCKET, &response, TO_RESPONSE);
		} else {
			expect("stray to each port", QUEUE_SOCKET, &stray, TO_KERNEL);
			expect("response to each port", QUEUE_SOCKET, &response, TO_KERNEL);
		}
	}
}

/* Frames without payload, complete with `whole_bytes`. If truncated, their lengths are wrong and
 * they pass; if the IP length is corrected, the verdict is known from `known_bytes` on. */
static const struct runt {
	struct steer_case whole;
	unsigned whole_bytes, known_bytes;
} runts[] = {
	{{"query", {QUERY4}, TO_QUERY}, 42, 42},
	{{"response", {RESPONSE4}, TO_RESPONSE}, 42, 42},
	{{"stray", {STRAY4}, TO_STRAY}, 42, 42},
	{{"stray with options", {STRAY4, .option_bytes = 12}, TO_STRAY}, 54, 54},
	{{"first fragment", {STRAY4, .fragment = IPV4_MORE_FRAGMENTS}, TO_FRAGMENT}, 42, 34},
	{{"later fragment", {RESPONSE4, .fragment = 2}, TO_FRAGMENT}, 42, 34},
	{{"priority-tagged stray", {STRAY4, .tags = {{TPID_C, 0}}}, TO_STRAY}, 46, 46},
	{{"QinQ stray", {STRAY4, .tags = {{TPID_S, 3}, {TPID_C, 4}}}, TO_TAGGED}, 50, 50},
	{{"TCP", {STRAY4, .protocol = 6, .payload_bytes = 20}, TO_KERNEL}, 54, 54},
	{{"ARP", {.ethertype = 0x0806, .payload_bytes = 28}, TO_KERNEL}, 42, 42},
	{{"query", {QUERY6}, TO_QUERY}, 62, 62},
	{{"response", {RESPONSE6}, TO_RESPONSE}, 62, 62},
	{{"stray", {STRAY6}, TO_STRAY}, 62, 62},
	{{"atomic fragment", {STRAY6, .extensions = "F"}, TO_FRAGMENT}, 70, 54},
	{{"stray with options", {STRAY6, .extensions = "D"}, TO_STRAY}, 70, 70},
};

/* BPF_PROG_TEST_RUN rejects frames without a complete Ethernet header, as the kernel never passes
 * them to XDP: sizes of 0 to 13 can't be tested. */
static void
test_runts(void)
{
	for (size_t i = 0; i < sizeof(runts) / sizeof(runts[0]); i++) {
		const struct steer_case *whole = &runts[i].whole;
		unsigned whole_bytes = runts[i].whole_bytes;

		for (unsigned bytes = ETHERNET_BYTES; bytes <= FRAME_SHORT_BYTES; bytes++) {
			struct frame_spec cut = whole->frame;

			cut.cut_bytes = bytes;
			cut.padding_bytes = bytes > whole_bytes ? bytes - whole_bytes : 0;
			if (bytes < whole_bytes)
				expect(whole->description, QUEUE_SOCKET, &cut, TO_KERNEL);
			else
				expect(whole->description, QUEUE_SOCKET, &cut, whole->action,
				       whole->verdict);

			cut.length_delta = bytes < whole_bytes ? (int)bytes - (int)whole_bytes : 0;
			if (bytes < runts[i].known_bytes)
				expect(whole->description, QUEUE_SOCKET, &cut, TO_KERNEL);
			else
				expect(whole->description, QUEUE_SOCKET, &cut, whole->action,
				       whole->verdict);
		}
	}
}

/* Frames of the tables with a few bytes overwritten, seeded: the action must always match the
 * verdict. */
static void
test_mutants(void)
{
	static const enum xdp_action actions[STEER_VERDICT_COUNT] = {
		[STEER_kernel] = XDP_PASS,	 [STEER_query] = XDP_REDIRECT,
		[STEER_response] = XDP_REDIRECT, [STEER_stray] = XDP_DROP,
		[STEER_fragment] = XDP_DROP,	 [STEER_tagged] = XDP_DROP,
		[STEER_deep] = XDP_DROP,
	};
	const struct steer_table *table = steer_tables;
	const struct steer_case *c = table->cases;
	unsigned seed = 20080708;

	for (unsigned i = 0; i < MUTANTS; i++) {
		uint8_t frame[FRAME_BYTES_MAX];
		size_t bytes = frame_build(&c->frame, frame);
		uint32_t action;
		enum steer_verdict verdict;

		for (int changes = 1 + rand_r(&seed) % 4; changes > 0; changes--)
			frame[12 + (size_t)rand_r(&seed) % (bytes - 12)] = (uint8_t)rand_r(&seed);
		verdict = run_frame(c->description, QUEUE_SOCKET, frame, bytes, &action);
		if (verdict < STEER_VERDICT_COUNT &&
		    (verdict == STEER_orphan || action != actions[verdict]))
			fail(c->description, "action and counter of a mutated frame do not match");
		if ((++c)->description == NULL) {
			table = table[1].title ? table + 1 : steer_tables;
			c = table->cases;
		}
	}
	CU_PASS("mutants");
}

/* A change of the maps applies from the next packet on. */
static void
test_live_maps(void)
{
	struct frame_spec query = {QUERY4, .to = NEITHER4, .to_port = 5300};
	struct frame_spec response = {RESPONSE6, .from = "2001:db8:2::777"};
	struct steer_service service = {.port = (__be16)htobe16(5300)};
	struct steer_address upstream;

	address_parse(NEITHER4, service.address.bytes);
	address_parse("2001:db8:2::777", upstream.bytes);
	expect("service not yet in the map", QUEUE_SOCKET, &query, TO_KERNEL);
	expect("upstream not yet in the map", QUEUE_SOCKET, &response, TO_STRAY);
	CU_ASSERT_EQUAL(rig_add_service(&rig, NEITHER4, 5300), 0);
	CU_ASSERT_EQUAL(rig_add_upstream(&rig, "2001:db8:2::777"), 0);
	expect("service added", QUEUE_SOCKET, &query, TO_QUERY);
	expect("upstream added", QUEUE_SOCKET, &response, TO_RESPONSE);
	CU_ASSERT_EQUAL(bpf_map_delete_elem(rig.maps[STEER_MAP_services], &service), 0);
	CU_ASSERT_EQUAL(bpf_map_delete_elem(rig.maps[STEER_MAP_upstreams], &upstream), 0);
	expect("service removed", QUEUE_SOCKET, &query, TO_KERNEL);
	expect("upstream removed", QUEUE_SOCKET, &response, TO_STRAY);
}

static void
expect_map(const char *name, uint32_t type, uint32_t key_bytes, uint32_t value_bytes,
	   uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(rig.object, name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(map);
	CU_ASSERT_EQUAL(bpf_map__type(map), type);
	CU_ASSERT_EQUAL(bpf_map__key_size(map), key_bytes);
	CU_ASSERT_EQUAL(bpf_map__value_size(map), value_bytes);
	CU_ASSERT_EQUAL(bpf_map__max_entries(map), entries);
	CU_ASSERT_PTR_NULL(bpf_map__pin_path(map));
}

/* What the driver, ephemerad and steer.h assume about the object. */
static void
test_object(void)
{
	struct bpf_program *program = bpf_object__next_program(rig.object, NULL);
	struct bpf_map *map;
	unsigned maps = 0;

	CU_ASSERT_STRING_EQUAL(bpf_program__name(program), STEER_PROGRAM_NAME);
	CU_ASSERT(strlen(STEER_PROGRAM_NAME) < BPF_OBJ_NAME_LEN);
	CU_ASSERT_STRING_EQUAL(bpf_program__section_name(program), "xdp");
	CU_ASSERT_PTR_NULL(bpf_object__next_program(rig.object, program));
	CU_ASSERT(btf__type_cnt(bpf_object__btf(rig.object)) > 1);
	CU_ASSERT_EQUAL(sizeof(struct steer_service), 20);
	expect_map("xsks_map", BPF_MAP_TYPE_XSKMAP, 4, 4, 64);
	expect_map("services", BPF_MAP_TYPE_HASH, 20, 4, STEER_SERVICES_MAX);
	expect_map("sources", BPF_MAP_TYPE_HASH, 16, 4, STEER_SOURCES_MAX);
	expect_map("upstreams", BPF_MAP_TYPE_HASH, 16, 4, STEER_UPSTREAMS_MAX);
	expect_map("ports", BPF_MAP_TYPE_ARRAY, 4, 8192, 1);
	expect_map("verdicts", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, STEER_VERDICT_COUNT);
	bpf_object__for_each_map(map, rig.object) maps++;
	CU_ASSERT_EQUAL(maps, 6);
}

static int
maps_fill(void)
{
	struct steer_ports *ports = calloc(1, sizeof(*ports));
	int rc;

	if (ports == NULL)
		return -ENOMEM;
	for (unsigned port = PORT_FIRST; port <= PORT_LAST; port++)
		if (port != PORT_EXCLUDED)
			ports->words[port >> 6] |= UINT64_C(1) << (port & 63);
	rc = rig_set_ports(&rig, ports);
	free(ports);
	return rc || rig_add_service(&rig, SERVICE4, SERVICE_PORT) ||
	       rig_add_service(&rig, SERVICE6, SERVICE_PORT) ||
	       rig_add_service(&rig, BOTH4, SERVICE_PORT) ||
	       rig_add_service(&rig, BOTH6, SERVICE_PORT) ||
	       rig_add_service(&rig, BOTH4, BOTH_PORT) || rig_add_service(&rig, BOTH6, BOTH_PORT) ||
	       rig_add_source(&rig, SOURCE4) || rig_add_source(&rig, SOURCE6) ||
	       rig_add_source(&rig, PORTLIKE4) || rig_add_source(&rig, BOTH4) ||
	       rig_add_source(&rig, BOTH6) || rig_add_upstream(&rig, UPSTREAM4) ||
	       rig_add_upstream(&rig, UPSTREAM6);
}

static bool
tests_add(CU_pSuite suite)
{
	size_t count = 0;

	while (steer_tables[count].title)
		count++;
	if (count != sizeof(table_tests) / sizeof(table_tests[0]))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!CU_add_test(suite, steer_tables[i].title, table_tests[i]))
			return false;
	return CU_add_test(suite, "the same on a queue without a socket", test_no_socket) &&
	       CU_add_test(suite, "every port", test_every_port) &&
	       CU_add_test(suite, "runts", test_runts) &&
	       CU_add_test(suite, "mutated frames", test_mutants) &&
	       CU_add_test(suite, "changes of the maps", test_live_maps) &&
	       CU_add_test(suite, "the object matches steer.h", test_object);
}

int
main(int argc, char **argv)
{
	bool ready = false;
	int failures = -1;

	if (argc != 2) {
		fprintf(stderr, "usage: steer_test OBJECT\n");
		return 2;
	}
	if (rig_open(&rig, argv[1]) == 0) {
		ready = maps_fill() == 0 && CU_initialize_registry() == CUE_SUCCESS &&
			tests_add(CU_add_suite("xdp", NULL, NULL));
		if (!ready)
			fprintf(stderr, "steer_test: cannot fill the maps or register the tests\n");
	}
	if (ready) {
		CU_basic_run_tests();
		failures = (int)CU_get_number_of_failures();
		CU_cleanup_registry();
	}
	rig_close(&rig);
	return failures == 0 ? 0 : 1;
}
