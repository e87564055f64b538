/* SPDX-License-Identifier: BSD-3-Clause */
/* Records responses that did not match, and queries under attack. [worker]
 *
 * A near miss is a response from an upstream's address to a source address and port with a query in
 * flight, but with another ID or question: what a forger's attempts look like. They are counted per
 * port until no query is in flight there. A query is under attack if its port has counted the
 * configured number of near misses, the last of them after the query was sent: exact if that number
 * is one, else it may mark a query too many, never too few. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_STRAY_H
#define EPHEMERA_DATAPLANE_PIPELINE_STRAY_H

#include <stdbool.h>

#include "dataplane/pipeline/burst.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/shared/counters.h"
#include "dataplane/tables/flow.h"

/* Records a response of the burst that match() did not accept. */
void stray_note(struct worker *worker, const struct burst *burst, unsigned i,
		enum drop_reason reason);

/* The rare path of stray_attacked(). */
bool stray_attacked_slow(struct worker *worker, struct flow *flow);

/* Were there near misses while this flow's query was in flight? If so, records and counts it. Call
 * once, when the flow ends. */
static inline bool
stray_attacked(struct worker *worker, struct flow *flow)
{
	const struct port_stats *port = &worker->flows.ports[be16_to(flow->source_port)];

	return unlikely(port->misses >= worker->view->snapshot->near_misses) &&
	       stray_attacked_slow(worker, flow);
}

#endif
