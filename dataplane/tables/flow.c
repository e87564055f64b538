/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table.
 * Pipeline: draw and probe begin flows, match and sweep end them.
 * Runs:     the worker that owns the table; flow_read() in any thread.
 * Never:    allocates after flow_table_init(). */
#include "dataplane/tables/flow.h"

#include <string.h>

#include <sodium.h>

#include "dataplane/tables/coalesce_table.h"

#define FLOW_POOL_MIN	  64u
#define FLOW_BUCKET_SHARE 16 /* entries of the flow table per bucket of the index */

/* Number of elements of a pool with one element per `share` entries. */
static uint32_t
pool_count(uint32_t size, uint32_t share)
{
	return size / share > FLOW_POOL_MIN ? size / share : FLOW_POOL_MIN;
}

/* Allots memory for `count` elements at *next, in whole cache lines, and advances *next. */
static void *
cut(uint8_t **next, size_t count, size_t element_bytes)
{
	void *at = *next;

	*next += (count * element_bytes + 63) & ~(size_t)63;
	return at;
}

static size_t
table_lay_out(struct flow_table *table, uint32_t size, uint8_t *memory)
{
	const uint32_t cells = pool_count(size, FLOW_CELL_SHARE);
	uint8_t *next = memory;

	table->flows = cut(&next, size, sizeof(*table->flows));
	table->slots = cut(&next, size, sizeof(*table->slots));
	table->buckets = cut(&next, pool_count(size, FLOW_BUCKET_SHARE), sizeof(*table->buckets));
	table->waiters = cut(&next, pool_count(size, FLOW_WAITER_SHARE), sizeof(*table->waiters));
	table->cells = cut(&next, cells, sizeof(*table->cells));
	table->cell_free = cut(&next, cells, sizeof(*table->cell_free));
	return (size_t)(next - memory);
}

size_t
flow_table_bytes(uint32_t size)
{
	static uint8_t nowhere[1];
	struct flow_table table;

	return table_lay_out(&table, size, nowhere);
}

void
flow_table_init(struct flow_table *table, uint32_t size, void *memory, struct port_stats *ports)
{
	const uint32_t waiters = pool_count(size, FLOW_WAITER_SHARE);

	memset(table, 0, sizeof(*table));
	table_lay_out(table, size, memory);
	table->ports = ports;
	table->mask = size - 1;
	table->free_first = FLOW_NONE;
	table->cell_free_count = pool_count(size, FLOW_CELL_SHARE);
	for (uint32_t i = 0; i < table->cell_free_count; i++)
		table->cell_free[i] = table->cell_free_count - 1 - i;
	for (uint32_t i = 0; i < waiters; i++)
		table->waiters[i].next = i + 1 < waiters ? i + 1 : FLOW_NONE;
	table->bucket_mask = pool_count(size, FLOW_BUCKET_SHARE) - 1;
	randombytes_buf(&table->seed, sizeof(table->seed));
	for (uint32_t i = 0; i <= table->bucket_mask; i++)
		for (unsigned way = 0; way < COALESCE_WAYS; way++)
			table->buckets[i].flows[way] = COALESCE_NONE;
}

bool
flow_cell_take(struct flow_table *table, uint32_t question_bytes, uint32_t *cell)
{
	*cell = FLOW_NONE;
	if (likely(question_bytes <= FLOW_INLINE_QUESTION_BYTES))
		return true;
	if (table->cell_free_count == 0)
		return false;
	*cell = table->cell_free[--table->cell_free_count];
	return true;
}

uint32_t
flow_begin(struct flow_table *table, uint32_t slot, const struct flow *fresh,
	   const uint8_t *question, const uint64_t *case_bits)
{
	const size_t from = offsetof(struct flow, state), to = offsetof(struct flow, question);
	struct flow *flow = flow_open(table, slot);

	memcpy((uint8_t *)flow + from, (const uint8_t *)fresh + from, to - from);
	memcpy(flow_question(table, flow), question, flow->question_bytes);
	memcpy(flow_case_bits(table, flow), case_bits,
	       case_words(flow->question_bytes - 4u) * sizeof(*case_bits));
	flow_opened(table, flow);
	return (uint32_t)(flow - table->flows);
}

struct flow_waiter *
flow_waiter_take(struct flow_table *table, uint32_t *index)
{
	struct flow_waiter *waiter;

	*index = table->waiter_free;
	if (unlikely(*index == FLOW_NONE))
		return NULL;
	waiter = &table->waiters[*index];
	table->waiter_free = waiter->next;
	return waiter;
}

void
flow_waiters_free(struct flow_table *table, uint32_t first)
{
	while (first != FLOW_NONE) {
		struct flow_waiter *waiter = &table->waiters[first];
		const uint32_t next = waiter->next;

		waiter->next = table->waiter_free;
		table->waiter_free = first;
		first = next;
	}
}

/* The copies race with the worker's stores on purpose: the sequence number shows whether they are
 * consistent. */
__attribute__((no_sanitize("thread"))) bool
flow_read(const struct flow_table *table, uint32_t index, struct flow *copy, uint8_t *question)
{
	const struct flow *flow = &table->flows[index];
	const uint32_t cells = pool_count(table->mask + 1, FLOW_CELL_SHARE);

	for (int tries = 0; tries < 3; tries++) {
		uint32_t before = __atomic_load_n(&flow->sequence, __ATOMIC_ACQUIRE);

		if (before & 1)
			continue;
		memcpy(copy, flow, sizeof(*copy));
		if (copy->cell == FLOW_NONE && copy->question_bytes <= FLOW_INLINE_QUESTION_BYTES)
			memcpy(question, copy->question, copy->question_bytes);
		else if (copy->cell < cells && copy->question_bytes <= DNS_QUESTION_BYTES_MAX)
			memcpy(question, table->cells[copy->cell].question, copy->question_bytes);
		else
			continue;
		/* Pairs with flow_write_begin(): the copies above are complete before the second
		 * load. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&flow->sequence, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}
