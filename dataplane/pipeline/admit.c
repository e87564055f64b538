/* SPDX-License-Identifier: BSD-3-Clause */
/* Decides which clients may query and which messages are forwarded.
 * Pipeline: classify -> [admit] -> limit
 * Runs:     workers; reads the view, writes the burst's list of queries.
 * Never:    sends anything to an address that no client can have, or in response to a response. */
#include "dataplane/packet/edns.h"
#include "dataplane/packet/name.h"
#include "dataplane/pipeline/answer.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/tables/ranges.h"

/* 0/8, 127/8, multicast and reserved; ::, ::1 and multicast. */
static bool
address_no_client(const struct address *a)
{
	if (address_is_ipv4(a))
		return a->bytes[12] == 0 || a->bytes[12] == 127 || a->bytes[12] >= 224;
	return a->bytes[0] == 0xff || (a->words[0] == 0 && (be64toh(a->words[1]) >> 1) == 0);
}

/* Would a response to this sender start a loop, because it is one of our own addresses or an
 * upstream's DNS port (CVE-2024-2169)? Or can no client have its address or port? */
static bool
sender_bad(const struct view *view, const struct packet *p)
{
	const struct view_address *entry;
	uint16_t slot;

	if (address_no_client(&p->source) || p->source_port.raw == 0)
		return true;
	entry = view_find(view, &p->source);
	if (likely(entry == NULL))
		return false;
	if (entry->source != VIEW_NONE || entry->first_service != VIEW_NONE)
		return true;
	for (slot = entry->first_upstream; slot != VIEW_NONE; slot = view->next_upstream[slot])
		if (be16_equal(view->snapshot->upstreams[slot].port, p->source_port))
			return true;
	return false;
}

static bool
sender_allowed(const struct snapshot *s, const struct packet *p)
{
	const struct snapshot_service *service = &s->services[p->slot];

	return ranges_contain(s, service->allow_first, service->allow_count, &p->source);
}

/* The rcode to answer with, or DNS_NOERROR if the message is to be forwarded. Only QUERY and NOTIFY
 * with exactly one well-formed question (RFC 9619 section 4) are forwarded. */
static uint8_t
message_fault(struct packet *p, const struct dns_header *dns)
{
	unsigned opcode = (dns->flags1 & DNS_OPCODE) >> DNS_OPCODE_SHIFT;
	struct edns_tail tail;

	p->question_bytes = p->opt_offset = 0;
	if (opcode != DNS_OPCODE_QUERY && opcode != DNS_OPCODE_NOTIFY)
		return DNS_NOTIMP;
	if (be16_to(dns->qdcount) != 1)
		return DNS_FORMERR;
	p->question_bytes = (uint16_t)name_question_bytes((const uint8_t *)(dns + 1),
							  p->dns_bytes - DNS_HEADER_BYTES);
	if (p->question_bytes == 0)
		return DNS_FORMERR;
	tail = edns_find((const uint8_t *)dns, p->dns_bytes, DNS_HEADER_BYTES + p->question_bytes);
	p->opt_offset = tail.opt_offset;
	p->plain = tail.plain;
	return DNS_NOERROR;
}

/* The reason to drop a query without a response, or DROP_NONE. */
static enum drop_reason
sender_fault(const struct worker *w, const struct packet *p, const struct dns_header *dns,
	     bool allowed)
{
	if (unlikely(*w->draining))
		return DROP_draining;
	if (unlikely(sender_bad(w->view, p)))
		return DROP_query_bad_source;
	if (unlikely(!allowed && w->view->snapshot->not_allowed == REFUSAL_DROP))
		return DROP_query_not_allowed;
	if (unlikely(dns->flags1 & DNS_QR))
		return DROP_query_is_response;
	return DROP_NONE;
}

void
admit(struct worker *w, struct burst *b)
{
	const struct snapshot *s = w->view->snapshot;
	uint32_t kept = 0;

	b->fault_count = 0;
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		struct packet *p = &b->packets[i];
		const struct dns_header *dns = packet_dns(b, i);
		const bool allowed = sender_allowed(s, p);
		const enum drop_reason reason = sender_fault(w, p, dns, allowed);

		if (unlikely(reason != DROP_NONE)) {
			worker_drop(w, b->mbufs[i], reason);
			continue;
		}
		p->pool = s->services[p->slot].pool;
		p->fault = message_fault(p, dns);
		b->fault_count += p->fault != DNS_NOERROR;
		if (likely(allowed))
			b->queries[kept++] = i;
		else
			answer_own(w, b, i, DNS_REFUSED, DNS_EDE_PROHIBITED);
	}
	b->query_count = kept;
}
