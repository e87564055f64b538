/* SPDX-License-Identifier: BSD-3-Clause */
/* Records the last strays and attacked queries in the statistics segment.
 * Pipeline: called by match and sweep for responses that they drop and flows that they end.
 * Runs:     workers, each into its own rings.
 * Never:    responds to a stray, or lets one change a flow. */
#include "dataplane/pipeline/stray.h"

#include "dataplane/packet/name.h"
#include "dataplane/tables/view.h"

/* Size of the response's question; if that is malformed, of everything after the header. */
static size_t
response_question_bytes(const struct packet *p, const struct dns_header *dns)
{
	const size_t available = p->dns_bytes - DNS_HEADER_BYTES;
	uint32_t bytes;

	if (dns->qdcount.raw == 0)
		return 0;
	bytes = name_question_bytes((const uint8_t *)(dns + 1), available);
	return bytes > 0 ? bytes : available;
}

static void
stray_question(struct stray *stray, const uint8_t *question, size_t bytes)
{
	stray->question_bytes = (uint16_t)bytes;
	memcpy(stray->question, question,
	       bytes < STRAY_QUESTION_BYTES ? bytes : STRAY_QUESTION_BYTES);
}

/* Is it a guess at a query in flight, not just a late or misdirected response? */
static bool
stray_is_near_miss(const struct worker *w, const struct packet *p, enum drop_reason reason)
{
	const struct view_address *from;

	if (reason == DROP_response_wrong_question)
		return true;
	if (reason != DROP_response_wrong_id)
		return false;
	from = view_find(w->view, &p->source);
	return from != NULL && from->first_upstream != VIEW_NONE;
}

void
stray_note(struct worker *w, const struct burst *b, unsigned i, enum drop_reason reason)
{
	const struct packet *p = &b->packets[i];
	struct port_stats *port = &w->flows.ports[be16_to(p->destination_port)];
	struct stray *stray = &w->stats->strays[w->stats->stray_count % STATS_STRAYS];

	*stray = (struct stray){
		.tsc = w->now_tsc,
		.source = p->source,
		.destination = p->destination,
		.source_port = p->source_port,
		.destination_port = p->destination_port,
		.id = packet_dns(b, i)->id,
		.reason = (uint8_t)reason,
		.near_miss = stray_is_near_miss(w, p, reason),
	};
	stray_question(stray, packet_question(b, i), response_question_bytes(p, packet_dns(b, i)));
	if (stray->near_miss) {
		worker_count(w, COUNTER_near_misses, 1);
		port->misses++;
		port->miss_tick = (uint32_t)(w->now_tsc >> FLOW_TICK_SHIFT);
	}
	/* Pairs with the two loads around the reader's copy. */
	__atomic_store_n(&w->stats->stray_count, w->stats->stray_count + 1, __ATOMIC_RELEASE);
}

bool
stray_attacked_slow(struct worker *w, struct flow *flow)
{
	const struct port_stats *port = &w->flows.ports[be16_to(flow->source_port)];
	const uint64_t begin = (w->now_tsc >> FLOW_SENT_SHIFT) - flow_age(w, flow);
	const uint32_t begin_tick = (uint32_t)(begin >> (FLOW_TICK_SHIFT - FLOW_SENT_SHIFT));
	struct stray *attack;

	if ((int32_t)(port->miss_tick - begin_tick) < 0)
		return false;
	attack = &w->stats->attacks[w->stats->attack_count % STATS_ATTACKS];
	*attack = (struct stray){
		.tsc = w->now_tsc,
		.source = w->view->snapshot->upstreams[flow->upstream].address,
		.destination = w->view->snapshot->sources[flow->source].address,
		.source_port = w->view->snapshot->upstreams[flow->upstream].port,
		.destination_port = flow->source_port,
		.id = flow->id,
		.near_miss = 1,
		.misses = (uint16_t)(port->misses < UINT16_MAX ? port->misses : UINT16_MAX),
	};
	stray_question(attack, flow_question(&w->flows, flow), flow->question_bytes);
	worker_count(w, COUNTER_attacked, 1);
	w->stats->upstreams[flow->upstream].attacked++;
	__atomic_store_n(&w->stats->attack_count, w->stats->attack_count + 1, __ATOMIC_RELEASE);
	return true;
}
