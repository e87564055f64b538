/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers in place of an upstream: FORMERR, NOTIMP, SERVFAIL, REFUSED, or TC=1.
 * Pipeline: limit -> [answer_faults] -> route -> [answer_no_upstream] -> coalesce; responses go to
 *           transmit. admit and limit call answer_own().
 * Runs:     workers.
 * Never:    answers a message with QR=1, or sends more than the question and one small OPT
 *           record. */
#include "dataplane/pipeline/answer.h"

#include "dataplane/packet/edns.h"
#include "dataplane/packet/frame.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/transmit.h"

#define ANSWER_UDP_SIZE 1232
#define EDE_BYTES	6 /* option code, length, error code */

static uint8_t *
put_u16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return to + 2;
}

uint32_t
answer_opt(uint8_t *to, bool query_do, uint16_t ede)
{
	uint8_t *at = to;

	*at++ = 0;
	at = put_u16(at, DNS_TYPE_OPT);
	at = put_u16(at, ANSWER_UDP_SIZE);
	*at++ = 0; /* extended rcode */
	*at++ = 0; /* version */
	*at++ = query_do ? 0x80 : 0;
	*at++ = 0;
	if (ede == ANSWER_NO_EDE) {
		at = put_u16(at, 0);
	} else {
		at = put_u16(at, EDE_BYTES);
		at = put_u16(at, DNS_OPTION_EDE);
		at = put_u16(at, 2);
		at = put_u16(at, ede);
	}
	return (uint32_t)(at - to);
}

/* Turns the query into a response in place; returns its new size. Only the EDE option can make it
 * larger than the query; it then uses the mbuf's tailroom. */
static uint32_t
answer_message(struct rte_mbuf *mbuf, const struct packet *p, uint8_t rcode, uint16_t ede)
{
	uint8_t *message = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, p->dns_offset);
	struct dns_header *dns = (struct dns_header *)message;
	uint32_t bytes = DNS_HEADER_BYTES + p->question_bytes;
	size_t opt = p->opt_offset;
	bool query_do = opt > 0 && (message[opt + 7] & 0x80);

	if (opt > 0 &&
	    mbuf->buf_len - mbuf->data_off - p->dns_offset - bytes >= ANSWER_OPT_BYTES_MAX)
		bytes += answer_opt(message + bytes, query_do, ede);
	else
		opt = 0;
	dns->flags1 = (uint8_t)(DNS_QR | (dns->flags1 & (DNS_OPCODE | DNS_RD)));
	if (rcode == DNS_NOERROR)
		dns->flags1 |= DNS_TC;
	dns->flags2 = (uint8_t)(DNS_RA | (dns->flags2 & DNS_CD) | rcode);
	dns->qdcount = be16_from(p->question_bytes > 0);
	dns->ancount.raw = dns->nscount.raw = 0;
	dns->arcount = be16_from(opt > 0);
	return bytes;
}

static const uint8_t answer_counters[] = {
	[DNS_NOERROR] = COUNTER_own_truncated, [DNS_FORMERR] = COUNTER_own_formerr,
	[DNS_SERVFAIL] = COUNTER_own_servfail, [DNS_NOTIMP] = COUNTER_own_notimp,
	[DNS_REFUSED] = COUNTER_own_refused,
};

void
answer_own(struct worker *w, struct burst *b, unsigned i, uint8_t rcode, uint16_t ede)
{
	const struct packet *p = &b->packets[i];
	const struct snapshot_service *service = &w->view->snapshot->services[p->slot];
	const struct rte_ether_hdr *eth =
		rte_pktmbuf_mtod(b->mbufs[i], const struct rte_ether_hdr *);
	struct mac client_mac;
	const struct frame_ends ends = {
		.source_mac = &w->interfaces[p->in_interface].mac,
		.destination_mac = &client_mac,
		.source = &service->address,
		.destination = &p->source,
		.source_port = service->port,
		.destination_port = p->source_port,
	};
	uint32_t bytes;

	memcpy(&client_mac, &eth->src_addr, sizeof(client_mac));
	bytes = answer_message(b->mbufs[i], p, rcode, ede);
	if (unlikely(frame_write(b->mbufs[i], p->dns_offset, bytes, &ends,
				 frame_message_sum(b->mbufs[i], p->dns_offset, bytes)) != 0)) {
		worker_drop(w, b->mbufs[i], DROP_no_headroom);
		return;
	}
	worker_count(w, answer_counters[rcode], 1);
	transmit_put(w, p->in_interface, b->mbufs[i]);
}

void
answer_faults(struct worker *w, struct burst *b)
{
	uint32_t kept = 0;

	if (likely(b->fault_count == 0))
		return;
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];

		if (b->packets[i].fault != DNS_NOERROR)
			answer_own(w, b, i, b->packets[i].fault, ANSWER_NO_EDE);
		else
			b->queries[kept++] = i;
	}
	b->query_count = kept;
}

void
answer_no_upstream(struct worker *w, struct burst *b)
{
	uint32_t kept = 0;

	if (likely(w->view->empty_pools == 0))
		return;
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];

		if (w->view->pools[b->packets[i].pool].usable_count == 0)
			answer_own(w, b, i, DNS_SERVFAIL, DNS_EDE_NO_REACHABLE_AUTHORITY);
		else
			b->queries[kept++] = i;
	}
	b->query_count = kept;
}
