/* SPDX-License-Identifier: BSD-3-Clause */
/* Picks the pool of each query.
 * Pipeline: answer_faults -> [route] -> answer_no_upstream
 * Runs:     workers; reads the view.
 * Never:    trusts a hash: the names of every match are compared byte for byte. */
#include "dataplane/pipeline/stages.h"
#include "dataplane/tables/route_table.h"

#define PROBES_ROOM 512 /* probes collected before they are used; more than one name can need */

/* The probes of some of the burst's queries. */
struct route_part {
	/* query n's are probes[first[n]] up to, not including, probes[first[n + 1]] */
	uint16_t first[BURST_MAX + 1];
	struct route_probe probes[PROBES_ROOM];
};

static uint8_t
route_query(const struct worker *w, const struct burst *b, uint8_t i,
	    const struct route_probe *probes, uint32_t count)
{
	const struct packet *p = &b->packets[i];
	const struct snapshot *s = w->view->snapshot;
	const uint8_t *question = packet_question(b, i);
	const uint32_t name_bytes = p->question_bytes - 4u;
	uint8_t pool;

	for (uint32_t n = 0; n < count; n++) {
		pool = route_suffix(&w->view->routes, s, question, name_bytes, &probes[n]);
		if (pool != ROUTE_NONE)
			return pool;
	}
	pool = route_type(&w->view->routes, s,
			  (uint16_t)(question[name_bytes] << 8 | question[name_bytes + 1]));
	return pool != ROUTE_NONE ? pool : p->pool;
}

/* Routes as many queries from `first` on as `part` has room for; returns the next one. */
static uint32_t
route_some(struct worker *w, struct burst *b, uint32_t first, struct route_part *part)
{
	const struct routes *routes = &w->view->routes;
	uint32_t end = first, used = 0;

	for (; end < b->query_count && used + ROUTE_LABELS_MAX + 1 <= PROBES_ROOM; end++) {
		const uint8_t i = b->queries[end];

		part->first[end] = (uint16_t)used;
		if (routes->buckets != NULL)
			used += route_probes(routes, packet_question(b, i),
					     b->packets[i].question_bytes - 4u,
					     &part->probes[used]);
	}
	part->first[end] = (uint16_t)used;
	for (uint32_t n = first; n < end; n++) {
		const uint8_t i = b->queries[n];

		b->packets[i].pool = route_query(w, b, i, &part->probes[part->first[n]],
						 part->first[n + 1] - part->first[n]);
	}
	return end;
}

void
route(struct worker *w, struct burst *b)
{
	struct route_part part;

	if (likely(!w->view->routes.any))
		return; /* admit assigned the pool of the service */
	for (uint32_t n = 0; n < b->query_count;)
		n = route_some(w, b, n, &part);
}
