/* SPDX-License-Identifier: BSD-3-Clause */
/* Accepts a response only if everything matches (RFC 5452 section 9.1), and ends its flow.
 * Pipeline: classify -> [match] -> restore
 * Runs:     workers; reads and ends flows of this worker.
 * Never:    ends a flow for a response that does not match, responds to one, or trusts a hash. */
#include "dataplane/pipeline/probe.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/stray.h"
#include "dataplane/shared/message.h"

/* Did the slot's last flow have this address, port and ID, and was its query sent to this
 * upstream? */
static bool
match_late(const struct worker *w, const struct packet *p, struct be16 id)
{
	const uint32_t word = w->flows.slots[flow_slot(&w->flows, p->destination_port, id)];
	const struct view_address *from = view_find(w->view, &p->source);
	uint16_t slot = from != NULL ? from->first_upstream : VIEW_NONE;

	for (; slot != VIEW_NONE; slot = w->view->next_upstream[slot])
		if (be16_equal(w->view->snapshot->upstreams[slot].port, p->source_port) &&
		    word == flow_mark(&w->flows, p->slot, p->destination_port, id, slot))
			return true;
	return false;
}

/* No query in flight has this address, port and ID: is the response late, a guess at a port in use,
 * or unrelated? */
static enum drop_reason
match_no_flow(const struct worker *w, const struct packet *p, struct be16 id)
{
	if (match_late(w, p, id))
		return DROP_response_late;
	if (w->flows.ports[be16_to(p->destination_port)].live > 0)
		return DROP_response_wrong_id;
	return DROP_response_unknown;
}

/* A server may answer with an error without the question (RFC 1035 section 4.1.1): a bare header is
 * accepted if its rcode is an error. */
static bool
match_bare_error(const struct dns_header *dns)
{
	uint8_t rcode = dns->flags2 & DNS_RCODE;

	return dns->qdcount.raw == 0 && dns->ancount.raw == 0 && dns->nscount.raw == 0 &&
	       rcode != DNS_NOERROR && rcode != DNS_NXDOMAIN;
}

/* Compares the question with the one sent, byte for byte: name, type and class. The name's letter
 * case must be equal, too, if it was drawn; upstreams need not keep it otherwise (RFC 4343). */
static enum drop_reason
match_question(const struct worker *w, struct packet *p, struct flow *flow,
	       const struct dns_header *dns)
{
	const uint8_t *question = (const uint8_t *)(dns + 1),
		      *sent = flow_question(&w->flows, flow);
	const uint32_t bytes = flow->question_bytes;

	p->exact = 0;
	if (match_bare_error(dns))
		return DROP_NONE;
	if (be16_to(dns->qdcount) != 1 || p->dns_bytes < DNS_HEADER_BYTES + bytes)
		return DROP_response_wrong_question;
	if (likely(bytes_equal(question, sent, bytes))) {
		p->question_bytes = (uint16_t)bytes;
		p->exact = 1;
		return DROP_NONE;
	}
	if (memcmp(question + bytes - 4, sent + bytes - 4, 4) != 0 ||
	    !case_equal(question, sent, bytes - 4))
		return DROP_response_wrong_question;
	w->stats->upstreams[flow->upstream].wrong_case++;
	if (flow->flags & FLOW_CASE)
		return DROP_response_wrong_case;
	p->question_bytes = (uint16_t)bytes;
	return DROP_NONE;
}

static enum drop_reason
match_response(const struct worker *w, struct packet *p, const struct dns_header *dns)
{
	const struct snapshot_upstream *u;
	struct flow *flow;

	if (!(dns->flags1 & DNS_QR))
		return DROP_response_bad_header;
	if (unlikely(p->flow_index == FLOW_NONE))
		return match_no_flow(w, p, dns->id);
	flow = &w->flows.flows[p->flow_index];
	/* FLOW_FREE: an earlier response of this burst ended it. */
	if (flow->state == FLOW_FREE ||
	    !flow_key_equal(flow, p->slot, p->destination_port, dns->id))
		return match_no_flow(w, p, dns->id);
	u = &w->view->snapshot->upstreams[flow->upstream];
	if (!address_equal(&u->address, &p->source) || !be16_equal(u->port, p->source_port))
		return DROP_response_wrong_upstream;
	if (p->in_interface != flow->response_interface)
		return DROP_response_wrong_interface;
	if ((dns->flags1 & DNS_OPCODE) >> DNS_OPCODE_SHIFT != flow->opcode)
		return DROP_response_bad_header;
	return match_question(w, p, flow, dns);
}

static void
match_account(struct worker *w, const struct flow *flow, const struct dns_header *dns)
{
	struct upstream_stats *stats = &w->stats->upstreams[flow->upstream];
	const uint64_t us = flow_age_us(w, flow);

	stats->in_flight--;
	if (flow->state == FLOW_PROBE) {
		worker_count(w, COUNTER_probe_responses, 1);
		return;
	}
	stats->responses++;
	stats->servfails += (dns->flags2 & DNS_RCODE) == DNS_SERVFAIL;
	w->stats->latency[latency_bucket_of(us)]++;
	w->stats->latency_sum_us += us;
	stats->latency_sum_us += us;
}

/* The client's fields of an ended flow stay readable until this turn's queries are drawn: restore
 * relies on it. */
void
match(struct worker *w, struct burst *b)
{
	uint32_t kept = 0;

	for (uint32_t n = 0; n < b->response_count; n++) {
		const uint8_t i = b->responses[n];
		struct packet *p = &b->packets[i];
		const struct dns_header *dns = packet_dns(b, i);
		const enum drop_reason reason = match_response(w, p, dns);
		struct flow *flow;

		if (unlikely(reason != DROP_NONE)) {
			stray_note(w, b, i, reason);
			worker_drop(w, b->mbufs[i], reason);
			continue;
		}
		flow = &w->flows.flows[p->flow_index];
		p->attacked = stray_attacked(w, flow) &&
			      w->view->snapshot->near_miss == NEAR_MISS_TRUNCATE;
		match_account(w, flow, dns);
		if (unlikely(flow->state == FLOW_PROBE)) {
			probe_report(w, flow, PROBE_RESPONSE, dns->flags2 & DNS_RCODE);
			worker_count(w, COUNTER_consumed, 1);
			rte_pktmbuf_free(b->mbufs[i]);
		} else {
			b->responses[kept++] = i;
		}
		flow_end(&w->flows, flow);
	}
	b->response_count = kept;
}
