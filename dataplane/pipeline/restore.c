/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns an accepted response into the responses of the services that its clients queried.
 * Pipeline: match -> [restore] -> transmit
 * Runs:     workers; reads flows that match ended in this burst, frees their waiters.
 * Never:    looks up a route to the client: a response leaves by the interface, and to the MAC
 *           address, that its query came from. */
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/frame.h"
#include "dataplane/pipeline/answer.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/transmit.h"

/* Where a response goes: the flow's own client, or a waiter. */
struct client {
	const struct address *address;
	const struct mac *mac;
	struct be16 port;
	struct be16 id;
	uint8_t in_interface;
	uint8_t service;
	uint8_t flags;	     /* of the flow, for the DO bit */
	uint16_t edns_bytes; /* of the flow: 0 if its query had no OPT record */
};

static inline bool
restore_fits(const struct worker *w, const struct packet *p, const struct client *client)
{
	return frame_ip_bytes(client->address, p->dns_bytes) <=
		       w->interfaces[client->in_interface].mtu_bytes &&
	       !p->attacked;
}

/* Cuts a response that exceeds the MTU of the client's interface, or whose query was attacked, to
 * the question with TC set, so that the client retries over TCP (RFC 2181 section 9, RFC 7766
 * section 5). Returns the message's size. */
static uint32_t
restore_truncate(struct worker *w, const struct packet *p, struct rte_mbuf *mbuf,
		 uint32_t dns_offset, const struct client *client)
{
	struct dns_header *dns = rte_pktmbuf_mtod_offset(mbuf, struct dns_header *, dns_offset);
	const uint32_t bytes = DNS_HEADER_BYTES + p->question_bytes;
	const uint32_t room = mbuf->buf_len - mbuf->data_off - dns_offset - bytes;

	dns->flags1 |= DNS_TC;
	if (p->attacked) {
		dns->flags1 &= (uint8_t)~DNS_AA;
		dns->flags2 &= (uint8_t) ~(DNS_AD | DNS_RCODE);
	}
	dns->qdcount = be16_from(p->question_bytes > 0);
	dns->ancount.raw = dns->nscount.raw = dns->arcount.raw = 0;
	worker_count(w, p->attacked ? COUNTER_responses_attacked : COUNTER_responses_truncated, 1);
	/* RFC 6891 section 7: "The minimal response MUST be the DNS header, question section, and
	 * an OPT record. This MUST also occur when a truncated response (using the DNS header's TC
	 * bit) is returned." */
	if (client->edns_bytes == 0 || room < ANSWER_OPT_BYTES_MAX)
		return bytes;
	dns->arcount = be16_from(1);
	return bytes +
	       answer_opt((uint8_t *)dns + bytes, client->flags & FLOW_SHARE_DO, ANSWER_NO_EDE);
}

/* Sends the message at `dns_offset` of the mbuf, with checksum.h sum `sum`, to one client. */
static inline void
restore_send(struct worker *w, struct rte_mbuf *mbuf, uint32_t dns_offset, const struct packet *p,
	     uint64_t sum, const struct client *client)
{
	const struct snapshot_service *service = &w->view->snapshot->services[client->service];
	struct dns_header *dns = rte_pktmbuf_mtod_offset(mbuf, struct dns_header *, dns_offset);
	uint32_t bytes = p->dns_bytes;
	const struct frame_ends ends = {
		.source_mac = &w->interfaces[client->in_interface].mac,
		.destination_mac = client->mac,
		.source = &service->address,
		.destination = client->address,
		.source_port = service->port,
		.destination_port = client->port,
	};

	sum = checksum_change(sum, 0, dns->id.raw, client->id.raw);
	dns->id = client->id;
	if (unlikely(!restore_fits(w, p, client))) {
		bytes = restore_truncate(w, p, mbuf, dns_offset, client);
		sum = frame_message_sum(mbuf, dns_offset, bytes);
	}
	if (unlikely(frame_write(mbuf, dns_offset, bytes, &ends, sum) != 0)) {
		worker_drop(w, mbuf, DROP_no_headroom);
		return;
	}
	worker_count(w, COUNTER_responses, 1);
	transmit_put(w, client->in_interface, mbuf);
}

/* Sends a copy of the response to each client that shared the query, in that client's letter
 * case. */
static void
restore_waiters(struct worker *w, const struct rte_mbuf *response, const struct packet *p,
		const struct flow *flow)
{
	for (uint32_t next = flow->waiters; next != FLOW_NONE;) {
		const struct flow_waiter *waiter = &w->flows.waiters[next];
		const struct client client = {
			.address = &waiter->address,
			.mac = &waiter->mac,
			.port = waiter->port,
			.id = waiter->id,
			.in_interface = waiter->in_interface,
			.service = waiter->service,
			.flags = flow->flags,
			.edns_bytes = flow->edns_bytes,
		};
		struct rte_mbuf *copy = rte_pktmbuf_alloc(w->pool);
		uint8_t *message;

		next = waiter->next;
		if (unlikely(copy == NULL)) {
			worker_count(w, COUNTER_responses_lost, 1);
			continue;
		}
		worker_count(w, COUNTER_generated, 1);
		message = rte_pktmbuf_mtod(copy, uint8_t *);
		memcpy(message, rte_pktmbuf_mtod_offset(response, const uint8_t *, p->dns_offset),
		       p->dns_bytes);
		if (p->question_bytes > 0)
			case_apply(message + DNS_HEADER_BYTES, p->question_bytes - 4u,
				   waiter->case_difference);
		restore_send(w, copy, 0, p, frame_message_sum(copy, 0, p->dns_bytes), &client);
	}
	flow_waiters_free(&w->flows, flow->waiters);
}

/* Restores the letter case of the flow's own client: the question as sent, with the drawn flips
 * undone. Returns the message's sum. */
static inline uint64_t
restore_case(struct worker *w, const struct burst *b, uint8_t i, struct flow *flow)
{
	const struct packet *p = &b->packets[i];
	const uint32_t name_bytes = flow->question_bytes - 4u;
	uint8_t *question = packet_question(b, i);
	uint64_t sum = p->message_sum;

	if (unlikely(!p->exact)) {
		sum = checksum_subtract(sum, checksum_bytes(question, name_bytes));
		memcpy(question, flow_question(&w->flows, flow), name_bytes);
		sum = checksum_add(sum, checksum_bytes(question, name_bytes));
	}
	if (flow->flags & FLOW_CASE)
		sum = checksum_add(
			sum,
			case_flip(question, name_bytes, flow_case_bits(&w->flows, flow)).added);
	return sum;
}

void
restore(struct worker *w, struct burst *b)
{
	for (uint32_t n = 0; n < b->response_count; n++) {
		const uint8_t i = b->responses[n];
		const struct packet *p = &b->packets[i];
		struct flow *flow = &w->flows.flows[p->flow_index];
		const struct client client = {
			.address = &flow->client_address,
			.mac = &flow->client_mac,
			.port = flow->client_port,
			.id = flow->client_id,
			.in_interface = flow->client_in_interface,
			.service = flow->service,
			.flags = flow->flags,
			.edns_bytes = flow->edns_bytes,
		};

		uint64_t sum = p->message_sum;

		if (p->question_bytes > 0)
			sum = restore_case(w, b, i, flow);
		if (unlikely(flow->waiters != FLOW_NONE))
			restore_waiters(w, b->mbufs[i], p, flow);
		restore_send(w, b->mbufs[i], p->dns_offset, p, sum, &client);
	}
}
