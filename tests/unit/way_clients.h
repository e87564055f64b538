/* SPDX-License-Identifier: BSD-3-Clause */
/* Many clients of a rig, each its own: address, port, MAC, query ID, letter case; and what each of them got.
 *
 * An answer is taken for a client's only if all of it is his: both ends with both MACs, the port of the
 * machine, the ID, and the question byte for byte as he asked it. */
#ifndef WAY_CLIENTS_H
#define WAY_CLIENTS_H

#include "way_rig.h"

struct way_client {
	struct way_ends ends;
	struct way_dns query;
	enum rig_port port; /* of the machine, by which he asks */
	unsigned answers;
	struct way_dns answer; /* the last one */
};

/* Client `number` (below 40,000) of a family, who is to ask `query` in letter case of his own. */
void way_client_make(const struct rig *rig, struct way_client *client, unsigned number, bool ipv6,
		     const struct way_dns *query);

/* Lays the client's query into the receive queue. */
void way_client_ask(struct rig *rig, const struct way_client *client);

/* Turns the letters of a question, each or not, as `salt` says. */
void way_case_turn(struct way_dns *query, uint64_t salt);

/* Takes what was sent: answers go to their clients, and any other frame to clients is a fault; queries to the
 * farm are copied to `asked`. Returns their number. */
unsigned way_clients_collect(struct rig *rig, struct way_client *clients, unsigned count,
			     struct way_sent *asked, unsigned asked_room);

/* Each client has got so many answers. */
void way_clients_expect(struct rig *rig, const struct way_client *clients, unsigned count, unsigned answers);

#endif
