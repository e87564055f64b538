/* SPDX-License-Identifier: BSD-3-Clause */
/* How the main thread orders a probe of an upstream from worker 0, on the path that queries use.
 *
 * The main thread writes a struct probe_order into an mbuf and enqueues it in worker->probes. The
 * worker turns that mbuf into the query, and enqueues a struct probe_result (worker.h) in
 * worker->probe_results on the response, on the timeout, or at once if the probe can't be sent.
 * Every order gets exactly one result, unless the result ring is full: it is as long as the order
 * ring, so the main thread must keep at most WORKER_PROBE_RING - 1 orders open. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_PROBE_H
#define EPHEMERA_DATAPLANE_PIPELINE_PROBE_H

#include <stdint.h>

#include "dataplane/shared/wire.h"

struct probe_order {
	uint64_t cookie; /* copied to the result */
	uint16_t upstream;
	uint16_t timeout_ms;
	uint16_t question_bytes; /* name, type, class; checked by the main thread */
	uint8_t question[DNS_QUESTION_BYTES_MAX];
};

struct worker;
struct flow;

/* Reports the result of a probe to the main thread. [worker] */
void probe_report(struct worker *worker, const struct flow *flow, uint8_t outcome, uint8_t rcode);

#endif
