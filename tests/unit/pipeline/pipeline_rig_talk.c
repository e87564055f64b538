/* SPDX-License-Identifier: BSD-3-Clause */
/* Conversations over the rig: a client that asks, an upstream that replies. */
#include "tests/unit/pipeline/pipeline_rig.h"

struct mac
rig_mac(enum rig_port port)
{
	return (struct mac){{2, 0, 0, 0, 0xee, (uint8_t)port}};
}

struct way_ends
rig_client_ends(const struct rig *rig, bool ipv6)
{
	return (struct way_ends){
		.source_mac = {{2, 0, 0, 0, 0xc1, 2}},
		.destination_mac = rig_mac(RIG_CLIENTS),
		.source = way_address(ipv6 ? "2001:db8:1::2" : "192.0.2.2"),
		.destination = way_address(ipv6 ? "2001:db8:1::53" : "192.0.2.53"),
		.source_port = 40000,
		.destination_port = 53,
	};
}

void
rig_inject_query(struct rig *rig, enum rig_port port, const struct way_ends *ends,
		 const struct way_dns *query)
{
	struct way_frame frame;

	way_frame_make(&frame, ends, NULL, query->message, (uint32_t)query->bytes);
	rig_inject_frame(rig, port, &frame);
}

void
rig_age(struct rig *rig, uint64_t ms)
{
	for (uint32_t i = 0; i < rig->options.workers; i++) {
		struct flow_table *table = &rig->workers[i]->flows;
		const uint64_t cycles = ms * (rig->workers[i]->tsc_hz / 1000);

		rig->workers[i]->view_since -= (uint32_t)(cycles >> FLOW_SENT_SHIFT);
		for (uint32_t n = 0; n <= table->mask; n++) {
			if (table->flows[n].state == FLOW_FREE)
				continue;
			table->flows[n].sent -= (uint32_t)(cycles >> FLOW_SENT_SHIFT);
			table->flows[n].deadline_tick -= (uint32_t)(cycles >> FLOW_TICK_SHIFT);
		}
		for (uint32_t port = 0; port < 65536; port++)
			table->ports[port].miss_tick -= (uint32_t)(cycles >> FLOW_TICK_SHIFT);
	}
}

const struct way_sent *
rig_ask(struct rig *rig, const struct way_ends *ends, const struct way_dns *query)
{
	rig_inject_query(rig, RIG_CLIENTS, ends, query);
	rig_run(rig);
	return rig_take_from(rig, RIG_FARM);
}

void
rig_reply(struct rig *rig, const struct way_sent *asked, const struct way_dns *reply)
{
	const struct way_ends back = way_ends_back(&asked->ends);

	rig_inject_query(rig, RIG_FARM, &back, reply);
	rig_run(rig);
}

bool
rig_carries(const struct way_sent *sent, const struct way_dns *message, size_t from)
{
	return sent->dns_bytes == message->bytes &&
	       memcmp(sent->frame + sent->dns + from, message->message + from, message->bytes - from) == 0;
}

unsigned
rig_upstream_of(struct rig *rig, const struct way_sent *asked)
{
	const struct snapshot *s = rig->view->snapshot;

	for (uint32_t i = 0; i < s->upstream_count; i++)
		if (address_equal(&s->upstreams[i].address, &asked->ends.destination) &&
		    be16_to(s->upstreams[i].port) == asked->ends.destination_port)
			return i;
	rig_check(rig, false, "a query to no upstream");
	return 0;
}

void
rig_forge(struct way_forged *forged, const struct way_sent *asked, const struct way_dns *right,
	  const struct way_forgery *forgery)
{
	struct way_ends *ends = &forged->ends;
	const bool ipv4 = address_is_ipv4(&asked->ends.source);
	const char *source = ipv4 ? forgery->source : forgery->source_ipv6;
	const char *destination = ipv4 ? forgery->destination : forgery->destination_ipv6;

	*ends = way_ends_back(&asked->ends);
	if (source != NULL)
		ends->source = way_address(source);
	if (destination != NULL)
		ends->destination = way_address(destination);
	if (forgery->source_port != 0)
		ends->source_port = forgery->source_port;
	if (forgery->by_clients_port)
		ends->destination_mac = rig_mac(RIG_CLIENTS);
	ends->destination_port ^= forgery->destination_xor;
	ends->destination.bytes[15] ^= forgery->address_xor;
	ends->destination_mac.bytes[5] ^= forgery->station_xor;
	forged->port = forgery->by_clients_port ? RIG_CLIENTS : RIG_FARM;
	forged->dns = *right;
	way_dns_edit(&forged->dns, forgery->edits);
}

/* Is the query that left one of the upstream's, from a source and port of ours, else unchanged? */
static void
check_asked(struct rig *rig, const struct way_sent *asked, const struct way_dns *query)
{
	const struct snapshot *s = rig->view->snapshot;
	struct way_dns clamped = *query;
	bool source = false, upstream = false;

	for (uint32_t i = 0; i < s->source_count; i++)
		source |= s->sources[i].state == SLOT_ACTIVE &&
			  address_equal(&s->sources[i].address, &asked->ends.source);
	for (uint32_t i = 0; i < s->upstream_count; i++)
		upstream |= address_equal(&s->upstreams[i].address, &asked->ends.destination) &&
			    be16_to(s->upstreams[i].port) == asked->ends.destination_port &&
			    memcmp(&s->upstreams[i].next_hop, &asked->ends.destination_mac, 6) == 0;
	rig_check(rig, source, "the query's source is none of ours");
	rig_check(rig, upstream, "the query went to no upstream, or by a wrong next hop");
	rig_check(rig, memcmp(&asked->ends.source_mac, &rig->ports[RIG_FARM].mac, 6) == 0,
		  "the query's own MAC");
	rig_check(rig, bitmap_test(s->ports_draw, asked->ends.source_port), "port %u is not in the range",
		  asked->ends.source_port);
	way_dns_clamp(&clamped, s->edns_bytes);
	rig_check(rig, rig_carries(asked, &clamped, 2),
		  "the message changed in more than its ID and the EDNS size");
}

void
rig_exchange(struct rig *rig, bool ipv6, const struct way_dns *query, size_t reply_bytes)
{
	const struct way_ends ends = rig_client_ends(rig, ipv6), back = way_ends_back(&ends);
	const struct way_sent *asked = rig_ask(rig, &ends, query), *answer;
	struct way_dns reply;

	if (asked->fault != NULL)
		return;
	check_asked(rig, asked, query);
	way_dns_reply(&reply, asked->frame + asked->dns, asked->dns_bytes, 0, reply_bytes);
	rig_reply(rig, asked, &reply);
	answer = rig_take_from(rig, RIG_CLIENTS);
	if (answer->fault != NULL)
		return;
	rig_check(rig, way_ends_equal(&answer->ends, &back), "the answer's ends are not the query's");
	way_dns_set(reply.message, 0, way_dns_get(query->message, 0));
	rig_check(rig, rig_carries(answer, &reply, 0), "the answer is not the reply but for its ID");
}
