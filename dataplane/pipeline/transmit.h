/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends frames: each interface's are gathered and go out together at the end of the worker's turn.
 * [worker]
 *
 * A worker without a queue on a interface hands its frames to the worker that has one. What a full
 * queue does not take waits for the next turn, up to BURST_MAX frames a interface; the rest is
 * dropped and counted. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_TRANSMIT_H
#define EPHEMERA_DATAPLANE_PIPELINE_TRANSMIT_H

#include "dataplane/pipeline/worker.h"

/* The uncommon half of transmit_put(). */
void transmit_put_slow(struct worker *worker, unsigned interface, struct rte_mbuf *mbuf);

/* Takes a finished frame for a interface of the machine (position in worker->interfaces). */
static inline void
transmit_put(struct worker *worker, unsigned interface, struct rte_mbuf *mbuf)
{
	struct worker_tx *tx = &worker->tx[interface];

	if (likely(tx->queue != WORKER_NO_QUEUE && tx->count < RTE_DIM(tx->mbufs)))
		tx->mbufs[tx->count++] = mbuf;
	else
		transmit_put_slow(worker, interface, mbuf);
}

/* Sends what was gathered. */
void transmit_flush(struct worker *worker);

/* Takes over the frames that other workers handed here to be sent. */
void transmit_outbox(struct worker *worker);

/* Packets of a burst that are other workers'. */
struct handover {
	uint32_t count;
	uint8_t peers[BURST_MAX]; /* to whom */
	struct rte_mbuf *mbufs[BURST_MAX];
};

/* Notes a packet received by `in_interface` of the machine for the worker that owns its flow. */
static inline void
handover_put(struct handover *handover, unsigned peer, unsigned in_interface, struct rte_mbuf *mbuf)
{
	mbuf->port = (uint16_t)in_interface;
	handover->peers[handover->count] = (uint8_t)peer;
	handover->mbufs[handover->count++] = mbuf;
}

/* Hands all of them over, to each worker its own at once: what rings cost, they cost for each time,
 * not for each packet. Empties the list. */
void transmit_hand_over(struct worker *worker, struct handover *handover);

#endif
