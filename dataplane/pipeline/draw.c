/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws each query's source and begins its flow.
 * Pipeline: choose -> [draw] -> rewrite
 * Runs:     workers, each on its own random stream, its own addresses and ports, and its own
 *           flow table.
 * Never:    reuses a draw, or favours any port: a draw is repeated only if its slot is taken. */
#include "dataplane/pipeline/draw.h"

#include <rte_ether.h>

#include "dataplane/packet/checksum.h"
#include "dataplane/pipeline/coalesce.h"
#include "dataplane/pipeline/stages.h"

/* Uses one random word: 16 bits are the ID; 48 bits, read as a fraction of 1, select the address,
 * and the rest of the fraction selects the port. The bias is below addresses x ports / 2^48. */
struct draw
draw_from(struct random_stream *random, const struct view_space *space,
	  const struct flow_table *flows)
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
	draw.flow_slot = flow_slot(flows, draw.port, draw.id);
	return draw;
}

bool
draw_settle(struct worker *w, const struct view_space *space, struct draw *draw)
{
	for (int tries = 0; !flow_slot_free(&w->flows, draw->flow_slot); tries++) {
		if (tries == DRAW_TRIES)
			return false;
		worker_count(w, COUNTER_redraws, 1);
		*draw = draw_from(&w->random, space, &w->flows);
	}
	return true;
}

/* draw_case() that also writes a copy; returns the change of the message's sum. */
static inline uint64_t
draw_case_copy(struct worker *w, uint8_t *question, uint8_t *copy, uint32_t name_bytes,
	       uint64_t *bits)
{
	struct case_flipped flipped;

	for (uint32_t n = 0; n < case_words(name_bytes); n++)
		bits[n] = random_u64(&w->random);
	flipped = case_flip_copy(question, copy, name_bytes, bits);
	w->stats->draw.case_queries++;
	w->stats->draw.case_letters += flipped.letters;
	return flipped.added;
}

void
draw_case(struct worker *w, uint8_t *question, uint32_t question_bytes, uint64_t *bits)
{
	(void)draw_case_copy(w, question, question, question_bytes - 4, bits);
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

static inline enum view_family
family_of(const struct worker *w, uint16_t upstream)
{
	return address_is_ipv4(&w->view->snapshot->upstreams[upstream].address) ? FAMILY_IPV4
										: FAMILY_IPV6;
}

/* Drops a query, and its waiters. */
static void
draw_refuse(struct worker *w, struct burst *b, uint8_t i, enum drop_reason reason)
{
	w->stats->upstreams[b->packets[i].upstream].in_flight--;
	coalesce_settle(w, &b->packets[i], COALESCE_NONE);
	worker_drop(w, b->mbufs[i], reason);
}

static inline void
draw_one(struct worker *w, const struct view_space *space, struct draw *draw)
{
	*draw = draw_from(&w->random, space, &w->flows);
	flow_slot_prefetch(&w->flows, draw->flow_slot, be16_to(draw->port));
}

void
draw_ahead(struct worker *w)
{
	for (unsigned family = 0; family < FAMILY_COUNT; family++) {
		const struct view_space *space =
			view_space(w->view, w->index, (enum view_family)family);

		w->draws[family].next = 0;
		for (unsigned n = 0; space->source_count > 0 && n < BURST_MAX; n++)
			draw_one(w, space, &w->draws[family].draws[n]);
	}
}

/* First pass: assigns the draws that the previous burst made for this one. */
static void
draw_assign(struct worker *w, struct burst *b, struct draw **draws,
	    const struct view_space **spaces)
{
	uint32_t kept = 0;

	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		const enum view_family family = family_of(w, b->packets[i].upstream);
		const struct view_space *space = view_space(w->view, w->index, family);
		struct draws_ahead *ahead = &w->draws[family];

		if (unlikely(space->source_count == 0)) {
			draw_refuse(w, b, i, DROP_no_source);
			continue;
		}
		spaces[kept] = space;
		draws[kept] = &ahead->draws[ahead->next];
		ahead->next = (ahead->next + 1) % BURST_MAX;
		b->queries[kept++] = i;
	}
	b->query_count = kept;
}

/* Repeats all draws whose slot is taken, in rounds, so that the cache lines of the table are
 * fetched together. draw_settle() handles those left after DRAW_TRIES rounds, and those whose slot
 * another query of this burst takes first. */
static void
draw_again(struct worker *w, uint32_t query_count, struct draw *const *draws,
	   const struct view_space *const *spaces)
{
	uint8_t taken[BURST_MAX];
	uint32_t count = 0, left;

	for (uint32_t n = 0; n < query_count; n++) {
		taken[count] = (uint8_t)n;
		count += !flow_slot_free(&w->flows, draws[n]->flow_slot);
	}
	for (int tries = 0; count > 0 && tries < DRAW_TRIES; tries++, count = left) {
		for (uint32_t n = 0; n < count; n++)
			draw_one(w, spaces[taken[n]], draws[taken[n]]);
		worker_count(w, COUNTER_redraws, count);
		left = 0;
		for (uint32_t n = 0; n < count; n++) {
			taken[left] = taken[n];
			left += !flow_slot_free(&w->flows, draws[taken[n]]->flow_slot);
		}
	}
}

/* Writes the question into the flow, in the letter case that is sent. */
static void
draw_question(struct worker *w, struct burst *b, uint8_t i, struct flow *flow, bool random_case)
{
	struct packet *p = &b->packets[i];
	uint8_t *question = packet_question(b, i), *copy = flow_question(&w->flows, flow);
	uint64_t *bits = flow_case_bits(&w->flows, flow);
	const uint32_t name_bytes = p->question_bytes - 4u;

	if (random_case) {
		memcpy(copy + name_bytes, question + name_bytes, 4);
		p->message_sum = checksum_add(p->message_sum,
					      draw_case_copy(w, question, copy, name_bytes, bits));
		return;
	}
	bytes_copy(copy, question, p->question_bytes);
	for (uint32_t n = 0; n < case_words(name_bytes); n++)
		bits[n] = 0;
}

static enum drop_reason
draw_begin(struct worker *w, struct burst *b, uint8_t i, const struct view_space *space,
	   struct draw *draw)
{
	struct packet *p = &b->packets[i];
	const struct dns_header *dns = packet_dns(b, i);
	const struct rte_ether_hdr *eth =
		rte_pktmbuf_mtod(b->mbufs[i], const struct rte_ether_hdr *);
	const struct snapshot_upstream *u = &w->view->snapshot->upstreams[p->upstream];
	const bool random_case = u->random_case && p->plain;
	struct flow *flow;
	uint32_t cell;

	if (unlikely(!draw_settle(w, space, draw)))
		return DROP_flow_table_full;
	if (unlikely(!flow_cell_take(&w->flows, p->question_bytes, &cell)))
		return DROP_long_name_pool_full;
	flow = flow_open(&w->flows, draw->flow_slot);
	flow->state = FLOW_CLIENT;
	flow->pool = p->pool;
	flow->response_interface = u->interface_index & (SNAPSHOT_INTERFACES_MAX - 1);
	flow->client_in_interface = p->in_interface & (SNAPSHOT_INTERFACES_MAX - 1);
	flow->opcode = (dns->flags1 & DNS_OPCODE) >> DNS_OPCODE_SHIFT;
	flow->source = (uint8_t)draw->source;
	flow->flags = random_case ? p->share | FLOW_CASE : p->share;
	flow->upstream = p->upstream;
	flow->source_port = draw->port;
	flow->id = draw->id;
	flow->sent = (uint32_t)(w->now_tsc >> FLOW_SENT_SHIFT);
	flow->deadline_tick = (uint32_t)(w->now_tsc >> FLOW_TICK_SHIFT) + w->view->timeout_ticks;
	flow->service = (uint8_t)p->slot;
	flow->waiter_count = p->waiter_count;
	flow->question_bytes = p->question_bytes;
	flow->client_id = dns->id;
	flow->client_port = p->source_port;
	memcpy(&flow->client_mac, &eth->src_addr, sizeof(flow->client_mac));
	flow->edns_bytes = p->edns_bytes;
	flow->cell = cell;
	flow->waiters = p->waiters;
	flow->client_address = p->source;
	draw_question(w, b, i, flow, random_case);
	flow_opened(&w->flows, flow);
	p->flow_index = (uint32_t)(flow - w->flows.flows);
	p->drawn_source = draw->source;
	p->drawn_port = draw->port;
	p->drawn_id = draw->id;
	draw_count(w, draw);
	coalesce_settle(w, p, p->flow_index);
	return DROP_NONE;
}

void
draw(struct worker *w, struct burst *b)
{
	const struct view_space *spaces[BURST_MAX];
	struct draw *draws[BURST_MAX];
	uint32_t kept = 0;

	draw_assign(w, b, draws, spaces);
	draw_again(w, b->query_count, draws, spaces);
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		const enum drop_reason reason = draw_begin(w, b, i, spaces[n], draws[n]);

		if (unlikely(reason != DROP_NONE)) {
			draw_refuse(w, b, i, reason);
			continue;
		}
		b->queries[kept++] = i;
	}
	/* Draw for the next burst now, so that the table's cache lines arrive in time. */
	for (uint32_t n = 0; n < b->query_count; n++)
		draw_one(w, spaces[n], draws[n]);
	b->query_count = kept;
}
