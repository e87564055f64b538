/* SPDX-License-Identifier: BSD-3-Clause */
/* Separates queries from responses, and hands packets of other workers to them.
 * Pipeline: parse -> [classify] -> match (responses), admit (queries)
 * Runs:     workers; reads the view, writes the burst's lists.
 * Never:    reads more of the DNS message than its ID. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/transmit.h"

/* The slot of the active service on this port, or VIEW_NONE. */
static uint16_t
service_at(const struct view *view, const struct view_address *entry, struct be16 port)
{
	uint16_t slot = entry->first_service;

	while (slot != VIEW_NONE) {
		const struct snapshot_service *service = &view->snapshot->services[slot];

		if (be16_equal(service->port, port) && service->state == SLOT_ACTIVE)
			return slot;
		slot = view->next_service[slot];
	}
	return VIEW_NONE;
}

/* On an interface with fewer queues than workers, a keyed hash of the client selects the worker. */
static unsigned
query_worker(const struct worker *w, const struct packet *p)
{
	struct {
		struct address source;
		uint64_t port;
	} key = {p->source, p->source_port.raw};
	uint64_t hash = XXH3_64bits_withSeed(&key, sizeof(key), w->fan_out_seed);

	return (unsigned)((hash >> 32) * w->worker_count >> 32);
}

static void
classify_query(struct worker *w, struct burst *b, uint32_t i, struct handoff *handoff)
{
	if (unlikely(w->interfaces[b->packets[i].in_interface].fan_out && !b->handoff_in)) {
		unsigned peer = query_worker(w, &b->packets[i]);

		if (peer != w->index) {
			handoff_put(handoff, peer, b->packets[i].in_interface, b->mbufs[i]);
			return;
		}
	}
	b->queries[b->query_count++] = (uint8_t)i;
}

static void
classify_response(struct worker *w, struct burst *b, uint32_t i, struct handoff *handoff)
{
	struct packet *p = &b->packets[i];
	uint16_t port = be16_to(p->destination_port);
	unsigned owner;

	if (w->worker_count > 1) {
		owner = owner_of(&w->view->owners, p->slot, p->is_ipv4, port);
		if (owner != w->index) {
			if (b->handoff_in || owner == OWNER_NONE)
				worker_drop(w, b->mbufs[i], DROP_handoff_lost);
			else
				handoff_put(handoff, owner, p->in_interface, b->mbufs[i]);
			return;
		}
	}
	p->flow_index = flow_find(&w->flows,
				  flow_slot(&w->flows, p->destination_port, packet_dns(b, i)->id));
	if (likely(p->flow_index != FLOW_NONE))
		flow_prefetch(&w->flows, p->flow_index);
	b->responses[b->response_count++] = (uint8_t)i;
}

void
classify(struct worker *w, struct burst *b)
{
	const struct view *view = w->view;
	struct handoff handoff;

	handoff.count = 0;
	b->query_count = 0;
	b->response_count = 0;
	for (uint32_t i = 0; i < b->count; i++) {
		struct packet *p = &b->packets[i];
		const struct view_address *entry = view ? view_find(view, &p->destination) : NULL;

		if (unlikely(entry == NULL)) {
			worker_drop(w, b->mbufs[i], view ? DROP_not_ours : DROP_no_snapshot);
			continue;
		}
		p->slot = service_at(view, entry, p->destination_port);
		if (p->slot != VIEW_NONE) {
			classify_query(w, b, i, &handoff);
			continue;
		}
		p->slot = entry->source;
		if (likely(p->slot != VIEW_NONE))
			classify_response(w, b, i, &handoff);
		else
			worker_drop(w, b->mbufs[i], DROP_not_ours);
	}
	transmit_handoff(w, &handoff);
}
