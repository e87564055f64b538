/* SPDX-License-Identifier: BSD-3-Clause */
/* Many clients of a rig, each its own: address, port, MAC, query ID, letter case; and what each of
 * them got.
 *
 * An answer is taken for a client's only if all of it is his: both ends with both MACs, the port of
 * the machine, the ID, and the question byte for byte as he asked it. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_CLIENTS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_CLIENTS_H

#include "tests/unit/pipeline/pipeline_rig.h"

struct pipeline_client {
	struct pipeline_ends ends;
	struct pipeline_dns query;
	enum rig_interface port; /* of the machine, by which he asks */
	unsigned responses;
	struct pipeline_dns delivered; /* the last one */
};

/* Client `number` (below 40,000) of a family, who is to ask `query` in letter case of his own. */
void pipeline_client_make(const struct rig *rig, struct pipeline_client *client, unsigned number,
			  bool ipv6, const struct pipeline_dns *query);

/* Lays the client's query into the receive queue. */
void pipeline_client_ask(struct rig *rig, const struct pipeline_client *client);

/* Turns the letters of a question, each or not, as `salt` says. */
void pipeline_case_turn(struct pipeline_dns *query, uint64_t salt);

/* Takes what was sent: answers go to their clients, and any other frame to clients is a fault;
 * queries to the farm are copied to `asked`. Returns their number. */
unsigned pipeline_clients_collect(struct rig *rig, struct pipeline_client *clients, unsigned count,
				  struct pipeline_sent *asked, unsigned asked_room);

/* Each client has got so many responses. */
void pipeline_clients_expect(struct rig *rig, const struct pipeline_client *clients, unsigned count,
			     unsigned responses);

#define PIPELINE_PARTY_MAX 1000

/* Clients who ask the same, and what the farm was asked. It is large: keep it static. */
struct pipeline_party {
	struct rig *rig;
	struct pipeline_client clients[PIPELINE_PARTY_MAX];
	struct pipeline_sent asked[PIPELINE_PARTY_MAX];
};

/* Lets the rig run with so many waiters to a query, at an upstream that keeps case or not. */
void pipeline_party_publish(struct pipeline_party *party, uint8_t waiters, bool random_case);

/* `count` clients from `first` on ask for one name, every other one over IPv6: in one burst, or one
 * by one. Returns the number of queries that upstreams got. */
unsigned pipeline_party_ask(struct pipeline_party *party, unsigned first, unsigned count,
			    const char *name, bool burst);

/* An upstream responses. */
void pipeline_party_response(struct pipeline_party *party, const struct pipeline_sent *query,
			     uint8_t rcode, size_t bytes);

/* It responses to the first `queries` of `asked`, and then each of `count` clients has got one
 * response. */
void pipeline_party_response_all(struct pipeline_party *party, unsigned queries, unsigned count,
				 size_t bytes);

#endif
