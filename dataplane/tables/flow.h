/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table: one entry for every query in flight, in two arrays per worker.
 *
 * The low bits of the drawn (source port, ID) are the slot number: they are uniform already, so a
 * look-up needs no hash. A slot is a word that names the flow's entry. Two draws of one slot
 * collide, whatever their source addresses; the second is drawn again. The entry freed last is used
 * first: it is still in the caches, and the memory in use grows with the flows in flight, not with
 * the table. A slot keeps a mark of its last flow until it is taken again, so that late responses
 * can be told from forged ones.
 *
 * Further clients that ask the same question while a query is in flight are kept in a list of
 * waiters on its entry, from a pool.
 *
 * Size:    fixed at start, a power of two; so are the pools.
 * Full:    the caller drops the query and counts it.
 * Threads: one worker owns a table. Other threads may call only flow_find(), and flow_read(), which
 *          copies an entry under its sequence number. */
#ifndef EPHEMERA_DATAPLANE_TABLES_FLOW_H
#define EPHEMERA_DATAPLANE_TABLES_FLOW_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "dataplane/packet/case.h"
#include "dataplane/shared/stats.h"
#include "dataplane/shared/wire.h"

#define FLOW_INLINE_QUESTION_BYTES 56
#define FLOW_NONE		   UINT32_MAX  /* no entry, no cell, no waiter */
#define FLOW_LIVE		   0x80000000u /* in a slot, with the entry */
#define FLOW_CELL_SHARE		   8	       /* entries per cell for a longer question */
#define FLOW_WAITER_SHARE	   8	       /* entries per waiter */
/* the whole table is swept once in this time, so a timeout is at most this late */
#define FLOW_SWEEP_MS 500

/* Unit of deadlines: 2^20 TSC cycles, 0.2 to 0.5 ms. Compared by signed difference; wraps after
 * days. */
#define FLOW_TICK_SHIFT 20

/* Unit of sending times: 2^10 TSC cycles, below a microsecond. Differences are valid up to 20
 * minutes. */
#define FLOW_SENT_SHIFT 10

enum flow_state {
	FLOW_FREE,
	FLOW_CLIENT,
	FLOW_PROBE,
};

/* FLOW_SHARE_*: must be equal for two queries to share a response, as must question and EDNS size;
 * none is set in flows that can't be shared. */
enum flow_flags {
	FLOW_SHARE_OPEN = 0x01, /* can be shared */
	FLOW_SHARE_RD = 0x02,
	FLOW_SHARE_AD = 0x04,
	FLOW_SHARE_CD = 0x08,
	FLOW_SHARE_EDNS = 0x10,
	FLOW_SHARE_DO = 0x20,
	FLOW_SHARE_MASK = 0x3f,
	FLOW_CASE = 0x80, /* the response must keep the letter case of the question as sent */
};

struct flow {
	/* cache line 0: the key, and where the response goes */
	uint32_t sequence; /* odd while it is being written; worker writes, flow_read() reads */
	uint8_t state;	   /* enum flow_state */
	uint8_t pool;	   /* index */
	/* the only interface on which the response is accepted */
	uint8_t response_interface : 4;
	uint8_t client_in_interface : 4; /* interface that the query came from */
	uint8_t opcode;			 /* of query and response */
	uint8_t source;			 /* slot */
	uint8_t flags;			 /* enum flow_flags */
	uint16_t upstream;		 /* slot */
	struct be16 source_port;	 /* drawn */
	struct be16 id;			 /* drawn */
	uint32_t sent;			 /* FLOW_SENT_SHIFT */
	union {
		uint32_t deadline_tick; /* FLOW_TICK_SHIFT */
		uint32_t next_free;	/* of a free entry: the next one, or FLOW_NONE */
	};
	uint8_t service; /* slot */
	uint8_t waiter_count;
	uint16_t question_bytes;
	struct be16 client_id;
	struct be16 client_port;
	struct mac client_mac;
	uint16_t edns_bytes; /* offered upstream; 0 without EDNS */
	uint32_t cell;	     /* of a long question, or FLOW_NONE */
	uint32_t waiters;    /* the first of the list, or FLOW_NONE */
	union {
		struct address client_address;
		uint64_t probe_cookie;
	};

	/* cache line 1: the question as sent, and the random bits of its letter case */
	uint8_t question[FLOW_INLINE_QUESTION_BYTES];
	uint64_t case_bits;
} __attribute__((aligned(64)));

static_assert(sizeof(struct flow) == 128, "two cache lines");
static_assert(offsetof(struct flow, question) == 64, "the question begins a cache line");
static_assert(SNAPSHOT_INTERFACES_MAX <= 16, "an interface index fits in four bits");
static_assert(SNAPSHOT_SOURCES_MAX <= 256 && SNAPSHOT_SERVICES_MAX <= 256,
	      "source and service slots fit in a byte");

/* Holds a question too long for the entry. */
struct flow_cell {
	uint8_t question[(DNS_QUESTION_BYTES_MAX + 7) / 8 * 8];
	uint64_t case_bits[CASE_WORDS_MAX];
};

/* Another client that waits for the response. */
struct flow_waiter {
	struct address address;
	struct mac mac;
	struct be16 port;
	struct be16 id;
	uint8_t in_interface; /* that the query came from */
	uint8_t service;      /* slot */
	uint32_t next;	      /* or FLOW_NONE */
	/* one bit per byte of the name: 1: its letter case differs from the first client's */
	uint8_t case_difference[CASE_MASK_BYTES];
} __attribute__((aligned(64)));

static_assert(sizeof(struct flow_waiter) == 64, "a cache line");

struct flow_table {
	uint32_t *slots;    /* [mask + 1]: FLOW_LIVE | entry, or the mark of the last flow, or 0 */
	struct flow *flows; /* [mask + 1] */
	struct port_stats *ports; /* [65536], in the statistics segment */
	uint32_t mask;
	uint32_t in_flight;
	uint32_t used;	     /* entries used so far: flows[0] to flows[used - 1] */
	uint32_t free_first; /* the entry freed last, or FLOW_NONE */
	uint32_t sweep_next;
	uint32_t cell_free_count;
	uint32_t *cell_free; /* a stack of free cells */
	struct flow_cell *cells;
	uint32_t waiter_free; /* the first of a list, or FLOW_NONE */
	struct flow_waiter *waiters;
	struct coalesce_bucket *buckets; /* coalesce_table.h */
	uint32_t bucket_mask;
	uint64_t seed; /* secret key of the buckets and of the marks in slots */
};

/* Memory that a table of `size` entries needs. [any] */
size_t flow_table_bytes(uint32_t size);

/* Lays out a table of `size` entries (a power of two, at least 1,024) in `memory`, which must be
 * zeroed, aligned to 64 and flow_table_bytes() long; `ports` are the worker's, in the statistics
 * segment. [main] */
void flow_table_init(struct flow_table *table, uint32_t size, void *memory,
		     struct port_stats *ports);

/* The slot of a drawn or received (port, ID). [worker] */
static inline uint32_t
flow_slot(const struct flow_table *table, struct be16 source_port, struct be16 id)
{
	return (be16_to(id) | (uint32_t)be16_to(source_port) << 16) & table->mask;
}

static inline bool
flow_slot_free(const struct flow_table *table, uint32_t slot)
{
	return !(table->slots[slot] & FLOW_LIVE);
}

/* Prefetches a slot, and the port's counters. `source_port` is in host order. [worker] */
static inline void
flow_slot_prefetch(const struct flow_table *table, uint32_t slot, uint16_t source_port)
{
	rte_prefetch0(&table->slots[slot]);
	rte_prefetch0(&table->ports[source_port]);
}

/* The entry of the flow in a slot, or FLOW_NONE. [any] */
static inline uint32_t
flow_find(const struct flow_table *table, uint32_t slot)
{
	const uint32_t word = __atomic_load_n(&table->slots[slot], __ATOMIC_RELAXED);

	return word & FLOW_LIVE ? word & ~FLOW_LIVE : FLOW_NONE;
}

/* Prefetches an entry. [worker] */
static inline void
flow_prefetch(const struct flow_table *table, uint32_t index)
{
	rte_prefetch0(&table->flows[index]);
	rte_prefetch0(table->flows[index].question);
}

/* What an ended flow leaves in its slot: a hash of its key, used only to classify a response as
 * late. [worker] */
static inline uint32_t
flow_mark(const struct flow_table *table, uint16_t source, struct be16 source_port, struct be16 id,
	  uint16_t upstream)
{
	const uint64_t key = (uint64_t)upstream << 48 | (uint64_t)source << 32 |
			     (uint32_t)source_port.raw << 16 | id.raw;

	return (uint32_t)(key * (table->seed | 1) >> 33) | 1;
}

/* The question of a flow, as sent. [worker] */
static inline uint8_t *
flow_question(const struct flow_table *table, struct flow *flow)
{
	return likely(flow->cell == FLOW_NONE) ? flow->question : table->cells[flow->cell].question;
}

/* The random bits of the question's letter case: case_flip() with them restores the client's.
 * [worker] */
static inline uint64_t *
flow_case_bits(const struct flow_table *table, struct flow *flow)
{
	return likely(flow->cell == FLOW_NONE) ? &flow->case_bits
					       : table->cells[flow->cell].case_bits;
}

/* Are source address, port and ID those of the flow? */
static inline bool
flow_key_equal(const struct flow *flow, uint16_t source, struct be16 source_port, struct be16 id)
{
	return flow->source == source && be16_equal(flow->source_port, source_port) &&
	       be16_equal(flow->id, id);
}

/* Allocates a cell if `question_bytes` needs one, else sets *cell to FLOW_NONE. False: the pool is
 * empty. [worker] */
bool flow_cell_take(struct flow_table *table, uint32_t question_bytes, uint32_t *cell);

/* The write side of the sequence number: odd before the first store to the entry, even after the
 * last. Pairs with the two loads in flow_read(). [worker] */
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

/* Begins a flow in a free slot. Between flow_open() and flow_opened() the caller writes every field
 * but `sequence`, and the question and case bits at flow_question() and flow_case_bits(); `cell`
 * comes from flow_cell_take(). There are as many entries as slots, so it can't fail. [worker] */
static inline struct flow *
flow_open(struct flow_table *table, uint32_t slot)
{
	uint32_t index = table->free_first;

	if (likely(index != FLOW_NONE))
		table->free_first = table->flows[index].next_free;
	else
		index = table->used++;
	flow_write_begin(&table->flows[index]);
	__atomic_store_n(&table->slots[slot], FLOW_LIVE | index, __ATOMIC_RELAXED);
	return &table->flows[index];
}

static inline void
flow_opened(struct flow_table *table, struct flow *flow)
{
	struct port_stats *port = &table->ports[be16_to(flow->source_port)];

	flow_write_end(flow);
	table->in_flight++;
	port->live++;
	port->drawn++;
}

/* Does both for the flow `fresh`, whose `sequence` is ignored, and copies the question and the
 * words of `case_bits` that it needs. Returns the entry. [worker] */
uint32_t flow_begin(struct flow_table *table, uint32_t slot, const struct flow *fresh,
		    const uint8_t *question, const uint64_t *case_bits);

/* Ends a flow: frees its slot, entry and cell, but not its waiters. The entry's fields about client
 * and waiters stay readable until the next flow begins. [worker] */
static inline void
flow_end(struct flow_table *table, struct flow *flow)
{
	struct port_stats *port = &table->ports[be16_to(flow->source_port)];

	__atomic_store_n(
		&table->slots[flow_slot(table, flow->source_port, flow->id)],
		flow_mark(table, flow->source, flow->source_port, flow->id, flow->upstream),
		__ATOMIC_RELAXED);
	flow_write_begin(flow);
	flow->state = FLOW_FREE;
	flow->next_free = table->free_first;
	flow_write_end(flow);
	table->free_first = (uint32_t)(flow - table->flows);
	if (unlikely(flow->cell != FLOW_NONE))
		table->cell_free[table->cell_free_count++] = flow->cell;
	table->in_flight--;
	if (--port->live == 0)
		port->misses = 0;
}

/* Allocates a waiter; NULL: the pool is empty. [worker] */
struct flow_waiter *flow_waiter_take(struct flow_table *table, uint32_t *index);

/* Frees a list of waiters. [worker] */
void flow_waiters_free(struct flow_table *table, uint32_t first);

/* Copies an entry, below `used`, to *copy and its question to `question` (DNS_QUESTION_BYTES_MAX
 * bytes). False: the entry changed during each of three tries. [any] */
bool flow_read(const struct flow_table *table, uint32_t index, struct flow *copy,
	       uint8_t *question);

#endif
