/* SPDX-License-Identifier: BSD-3-Clause */
/* Many clients of a rig. */
#include "tests/unit/pipeline/pipeline_clients.h"

#include <ctype.h>

void
pipeline_case_turn(struct pipeline_dns *query, uint64_t salt)
{
	for (size_t i = 12; i < 12 + query->question_bytes - 4; i++) {
		salt = salt * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		if (query->message[i] < 128 && isalpha(query->message[i]) && salt >> 63)
			query->message[i] ^= 0x20;
	}
}

void
pipeline_client_make(const struct rig *rig, struct pipeline_client *client, unsigned number,
		     bool ipv6, const struct pipeline_dns *query)
{
	memset(client, 0, sizeof(*client));
	client->ends = rig_client_ends(rig, ipv6);
	client->ends.source.bytes[15] = (uint8_t)(100 + number % 150); /* no client */
	client->ends.source_port = (uint16_t)(1024 + number);
	client->ends.source_mac =
		(struct mac){{2, 0, 0, 0xc1, (uint8_t)(number >> 8), (uint8_t)number}};
	client->interface = RIG_CLIENTS;
	client->query = *query;
	pipeline_dns_set(client->query.message, 0, (uint16_t)(number * 40503 + 77));
	pipeline_case_turn(&client->query, number);
}

void
pipeline_client_ask(struct rig *rig, const struct pipeline_client *client)
{
	rig_inject_query(rig, client->interface, &client->ends, &client->query);
}

static struct pipeline_client *
client_of(const struct pipeline_sent *sent, struct pipeline_client *clients, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct pipeline_ends back = pipeline_ends_back(&clients[i].ends);

		if (pipeline_ends_equal(&sent->ends, &back) &&
		    sent->interface == clients[i].interface)
			return &clients[i];
	}
	return NULL;
}

static void
response_handle(struct rig *rig, const struct pipeline_sent *sent, struct pipeline_client *clients,
		unsigned count)
{
	struct pipeline_client *client = client_of(sent, clients, count);
	const uint8_t *message = sent->frame + sent->dns;

	if (!rig_check(rig, client != NULL, "response to port %u, which matches no client",
		       sent->ends.destination_port))
		return;
	rig_check(rig, pipeline_dns_get(message, 0) == pipeline_dns_get(client->query.message, 0),
		  "client %u: wrong ID", sent->ends.destination_port);
	if (sent->dns_bytes > 12)
		rig_check(rig,
			  sent->dns_bytes >= 12 + client->query.question_bytes &&
				  memcmp(message + 12, client->query.message + 12,
					 client->query.question_bytes) == 0,
			  "client %u: question differs from the client's",
			  sent->ends.destination_port);
	client->responses++;
	client->delivered.bytes = sent->dns_bytes;
	memcpy(client->delivered.message, message, sent->dns_bytes);
}

unsigned
pipeline_clients_collect(struct rig *rig, struct pipeline_client *clients, unsigned count,
			 struct pipeline_sent *asked, unsigned asked_room)
{
	const struct pipeline_sent *sent;
	unsigned queries = 0;

	while ((sent = rig_take(rig)) != NULL) {
		if (sent->fault != NULL)
			continue;
		/* Clients may be on the farm's interface, too: a frame is a query if its source
		 * port is in the range. */
		if (sent->interface == RIG_FARM && sent->ends.source_port >= PIPELINE_PORT_FIRST) {
			if (rig_check(rig, queries < asked_room,
				      "more than %u queries to upstreams", asked_room))
				asked[queries++] = *sent;
		} else {
			response_handle(rig, sent, clients, count);
		}
	}
	return queries;
}

void
pipeline_clients_expect(struct rig *rig, const struct pipeline_client *clients, unsigned count,
			unsigned responses)
{
	unsigned others = 0;

	for (unsigned i = 0; i < count; i++)
		others += clients[i].responses != responses;
	rig_check(rig, others == 0, "%u of %u clients did not get %u responses", others, count,
		  responses);
}

void
pipeline_party_publish(struct pipeline_party *party, uint8_t waiters, bool random_case)
{
	struct snapshot *s = pipeline_snapshot_new();

	s->waiters = waiters;
	s->upstreams[PIPELINE_UPSTREAM_IPV4].random_case = random_case;
	rig_publish(party->rig, s);
}

unsigned
pipeline_party_ask(struct pipeline_party *party, unsigned first, unsigned count, const char *name,
		   bool burst)
{
	struct pipeline_dns query;

	pipeline_dns_query(&query, 0, name, 1, 1);
	for (unsigned i = first; i < first + count; i++) {
		pipeline_client_make(party->rig, &party->clients[i], i, i & 1, &query);
		pipeline_client_ask(party->rig, &party->clients[i]);
		if (!burst)
			rig_run(party->rig);
	}
	rig_run(party->rig);
	return pipeline_clients_collect(party->rig, party->clients, first + count, party->asked,
					PIPELINE_PARTY_MAX);
}

void
pipeline_party_response(struct pipeline_party *party, const struct pipeline_sent *query,
			uint8_t rcode, size_t bytes)
{
	struct pipeline_dns response;

	pipeline_dns_response(&response, query->frame + query->dns, query->dns_bytes, rcode, bytes);
	rig_response(party->rig, query, &response);
}

void
pipeline_party_response_all(struct pipeline_party *party, unsigned queries, unsigned count,
			    size_t bytes)
{
	for (unsigned i = 0; i < queries; i++)
		pipeline_party_response(party, &party->asked[i], 0, bytes);
	pipeline_clients_collect(party->rig, party->clients, count, party->asked, 0);
	pipeline_clients_expect(party->rig, party->clients, count, 1);
}
