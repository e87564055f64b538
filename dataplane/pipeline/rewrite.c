/* SPDX-License-Identifier: BSD-3-Clause */
/* Rewrites a client's query for its upstream: from the drawn source, with the drawn ID, to the next
 * hop.
 * Pipeline: draw -> [rewrite] -> transmit
 * Runs:     workers.
 * Never:    changes more of the message than its ID; earlier stages changed letter case and EDNS
 *           size. */
#include "dataplane/pipeline/rewrite.h"

#include "dataplane/packet/checksum.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/transmit.h"

enum drop_reason
rewrite_send(struct worker *w, struct rte_mbuf *mbuf, uint32_t dns_offset, uint32_t dns_bytes,
	     uint64_t message_sum, uint16_t upstream, const struct draw *draw)
{
	const struct snapshot_upstream *u = &w->view->snapshot->upstreams[upstream];
	const struct worker_interface *interface = &w->interfaces[u->interface_index];
	const struct frame_ends ends = {
		.source_mac = &interface->mac,
		.destination_mac = &u->next_hop,
		.source = &w->view->snapshot->sources[draw->source].address,
		.destination = &u->address,
		.source_port = draw->port,
		.destination_port = u->port,
	};
	struct dns_header *dns;

	if (unlikely(u->interface_index >= w->interface_count ||
		     frame_ip_bytes(&u->address, dns_bytes) > interface->mtu_bytes))
		return DROP_too_big;
	dns = rte_pktmbuf_mtod_offset(mbuf, struct dns_header *, dns_offset);
	message_sum = checksum_change(message_sum, 0, dns->id.raw, draw->id.raw);
	dns->id = draw->id;
	if (unlikely(frame_write(mbuf, dns_offset, dns_bytes, &ends, message_sum) != 0))
		return DROP_no_headroom;
	transmit_put(w, u->interface_index, mbuf);
	return DROP_NONE;
}

void
rewrite_abandon(struct worker *w, uint32_t flow_index)
{
	struct flow *flow = &w->flows.flows[flow_index];

	w->stats->upstreams[flow->upstream].in_flight--;
	worker_count(w, COUNTER_responses_lost, flow->waiter_count);
	flow_waiters_free(&w->flows, flow->waiters);
	flow_end(&w->flows, flow);
}

void
rewrite(struct worker *w, struct burst *b)
{
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		const struct packet *p = &b->packets[i];
		const struct draw draw = {
			.port = p->drawn_port, .id = p->drawn_id, .source = p->drawn_source};
		const enum drop_reason reason =
			rewrite_send(w, b->mbufs[i], p->dns_offset, p->dns_bytes, p->message_sum,
				     p->upstream, &draw);

		if (unlikely(reason != DROP_NONE)) {
			rewrite_abandon(w, p->flow_index);
			worker_drop(w, b->mbufs[i], reason);
			continue;
		}
		worker_count(w, COUNTER_queries, 1);
		w->stats->upstreams[p->upstream].queries++;
	}
}
