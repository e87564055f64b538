/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients whose queries are aimed at: all on one port, so that every query there is aimed at
 * together. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_ATTACK_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_ATTACK_H

#include "tests/unit/pipeline/pipeline_clients.h"

#define ATTACK_PORT	50000
#define ATTACK_UPSTREAM "198.51.100.101" /* the one that is asked */

/* It is large: keep it static. */
struct pipeline_attack {
	struct rig *rig;
	struct pipeline_client clients[8];
	struct pipeline_sent asked[8];
};

void attack_publish(struct pipeline_attack *a, enum near_miss rule, uint8_t near_misses);

/* `client` (below 4) asks for a name of his own; asked[client]. */
void attack_client_asks(struct pipeline_attack *a, unsigned client);

/* A near miss at the port: a wrong ID, that no query there has. */
void attack_miss(struct pipeline_attack *a, unsigned query, const char *sender);

/* The client has got one response: the upstream's, if `believed`, else TC=1 in its place. */
void attack_check_answer(struct pipeline_attack *a, unsigned client, bool believed);

#endif
