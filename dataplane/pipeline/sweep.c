/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends flows that have timed out.
 * Pipeline: none; called once per turn, between bursts.
 * Runs:     workers, each on its own table: a piece about every millisecond, and all entries that
 *           were ever used in FLOW_SWEEP_MS.
 * Never:    checks more than one piece at a time, however many flows have timed out. */
#include "dataplane/pipeline/probe.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/stray.h"
#include "dataplane/shared/message.h"

/* pieces of the used part of the table; one every FLOW_SWEEP_MS / SWEEP_PIECES */
#define SWEEP_PIECES 512

static void
sweep_flow(struct worker *w, struct flow *flow)
{
	w->stats->upstreams[flow->upstream].in_flight--;
	if (flow->state == FLOW_PROBE) {
		worker_count(w, COUNTER_probe_timeouts, 1);
		probe_report(w, flow, PROBE_TIMEOUT, 0);
	} else {
		worker_count(w, COUNTER_timeouts, 1u + flow->waiter_count);
		w->stats->upstreams[flow->upstream].timeouts++;
	}
	(void)stray_attacked(w, flow);
	flow_waiters_free(&w->flows, flow->waiters);
	flow_end(&w->flows, flow);
}

void
sweep(struct worker *w)
{
	const uint32_t tick = (uint32_t)(w->now_tsc >> FLOW_TICK_SHIFT);
	const uint32_t piece = w->flows.used / SWEEP_PIECES + 1;

	if (likely((int64_t)(w->now_tsc - w->sweep_next_tsc) < 0))
		return;
	w->sweep_next_tsc = w->now_tsc + w->tsc_hz * FLOW_SWEEP_MS / 1000 / SWEEP_PIECES;
	for (uint32_t n = 0; n < piece; n++) {
		struct flow *flow = &w->flows.flows[w->flows.sweep_next];

		if (++w->flows.sweep_next >= w->flows.used)
			w->flows.sweep_next = 0;
		if (flow->state != FLOW_FREE && (int32_t)(tick - flow->deadline_tick) >= 0)
			sweep_flow(w, flow);
	}
}
