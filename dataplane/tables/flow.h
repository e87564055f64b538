/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table: what every query in flight waits for, in two arrays per worker.
 *
 * The drawn (source port, ID) is itself the number of a slot: its bits are uniform already, so a
 * look-up costs no hash. A slot is a word that names the flow's entry. Two draws that fall on one
 * slot collide, whatever their source addresses; the second is drawn again. The entry that ended
 * last is the first to be used again: it is still in the caches, and what is touched is as large as
 * what is in flight, not as the table. A slot keeps a mark of its last flow until it is taken
 * again, so that a late response can be told from a forged one.
 *
 * Clients that asked the same while a query was in flight hang on its entry as waiters, out of a
 * pool.
 *
 * Size:    fixed at start, a power of two. Full: the caller drops the query and counts it. Pools
 * likewise.
 * Threads: one worker owns a table. flow_read() alone may be called by another thread: it copies an
 * entry under the entry's sequence number and says when it could not; flow_find() says which. */
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
#define FLOW_CELL_SHARE		   8 /* one cell for a longer question for so many entries */
#define FLOW_WAITER_SHARE	   8 /* one waiter for so many entries */
/* the table is swept once in this time: expiry is late by this at most */
#define FLOW_SWEEP_MS 500

/* Coarse time of deadlines: TSC cycles >> 20, 0.2 to 0.5 ms. Compared by signed difference; wraps
 * after days. */
#define FLOW_TICK_SHIFT 20

/* Time of sending: TSC cycles >> 10, below a microsecond. Differences are good for 20 minutes. */
#define FLOW_SENT_SHIFT 10

enum flow_state {
	FLOW_FREE,
	FLOW_CLIENT,
	FLOW_PROBE,
};

/* FLOW_SHARE_*: what must be equal for two queries to share a response, beside question and EDNS
 * size; none in flows that can't. */
enum flow_flags {
	FLOW_SHARE_OPEN = 0x01, /* it can be shared at all */
	FLOW_SHARE_RD = 0x02,
	FLOW_SHARE_AD = 0x04,
	FLOW_SHARE_CD = 0x08,
	FLOW_SHARE_EDNS = 0x10,
	FLOW_SHARE_DO = 0x20,
	FLOW_SHARE_MASK = 0x3f,
	FLOW_CASE = 0x80, /* the response must keep the letter case of the question as sent */
};

struct flow {
	/* line 0: the key, and where the response goes */
	uint32_t sequence; /* odd while it is being written; worker writes, flow_read() reads */
	uint8_t state;	   /* enum flow_state */
	uint8_t pool;	   /* index */
	/* of the machine: the only one that the response may come by */
	uint8_t response_interface : 4;
	uint8_t client_in_interface : 4; /* of the machine: the one the query came by */
	uint8_t opcode;			 /* of the query; the response's must be the same */
	uint8_t source;			 /* slot */
	uint8_t flags;			 /* enum flow_flags */
	uint16_t upstream;		 /* slot */
	struct be16 source_port;	 /* drawn */
	struct be16 id;			 /* drawn */
	uint32_t sent;			 /* FLOW_SENT_SHIFT */
	union {
		uint32_t deadline_tick; /* FLOW_TICK_SHIFT */
		uint32_t next_free;	/* of an entry that is free: the next one, or FLOW_NONE */
	};
	uint8_t service; /* slot */
	uint8_t waiter_count;
	uint16_t question_bytes;
	struct be16 client_id;
	struct be16 client_port;
	struct mac client_mac;
	uint16_t edns_bytes; /* offered upstream; 0 without EDNS */
	uint32_t cell;	     /* of the long question, or FLOW_NONE */
	uint32_t waiters;    /* the first of the list, or FLOW_NONE */
	union {
		struct address client_address;
		uint64_t probe_cookie;
	};

	/* line 1: the question as sent, and the bits its case was drawn with */
	uint8_t question[FLOW_INLINE_QUESTION_BYTES];
	uint64_t case_bits;
} __attribute__((aligned(64)));

static_assert(sizeof(struct flow) == 128, "two cache lines");
static_assert(offsetof(struct flow, question) == 64, "the question has a line of its own");
static_assert(SNAPSHOT_INTERFACES_MAX <= 16, "a port of the machine fits four bits");
static_assert(SNAPSHOT_SOURCES_MAX <= 256 && SNAPSHOT_SERVICES_MAX <= 256,
	      "their slots fit a byte");

/* A question too long for the entry. */
struct flow_cell {
	uint8_t question[(DNS_QUESTION_BYTES_MAX + 7) / 8 * 8];
	uint64_t case_bits[CASE_WORDS_MAX];
};

/* A further client that waits for the response. */
struct flow_waiter {
	struct address address;
	struct mac mac;
	struct be16 port;
	struct be16 id;
	uint8_t in_interface; /* of the machine */
	uint8_t service;      /* slot */
	uint32_t next;	      /* or FLOW_NONE */
	uint8_t case_difference
		[CASE_MASK_BYTES]; /* a bit a byte of the name: the case is not that of the
						     question sent */
} __attribute__((aligned(64)));

static_assert(sizeof(struct flow_waiter) == 64, "a cache line");

struct flow_table {
	uint32_t *slots;    /* [mask + 1]: FLOW_LIVE | entry, or the mark of the last flow, or 0 */
	struct flow *flows; /* [mask + 1] */
	struct port_stats *ports; /* [65536], in the statistics segment */
	uint32_t mask;
	uint32_t in_flight;
	uint32_t used;	     /* entries that ever were in use: the first so many */
	uint32_t free_first; /* of these, the one that ended last, or FLOW_NONE */
	uint32_t sweep_next;
	uint32_t cell_free_count;
	uint32_t *cell_free; /* a stack of free cells */
	struct flow_cell *cells;
	uint32_t waiter_free; /* the first of a list, or FLOW_NONE */
	struct flow_waiter *waiters;
	struct coalesce_bucket *buckets; /* coalesce_table.h */
	uint32_t bucket_mask;
	uint64_t seed; /* of the buckets, and of marks in slots */
};

/* Bytes that a table of `size` entries takes. [any] */
size_t flow_table_bytes(uint32_t size);

/* Lays a table of `size` entries (a power of two, at least 1,024) out in `memory`, which is zeroed,
 * aligned to 64 and flow_table_bytes() long; `ports` are the worker's in the segment. [main] */
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

/* Fetches a slot, and what else beginning and ending a flow there touches. `source_port` is in host
 * order. [worker] */
static inline void
flow_slot_prefetch(const struct flow_table *table, uint32_t slot, uint16_t source_port)
{
	rte_prefetch0(&table->slots[slot]);
	rte_prefetch0(&table->ports[source_port]);
}

/* The entry of the flow that has a slot, or FLOW_NONE. [any] */
static inline uint32_t
flow_find(const struct flow_table *table, uint32_t slot)
{
	const uint32_t word = __atomic_load_n(&table->slots[slot], __ATOMIC_RELAXED);

	return word & FLOW_LIVE ? word & ~FLOW_LIVE : FLOW_NONE;
}

/* Fetches an entry. [worker] */
static inline void
flow_prefetch(const struct flow_table *table, uint32_t index)
{
	rte_prefetch0(&table->flows[index]);
	rte_prefetch0(table->flows[index].question);
}

/* What is left of a flow in its slot: a hash of its key, which is believed for nothing but to call
 * a response late. [worker] */
static inline uint32_t
flow_mark(const struct flow_table *table, uint16_t source, struct be16 source_port, struct be16 id,
	  uint16_t upstream)
{
	const uint64_t key = (uint64_t)upstream << 48 | (uint64_t)source << 32 |
			     (uint32_t)source_port.raw << 16 | id.raw;

	return (uint32_t)(key * (table->seed | 1) >> 33) | 1;
}

/* The question of an entry, as sent. [worker] */
static inline uint8_t *
flow_question(const struct flow_table *table, struct flow *flow)
{
	return likely(flow->cell == FLOW_NONE) ? flow->question : table->cells[flow->cell].question;
}

/* The bits that the question's case was drawn with: case_flip() with them gives the client's back.
 * [worker] */
static inline uint64_t *
flow_case_bits(const struct flow_table *table, struct flow *flow)
{
	return likely(flow->cell == FLOW_NONE) ? &flow->case_bits
					       : table->cells[flow->cell].case_bits;
}

/* Does the entry's key say that it waits for this response's address, port and ID? */
static inline bool
flow_key_equal(const struct flow *flow, uint16_t source, struct be16 source_port, struct be16 id)
{
	return flow->source == source && be16_equal(flow->source_port, source_port) &&
	       be16_equal(flow->id, id);
}

/* Reserves a cell where `question_bytes` needs one. False: the pool is empty. [worker] */
bool flow_cell_take(struct flow_table *table, uint32_t question_bytes, uint32_t *cell);

/* The write side of the sequence: odd before the entry's first store, even after its last. Pairs
 * with the two loads in flow_read(). [worker] */
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

/* Begins a flow in a slot that is free: between the two calls the caller writes every field but
 * `sequence`, and the question and bits where flow_question() and flow_case_bits() say; `cell`
 * comes from flow_cell_take(). There is an entry for each slot. [worker] */
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

/* Does both for the flow that `fresh` describes, and copies the question and the words of
 * `case_bits` that it needs. `sequence` of `fresh` is ignored. Returns the entry. [worker] */
uint32_t flow_begin(struct flow_table *table, uint32_t slot, const struct flow *fresh,
		    const uint8_t *question, const uint64_t *case_bits);

/* Ends a flow: its slot and its entry are free. What the entry says of its client and waiters stays
 * until the next flow begins. Its waiters are the caller's. [worker] */
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

/* Takes a waiter out of the pool; NULL: it is empty. [worker] */
struct flow_waiter *flow_waiter_take(struct flow_table *table, uint32_t *index);

/* Gives back a list of waiters. [worker] */
void flow_waiters_free(struct flow_table *table, uint32_t first);

/* Copies an entry that was in use once into *copy and its question into `question`
 * (DNS_QUESTION_BYTES_MAX bytes). False: the entry changed meanwhile, three times over. [any] */
bool flow_read(const struct flow_table *table, uint32_t index, struct flow *copy,
	       uint8_t *question);

#endif
