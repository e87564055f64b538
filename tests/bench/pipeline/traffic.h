/* SPDX-License-Identifier: BSD-3-Clause */
/* The clients and the farm that a worker talks to, all outside of what is timed.
 *
 * A query is known by its number, from which its name, client address, port and ID follow; so a
 * response can be checked without remembering the query. What the worker sends upstream becomes a
 * response at once, in place, and waits in a store, the oldest first, until it is laid into a
 * receive queue; the store's length is what is in flight.
 *
 * Threads: one owner, the thread that runs the worker. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_TRAFFIC_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "tests/bench/pipeline/bed.h"
#include "tests/bench/pipeline/cases.h"

#define TRAFFIC_FRAME_BYTES    240
#define TRAFFIC_RESPONSE_BYTES 16 /* an A record whose owner is a pointer to the question */

struct traffic_response {
	uint32_t bytes;
	uint8_t frame[TRAFFIC_FRAME_BYTES];
	uint8_t unused[12];
};

struct traffic {
	const struct bench_case *c;
	struct bed *bed;
	unsigned worker;	   /* whose queues these are */
	uint32_t number_next;	   /* of the next query */
	uint32_t query_bytes, udp; /* of the frame; the offset of UDP */
	uint8_t query[TRAFFIC_FRAME_BYTES];
	struct traffic_response *store; /* a ring of store_size */
	uint32_t store_size, store_head, store_count;
	uint64_t random; /* decides by which worker's queue a response comes in */

	bool checking;				       /* every frame, not only how many */
	uint64_t queries, responses, asked, delivered; /* frames in and out, since traffic_set() */
	uint64_t faults;
	const char *fault; /* the first one */
};

/* Makes the template of a case's queries; forgets the store. `store` has room for store_size
 * responses. */
void traffic_set(struct traffic *traffic, struct bed *bed, const struct bench_case *c,
		 unsigned worker, struct traffic_response *store, uint32_t store_size);

/* Lays `count` queries into the worker's receive queue of the clients' port. */
void traffic_ask(struct traffic *traffic, uint32_t count);

/* Lays the `count` oldest responses of the store into the farm's port: all into this worker's
 * queue, or each into a queue at random, as a NIC that spreads by a hash would. */
void traffic_response(struct traffic *traffic, uint32_t count, bool spread);

/* Takes what the worker sent: queries go into the store as responses, answers are counted, and
 * checked if `checking` is set. */
void traffic_drain(struct traffic *traffic);

/* traffic_check.c: what is wrong with a frame, or NULL. */
const char *traffic_check_asked(const struct traffic *traffic, const uint8_t *frame,
				uint32_t bytes);
const char *traffic_check_response(const struct traffic *traffic, const uint8_t *frame,
				   uint32_t bytes);

/* ---- what both files know of frames ---- */

struct traffic_client {
	struct address address;
	uint16_t port, id;
};

struct traffic_client traffic_client_of(const struct traffic *traffic, uint32_t number);

/* The first label of the name is the number in eight letters. */
#define TRAFFIC_LETTERS 8

static inline uint32_t
traffic_number_read(const uint8_t *letters)
{
	uint32_t number = 0;

	for (int i = 0; i < TRAFFIC_LETTERS; i++)
		number = number << 4 | ((uint32_t)((letters[i] | 0x20) - 'a') & 15);
	return number;
}

#endif
