/* SPDX-License-Identifier: BSD-3-Clause */
/* The last step of every packet that leaves.
 * Way:   rewrite, restore, answer, probe -> [transmit] -> tx
 * Runs:  workers, each on its own queues; rings to other workers.
 * Never: touches a frame that the driver took. */
#include "dataplane/pipeline/transmit.h"

#include <rte_ethdev.h>

/* mbuf->port says where to send it to: the receiver has the same table of interfaces. */
static void
transmit_through(struct worker *w, const struct worker_tx *tx, unsigned interface,
		 struct rte_mbuf *mbuf)
{
	mbuf->port = (uint16_t)interface;
	if (likely(rte_ring_mp_enqueue(w->peers[tx->through]->outbox, mbuf) == 0))
		worker_count(w, COUNTER_handoff_out, 1);
	else
		worker_drop(w, mbuf, DROP_handover_full);
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

/* Takes what is for `peer` out of the list; returns how many. */
static unsigned
handover_drain(struct handover *handover, unsigned peer, struct rte_mbuf **mbufs)
{
	const uint32_t count = handover->count;
	unsigned taken = 0;

	handover->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (handover->peers[i] == peer) {
			mbufs[taken++] = handover->mbufs[i];
			continue;
		}
		handover->peers[handover->count] = handover->peers[i];
		handover->mbufs[handover->count++] = handover->mbufs[i];
	}
	return taken;
}

void
transmit_hand_over(struct worker *w, struct handover *handover)
{
	struct rte_mbuf *mbufs[BURST_MAX];

	while (handover->count > 0) {
		const unsigned peer = handover->peers[0],
			       count = handover_drain(handover, peer, mbufs);
		unsigned done = rte_ring_mp_enqueue_burst(w->peers[peer]->inbox, (void **)mbufs,
							  count, NULL);

		worker_count(w, COUNTER_handoff_out, done);
		for (; done < count; done++)
			worker_drop(w, mbufs[done], DROP_handover_full);
	}
}
