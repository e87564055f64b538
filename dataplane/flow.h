/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table: what every query in flight waits for, in one array per worker.
 *
 * The drawn (source port, ID) is itself the index: its bits are uniform already, so a look-up costs no hash
 * and one cache line. Two draws that fall on one slot collide, whatever their source addresses; the second is
 * drawn again. An entry that ended keeps its key until the slot is taken again, so that a late reply can be
 * told from a forged one.
 *
 * Size:    fixed at start, a power of two. Full: the caller drops the query and counts it.
 * Threads: one worker owns a table. flow_read() alone may be called by another thread: it copies an entry
 * under the entry's sequence number and says when it could not. */
#ifndef EPHEMERA_FLOW_H
#define EPHEMERA_FLOW_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "shared/wire.h"

#define FLOW_INLINE_QUESTION_BYTES 64
#define FLOW_NO_CELL		   UINT32_MAX
#define FLOW_CELL_BYTES		   320 /* of the pool for longer questions: DNS_QUESTION_BYTES_MAX, rounded up */
#define FLOW_CELL_SHARE		   8 /* one cell for so many entries */
#define FLOW_SWEEP_MS		   500 /* the table is swept once in this time: expiry is late by this at most */

/* Coarse time of deadlines: TSC cycles >> 20, 0.2 to 0.5 ms. Compared by signed difference; wraps after days.
 */
#define FLOW_TICK_SHIFT 20

enum flow_state {
	FLOW_FREE,
	FLOW_CLIENT,
	FLOW_PROBE,
};

struct flow {
	/* line 0: the key, and where the answer goes */
	uint32_t sequence;	 /* odd while it is being written; worker writes, flow_read() reads */
	uint8_t state;		 /* enum flow_state */
	uint8_t reply_port;	 /* of the machine: the only one that the reply may come by */
	uint8_t client_in_port;	 /* of the machine: the one the query came by */
	uint8_t opcode;		 /* of the query; the reply's must be the same */
	uint16_t source;	 /* slot */
	uint16_t upstream;	 /* slot */
	struct be16 source_port; /* drawn */
	struct be16 id;		 /* drawn */
	uint64_t sent_tsc;
	uint32_t deadline_tick;
	uint16_t service; /* slot */
	uint16_t question_bytes;
	struct be16 client_id;
	struct be16 client_port;
	struct mac client_mac;
	uint16_t unused;
	uint32_t cell; /* of the long question, or FLOW_NO_CELL */
	union {
		struct address client_address;
		uint64_t probe_cookie;
	};

	/* line 1: the question as sent */
	uint8_t question[FLOW_INLINE_QUESTION_BYTES];
} __attribute__((aligned(64)));

static_assert(sizeof(struct flow) == 128, "two cache lines");
static_assert(offsetof(struct flow, question) == 64, "the question has a line of its own");

struct flow_table {
	struct flow *flows;
	uint32_t mask;
	uint32_t in_flight;
	uint32_t sweep_next;
	uint32_t cell_free_count;
	uint32_t *cell_free; /* a stack of free cells */
	uint8_t *cells;
	uint32_t *port_live; /* [65536]: flows in flight on each source port, over all addresses */
};

/* Bytes that a table of `size` entries takes. [any] */
size_t flow_table_bytes(uint32_t size);

/* Lays a table of `size` entries (a power of two) out in `memory`, which is zeroed, aligned to 64 and
 * flow_table_bytes() long. [main] */
void flow_table_init(struct flow_table *table, uint32_t size, void *memory);

/* The slot of a drawn or received (port, ID). [worker] */
static inline uint32_t
flow_index(const struct flow_table *table, struct be16 source_port, struct be16 id)
{
	return (be16_to(id) | (uint32_t)be16_to(source_port) << 16) & table->mask;
}

/* The question of an entry, as sent. [worker] */
static inline const uint8_t *
flow_question(const struct flow_table *table, const struct flow *flow)
{
	if (likely(flow->cell == FLOW_NO_CELL))
		return flow->question;
	return table->cells + (size_t)flow->cell * FLOW_CELL_BYTES;
}

/* Does the entry's key, live or ended, say that it waited for this reply's address, port and ID? */
static inline bool
flow_key_equal(const struct flow *flow, uint16_t source, struct be16 source_port, struct be16 id)
{
	return flow->source == source && be16_equal(flow->source_port, source_port) &&
	       be16_equal(flow->id, id);
}

/* Reserves a cell where `question_bytes` needs one. False: the pool is empty. [worker] */
bool flow_cell_take(struct flow_table *table, uint32_t question_bytes, uint32_t *cell);

/* Begins the flow that `fresh` describes, in a slot that is free, and copies the question. fresh->cell comes
 * from flow_cell_take(). `sequence` of `fresh` is ignored. [worker] */
void flow_begin(struct flow_table *table, uint32_t index, const struct flow *fresh, const uint8_t *question);

/* Ends a flow: the slot is free, its key stays. [worker] */
void flow_end(struct flow_table *table, struct flow *flow);

/* Copies entry `index` into *copy and its question into `question` (DNS_QUESTION_BYTES_MAX bytes). False: the
 * entry changed meanwhile, three times over. [any] */
bool flow_read(const struct flow_table *table, uint32_t index, struct flow *copy, uint8_t *question);

#endif
