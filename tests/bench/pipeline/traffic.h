/* SPDX-License-Identifier: BSD-3-Clause */
/* The clients and the farm of a worker, all outside of the timed code.
 *
 * A query has a number that determines its name, client address, port and ID, so that a response
 * can be checked without storing the query. A query that the worker forwards becomes a response
 * at once, in place, and waits in a store, oldest first, until it is put into a receive queue.
 * The length of the store is the number of queries in flight.
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
	unsigned worker;	   /* the queue that it uses */
	uint32_t number_next;	   /* number of the next query */
	uint32_t query_bytes, udp; /* of the frame; offset of UDP */
	uint8_t query[TRAFFIC_FRAME_BYTES];
	struct traffic_response *store; /* a ring of store_size */
	uint32_t store_size, store_head, store_count;
	uint64_t random; /* draws the worker's queue that a response arrives in */

	bool checking;				       /* check every frame, not only the counts */
	uint64_t queries, responses, asked, delivered; /* frames in and out, since traffic_set() */
	uint64_t faults;
	const char *fault; /* the first one */
};

/* Makes the template of a case's queries; empties the store. `store` has room for store_size
 * responses. */
void traffic_set(struct traffic *traffic, struct bed *bed, const struct bench_case *c,
		 unsigned worker, struct traffic_response *store, uint32_t store_size);

/* Puts `count` queries into the worker's receive queue of the clients' interface. */
void traffic_ask(struct traffic *traffic, uint32_t count);

/* Puts the `count` oldest responses of the store into the receive queues of the farm's interface:
 * all into this worker's, or each into a random one, as a NIC with RSS would. */
void traffic_response(struct traffic *traffic, uint32_t count, bool spread);

/* Drains the worker's transmit queues: queries go into the store as responses; responses are
 * counted, and checked if `checking` is set. */
void traffic_drain(struct traffic *traffic);

/* traffic_check.c: what is wrong with a frame, or NULL. */
const char *traffic_check_asked(const struct traffic *traffic, const uint8_t *frame,
				uint32_t bytes);
const char *traffic_check_response(const struct traffic *traffic, const uint8_t *frame,
				   uint32_t bytes);

/* ---- frames: used by traffic.c and traffic_check.c ---- */

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
