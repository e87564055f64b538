/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table.
 * Way:   draw begins flows, match and sweep end them.
 * Runs:  the worker that owns the table; flow_read() in any thread.
 * Never: allocates after flow_table_init(). */
#include "flow.h"

#include <string.h>

#define FLOW_CELLS_MIN 64u

static uint32_t
cell_count(uint32_t size)
{
	return size / FLOW_CELL_SHARE > FLOW_CELLS_MIN ? size / FLOW_CELL_SHARE : FLOW_CELLS_MIN;
}

static size_t
line_round(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

size_t
flow_table_bytes(uint32_t size)
{
	return size * sizeof(struct flow) + (size_t)cell_count(size) * FLOW_CELL_BYTES +
	       line_round(cell_count(size) * sizeof(uint32_t)) + 65536 * sizeof(uint32_t);
}

void
flow_table_init(struct flow_table *table, uint32_t size, void *memory)
{
	uint32_t cells = cell_count(size);
	uint8_t *next = memory;

	table->flows = (struct flow *)next;
	next += size * sizeof(struct flow);
	table->cells = next;
	next += (size_t)cells * FLOW_CELL_BYTES;
	table->cell_free = (uint32_t *)next;
	next += line_round(cells * sizeof(uint32_t));
	table->port_live = (uint32_t *)next;

	table->mask = size - 1;
	table->in_flight = 0;
	table->sweep_next = 0;
	table->cell_free_count = cells;
	for (uint32_t i = 0; i < cells; i++)
		table->cell_free[i] = cells - 1 - i;
	for (uint32_t i = 0; i < size; i++)
		table->flows[i].cell = FLOW_NO_CELL;
}

bool
flow_cell_take(struct flow_table *table, uint32_t question_bytes, uint32_t *cell)
{
	*cell = FLOW_NO_CELL;
	if (likely(question_bytes <= FLOW_INLINE_QUESTION_BYTES))
		return true;
	if (table->cell_free_count == 0)
		return false;
	*cell = table->cell_free[--table->cell_free_count];
	return true;
}

/* The write side of the sequence: odd before the entry's first store, even after its last. Pairs with the two
 * loads in flow_read(). */
static inline void
flow_write_begin(struct flow *flow)
{
	__atomic_store_n(&flow->sequence, flow->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void
flow_write_end(struct flow *flow)
{
	__atomic_store_n(&flow->sequence, flow->sequence + 1, __ATOMIC_RELEASE);
}

void
flow_begin(struct flow_table *table, uint32_t index, const struct flow *fresh, const uint8_t *question)
{
	struct flow *flow = &table->flows[index];
	const size_t from = offsetof(struct flow, state), to = offsetof(struct flow, question);

	flow_write_begin(flow);
	memcpy((uint8_t *)flow + from, (const uint8_t *)fresh + from, to - from);
	if (likely(flow->cell == FLOW_NO_CELL))
		memcpy(flow->question, question, flow->question_bytes);
	else
		memcpy(table->cells + (size_t)flow->cell * FLOW_CELL_BYTES, question, flow->question_bytes);
	flow_write_end(flow);
	table->in_flight++;
	table->port_live[be16_to(flow->source_port)]++;
}

void
flow_end(struct flow_table *table, struct flow *flow)
{
	flow_write_begin(flow);
	flow->state = FLOW_FREE;
	if (unlikely(flow->cell != FLOW_NO_CELL)) {
		table->cell_free[table->cell_free_count++] = flow->cell;
		flow->cell = FLOW_NO_CELL;
	}
	flow_write_end(flow);
	table->in_flight--;
	table->port_live[be16_to(flow->source_port)]--;
}

/* The copies race with the worker's stores on purpose: the sequence tells whether they may be believed. */
__attribute__((no_sanitize("thread"))) bool
flow_read(const struct flow_table *table, uint32_t index, struct flow *copy, uint8_t *question)
{
	const struct flow *flow = &table->flows[index];

	for (int tries = 0; tries < 3; tries++) {
		uint32_t before = __atomic_load_n(&flow->sequence, __ATOMIC_ACQUIRE);
		uint32_t cells;

		if (before & 1)
			continue;
		memcpy(copy, flow, sizeof(*copy));
		cells = cell_count(table->mask + 1);
		if (copy->question_bytes > DNS_QUESTION_BYTES_MAX)
			continue;
		if (copy->cell == FLOW_NO_CELL && copy->question_bytes <= FLOW_INLINE_QUESTION_BYTES)
			memcpy(question, copy->question, copy->question_bytes);
		else if (copy->cell < cells)
			memcpy(question, table->cells + (size_t)copy->cell * FLOW_CELL_BYTES,
			       copy->question_bytes);
		else if (copy->state != FLOW_FREE)
			continue;
		/* Pairs with flow_write_begin(): the copies above are done before the second look. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&flow->sequence, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}
