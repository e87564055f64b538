/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table by itself: begin, end, cells, and reading from another thread. */
#include "dataplane/tables/flow.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/tables/coalesce_table.h"
#include "tests/unit/suite.h"

#define SIZE 1024

static struct flow_table table;
static struct port_stats ports[65536];

static void
table_open(void)
{
	const size_t bytes = (flow_table_bytes(SIZE) + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, bytes);

	memset(memory, 0, bytes);
	memset(ports, 0, sizeof(ports));
	flow_table_init(&table, SIZE, memory, ports);
}

static void
table_close(void)
{
	free(table.flows);
}

/* The flow in a slot. */
static struct flow *
at(uint32_t slot)
{
	const uint32_t index = flow_find(&table, slot);

	CU_ASSERT_NOT_EQUAL_FATAL(index, FLOW_NONE);
	return &table.flows[index];
}

/* Begins a flow whose question is `bytes` bytes of `fill`; its ID is its slot. False: no cell. */
static bool
begin(uint32_t slot, uint16_t port, uint16_t bytes, uint8_t fill)
{
	struct flow fresh = {.state = FLOW_CLIENT,
			     .source_port = be16_from(port),
			     .id = be16_from((uint16_t)slot),
			     .question_bytes = bytes,
			     .client_address.bytes = {fill, fill},
			     .waiters = FLOW_NONE,
			     .sequence = 12345};
	const uint64_t case_bits[CASE_WORDS_MAX] = {fill, fill, fill, fill};
	uint8_t question[DNS_QUESTION_BYTES_MAX];

	memset(question, fill, sizeof(question));
	if (!flow_cell_take(&table, bytes, &fresh.cell))
		return false;
	flow_begin(&table, slot, &fresh, question, case_bits);
	return true;
}

static void
test_layout(void)
{
	table_open();
	CU_ASSERT_EQUAL(table.mask, SIZE - 1);
	CU_ASSERT_EQUAL((uintptr_t)table.flows % 64, 0);
	CU_ASSERT_EQUAL(table.cell_free_count, SIZE / FLOW_CELL_SHARE);
	/* The pools follow each other, all within the memory. */
	CU_ASSERT((uint8_t *)table.slots >= (uint8_t *)(table.flows + SIZE));
	CU_ASSERT((uint8_t *)table.buckets >= (uint8_t *)(table.slots + SIZE));
	CU_ASSERT((uint8_t *)table.waiters >= (uint8_t *)(table.buckets + table.bucket_mask + 1));
	CU_ASSERT((uint8_t *)table.cells >= (uint8_t *)(table.waiters + SIZE / FLOW_WAITER_SHARE));
	CU_ASSERT((uint8_t *)table.cell_free >= (uint8_t *)(table.cells + SIZE / FLOW_CELL_SHARE));
	CU_ASSERT((uint8_t *)(table.cell_free + SIZE / FLOW_CELL_SHARE) <=
		  (uint8_t *)table.flows + flow_table_bytes(SIZE));
	CU_ASSERT_EQUAL((uintptr_t)table.waiters % 64, 0);
	CU_ASSERT_EQUAL((uintptr_t)table.buckets % 64, 0);
	CU_ASSERT_EQUAL(table.bucket_mask & (table.bucket_mask + 1), 0);
	/* The pool has at least 64 cells. */
	CU_ASSERT(flow_table_bytes(64) >= 64 * sizeof(struct flow) + 64 * sizeof(struct flow_cell) +
						  64 * sizeof(struct flow_waiter));
	table_close();
}

static void
test_begin_end(void)
{
	struct flow copy;
	uint8_t question[DNS_QUESTION_BYTES_MAX];
	struct flow *five, *six;

	table_open();
	CU_ASSERT(begin(5, 50000, 20, 'a'));
	CU_ASSERT(begin(6, 50000, 56, 'b'));
	five = at(5);
	six = at(6);
	CU_ASSERT_EQUAL(table.in_flight, 2);
	CU_ASSERT_EQUAL(table.used, 2);
	CU_ASSERT(!flow_slot_free(&table, 5) && !flow_slot_free(&table, 6) &&
		  flow_slot_free(&table, 7));
	CU_ASSERT_EQUAL(ports[50000].live, 2);
	CU_ASSERT_EQUAL(ports[50000].drawn, 2);
	CU_ASSERT_EQUAL(six->case_bits, 'b');
	CU_ASSERT_EQUAL(five->sequence, 2);
	CU_ASSERT_EQUAL(table.cell_free_count, SIZE / FLOW_CELL_SHARE);
	CU_ASSERT(flow_read(&table, flow_find(&table, 6), &copy, question));
	CU_ASSERT_EQUAL(copy.question_bytes, 56);
	CU_ASSERT(question[0] == 'b' && question[55] == 'b');
	CU_ASSERT(flow_key_equal(six, 0, be16_from(50000), be16_from(6)));
	CU_ASSERT(!flow_key_equal(six, 1, be16_from(50000), be16_from(6)));
	CU_ASSERT(!flow_key_equal(six, 0, be16_from(50001), be16_from(6)));
	CU_ASSERT(!flow_key_equal(six, 0, be16_from(50000), be16_from(7)));
	flow_end(&table, six);
	CU_ASSERT_EQUAL(table.in_flight, 1);
	CU_ASSERT_EQUAL(ports[50000].live, 1);
	CU_ASSERT_EQUAL(six->state, FLOW_FREE);
	CU_ASSERT(flow_slot_free(&table, 6));
	CU_ASSERT_EQUAL(flow_find(&table, 6), FLOW_NONE);
	flow_end(&table, five);
	CU_ASSERT_EQUAL(table.in_flight, 0);
	CU_ASSERT_EQUAL(ports[50000].live, 0);
	CU_ASSERT_EQUAL(five->sequence, 4);
	table_close();
}

/* The mark that a flow leaves in its slot tells late responses from guesses. */
static void
test_mark(void)
{
	const struct be16 port = be16_from(50000), id = be16_from(6);
	uint32_t equal = 0;

	table_open();
	CU_ASSERT(begin(6, 50000, 56, 'b'));
	flow_end(&table, at(6));
	CU_ASSERT_EQUAL(table.slots[6], flow_mark(&table, 0, port, id, 0));
	CU_ASSERT_NOT_EQUAL(table.slots[6], flow_mark(&table, 1, port, id, 0));
	CU_ASSERT_NOT_EQUAL(table.slots[6], flow_mark(&table, 0, be16_from(50001), id, 0));
	CU_ASSERT_NOT_EQUAL(table.slots[6], flow_mark(&table, 0, port, be16_from(7), 0));
	CU_ASSERT_NOT_EQUAL(table.slots[6], flow_mark(&table, 0, port, id, 1));
	CU_ASSERT_EQUAL(table.slots[7], 0);
	for (uint32_t n = 0; n < 65536; n++) {
		const uint32_t mark = flow_mark(&table, 0, port, be16_from((uint16_t)n), 0);

		CU_ASSERT(mark != 0 && !(mark & FLOW_LIVE));
		equal += n != 6 && mark == table.slots[6];
	}
	SUITE_ASSERT(equal <= 1, "%u other IDs have the same mark", equal);
	table_close();
}

/* The entry freed last is reused first; new entries are used only if none is free; a full table
 * uses all. */
static void
test_entries(void)
{
	uint32_t second;

	table_open();
	for (uint32_t slot = 0; slot < SIZE; slot++)
		CU_ASSERT(begin(slot, 50000, 20, 'a'));
	CU_ASSERT_EQUAL(table.used, SIZE);
	CU_ASSERT_EQUAL(table.free_first, FLOW_NONE);
	second = flow_find(&table, 700);
	flow_end(&table, at(3));
	flow_end(&table, at(700));
	CU_ASSERT(begin(3, 50000, 20, 'b'));
	CU_ASSERT_EQUAL(flow_find(&table, 3), second);
	CU_ASSERT(begin(700, 50000, 20, 'c'));
	CU_ASSERT_EQUAL(table.free_first, FLOW_NONE);
	CU_ASSERT(at(3)->client_address.bytes[0] == 'b' && at(700)->client_address.bytes[0] == 'c');
	CU_ASSERT_EQUAL(table.used, SIZE);
	CU_ASSERT_EQUAL(table.in_flight, SIZE);
	table_close();
}

/* Each long question has its own cell, which is freed. */
static void
test_cells(void)
{
	const uint32_t cells = SIZE / FLOW_CELL_SHARE;

	table_open();
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < cells; i++)
			CU_ASSERT(begin(i, 50000, (uint16_t)(57 + i), (uint8_t)(i + round)));
		CU_ASSERT(!begin(cells, 50000, 57, 'x'));
		CU_ASSERT(begin(cells, 50000, 56, 'x'));
		CU_ASSERT_EQUAL(table.cell_free_count, 0);
		for (uint32_t i = 0; i < cells; i++) {
			struct flow *flow = at(i);
			const uint8_t *question = flow_question(&table, flow);
			bool own = flow->cell < cells;

			for (uint32_t n = 0; n < flow->question_bytes; n++)
				own &= question[n] == (uint8_t)(i + round);
			for (uint32_t n = 0; n < case_words(flow->question_bytes - 4u); n++)
				own &= flow_case_bits(&table, flow)[n] == (uint8_t)(i + round);
			SUITE_ASSERT(own, "round %d, flow %u", round, i);
		}
		/* Ended in another order than begun. */
		for (uint32_t i = 0; i < cells; i++)
			flow_end(&table, at((i * 5) % cells));
		flow_end(&table, at(cells));
		CU_ASSERT_EQUAL(table.cell_free_count, cells);
		CU_ASSERT_EQUAL(table.in_flight, 0);
	}
	table_close();
}

/* The question with the longest name fits in a cell. */
static void
test_longest(void)
{
	struct flow copy;
	uint8_t question[DNS_QUESTION_BYTES_MAX];
	uint32_t index;

	table_open();
	CU_ASSERT(begin(1, 50000, DNS_QUESTION_BYTES_MAX, 'z'));
	index = flow_find(&table, 1);
	CU_ASSERT(flow_read(&table, index, &copy, question));
	CU_ASSERT(question[0] == 'z' && question[DNS_QUESTION_BYTES_MAX - 1] == 'z');
	flow_end(&table, at(1));
	CU_ASSERT(flow_read(&table, index, &copy, question));
	CU_ASSERT_EQUAL(copy.state, FLOW_FREE);
	table_close();
}

static void
test_slot(void)
{
	table_open();
	for (uint32_t port = 0; port < 65536; port += 257)
		for (uint32_t id = 0; id < 65536; id += 263)
			if (flow_slot(&table, be16_from((uint16_t)port), be16_from((uint16_t)id)) !=
			    (id & table.mask))
				CU_FAIL("slot");
	table.mask = (1 << 20) - 1;
	CU_ASSERT_EQUAL(flow_slot(&table, be16_from(0xabcd), be16_from(0x1234)), 0xd1234);
	table.mask = SIZE - 1;
	table_close();
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A reader and a writer at the same time: every copy that is read successfully is consistent. The
 * writer reuses a few slots as fast as it can, with short and long questions. */
static volatile bool writer_stop;
static volatile uint32_t writer_turns;

static void *
writer(void *unused)
{
	for (uint32_t n = 0; !writer_stop; writer_turns = ++n) {
		const uint32_t slot = n % 4;
		const uint8_t fill = (uint8_t)(n * 7 + 1);

		if (!flow_slot_free(&table, slot))
			flow_end(&table, &table.flows[flow_find(&table, slot)]);
		begin(slot, (uint16_t)(fill * 256 + fill),
		      n & 4 ? (uint16_t)(57 + fill % 203) : (uint16_t)(5 + fill % 52), fill);
	}
	return NULL;
}

/* Do all fields of the copy have the same `fill`? */
static bool
copy_whole(const struct flow *copy, const uint8_t *question)
{
	const uint8_t fill = copy->client_address.bytes[0];

	if (copy->state == FLOW_FREE)
		return true;
	if (copy->client_address.bytes[1] != fill ||
	    be16_to(copy->source_port) != fill * 256 + fill)
		return false;
	if (copy->question_bytes != 57 + fill % 203 && copy->question_bytes != 5 + fill % 52)
		return false;
	for (uint32_t i = 0; i < copy->question_bytes; i++)
		if (question[i] != fill)
			return false;
	return true;
}

static void
test_read_beside_writer(void)
{
	pthread_t thread;
	uint32_t consistent = 0, torn = 0, busy = 0;
	const int64_t deadline_ms = now_ms() + 5000;

	table_open();
	for (uint32_t i = 0; i < 4; i++)
		begin(i, 0x0101, 5 + 1 % 52, 1);
	writer_stop = false;
	writer_turns = 0;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, writer, NULL), 0);
	/* Long enough for both to run at the same time, however they are scheduled. */
	for (uint32_t n = 0; consistent < 200000 || writer_turns < 3000000; n++) {
		struct flow copy;
		uint8_t question[DNS_QUESTION_BYTES_MAX];
		uint32_t index;

		if (n % 1024 == 0 && now_ms() > deadline_ms)
			break;
		index = flow_find(&table, n % 4);
		if (index == FLOW_NONE)
			continue;
		if (!flow_read(&table, index, &copy, question)) {
			busy++;
			continue;
		}
		consistent++;
		torn += !copy_whole(&copy, question);
	}
	writer_stop = true;
	pthread_join(thread, NULL);
	SUITE_ASSERT(torn == 0, "%u of %u entries read were torn", torn, consistent);
	SUITE_ASSERT(consistent >= 1000 && writer_turns >= 1000,
		     "%u entries could be read, %u not; %u were written", consistent, busy,
		     writer_turns);
	table_close();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"layout", test_layout}, {"begin and end", test_begin_end},
		{"mark", test_mark},	 {"entries", test_entries},
		{"cells", test_cells},	 {"longest question", test_longest},
		{"slot", test_slot},	 {"read during writes", test_read_beside_writer},
		CU_TEST_INFO_NULL};

	return suite_run("flow", tests);
}
