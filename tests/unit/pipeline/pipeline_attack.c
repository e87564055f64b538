/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries that are aimed at. */
#include "tests/unit/pipeline/pipeline_attack.h"

void
attack_publish(struct way_attack *a, enum near_miss rule, uint8_t near_misses)
{
	struct snapshot *s = way_snapshot_new();

	s->near_miss = (uint8_t)rule;
	s->near_misses = near_misses;
	s->waiters = 8;
	way_snapshot_usable(s, 1u << WAY_UPSTREAM_IPV4);
	way_snapshot_ports(s, ATTACK_PORT, ATTACK_PORT);
	rig_publish(a->rig, s);
}

void
attack_client_asks(struct way_attack *a, unsigned client)
{
	static const char *const names[] = {"one.example", "two.example", "three.example", "four.example"};
	struct way_dns query;

	way_dns_query(&query, 0, names[client], 1, 1);
	way_client_make(a->rig, &a->clients[client], client, client & 1, &query);
	way_client_ask(a->rig, &a->clients[client]);
	rig_run(a->rig);
	rig_check(a->rig, way_clients_collect(a->rig, a->clients, 4, &a->asked[client], 1) == 1, "no query");
}

void
attack_miss(struct way_attack *a, unsigned query, const char *sender)
{
	struct way_ends ends = way_ends_back(&a->asked[query].ends);
	struct way_dns forged;

	way_dns_reply(&forged, a->asked[query].frame + a->asked[query].dns, a->asked[query].dns_bytes, 0, 0);
	way_dns_set(forged.message, 0, (uint16_t)(way_dns_get(forged.message, 0) ^ 0x8421));
	ends.source = way_address(sender);
	rig_inject_query(a->rig, RIG_FARM, &ends, &forged);
	rig_run(a->rig);
	rig_expect_drop(a->rig, DROP_reply_wrong_id, 1);
}

void
attack_check_answer(struct way_attack *a, unsigned client, bool believed)
{
	const struct way_client *c = &a->clients[client];

	if (!rig_check(a->rig, c->answers == 1, "client %u: %u answers", client, c->answers))
		return;
	if (believed) {
		rig_check(a->rig, !(c->answer.message[2] & 2) && c->answer.bytes == 100,
			  "client %u: not the answer", client);
		return;
	}
	rig_check(a->rig, c->answer.bytes == c->query.bytes, "client %u: %zu bytes", client, c->answer.bytes);
	/* What would not be true of an answer without records goes: AA, AD and the rcode. */
	rig_check(a->rig, c->answer.message[2] == 0x83, "client %u: QR, TC, RD alone", client);
	rig_check(a->rig, c->answer.message[3] == 0x80, "client %u: RA alone", client);
	rig_check(a->rig, memcmp(c->answer.message + 4, "\0\1\0\0\0\0\0\0", 8) == 0, "client %u: counts",
		  client);
}
