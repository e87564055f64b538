/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns a believed reply into the answer of the service that the client asked.
 * Way:   match -> [restore] -> transmit
 * Runs:  workers; reads flows that match ended in this burst.
 * Never: looks up a route to the client: the answer leaves by the way the query came. */
#include "frame.h"
#include "stages.h"
#include "transmit.h"

/* Where the answer would be larger than the client's port carries, its question alone goes out with TC set,
 * so that the client comes back by TCP (RFC 2181 section 9, RFC 7766 section 5). Returns the bytes of the
 * message. */
static uint32_t
restore_fit(struct worker *w, const struct packet *p, struct dns_header *dns, const struct flow *flow)
{
	if (likely(frame_ip_bytes(&flow->client_address, p->dns_bytes) <=
		   w->ports[flow->client_in_port].mtu_bytes))
		return p->dns_bytes;
	dns->flags1 |= DNS_TC;
	dns->qdcount = be16_from(p->question_bytes > 0);
	dns->ancount.raw = dns->nscount.raw = dns->arcount.raw = 0;
	worker_count(w, COUNTER_answers_truncated, 1);
	return DNS_HEADER_BYTES + p->question_bytes;
}

void
restore(struct worker *w, struct batch *b)
{
	for (uint32_t n = 0; n < b->reply_count; n++) {
		const uint8_t i = b->replies[n];
		const struct packet *p = &b->packets[i];
		const struct flow *flow = &w->flows.flows[p->flow_index];
		const struct snapshot_service *service = &w->view->snapshot->services[flow->service];
		const struct worker_port *port = &w->ports[flow->client_in_port];
		struct dns_header *dns = packet_dns(b, i);
		const struct frame_ends ends = {
			.source_mac = port->mac,
			.destination_mac = flow->client_mac,
			.source = service->address,
			.destination = flow->client_address,
			.source_port = service->port,
			.destination_port = flow->client_port,
		};
		uint32_t bytes = restore_fit(w, p, dns, flow);

		dns->id = flow->client_id;
		if (unlikely(frame_write(b->mbufs[i], p->dns_offset, bytes, &ends) != 0)) {
			worker_drop(w, b->mbufs[i], DROP_no_headroom);
			continue;
		}
		worker_count(w, COUNTER_answers, 1);
		transmit_put(w, flow->client_in_port, b->mbufs[i]);
	}
}
