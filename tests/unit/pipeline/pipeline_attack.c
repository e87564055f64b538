/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacked queries. */
#include "tests/unit/pipeline/pipeline_attack.h"

void
attack_publish(struct pipeline_attack *a, enum near_miss rule, uint8_t near_misses)
{
	struct snapshot *s = pipeline_snapshot_new();

	s->near_miss = (uint8_t)rule;
	s->near_misses = near_misses;
	s->waiters = 8;
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV4);
	pipeline_snapshot_ports(s, ATTACK_PORT, ATTACK_PORT);
	rig_publish(a->rig, s);
}

void
attack_client_asks(struct pipeline_attack *a, unsigned client)
{
	static const char *const names[] = {"one.example", "two.example", "three.example",
					    "four.example"};
	struct pipeline_dns query;

	pipeline_dns_query(&query, 0, names[client], 1, 1);
	pipeline_client_make(a->rig, &a->clients[client], client, client & 1, &query);
	pipeline_client_ask(a->rig, &a->clients[client]);
	rig_run(a->rig);
	rig_check(a->rig,
		  pipeline_clients_collect(a->rig, a->clients, 4, &a->asked[client], 1) == 1,
		  "no query");
}

void
attack_miss(struct pipeline_attack *a, unsigned query, const char *sender)
{
	struct pipeline_ends ends = pipeline_ends_back(&a->asked[query].ends);
	struct pipeline_dns forged;

	pipeline_dns_response(&forged, a->asked[query].frame + a->asked[query].dns,
			      a->asked[query].dns_bytes, 0, 0);
	pipeline_dns_set(forged.message, 0,
			 (uint16_t)(pipeline_dns_get(forged.message, 0) ^ 0x8421));
	ends.source = pipeline_address(sender);
	rig_inject_query(a->rig, RIG_FARM, &ends, &forged);
	rig_run(a->rig);
	rig_expect_drop(a->rig, DROP_response_wrong_id, 1);
}

void
attack_check_response(struct pipeline_attack *a, unsigned client, bool accepted)
{
	const struct pipeline_client *c = &a->clients[client];

	if (!rig_check(a->rig, c->responses == 1, "client %u: %u responses", client, c->responses))
		return;
	if (accepted) {
		rig_check(a->rig, !(c->delivered.message[2] & 2) && c->delivered.bytes == 100,
			  "client %u: wrong response", client);
		return;
	}
	rig_check(a->rig, c->delivered.bytes == c->query.bytes, "client %u: %zu bytes", client,
		  c->delivered.bytes);
	/* AA, AD and the rcode are cleared: they would be wrong without records. */
	rig_check(a->rig, c->delivered.message[2] == 0x83, "client %u: other flags than QR, TC, RD",
		  client);
	rig_check(a->rig, c->delivered.message[3] == 0x80, "client %u: other flags than RA",
		  client);
	rig_check(a->rig, memcmp(c->delivered.message + 4, "\0\1\0\0\0\0\0\0", 8) == 0,
		  "client %u: section counts", client);
}
