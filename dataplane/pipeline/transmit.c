/* SPDX-License-Identifier: BSD-3-Clause */
/* The last stage of every packet that is sent.
 * Pipeline: rewrite, restore, answer, probe -> [transmit] -> tx
 * Runs:     workers, each on its own queues, and through rings to other workers.
 * Never:    touches a frame that the driver accepted. */
#include "dataplane/pipeline/transmit.h"

#include <rte_ethdev.h>

/* mbuf->port names the interface: all workers have the same table of interfaces. */
static void
transmit_through(struct worker *w, const struct worker_tx *tx, unsigned interface,
		 struct rte_mbuf *mbuf)
{
	mbuf->port = (uint16_t)interface;
	if (likely(rte_ring_mp_enqueue(w->peers[tx->through]->outbox, mbuf) == 0))
		worker_count(w, COUNTER_handoff_out, 1);
	else
		worker_drop(w, mbuf, DROP_handoff_full);
}

static void
transmit_send(struct worker *w, unsigned interface)
{
	struct worker_tx *tx = &w->tx[interface];
	uint32_t sent = rte_eth_tx_burst(w->interfaces[interface].ethdev, tx->queue, tx->mbufs,
					 (uint16_t)tx->count);
	uint32_t left = tx->count - sent;

	worker_count(w, COUNTER_tx, sent);
	if (likely(left == 0)) {
		tx->count = 0;
		return;
	}
	memmove(tx->mbufs, tx->mbufs + sent, left * sizeof(tx->mbufs[0]));
	while (left > BURST_MAX)
		worker_drop(w, tx->mbufs[--left], DROP_tx_full);
	tx->count = left;
}

void
transmit_put_slow(struct worker *w, unsigned interface, struct rte_mbuf *mbuf)
{
	struct worker_tx *tx = &w->tx[interface];

	if (tx->queue == WORKER_NO_QUEUE) {
		transmit_through(w, tx, interface, mbuf);
		return;
	}
	transmit_send(w, interface);
	tx->mbufs[tx->count++] = mbuf;
}

void
transmit_flush(struct worker *w)
{
	for (unsigned interface = 0; interface < w->interface_count; interface++)
		if (w->tx[interface].count > 0)
			transmit_send(w, interface);
}

void
transmit_outbox(struct worker *w)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	unsigned n = rte_ring_sc_dequeue_burst(w->outbox, (void **)mbufs, BURST_MAX, NULL);

	worker_count(w, COUNTER_handoff_in, n);
	for (unsigned i = 0; i < n; i++)
		transmit_put(w, mbufs[i]->port, mbufs[i]);
}

/* Moves the packets for `peer` from the list to `mbufs`; returns how many. */
static unsigned
handoff_drain(struct handoff *handoff, unsigned peer, struct rte_mbuf **mbufs)
{
	const uint32_t count = handoff->count;
	unsigned taken = 0;

	handoff->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (handoff->peers[i] == peer) {
			mbufs[taken++] = handoff->mbufs[i];
			continue;
		}
		handoff->peers[handoff->count] = handoff->peers[i];
		handoff->mbufs[handoff->count++] = handoff->mbufs[i];
	}
	return taken;
}

void
transmit_handoff(struct worker *w, struct handoff *handoff)
{
	struct rte_mbuf *mbufs[BURST_MAX];

	while (handoff->count > 0) {
		const unsigned peer = handoff->peers[0],
			       count = handoff_drain(handoff, peer, mbufs);
		unsigned done = rte_ring_mp_enqueue_burst(w->peers[peer]->inbox, (void **)mbufs,
							  count, NULL);

		worker_count(w, COUNTER_handoff_out, done);
		for (; done < count; done++)
			worker_drop(w, mbufs[done], DROP_handoff_full);
	}
}
