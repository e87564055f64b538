/* SPDX-License-Identifier: BSD-3-Clause */
/* The polling loop, and the order of the stages: the pipeline's table of contents.
 * Runs:  one worker per core, each packet to completion.
 * Never: allocates, locks, logs, or makes a system call (drivers of kernel interfaces do). */
#include "dataplane/pipeline/pipeline.h"

#include <rte_cycles.h>
#include <rte_debug.h>
#include <rte_ethdev.h>

#include "dataplane/pipeline/draw.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/transmit.h"
#include "dataplane/pipeline/worker.h"

/* Runs a burst through all stages. Responses go first: they free flows that queries need. */
static void
pipeline_burst(struct worker *w, struct burst *b)
{
	parse(w, b);
	classify(w, b);
	if (b->response_count > 0) {
		match(w, b);
		restore(w, b);
	}
	if (b->query_count > 0) {
		admit(w, b);
		limit(w, b);
		answer_faults(w, b);
		route(w, b);
		answer_no_upstream(w, b);
		coalesce(w, b);
		choose(w, b);
		draw(w, b);
		rewrite(w, b);
	}
}

static unsigned
pipeline_receive(struct worker *w, struct burst *b)
{
	unsigned seen = 0;

	b->handoff_in = 0;
	for (uint32_t q = 0; q < w->rx_count; q++) {
		b->count = rte_eth_rx_burst(w->rx[q].ethdev, w->rx[q].queue, b->mbufs, BURST_MAX);
		if (b->count == 0)
			continue;
		/* not every driver sets mbuf->port */
		b->in_interface = w->interface_of_ethdev[w->rx[q].ethdev];
		worker_count(w, COUNTER_rx, b->count);
		seen += b->count;
		pipeline_burst(w, b);
	}
	return seen;
}

/* Processes packets that other workers received for this one, then sends packets that they have no
 * queue for. */
static unsigned
pipeline_handoff(struct worker *w, struct burst *b)
{
	unsigned seen;

	b->handoff_in = 1;
	b->count = rte_ring_sc_dequeue_burst(w->inbox, (void **)b->mbufs, BURST_MAX, NULL);
	seen = b->count;
	if (seen > 0) {
		worker_count(w, COUNTER_handoff_in, seen);
		pipeline_burst(w, b);
	}
	transmit_outbox(w);
	return seen;
}

#ifdef EPHEMERA_DEBUG_CHECKS
/* The balance of counters.h: every packet has left exactly once, or waits for a transmit queue. */
static void
pipeline_check_balance(const struct worker *w)
{
	const uint64_t *c = w->stats->counters;
	uint64_t in = c[COUNTER_rx] + c[COUNTER_generated] + c[COUNTER_handoff_in];
	uint64_t out = c[COUNTER_tx] + c[COUNTER_consumed] + c[COUNTER_handoff_out];

	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		out += w->stats->drops[i];
	for (unsigned i = 0; i < w->interface_count; i++)
		out += w->tx[i].count;
	if (in != out)
		rte_panic("worker %u: %lu packets in, %lu out\n", w->index, in, out);
}
#endif

/* Records when this worker began to use the view, and makes draws from it. Flows of earlier turns
 * must have earlier stamps: waits, less than a microsecond, until the stamp changes. */
static void
pipeline_renew(struct worker *w, uint64_t turn_before_tsc)
{
	while (w->now_tsc >> FLOW_SENT_SHIFT == turn_before_tsc >> FLOW_SENT_SHIFT)
		w->now_tsc = rte_rdtsc();
	w->view_since = (uint32_t)(w->now_tsc >> FLOW_SENT_SHIFT);
	w->view_seed = w->view->seed;
	draw_ahead(w);
}

unsigned
pipeline_turn(struct worker *w)
{
	const uint64_t turn_before_tsc = w->now_tsc;
	struct burst b;
	unsigned seen;

	w->now_tsc = rte_rdtsc();
	/* Pairs with the release store when the main thread adopts a snapshot: everything the view
	 * points at is complete. */
	w->view = __atomic_load_n(w->current, __ATOMIC_ACQUIRE);
	if (unlikely(w->view != NULL && w->view->seed != w->view_seed))
		pipeline_renew(w, turn_before_tsc);
	seen = pipeline_receive(w, &b);
	if (w->worker_count > 1)
		seen += pipeline_handoff(w, &b);
	if (w->probes != NULL)
		probe(w);
	sweep(w);
	transmit_flush(w);
	random_top_up(&w->random);
	w->stats->flows_in_flight = w->flows.in_flight;
#ifdef EPHEMERA_DEBUG_CHECKS
	pipeline_check_balance(w);
#endif
	return seen;
}

int
pipeline_run(void *argument)
{
	struct worker *w = argument;
	uint64_t turns = 0;

	rte_rcu_qsbr_thread_online(w->qsbr, w->index);
	while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED)) {
		pipeline_turn(w);
		w->stats->generation = w->view != NULL ? w->view->snapshot->generation : 0;
		rte_rcu_qsbr_quiescent(w->qsbr, w->index);
		if ((++turns & 1023) == 0)
			w->stats->heartbeat++;
	}
	rte_rcu_qsbr_thread_offline(w->qsbr, w->index);
	return 0;
}
