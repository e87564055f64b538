/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame that carries a message from a drawn source to an upstream. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_REWRITE_H
#define EPHEMERA_DATAPLANE_PIPELINE_REWRITE_H

#include "dataplane/pipeline/draw.h"
#include "dataplane/packet/frame.h"
#include "dataplane/pipeline/worker.h"

/* Writes ID and headers and sends the message, whose sum (checksum.h) is known. DROP_NONE, or the
 * reason it can't go, and then the mbuf is still the caller's. [worker] */
enum drop_reason rewrite_send(struct worker *worker, struct rte_mbuf *mbuf, uint32_t dns_offset,
			      uint32_t dns_bytes, uint64_t message_sum, uint16_t upstream,
			      const struct draw *draw);

/* Ends a flow whose query could not be sent: nothing will answer it. [worker] */
void rewrite_abandon(struct worker *worker, uint32_t flow_index);

#endif
