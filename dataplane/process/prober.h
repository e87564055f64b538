/* SPDX-License-Identifier: BSD-3-Clause */
/* Passes probe orders to worker 0 and their results back to who asked. All [main]. At most
 * PROBER_OPEN_MAX are open at a time, so that the ring of results (probe.h) can't be full. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_PROBER_H
#define EPHEMERA_DATAPLANE_PROCESS_PROBER_H

#include <stdint.h>

#include "dataplane/shared/message.h"
#include "dataplane/process/socket.h"
#include "dataplane/pipeline/worker.h"

#define PROBER_OPEN_MAX (WORKER_PROBE_RING - 1)
#define PROBER_POLL_MS	2

struct prober {
	struct worker *worker; /* 0 */
	struct socket_server *server;
	uint32_t open_count;
	uint16_t free[PROBER_OPEN_MAX]; /* a stack of free entries of `asked` */
	struct prober_asker {
		uint64_t client, cookie;
		uint32_t
			serial; /* of the order that is open here; the order's cookie is serial << 32 | entry
				  */
		uint32_t open;
	} asked[PROBER_OPEN_MAX];
};

void prober_open(struct prober *prober, struct worker *worker, struct socket_server *server);

/* Puts an order into the ring. 0; -EINVAL if the question is none or the timeout is out of range;
 * -ENOENT without such an upstream; -EBUSY with too many open; -ENOBUFS without a packet buffer. */
int prober_order(struct prober *prober, const struct probe_request *request,
		 const struct snapshot *snapshot, uint64_t client, uint64_t cookie);

/* Sends the results that are there. To be called every PROBER_POLL_MS while prober->open_count >
 * 0. */
void prober_poll(struct prober *prober);

#endif
