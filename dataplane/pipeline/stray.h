/* SPDX-License-Identifier: BSD-3-Clause */
/* Remembers responses that were not believed, and queries that somebody aims at. [worker]
 *
 * A near miss is a response from an upstream's address to a source address and port where a query
 * is in flight, with another ID or another question: what a forger's attempts look like. A port
 * counts them until no query is in flight there. A query is under attack if its port has counted as
 * many as the configuration says, and the last of them came after it was sent: exact for one, and
 * on the safe side for more. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_STRAY_H
#define EPHEMERA_DATAPLANE_PIPELINE_STRAY_H

#include <stdbool.h>

#include "dataplane/pipeline/burst.h"
#include "dataplane/tables/flow.h"
#include "dataplane/shared/counters.h"
#include "dataplane/pipeline/worker.h"

/* Notes a response of the burst that match() did not believe. */
void stray_note(struct worker *worker, const struct burst *burst, unsigned i,
		enum drop_reason reason);

/* The uncommon half of stray_attacked(). */
bool stray_attacked_slow(struct worker *worker, struct flow *flow);

/* Did this flow see near misses? If so, notes and counts that. To be called once, when the flow
 * ends. */
static inline bool
stray_attacked(struct worker *worker, struct flow *flow)
{
	const struct port_stats *port = &worker->flows.ports[be16_to(flow->source_port)];

	return unlikely(port->misses >= worker->view->snapshot->near_misses) &&
	       stray_attacked_slow(worker, flow);
}

#endif
