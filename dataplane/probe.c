/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends the probes that the main thread ordered, from a drawn source like any query.
 * Way:   the main thread's ring -> [probe] -> transmit; match and sweep report how it ended
 * Runs:  worker 0.
 * Never: waits for the main thread. */
#include "probe.h"

#include "draw.h"
#include "rewrite.h"
#include "shared/message.h"
#include "stages.h"

#define PROBE_BURST 8

static void
probe_result_put(struct worker *w, const struct probe_result *result)
{
	/* Can't be full: the asker keeps fewer orders open than the ring has room for. */
	(void)rte_ring_sp_enqueue_elem(w->probe_results, (void *)(uintptr_t)result, sizeof(*result));
}

void
probe_report(struct worker *w, const struct flow *flow, uint8_t outcome, uint8_t rcode)
{
	const struct probe_result result = {
		.cookie = flow->probe_cookie,
		.latency_us = (uint32_t)worker_us(w, w->now_tsc - flow->sent_tsc),
		.upstream = flow->upstream,
		.outcome = outcome,
		.rcode = rcode,
	};

	probe_result_put(w, &result);
}

/* RD as a client would; the ID is the draw's. */
static void
probe_header(struct dns_header *dns)
{
	*dns = (struct dns_header){.flags1 = DNS_RD, .qdcount = be16_from(1)};
}

/* Begins the flow of a probe. False: there is no way to send it. */
static bool
probe_begin(struct worker *w, const struct probe_order *order, struct draw *draw)
{
	const struct snapshot_upstream *u;
	const struct view_space *space;
	struct flow fresh = {
		.state = FLOW_PROBE,
		.upstream = order->upstream,
		.sent_tsc = w->now_tsc,
		.question_bytes = order->question_bytes,
		.probe_cookie = order->cookie,
	};

	if (w->view == NULL || order->upstream >= w->view->snapshot->upstream_count)
		return false;
	u = &w->view->snapshot->upstreams[order->upstream];
	if (u->state == SLOT_EMPTY || !u->resolved)
		return false;
	space = view_space(w->view, w->index, address_is_ipv4(&u->address) ? FAMILY_IPV4 : FAMILY_IPV6);
	if (space->source_count == 0)
		return false;
	*draw = draw_from(&w->random, space, &w->flows);
	if (!draw_settle(w, space, draw) || !flow_cell_take(&w->flows, order->question_bytes, &fresh.cell))
		return false;
	fresh.reply_port = u->port_index;
	fresh.source = draw->source;
	fresh.source_port = draw->port;
	fresh.id = draw->id;
	fresh.deadline_tick =
		(uint32_t)((w->now_tsc + order->timeout_ms * w->tsc_hz / 1000) >> FLOW_TICK_SHIFT) + 1;
	flow_begin(&w->flows, draw->flow_index, &fresh, order->question);
	w->stats->upstreams[order->upstream].in_flight++;
	return true;
}

static void
probe_send(struct worker *w, struct rte_mbuf *mbuf)
{
	const struct probe_order order = *rte_pktmbuf_mtod(mbuf, const struct probe_order *);
	const uint32_t dns_bytes = DNS_HEADER_BYTES + order.question_bytes;
	struct draw draw;
	int reason;

	worker_count(w, COUNTER_made, 1);
	if (!probe_begin(w, &order, &draw)) {
		const struct probe_result result = {
			.cookie = order.cookie, .upstream = order.upstream, .outcome = PROBE_UNSENT};

		probe_result_put(w, &result);
		worker_drop(w, mbuf, DROP_probe_unsent);
		return;
	}
	probe_header(rte_pktmbuf_mtod(mbuf, struct dns_header *));
	memcpy(rte_pktmbuf_mtod_offset(mbuf, uint8_t *, DNS_HEADER_BYTES), order.question,
	       order.question_bytes);
	reason = rewrite_send(w, mbuf, 0, dns_bytes, order.upstream, &draw);
	if (reason != DROP_REASON_COUNT)
		worker_drop(w, mbuf, (enum drop_reason)reason);
	else
		worker_count(w, COUNTER_probes, 1);
}

void
probe(struct worker *w)
{
	struct rte_mbuf *mbufs[PROBE_BURST];
	unsigned n = rte_ring_sc_dequeue_burst(w->probes, (void **)mbufs, PROBE_BURST, NULL);

	for (unsigned i = 0; i < n; i++)
		probe_send(w, mbufs[i]);
}
