/* SPDX-License-Identifier: BSD-3-Clause */
/* Passes probe orders to worker 0, and their results back to the clients that sent them. At most
 * PROBER_OPEN_MAX probes are open at a time, so that the ring of results (probe.h) is never full.
 * All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_PROBER_H
#define EPHEMERA_DATAPLANE_PROCESS_PROBER_H

#include <stdint.h>

#include "dataplane/pipeline/worker.h"
#include "dataplane/process/socket.h"
#include "dataplane/shared/message.h"

#define PROBER_OPEN_MAX (WORKER_PROBE_RING - 1)
#define PROBER_POLL_MS	2

struct prober {
	struct worker *worker; /* 0 */
	struct socket_server *server;
	uint32_t open_count;
	uint16_t free[PROBER_OPEN_MAX]; /* stack of the free indexes of `entries` */
	struct prober_entry {
		uint64_t client, cookie; /* of the request, for its response */
		/* number of the order; the order's own cookie is serial << 32 | index of the
		 * entry */
		uint32_t serial;
		uint32_t open;
	} entries[PROBER_OPEN_MAX];
};

void prober_open(struct prober *prober, struct worker *worker, struct socket_server *server);

/* Enqueues an order for worker 0. 0, or
 *   -EINVAL   malformed question, or timeout out of range
 *   -ENOENT   no such upstream
 *   -EBUSY    PROBER_OPEN_MAX probes are open, or the ring is full
 *   -ENOBUFS  no packet buffer */
int prober_order(struct prober *prober, const struct probe_request *request,
		 const struct snapshot *snapshot, uint64_t client, uint64_t cookie);

/* Sends the results that arrived. Call it every PROBER_POLL_MS while prober->open_count > 0. */
void prober_poll(struct prober *prober);

#endif
