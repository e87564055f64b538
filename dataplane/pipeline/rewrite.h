/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends a message from a drawn source to an upstream. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_REWRITE_H
#define EPHEMERA_DATAPLANE_PIPELINE_REWRITE_H

#include "dataplane/packet/frame.h"
#include "dataplane/pipeline/draw.h"
#include "dataplane/pipeline/worker.h"

/* Writes ID and headers and sends the message, whose checksum.h sum is `message_sum`. Returns
 * DROP_NONE, or the reason it can't be sent; the mbuf is then still the caller's. [worker] */
enum drop_reason rewrite_send(struct worker *worker, struct rte_mbuf *mbuf, uint32_t dns_offset,
			      uint32_t dns_bytes, uint64_t message_sum, uint16_t upstream,
			      const struct draw *draw);

/* Ends a flow whose query could not be sent. [worker] */
void rewrite_abandon(struct worker *worker, uint32_t flow_index);

#endif
