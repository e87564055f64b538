/* SPDX-License-Identifier: BSD-3-Clause */
/* Passes probe orders to worker 0 and results back to clients of the socket.
 * Runs:  the main thread; worker 0 (pipeline/probe.c) has the other ends of both rings. */
#include "dataplane/process/prober.h"

#include <errno.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/packet/name.h"
#include "dataplane/pipeline/probe.h"

void
prober_open(struct prober *prober, struct worker *worker, struct socket_server *server)
{
	memset(prober, 0, sizeof(*prober));
	prober->worker = worker;
	prober->server = server;
	for (uint32_t i = 0; i < PROBER_OPEN_MAX; i++)
		prober->free[i] = (uint16_t)i;
}

static int
request_check(const struct probe_request *request, const struct snapshot *snapshot)
{
	if (request->question_bytes > DNS_QUESTION_BYTES_MAX || request->timeout_ms == 0 ||
	    request->timeout_ms > SNAPSHOT_TIMEOUT_MS_MAX)
		return -EINVAL;
	if (name_question_bytes(request->question, request->question_bytes) !=
		    request->question_bytes ||
	    request->question_bytes == 0)
		return -EINVAL;
	if (snapshot == NULL || request->upstream >= snapshot->upstream_count ||
	    snapshot->upstreams[request->upstream].state == SLOT_EMPTY)
		return -ENOENT;
	return 0;
}

int
prober_order(struct prober *prober, const struct probe_request *request,
	     const struct snapshot *snapshot, uint64_t client, uint64_t cookie)
{
	struct probe_order *order;
	struct prober_entry *entry;
	struct rte_mbuf *mbuf;
	uint16_t index;
	int status = request_check(request, snapshot);

	if (status != 0)
		return status;
	if (prober->open_count == PROBER_OPEN_MAX)
		return -EBUSY;
	mbuf = rte_pktmbuf_alloc(prober->worker->pool);
	if (mbuf == NULL)
		return -ENOBUFS;
	order = (struct probe_order *)rte_pktmbuf_append(mbuf, sizeof(*order));
	if (order == NULL || rte_ring_full(prober->worker->probes)) {
		rte_pktmbuf_free(mbuf);
		return -EBUSY;
	}
	index = prober->free[PROBER_OPEN_MAX - 1 - prober->open_count++];
	entry = &prober->entries[index];
	entry->client = client;
	entry->cookie = cookie;
	entry->serial++;
	entry->open = 1;

	order->cookie = (uint64_t)entry->serial << 32 | index;
	order->upstream = request->upstream;
	order->timeout_ms = request->timeout_ms;
	order->question_bytes = request->question_bytes;
	memcpy(order->question, request->question, request->question_bytes);
	/* Cannot fail: the ring is not full, and only this thread enqueues. */
	rte_ring_enqueue(prober->worker->probes, mbuf);
	return 0;
}

static void
result_send(struct prober *prober, const struct probe_result *result)
{
	uint32_t index = (uint32_t)result->cookie;
	struct prober_entry *entry = &prober->entries[index < PROBER_OPEN_MAX ? index : 0];
	struct message_header header = {
		.version = MESSAGE_VERSION, .type = MESSAGE_PROBE, .cookie = entry->cookie};
	const struct probe_response response = {
		.upstream = result->upstream,
		.outcome = result->outcome,
		.rcode = result->rcode,
		.latency_us = result->latency_us,
	};

	if (index >= PROBER_OPEN_MAX || !entry->open ||
	    entry->serial != (uint32_t)(result->cookie >> 32))
		return;
	entry->open = 0;
	prober->free[PROBER_OPEN_MAX - prober->open_count--] = (uint16_t)index;
	socket_send(prober->server, entry->client, &header, &response, sizeof(response));
}

void
prober_poll(struct prober *prober)
{
	struct probe_result result;

	while (prober->open_count > 0 &&
	       rte_ring_dequeue_elem(prober->worker->probe_results, &result, sizeof(result)) == 0)
		result_send(prober, &result);
}
