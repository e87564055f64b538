/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends the probes that the main thread ordered, from a drawn source like every query.
 * Pipeline: the main thread's ring -> [probe] -> transmit; match and sweep report the result
 * Runs:     worker 0.
 * Never:    waits for the main thread. */
#include "dataplane/pipeline/probe.h"

#include "dataplane/pipeline/draw.h"
#include "dataplane/pipeline/rewrite.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/shared/message.h"

#define PROBE_BURST 8

static void
probe_result_put(struct worker *w, const struct probe_result *result)
{
	/* Can't fail: the main thread keeps fewer orders open than the ring has room for. */
	(void)rte_ring_sp_enqueue_elem(w->probe_results, (void *)(uintptr_t)result,
				       sizeof(*result));
}

void
probe_report(struct worker *w, const struct flow *flow, uint8_t outcome, uint8_t rcode)
{
	const struct probe_result result = {
		.cookie = flow->probe_cookie,
		.latency_us = (uint32_t)flow_age_us(w, flow),
		.upstream = flow->upstream,
		.outcome = outcome,
		.rcode = rcode,
	};

	probe_result_put(w, &result);
}

/* RD=1 as from a client; rewrite_send() sets the drawn ID. */
static void
probe_header(struct dns_header *dns)
{
	*dns = (struct dns_header){.flags1 = DNS_RD, .qdcount = be16_from(1)};
}

/* Begins the flow of a probe. False: it can't be sent. */
static bool
probe_begin(struct worker *w, struct probe_order *order, struct draw *draw, uint32_t *flow_index)
{
	const struct snapshot_upstream *u;
	const struct view_space *space;
	uint64_t case_bits[CASE_WORDS_MAX] = {0};
	struct flow fresh = {
		.state = FLOW_PROBE,
		.upstream = order->upstream,
		.sent = (uint32_t)(w->now_tsc >> FLOW_SENT_SHIFT),
		.question_bytes = order->question_bytes,
		.waiters = FLOW_NONE,
		.probe_cookie = order->cookie,
	};

	if (w->view == NULL || order->upstream >= w->view->snapshot->upstream_count)
		return false;
	u = &w->view->snapshot->upstreams[order->upstream];
	if (u->state == SLOT_EMPTY || !u->resolved)
		return false;
	space = view_space(w->view, w->index,
			   address_is_ipv4(&u->address) ? FAMILY_IPV4 : FAMILY_IPV6);
	if (space->source_count == 0)
		return false;
	*draw = draw_from(&w->random, space, &w->flows);
	if (!draw_settle(w, space, draw) ||
	    !flow_cell_take(&w->flows, order->question_bytes, &fresh.cell))
		return false;
	fresh.response_interface = u->interface_index;
	fresh.source = (uint8_t)draw->source;
	fresh.source_port = draw->port;
	fresh.id = draw->id;
	fresh.deadline_tick =
		(uint32_t)((w->now_tsc + order->timeout_ms * w->tsc_hz / 1000) >> FLOW_TICK_SHIFT) +
		1;
	if (u->random_case) {
		draw_case(w, order->question, order->question_bytes, case_bits);
		fresh.flags = FLOW_CASE;
	}
	draw_count(w, draw);
	*flow_index = flow_begin(&w->flows, draw->flow_slot, &fresh, order->question, case_bits);
	w->stats->upstreams[order->upstream].in_flight++;
	return true;
}

/* Turns the order in the mbuf into the query and sends it. False: it can't be sent, and no flow is
 * left. */
static bool
probe_query(struct worker *w, struct rte_mbuf *mbuf, struct probe_order *order)
{
	const uint32_t bytes = DNS_HEADER_BYTES + order->question_bytes;
	struct draw draw;
	uint32_t flow_index;

	if (!probe_begin(w, order, &draw, &flow_index))
		return false;
	probe_header(rte_pktmbuf_mtod(mbuf, struct dns_header *));
	memcpy(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, DNS_HEADER_BYTES), order->question,
	       order->question_bytes);
	if (rewrite_send(w, mbuf, 0, bytes, frame_message_sum(mbuf, 0, bytes), order->upstream,
			 &draw) == DROP_NONE)
		return true;
	rewrite_abandon(w, flow_index);
	return false;
}

static void
probe_send(struct worker *w, struct rte_mbuf *mbuf)
{
	struct probe_order order = *rte_pktmbuf_mtod(mbuf, const struct probe_order *);
	const struct probe_result unsent = {
		.cookie = order.cookie, .upstream = order.upstream, .outcome = PROBE_UNSENT};

	worker_count(w, COUNTER_generated, 1);
	if (likely(probe_query(w, mbuf, &order))) {
		worker_count(w, COUNTER_probes, 1);
		return;
	}
	probe_result_put(w, &unsent);
	worker_drop(w, mbuf, DROP_probe_unsent);
}

void
probe(struct worker *w)
{
	struct rte_mbuf *mbufs[PROBE_BURST];
	unsigned n = rte_ring_sc_dequeue_burst(w->probes, (void **)mbufs, PROBE_BURST, NULL);

	for (unsigned i = 0; i < n; i++)
		probe_send(w, mbufs[i]);
}
