/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives each query its source and begins its flow.
 * Way:   choose -> [draw] -> rewrite
 * Runs:  workers, each on its own random stream, its own addresses and ports, and its own flow table.
 * Never: reuses a draw, or prefers a port because it is cheap: the only draw refused is one whose slot is
 * taken. */
#include "draw.h"

#include <rte_ether.h>

#include "coalesce.h"
#include "stages.h"

/* One word: 16 bits are the ID; 48 bits, read as a fraction of 1, choose the address and what is left of the
 * fraction the port. The bias is below addresses x ports / 2^48. */
struct draw
draw_from(struct random_stream *random, const struct view_space *space, const struct flow_table *flows)
{
	const uint64_t fraction_mask = (UINT64_C(1) << 48) - 1;
	const uint64_t word = random_u64(random);
	const struct view_source *source;
	struct draw draw;
	uint64_t product;

	draw.id.raw = (uint16_t)word;
	product = (word >> 16) * space->source_count;
	source = &space->sources[product >> 48];
	product = (product & fraction_mask) * source->port_count;
	draw.port = be16_from(source->ports[product >> 48]);
	draw.source = source->slot;
	draw.flow_index = flow_index(flows, draw.port, draw.id);
	return draw;
}

bool
draw_settle(struct worker *w, const struct view_space *space, struct draw *draw)
{
	for (int tries = 0; w->flows.flows[draw->flow_index].state != FLOW_FREE; tries++) {
		if (tries == DRAW_TRIES)
			return false;
		worker_count(w, COUNTER_redraws, 1);
		*draw = draw_from(&w->random, space, &w->flows);
	}
	return true;
}

void
draw_case(struct worker *w, uint8_t *question, uint32_t question_bytes, uint64_t *bits)
{
	const uint32_t name_bytes = question_bytes - 4;

	for (uint32_t n = 0; n < case_words(name_bytes); n++)
		bits[n] = random_u64(&w->random);
	w->stats->draw.case_queries++;
	w->stats->draw.case_letters += case_flip(question, name_bytes, bits);
}

static inline void
draw_sum(struct draw_sums *sums, uint16_t *last, uint16_t x)
{
	sums->x += x;
	sums->xx += (uint32_t)x * x;
	sums->xy += (uint32_t)x * *last;
	*last = x;
}

void
draw_count(struct worker *w, const struct draw *draw)
{
	struct draw_stats *stats = &w->stats->draw;
	const uint16_t id = be16_to(draw->id);

	stats->draws++;
	stats->id_high[id >> 8]++;
	stats->id_low[id & 0xff]++;
	stats->sources[draw->source]++;
	draw_sum(&stats->port_sums, &w->last_port, be16_to(draw->port));
	draw_sum(&stats->id_sums, &w->last_id, id);
}

static const struct view_space *
space_of(const struct worker *w, uint16_t upstream)
{
	bool ipv4 = address_is_ipv4(&w->view->snapshot->upstreams[upstream].address);

	return view_space(w->view, w->index, ipv4 ? FAMILY_IPV4 : FAMILY_IPV6);
}

/* Gives up a query, and with it those that wait for its answer. */
static void
draw_refuse(struct worker *w, struct batch *b, uint8_t i, enum drop_reason reason)
{
	w->stats->upstreams[b->packets[i].upstream].in_flight--;
	coalesce_settle(w, &b->packets[i], COALESCE_NONE);
	worker_drop(w, b->mbufs[i], reason);
}

/* First pass: draws for all, so that the lines of the table are on their way when the second pass needs them.
 */
static void
draw_all(struct worker *w, struct batch *b, struct draw *draws)
{
	uint32_t kept = 0;

	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		const struct view_space *space = space_of(w, b->packets[i].upstream);

		if (unlikely(space->source_count == 0)) {
			draw_refuse(w, b, i, DROP_no_source);
			continue;
		}
		draws[kept] = draw_from(&w->random, space, &w->flows);
		rte_prefetch0(&w->flows.flows[draws[kept].flow_index]);
		rte_prefetch0(w->flows.flows[draws[kept].flow_index].question);
		rte_prefetch0(&w->flows.ports[be16_to(draws[kept].port)]);
		b->queries[kept++] = i;
	}
	b->query_count = kept;
}

static enum drop_reason
draw_begin(struct worker *w, struct batch *b, uint8_t i, struct draw *draw)
{
	struct packet *p = &b->packets[i];
	const struct dns_header *dns = packet_dns(b, i);
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(b->mbufs[i], const struct rte_ether_hdr *);
	const struct snapshot_upstream *u = &w->view->snapshot->upstreams[p->upstream];
	uint64_t case_bits[CASE_WORDS_MAX] = {0};
	struct flow fresh = {
		.state = FLOW_CLIENT,
		.pool = p->pool,
		.reply_port = u->port_index & (SNAPSHOT_PORTS_MAX - 1),
		.client_in_port = p->in_port & (SNAPSHOT_PORTS_MAX - 1),
		.opcode = (dns->flags1 & DNS_OPCODE) >> DNS_OPCODE_SHIFT,
		.upstream = p->upstream,
		.sent = (uint32_t)(w->now_tsc >> FLOW_SENT_SHIFT),
		.deadline_tick = (uint32_t)(w->now_tsc >> FLOW_TICK_SHIFT) + w->view->timeout_ticks,
		.service = (uint8_t)p->slot,
		.share = p->share,
		.waiters = p->waiters,
		.waiter_count = p->waiter_count,
		.edns_bytes = p->edns_bytes,
		.question_bytes = p->question_bytes,
		.client_id = dns->id,
		.client_port = p->source_port,
		.client_address = p->source,
	};

	memcpy(&fresh.client_mac, &eth->src_addr, sizeof(fresh.client_mac));
	if (unlikely(!draw_settle(w, space_of(w, p->upstream), draw)))
		return DROP_flow_table_full;
	if (unlikely(!flow_cell_take(&w->flows, p->question_bytes, &fresh.cell)))
		return DROP_long_name_pool_full;
	if (u->random_case && p->plain) {
		draw_case(w, packet_question(b, i), p->question_bytes, case_bits);
		fresh.share |= FLOW_CASE;
	}
	p->flow_index = draw->flow_index;
	p->drawn_source = draw->source;
	fresh.source = (uint8_t)draw->source;
	fresh.source_port = p->drawn_port = draw->port;
	fresh.id = p->drawn_id = draw->id;
	draw_count(w, draw);
	flow_begin(&w->flows, draw->flow_index, &fresh, packet_question(b, i), case_bits);
	coalesce_settle(w, p, draw->flow_index);
	return DROP_REASON_COUNT;
}

void
draw(struct worker *w, struct batch *b)
{
	struct draw draws[BATCH_MAX];
	uint32_t kept = 0;

	draw_all(w, b, draws);
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		const enum drop_reason reason = draw_begin(w, b, i, &draws[n]);

		if (unlikely(reason != DROP_REASON_COUNT)) {
			draw_refuse(w, b, i, reason);
			continue;
		}
		b->queries[kept++] = i;
	}
	b->query_count = kept;
}
