/* SPDX-License-Identifier: BSD-3-Clause */
/* Lets identical questions in flight share one upstream query: every further copy would give a
 * forger another chance (RFC 5452 section 5).
 * Pipeline: answer_no_upstream -> [coalesce] -> choose
 * Runs:     workers, each on its own flows.
 * Never:    lets queries share if their responses could differ. */
#include "dataplane/pipeline/coalesce.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <rte_ether.h>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/edns.h"
#include "dataplane/pipeline/stages.h"

/* The FLOW_SHARE_* flags of a message, or 0. A message may share only if it consists of header,
 * question and an OPT record without options: the cookie, client subnet or signature of one client
 * must not reach another. */
static uint8_t
share_of(const struct packet *p, const struct dns_header *dns, const uint8_t *opt)
{
	const uint32_t bytes =
		DNS_HEADER_BYTES + p->question_bytes + (opt != NULL ? EDNS_FIXED_BYTES : 0);
	uint8_t share = FLOW_SHARE_OPEN;

	if ((dns->flags1 & (uint8_t)~DNS_RD) != 0 ||
	    (dns->flags2 & (uint8_t) ~(DNS_AD | DNS_CD)) != 0 || p->dns_bytes != bytes ||
	    be16_to(dns->arcount) != (opt != NULL) || dns->ancount.raw != 0 ||
	    dns->nscount.raw != 0)
		return 0;
	share |= dns->flags1 & DNS_RD ? FLOW_SHARE_RD : 0;
	share |= dns->flags2 & DNS_AD ? FLOW_SHARE_AD : 0;
	share |= dns->flags2 & DNS_CD ? FLOW_SHARE_CD : 0;
	if (opt != NULL) {
		/* Extended rcode, version, all flags but DO, and the length of the options must be
		 * 0. */
		if (opt[5] | opt[6] | (opt[7] & 0x7f) | opt[8] | opt[9] | opt[10])
			return 0;
		share |= FLOW_SHARE_EDNS | (opt[7] & 0x80 ? FLOW_SHARE_DO : 0);
	}
	return share;
}

/* Hashes the question in lower case, sixteen bytes at a time; if its size is not a multiple of
 * sixteen, its last sixteen bytes too. Everything else that must be equal is hashed with it. */
static uint64_t
question_hash(const struct flow_table *t, const struct packet *p, const uint8_t *question)
{
	bytes16 lower[(DNS_QUESTION_BYTES_MAX + 15) / 16 + 1];
	const uint32_t bytes = p->question_bytes;
	uint32_t n = 0;

	for (; (n + 1) * 16 <= bytes; n++)
		lower[n] = case_lower16(bytes16_load(question + n * 16));
	if (bytes < 16)
		lower[n++] = case_lower16(bytes16_load_few(question, bytes));
	else if (bytes % 16 > 0)
		lower[n++] = case_lower16(bytes16_load(question + bytes - 16));
	lower[n] = (bytes16)(bytes16_halves){
		(uint64_t)p->pool << 32 | (uint64_t)p->share << 16 | p->edns_bytes, bytes};
	return XXH3_64bits_withSeed(lower, (n + 1) * 16, t->seed);
}

static inline bool
question_equal(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
	return memcmp(a + bytes - 4, b + bytes - 4, 4) == 0 && case_equal(a, b, bytes - 4);
}

/* A flow can be joined in the first quarter of its timeout. After that its query or response is
 * probably lost, and a client that retries needs a new query; so at most four copies of an
 * unanswered question are in flight. A flow that began under an earlier snapshot can't be joined:
 * its pool may be another one, or its upstream down. */
static inline bool
flow_is_young(const struct worker *w, const struct flow *flow)
{
	if ((int32_t)(flow->sent - w->view_since) < 0)
		return false;
	return flow_age(w, flow) < w->view->timeout_ticks / 4
					   << (FLOW_TICK_SHIFT - FLOW_SENT_SHIFT);
}

/* The flow that an entry of the index names, if its question equals that of query `i` and it can be
 * joined; else NULL. */
static struct flow *
entry_flow(struct worker *w, const struct burst *b, uint8_t i, uint32_t entry)
{
	const struct packet *p = &b->packets[i];
	struct flow *flow = &w->flows.flows[entry & w->flows.mask];

	if (flow->state != FLOW_CLIENT || flow->pool != p->pool || !flow_is_young(w, flow) ||
	    (flow->flags & FLOW_SHARE_MASK) != p->share || flow->edns_bytes != p->edns_bytes ||
	    flow->question_bytes != p->question_bytes ||
	    !question_equal(flow_question(&w->flows, flow), packet_question(b, i),
			    p->question_bytes))
		return NULL;
	return flow;
}

/* The same for an entry that names a query of this burst. */
static struct packet *
entry_pending(struct burst *b, uint8_t i, uint32_t entry)
{
	const uint32_t first = entry & ~COALESCE_PENDING;
	const struct packet *p = &b->packets[i];

	if (b->packets[first].share != p->share || b->packets[first].pool != p->pool ||
	    b->packets[first].edns_bytes != p->edns_bytes ||
	    b->packets[first].question_bytes != p->question_bytes ||
	    !question_equal(packet_question(b, first), packet_question(b, i), p->question_bytes))
		return NULL;
	return &b->packets[first];
}

/* Adds query `i` to a list of waiters; `first` is the question in the letter case of the first
 * client. False: the list or the pool of waiters is full. */
static bool
waiter_join(struct worker *w, struct burst *b, uint8_t i, uint32_t *list, uint8_t *count,
	    const uint8_t *first)
{
	const struct packet *p = &b->packets[i];
	const struct rte_ether_hdr *eth =
		rte_pktmbuf_mtod(b->mbufs[i], const struct rte_ether_hdr *);
	struct flow_waiter *waiter;
	uint32_t index;

	if (*count >= w->view->snapshot->waiters)
		return false;
	waiter = flow_waiter_take(&w->flows, &index);
	if (waiter == NULL)
		return false;
	waiter->address = p->source;
	waiter->port = p->source_port;
	waiter->id = packet_dns(b, i)->id;
	waiter->in_interface = p->in_interface;
	waiter->service = (uint8_t)p->slot;
	memcpy(&waiter->mac, &eth->src_addr, sizeof(waiter->mac));
	case_difference(first, packet_question(b, i), p->question_bytes - 4u,
			waiter->case_difference);
	waiter->next = *list;
	*list = index;
	(*count)++;
	worker_count(w, COUNTER_coalesced, 1);
	worker_count(w, COUNTER_consumed, 1);
	rte_pktmbuf_free(b->mbufs[i]);
	return true;
}

static bool
flow_join(struct worker *w, struct burst *b, uint8_t i, struct flow *flow)
{
	uint8_t first[DNS_QUESTION_BYTES_MAX];

	memcpy(first, flow_question(&w->flows, flow), flow->question_bytes);
	case_flip(first, flow->question_bytes - 4u, flow_case_bits(&w->flows, flow));
	return waiter_join(w, b, i, &flow->waiters, &flow->waiter_count, first);
}

enum join {
	JOIN_DONE,
	JOIN_OTHER, /* the entry names another question, or a flow that can't be joined */
	JOIN_BOUND, /* no room for another waiter */
};

static enum join
entry_join(struct worker *w, struct burst *b, uint8_t i, uint32_t entry)
{
	struct packet *first;
	struct flow *flow;

	if (entry == COALESCE_NONE)
		return JOIN_OTHER;
	if (entry & COALESCE_PENDING) {
		first = entry_pending(b, i, entry);
		if (first == NULL)
			return JOIN_OTHER;
		return waiter_join(w, b, i, &first->waiters, &first->waiter_count,
				   packet_question(b, first->index))
			       ? JOIN_DONE
			       : JOIN_BOUND;
	}
	flow = entry_flow(w, b, i, entry);
	if (flow == NULL)
		return JOIN_OTHER;
	return flow_join(w, b, i, flow) ? JOIN_DONE : JOIN_BOUND;
}

typedef uint16_t ways16 __attribute__((vector_size(COALESCE_WAYS * sizeof(uint16_t))));

/* The first way whose word in `mask` is not 0, or COALESCE_WAYS. */
static inline unsigned
way_first(ways16 mask)
{
	const bytes16_halves halves = (bytes16_halves)mask;

	if (halves[0] != 0)
		return (unsigned)__builtin_ctzll(halves[0]) / 16;
	return halves[1] != 0 ? 4 + (unsigned)__builtin_ctzll(halves[1]) / 16 : COALESCE_WAYS;
}

/* Joins query `i` to one in flight, or makes it the one that later queries join. True: it has
 * joined, and its packet is freed. If the other has all its waiters, the query is sent, and later
 * ones join it: at most one query is sent per `waiters` + 1 clients. */
static bool
coalesce_query(struct worker *w, struct burst *b, uint8_t i, uint64_t hash)
{
	struct coalesce_bucket *bucket = &w->flows.buckets[(uint32_t)hash & w->flows.bucket_mask];
	const uint16_t tag = (uint16_t)(hash >> 48),
		       now = (uint16_t)(w->now_tsc >> COALESCE_TIME_SHIFT);
	const uint16_t stale =
		(uint16_t)(w->view->timeout_ticks >> (COALESCE_TIME_SHIFT - FLOW_TICK_SHIFT)) + 1;
	ways16 tags, times, old;
	unsigned way;

	memcpy(&tags, bucket->tags, sizeof(tags));
	memcpy(&times, bucket->times, sizeof(times));
	old = (ways16)(now - times > stale);
	way = way_first((ways16)(tags == tag) & ~old);
	if (way < COALESCE_WAYS) {
		const enum join join = entry_join(w, b, i, bucket->flows[way]);

		if (join == JOIN_DONE)
			return true;
		worker_count(w, COUNTER_coalesce_bound, join == JOIN_BOUND);
	} else {
		way = way_first(old);
		way = way < COALESCE_WAYS ? way : (unsigned)(hash >> 40) % COALESCE_WAYS;
	}
	bucket->tags[way] = tag;
	bucket->times[way] = now;
	bucket->flows[way] = COALESCE_PENDING | i;
	b->packets[i].hint = &bucket->flows[way];
	return false;
}

void
coalesce_settle(struct worker *w, const struct packet *p, uint32_t flow)
{
	if (p->hint != NULL && *p->hint == (COALESCE_PENDING | p->index))
		*p->hint = flow;
	if (flow == COALESCE_NONE) {
		worker_count(w, COUNTER_responses_lost, p->waiter_count);
		flow_waiters_free(&w->flows, p->waiters);
	}
}

/* Lowers the UDP payload size in an OPT record to the configured one, so that responses are not
 * fragmented (RFC 9715 section 3.2); never raises it. Not for signed messages, whose signature
 * would no longer verify (RFC 8945 section 4.3). Returns the size. */
static uint16_t
edns_clamp(struct worker *w, struct packet *p, uint8_t *opt)
{
	const uint16_t most = w->view->snapshot->edns_bytes;

	if ((opt[3] << 8 | opt[4]) > most) {
		uint16_t old;

		memcpy(&old, opt + 3, 2);
		p->message_sum =
			checksum_change(p->message_sum, p->opt_offset + 3u, old, htobe16(most));
		opt[3] = (uint8_t)(most >> 8);
		opt[4] = (uint8_t)most;
		worker_count(w, COUNTER_edns_clamped, 1);
	}
	return (uint16_t)(opt[3] << 8 | opt[4]);
}

/* Sets the EDNS size that the query offers, and whether it may share. */
static void
coalesce_lookup(struct worker *w, struct burst *b, uint8_t i)
{
	struct packet *p = &b->packets[i];
	struct dns_header *dns = packet_dns(b, i);
	uint8_t *message = (uint8_t *)dns;

	p->index = i;
	p->hint = NULL;
	p->waiters = FLOW_NONE;
	p->waiter_count = 0;
	p->edns_bytes = 0;
	p->share = 0;
	if (p->opt_offset > 0 && p->plain)
		p->edns_bytes = edns_clamp(w, p, message + p->opt_offset);
	if (w->view->snapshot->waiters > 0 && (dns->flags1 & DNS_OPCODE) == 0)
		p->share = share_of(p, dns, p->opt_offset > 0 ? message + p->opt_offset : NULL);
}

void
coalesce(struct worker *w, struct burst *b)
{
	uint64_t hashes[BURST_MAX];
	uint32_t kept = 0;

	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];

		coalesce_lookup(w, b, i);
		if (b->packets[i].share != 0) {
			hashes[n] = question_hash(&w->flows, &b->packets[i], packet_question(b, i));
			rte_prefetch0(
				&w->flows.buckets[(uint32_t)hashes[n] & w->flows.bucket_mask]);
		}
	}
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];

		if (b->packets[i].share == 0 || !coalesce_query(w, b, i, hashes[n]))
			b->queries[kept++] = i;
	}
	b->query_count = kept;
}
