/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends frames: they are collected per interface and sent together at the end of the worker's turn.
 * [worker]
 *
 * A worker without a queue on an interface hands its frames to a worker that has one. Frames that a
 * full queue does not accept wait for the next turn, up to BURST_MAX per interface; the rest is
 * dropped and counted. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_TRANSMIT_H
#define EPHEMERA_DATAPLANE_PIPELINE_TRANSMIT_H

#include "dataplane/pipeline/worker.h"

/* The rare path of transmit_put(). */
void transmit_put_slow(struct worker *worker, unsigned interface, struct rte_mbuf *mbuf);

/* Queues a finished frame for an interface (position in worker->interfaces). */
static inline void
transmit_put(struct worker *worker, unsigned interface, struct rte_mbuf *mbuf)
{
	struct worker_tx *tx = &worker->tx[interface];

	if (likely(tx->queue != WORKER_NO_QUEUE && tx->count < RTE_DIM(tx->mbufs)))
		tx->mbufs[tx->count++] = mbuf;
	else
		transmit_put_slow(worker, interface, mbuf);
}

/* Sends the collected frames. */
void transmit_flush(struct worker *worker);

/* Queues the frames that other workers handed to this one to send. */
void transmit_outbox(struct worker *worker);

/* Packets of a burst that belong to other workers. */
struct handoff {
	uint32_t count;
	uint8_t peers[BURST_MAX]; /* index of the worker */
	struct rte_mbuf *mbufs[BURST_MAX];
};

/* Adds a packet received on `in_interface` to the list, for worker `peer`. */
static inline void
handoff_put(struct handoff *handoff, unsigned peer, unsigned in_interface, struct rte_mbuf *mbuf)
{
	mbuf->port = (uint16_t)in_interface;
	handoff->peers[handoff->count] = (uint8_t)peer;
	handoff->mbufs[handoff->count++] = mbuf;
}

/* Hands all of them over and empties the list; one enqueue per worker, because its cost hardly
 * depends on the number of packets. */
void transmit_handoff(struct worker *worker, struct handoff *handoff);

#endif
