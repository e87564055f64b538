/* SPDX-License-Identifier: BSD-3-Clause */
/* Exchanges over the rig: a client that queries, an upstream that responds. */
#include "tests/unit/pipeline/pipeline_rig.h"

struct mac
rig_mac(enum rig_interface interface)
{
	return (struct mac){{2, 0, 0, 0, 0xee, (uint8_t)interface}};
}

struct pipeline_ends
rig_client_ends(const struct rig *rig, bool ipv6)
{
	return (struct pipeline_ends){
		.source_mac = {{2, 0, 0, 0, 0xc1, 2}},
		.destination_mac = rig_mac(RIG_CLIENTS),
		.source = pipeline_address(ipv6 ? "2001:db8:1::2" : "192.0.2.2"),
		.destination = pipeline_address(ipv6 ? "2001:db8:1::53" : "192.0.2.53"),
		.source_port = 40000,
		.destination_port = 53,
	};
}

void
rig_inject_query(struct rig *rig, enum rig_interface interface, const struct pipeline_ends *ends,
		 const struct pipeline_dns *query)
{
	struct pipeline_frame frame;

	pipeline_frame_make(&frame, ends, NULL, query->message, (uint32_t)query->bytes);
	rig_inject_frame(rig, interface, &frame);
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

const struct pipeline_sent *
rig_ask(struct rig *rig, const struct pipeline_ends *ends, const struct pipeline_dns *query)
{
	rig_inject_query(rig, RIG_CLIENTS, ends, query);
	rig_run(rig);
	return rig_take_from(rig, RIG_FARM);
}

void
rig_response(struct rig *rig, const struct pipeline_sent *asked,
	     const struct pipeline_dns *response)
{
	const struct pipeline_ends back = pipeline_ends_back(&asked->ends);

	rig_inject_query(rig, RIG_FARM, &back, response);
	rig_run(rig);
}

bool
rig_carries(const struct pipeline_sent *sent, const struct pipeline_dns *message, size_t from)
{
	return sent->dns_bytes == message->bytes &&
	       memcmp(sent->frame + sent->dns + from, message->message + from,
		      message->bytes - from) == 0;
}

unsigned
rig_upstream_of(struct rig *rig, const struct pipeline_sent *asked)
{
	const struct snapshot *s = rig->view->snapshot;

	for (uint32_t i = 0; i < s->upstream_count; i++)
		if (address_equal(&s->upstreams[i].address, &asked->ends.destination) &&
		    be16_to(s->upstreams[i].port) == asked->ends.destination_port)
			return i;
	rig_check(rig, false, "query to an address that is no upstream");
	return 0;
}

void
rig_forge(struct pipeline_forged *forged, const struct pipeline_sent *asked,
	  const struct pipeline_dns *right, const struct pipeline_forgery *forgery)
{
	struct pipeline_ends *ends = &forged->ends;
	const bool ipv4 = address_is_ipv4(&asked->ends.source);
	const char *source = ipv4 ? forgery->source : forgery->source_ipv6;
	const char *destination = ipv4 ? forgery->destination : forgery->destination_ipv6;

	*ends = pipeline_ends_back(&asked->ends);
	if (source != NULL)
		ends->source = pipeline_address(source);
	if (destination != NULL)
		ends->destination = pipeline_address(destination);
	if (forgery->source_port != 0)
		ends->source_port = forgery->source_port;
	if (forgery->by_clients_interface)
		ends->destination_mac = rig_mac(RIG_CLIENTS);
	ends->destination_port ^= forgery->destination_xor;
	ends->destination.bytes[15] ^= forgery->address_xor;
	ends->destination_mac.bytes[5] ^= forgery->mac_xor;
	forged->interface = forgery->by_clients_interface ? RIG_CLIENTS : RIG_FARM;
	forged->dns = *right;
	pipeline_dns_edit(&forged->dns, forgery->edits);
}

/* Checks that the sent query goes to an upstream, from a source address and port of ours, and is
 * otherwise unchanged. */
static void
check_asked(struct rig *rig, const struct pipeline_sent *asked, const struct pipeline_dns *query)
{
	const struct snapshot *s = rig->view->snapshot;
	struct pipeline_dns clamped = *query;
	bool source = false, upstream = false;

	for (uint32_t i = 0; i < s->source_count; i++)
		source |= s->sources[i].state == SLOT_ACTIVE &&
			  address_equal(&s->sources[i].address, &asked->ends.source);
	for (uint32_t i = 0; i < s->upstream_count; i++)
		upstream |= address_equal(&s->upstreams[i].address, &asked->ends.destination) &&
			    be16_to(s->upstreams[i].port) == asked->ends.destination_port &&
			    memcmp(&s->upstreams[i].next_hop, &asked->ends.destination_mac, 6) == 0;
	rig_check(rig, source, "the query's source address is not ours");
	rig_check(rig, upstream, "query to no upstream, or to a wrong next hop");
	rig_check(rig, memcmp(&asked->ends.source_mac, &rig->interfaces[RIG_FARM].mac, 6) == 0,
		  "wrong source MAC of the query");
	rig_check(rig, bitmap_test(s->ports_draw, asked->ends.source_port),
		  "port %u is not in the range", asked->ends.source_port);
	pipeline_dns_clamp(&clamped, s->edns_bytes);
	rig_check(rig, rig_carries(asked, &clamped, 2),
		  "the message differs in more than ID and EDNS size");
}

void
rig_exchange(struct rig *rig, bool ipv6, const struct pipeline_dns *query, size_t response_bytes)
{
	const struct pipeline_ends ends = rig_client_ends(rig, ipv6),
				   back = pipeline_ends_back(&ends);
	const struct pipeline_sent *asked = rig_ask(rig, &ends, query), *delivered;
	struct pipeline_dns response;

	if (asked->fault != NULL)
		return;
	check_asked(rig, asked, query);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0,
			      response_bytes);
	rig_response(rig, asked, &response);
	delivered = rig_take_from(rig, RIG_CLIENTS);
	if (delivered->fault != NULL)
		return;
	rig_check(rig, pipeline_ends_equal(&delivered->ends, &back),
		  "the response's addresses or ports do not match the query");
	pipeline_dns_set(response.message, 0, pipeline_dns_get(query->message, 0));
	rig_check(rig, rig_carries(delivered, &response, 0),
		  "the response differs in more than its ID");
}
