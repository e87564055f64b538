/* SPDX-License-Identifier: BSD-3-Clause */
/* How the main thread asks worker 0 to probe an upstream, the way queries go.
 *
 * The main thread fills an mbuf with a struct probe_order and enqueues it in worker->probes; the
 * worker turns the same mbuf into the query, and puts a struct probe_result (worker.h) into
 * worker->probe_results when the response is there, when the time is over, or at once when it can't
 * be sent. Every order gets exactly one result, unless the result ring is full: as it is as long as
 * the order ring, the asker keeps no more than WORKER_PROBE_RING - 1 orders open. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_PROBE_H
#define EPHEMERA_DATAPLANE_PIPELINE_PROBE_H

#include <stdint.h>

#include "dataplane/shared/wire.h"

struct probe_order {
	uint64_t cookie; /* comes back in the result */
	uint16_t upstream;
	uint16_t timeout_ms;
	uint16_t question_bytes; /* name, type, class; checked by the main thread */
	uint8_t question[DNS_QUESTION_BYTES_MAX];
};

struct worker;
struct flow;

/* Tells the main thread how a probe ended. [worker] */
void probe_report(struct worker *worker, const struct flow *flow, uint8_t outcome, uint8_t rcode);

#endif
