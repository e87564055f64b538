/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients whose queries are attacked: all on one source port, so that a near miss counts for every
 * query there. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_ATTACK_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_ATTACK_H

#include "tests/unit/pipeline/pipeline_clients.h"

#define ATTACK_PORT	50000
#define ATTACK_UPSTREAM "198.51.100.101" /* the upstream in use */

/* Large: must be static. */
struct pipeline_attack {
	struct rig *rig;
	struct pipeline_client clients[8];
	struct pipeline_sent asked[8];
};

void attack_publish(struct pipeline_attack *a, enum near_miss rule, uint8_t near_misses);

/* `client` (below 4) queries a name of its own; the upstream query is in asked[client]. */
void attack_client_asks(struct pipeline_attack *a, unsigned client);

/* Injects a near miss: a response to the port with an ID that no query there has. */
void attack_miss(struct pipeline_attack *a, unsigned query, const char *sender);

/* Checks that the client got one response: the upstream's if `accepted`, else an empty one with
 * TC=1. */
void attack_check_response(struct pipeline_attack *a, unsigned client, bool accepted);

#endif
