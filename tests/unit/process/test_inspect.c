/* SPDX-License-Identifier: BSD-3-Clause */
/* inspect_port() lists the flows on a source port of all workers' tables, and no others. */
#include "dataplane/process/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

#define TSC_HZ UINT64_C(2048000000) /* a microsecond is 2 units of FLOW_SENT_SHIFT */

static void
test_range(void)
{
	static const struct {
		const char *description;
		uint32_t mask;
		uint16_t port;
		uint32_t first, count;
	} rows[] = {
		{"1 Mi entries, port 0", 0xfffff, 0, 0, 65536},
		{"1 Mi entries, port 0xc123: slots of its low four bits", 0xfffff, 0xc123, 0x30000,
		 65536},
		{"64 Ki entries, as many as IDs", 0xffff, 0xc123, 0, 65536},
		{"4 Ki entries, fewer than IDs", 0xfff, 0xc123, 0, 4096},
		{"4 Gi entries, one for each port and ID", 0xffffffff, 0xffff, 0xffff0000, 65536},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t first = 1, count = 0;

		inspect_range(rows[i].mask, rows[i].port, &first, &count);
		SUITE_ASSERT(first == rows[i].first && count == rows[i].count,
			     "%s: %u entries from %u", rows[i].description, count, first);
	}
}

static struct workers workers;
static struct worker worker[2];
static struct port_stats ports[2][65536];
static const struct address client = {.bytes = {[10] = 0xff, 0xff, 192, 0, 2, 7}};

static void
flow_add(unsigned w, uint16_t port, uint16_t id, uint8_t state)
{
	static const uint8_t question[] = {1, 'a', 0, 0, 1, 0, 1};
	const uint64_t case_bits[CASE_WORDS_MAX] = {0};
	struct flow_table *table = &worker[w].flows;
	struct flow fresh = {
		.state = state,
		.source = 1,
		.upstream = 3,
		.source_port = be16_from(port),
		.id = be16_from(id),
		.sent = (10 * TSC_HZ) >> FLOW_SENT_SHIFT,
		.question_bytes = sizeof(question),
		.client_port = be16_from(4000),
		.cell = FLOW_NONE,
		.waiters = FLOW_NONE,
	};

	if (state == FLOW_CLIENT)
		fresh.client_address = client;
	else
		fresh.probe_cookie = UINT64_MAX;
	flow_begin(table, flow_slot(table, fresh.source_port, fresh.id), &fresh, question,
		   case_bits);
}

static void
tables_make(uint32_t size)
{
	workers.count = 2;
	for (unsigned w = 0; w < 2; w++) {
		size_t bytes = (flow_table_bytes(size) + 63) / 64 * 64;
		void *memory = aligned_alloc(64, bytes);

		CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
		memset(memory, 0, bytes);
		memset(&worker[w], 0, sizeof(worker[w]));
		worker[w].index = w;
		worker[w].tsc_hz = TSC_HZ;
		memset(ports[w], 0, sizeof(ports[w]));
		flow_table_init(&worker[w].flows, size, memory, ports[w]);
		workers.worker[w] = &worker[w];
		workers.flow_memory[w] = memory;
	}
}

static void
tables_free(void)
{
	for (unsigned w = 0; w < 2; w++)
		free(workers.flow_memory[w]);
}

static void
test_flows(uint32_t size)
{
	static struct snapshot snapshot = {.source_count = 2};
	static struct port_response response;
	const struct address none = {{{0}}};

	tables_make(size);
	snapshot.sources[1].address = (struct address){.bytes = {[15] = 9}};
	flow_add(0, 60000, 1, FLOW_CLIENT);
	flow_add(1, 60000, 2, FLOW_PROBE);
	flow_add(1, 60000, 65535, FLOW_CLIENT);
	flow_add(1, 60001, 3, FLOW_CLIENT); /* another port */
	flow_add(0, 60016, 4, FLOW_CLIENT); /* another port with the same low bits */
	flow_add(0, 60000, 5, FLOW_CLIENT); /* ended below */
	flow_end(&worker[0].flows,
		 &worker[0].flows.flows[flow_find(
			 &worker[0].flows,
			 flow_slot(&worker[0].flows, be16_from(60000), be16_from(5)))]);

	inspect_port(&workers, &snapshot, 60000, 10 * TSC_HZ + TSC_HZ / 4, &response);
	CU_ASSERT_EQUAL(response.total, 3);
	CU_ASSERT_EQUAL_FATAL(response.flow_count, 3);
	CU_ASSERT_EQUAL(response.flows[0].worker, 0);
	CU_ASSERT_EQUAL(be16_to(response.flows[0].id), 1);
	CU_ASSERT_EQUAL(response.flows[0].source, 1);
	CU_ASSERT_EQUAL(response.flows[0].upstream, 3);
	CU_ASSERT_EQUAL(response.flows[0].age_us, 250000);
	CU_ASSERT_EQUAL(response.flows[0].question_bytes, 7);
	CU_ASSERT_EQUAL(response.flows[0].question[1], 'a');
	CU_ASSERT(address_equal(&response.flows[0].client_address, &client));
	CU_ASSERT(address_equal(&response.flows[0].source_address, &snapshot.sources[1].address));
	CU_ASSERT_EQUAL(be16_to(response.flows[0].client_port), 4000);
	/* A probe has no client: its cookie shares the memory of the client's address. */
	CU_ASSERT_EQUAL(be16_to(response.flows[1].id), 2);
	CU_ASSERT(address_equal(&response.flows[1].client_address, &none));
	CU_ASSERT_EQUAL(be16_to(response.flows[2].id), 65535);

	inspect_port(&workers, NULL, 61000, 0, &response);
	CU_ASSERT_EQUAL(response.total, 0);
	/* With a time before the flow was sent, the age is 0. */
	inspect_port(&workers, NULL, 60001, 0, &response);
	CU_ASSERT(response.total == 1 && response.flows[0].age_us == 0);
	CU_ASSERT(address_equal(&response.flows[0].source_address, &none));
	tables_free();
}

static void
test_flows_large(void)
{
	test_flows(1 << 20);
}

static void
test_flows_small(void)
{
	test_flows(1024);
}

static void
test_more_than_fit(void)
{
	static struct port_response response;

	tables_make(1 << 17);
	for (uint16_t id = 0; id < 100; id++)
		flow_add(id & 1, 60000, id, FLOW_CLIENT);
	inspect_port(&workers, NULL, 60000, 0, &response);
	CU_ASSERT_EQUAL(response.total, 100);
	CU_ASSERT_EQUAL(response.flow_count, MESSAGE_FLOWS_MAX);
	tables_free();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"range", test_range},
		{"flows in a large table", test_flows_large},
		{"flows in a small table", test_flows_small},
		{"more than fit", test_more_than_fit},
		CU_TEST_INFO_NULL,
	};

	return suite_run("inspect", tests);
}
