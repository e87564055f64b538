/* SPDX-License-Identifier: BSD-3-Clause */
/* Picks the upstream of each query.
 * Way:   admit -> [refuse] -> coalesce -> [choose] -> draw
 * Runs:  workers; reads the view and this worker's own count of what is in flight.
 * Never: decides about health: view->usable is what control found. */
#include "answer.h"
#include "stages.h"

/* Two at random, and the one with less in flight: as good as looking at all of them, at the price of two. */
static uint16_t
choose_least_outstanding(struct worker *w)
{
	const struct view *view = w->view;
	uint64_t random = random_u64(&w->random);
	uint16_t a = view->usable[(random & 0xffffffff) * view->usable_count >> 32];
	uint16_t b = view->usable[(random >> 32) * view->usable_count >> 32];

	return w->stats->upstreams[b].in_flight < w->stats->upstreams[a].in_flight ? b : a;
}

static uint16_t
choose_round_robin(struct worker *w)
{
	if (++w->round_robin >= w->view->usable_count)
		w->round_robin = 0;
	return w->view->usable[w->round_robin];
}

void
refuse(struct worker *w, struct batch *b)
{
	if (likely(w->view->usable_count > 0))
		return;
	for (uint32_t n = 0; n < b->query_count; n++)
		answer_own(w, b, b->queries[n], DNS_SERVFAIL, DNS_EDE_NO_REACHABLE_AUTHORITY);
	b->query_count = 0;
}

void
choose(struct worker *w, struct batch *b)
{
	const struct view *view = w->view;

	for (uint32_t n = 0; n < b->query_count; n++) {
		struct packet *p = &b->packets[b->queries[n]];

		p->upstream = view->snapshot->pools[0].policy == POLICY_LEAST_OUTSTANDING ? choose_least_outstanding(w)
										 : choose_round_robin(w);
		w->stats->upstreams[p->upstream].in_flight++;
	}
}
