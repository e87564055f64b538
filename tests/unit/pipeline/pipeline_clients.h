/* SPDX-License-Identifier: BSD-3-Clause */
/* Many clients of a rig, each with its own address, port, MAC, query ID and letter case, and the
 * responses that each got.
 *
 * A response counts as a client's only if everything matches: addresses, ports and MACs of both
 * ends, the interface, the ID, and the question byte for byte. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_CLIENTS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_CLIENTS_H

#include "tests/unit/pipeline/pipeline_rig.h"

struct pipeline_client {
	struct pipeline_ends ends;
	struct pipeline_dns query;
	enum rig_interface interface; /* that its queries arrive on */
	unsigned responses;
	struct pipeline_dns delivered; /* the last one */
};

/* Makes client `number` (below 40,000) of a family, with `query` in its own letter case. */
void pipeline_client_make(const struct rig *rig, struct pipeline_client *client, unsigned number,
			  bool ipv6, const struct pipeline_dns *query);

/* Puts the client's query into the receive queue. */
void pipeline_client_ask(struct rig *rig, const struct pipeline_client *client);

/* Flips the case of some letters of a question, selected by `salt`. */
void pipeline_case_turn(struct pipeline_dns *query, uint64_t salt);

/* Takes the sent frames: responses are credited to their clients, and any other frame to clients is
 * a fault; queries to upstreams are copied to `asked`. Returns the number of queries. */
unsigned pipeline_clients_collect(struct rig *rig, struct pipeline_client *clients, unsigned count,
				  struct pipeline_sent *asked, unsigned asked_room);

/* Checks that each client got `responses` responses. */
void pipeline_clients_expect(struct rig *rig, const struct pipeline_client *clients, unsigned count,
			     unsigned responses);

#define PIPELINE_PARTY_MAX 1000

/* Clients with the same question, and the queries that upstreams got. Large: must be static. */
struct pipeline_party {
	struct rig *rig;
	struct pipeline_client clients[PIPELINE_PARTY_MAX];
	struct pipeline_sent asked[PIPELINE_PARTY_MAX];
};

/* Publishes a snapshot with `waiters` waiters per query, and an upstream with or without
 * random_case. */
void pipeline_party_publish(struct pipeline_party *party, uint8_t waiters, bool random_case);

/* `count` clients from `first` on query one name, every other one over IPv6, in one burst or one by
 * one. Returns the number of queries that upstreams got. */
unsigned pipeline_party_ask(struct pipeline_party *party, unsigned first, unsigned count,
			    const char *name, bool burst);

/* The upstream responds. */
void pipeline_party_response(struct pipeline_party *party, const struct pipeline_sent *query,
			     uint8_t rcode, size_t bytes);

/* It responds to the first `queries` of `asked`; checks that each of `count` clients then has one
 * response. */
void pipeline_party_response_all(struct pipeline_party *party, unsigned queries, unsigned count,
				 size_t bytes);

#endif
