/* SPDX-License-Identifier: BSD-3-Clause */
/* Creates, starts and stops the workers.
 * Runs:  the main thread; worker_launch() on each worker's core. */
#include "dataplane/process/workers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <sodium.h>

#include "dataplane/lib/log.h"
#include "dataplane/pipeline/pipeline.h"

int
workers_count(struct workers *workers)
{
	unsigned lcore;

	workers->count = 0;
	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (workers->count == WORKERS_MAX) {
			log_line("more than %u worker cores: list fewer in dataplane.worker_cores",
				 WORKERS_MAX);
			return -EINVAL;
		}
		workers->lcores[workers->count++] = lcore;
	}
	if (workers->count == 0) {
		log_line("no worker core: list at least two cores, such as --lcores '0@0,1@1'");
		return -EINVAL;
	}
	return 0;
}

static void
interfaces_describe(struct workers *workers, const struct interfaces *interfaces)
{
	for (uint32_t p = 0; p < interfaces->count; p++) {
		const struct interface *interface = &interfaces->interface[p];

		workers->interfaces[p] = (struct worker_interface){
			.ethdev = interface->ethdev,
			.mtu_bytes = interface->mtu_bytes,
			.mac = interface->mac,
			.checks_ip = interface->checks_ip,
			.checks_udp = interface->checks_udp,
			.fan_out = interface->queue_count < workers->count,
		};
	}
}

/* Gives worker w its queues. */
static int
queues_assign(const struct workers *workers, uint32_t w, const struct interfaces *interfaces)
{
	struct worker *worker = workers->worker[w];

	worker->interface_count = interfaces->count;
	worker->interfaces = workers->interfaces;
	memset(worker->interface_of_ethdev, UINT8_MAX, sizeof(worker->interface_of_ethdev));
	for (uint32_t p = 0; p < interfaces->count; p++) {
		const struct interface *interface = &interfaces->interface[p];
		struct interface_path path =
			interface_path(p, w, interface->queue_count, workers->count);

		if (interface->ethdev >= sizeof(worker->interface_of_ethdev))
			return -E2BIG;
		worker->interface_of_ethdev[interface->ethdev] = (uint8_t)p;
		worker->tx[p].queue = path.queue;
		worker->tx[p].through = path.through;
		for (uint16_t q = 0; q < interface->queue_count; q++) {
			if (interface_queue_worker(p, q, interface->queue_count, workers->count) !=
			    w)
				continue;
			if (worker->rx_count == WORKER_QUEUES_MAX) {
				log_line("worker %u would poll more than %u queues: configure "
					 "more workers or fewer queues",
					 w, WORKER_QUEUES_MAX);
				return -E2BIG;
			}
			worker->rx[worker->rx_count].ethdev = interface->ethdev;
			worker->rx[worker->rx_count].queue = q;
			worker->rx_count++;
		}
	}
	return 0;
}

static struct rte_ring *
ring_make(const char *noun, uint32_t w, unsigned size, unsigned node, unsigned flags)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s%u", noun, w);
	return rte_ring_create(name, size, (int)node, flags);
}

static int
rings_make(struct worker *worker, unsigned node)
{
	worker->inbox = ring_make("inbox", worker->index, WORKER_RING_SIZE, node, RING_F_SC_DEQ);
	worker->outbox = ring_make("outbox", worker->index, WORKER_RING_SIZE, node, RING_F_SC_DEQ);
	if (worker->inbox == NULL || worker->outbox == NULL)
		return -ENOMEM;
	if (worker->index != 0)
		return 0;
	worker->probes =
		ring_make("probes", 0, WORKER_PROBE_RING, node, RING_F_SP_ENQ | RING_F_SC_DEQ);
	worker->probe_results =
		rte_ring_create_elem("results0", sizeof(struct probe_result), WORKER_PROBE_RING,
				     (int)node, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return worker->probes == NULL || worker->probe_results == NULL ? -ENOMEM : 0;
}

static int
worker_make(struct workers *workers, uint32_t w, const struct interfaces *interfaces,
	    const struct stats_segment *segment, uint32_t flows_per_worker)
{
	const unsigned node = rte_lcore_to_socket_id(workers->lcores[w]);
	const size_t flow_bytes = flow_table_bytes(flows_per_worker);
	struct worker *worker =
		rte_zmalloc_socket("worker", sizeof(*worker), RTE_CACHE_LINE_SIZE, (int)node);

	workers->worker[w] = worker;
	workers->flow_memory[w] =
		rte_zmalloc_socket("flows", flow_bytes, RTE_CACHE_LINE_SIZE, (int)node);
	if (worker == NULL || workers->flow_memory[w] == NULL) {
		log_line("no memory for the flow table of worker %u, %zu MiB on NUMA node %u: "
			 "raise dataplane.memory_mb or lower "
			 "dataplane.flows_per_worker",
			 w, flow_bytes >> 20, node);
		return -ENOMEM;
	}
	worker->index = w;
	worker->worker_count = workers->count;
	worker->current = &workers->view;
	worker->stats = stats_segment_worker(segment, w);
	worker->tsc_hz = rte_get_tsc_hz();
	worker->us_multiplier = worker_us_multiplier(worker->tsc_hz);
	worker->pool = interfaces->pool;
	worker->peers = workers->worker;
	worker->qsbr = workers->qsbr;
	worker->limit = &workers->limit;
	worker->draining = &workers->draining;
	worker->stop = &workers->stop;
	flow_table_init(&worker->flows, flows_per_worker, workers->flow_memory[w],
			worker->stats->ports);
	random_init(&worker->random);
	if (rings_make(worker, node) != 0) {
		log_line("no memory for the rings of worker %u: raise dataplane.memory_mb", w);
		return -ENOMEM;
	}
	return queues_assign(workers, w, interfaces);
}

static int
qsbr_make(struct workers *workers)
{
	const size_t bytes = rte_rcu_qsbr_get_memsize(workers->count);

	workers->qsbr = rte_zmalloc("qsbr", bytes, RTE_CACHE_LINE_SIZE);
	if (workers->qsbr == NULL || rte_rcu_qsbr_init(workers->qsbr, workers->count) != 0) {
		log_line("no memory for the workers' RCU variable: raise dataplane.memory_mb");
		return -ENOMEM;
	}
	return 0;
}

/* All workers share one table, in hugepages on the first worker's NUMA node. */
static int
limit_make(struct workers *workers)
{
	const unsigned node = rte_lcore_to_socket_id(workers->lcores[0]);
	struct limit_set *sets = rte_zmalloc_socket("limit", LIMIT_SETS * sizeof(*sets),
						    RTE_CACHE_LINE_SIZE, (int)node);

	if (sets == NULL) {
		log_line("no memory for the rate limits, %zu MiB: raise dataplane.memory_mb",
			 LIMIT_SETS * sizeof(*sets) >> 20);
		return -ENOMEM;
	}
	limit_table_init(&workers->limit, sets, LIMIT_SETS);
	return 0;
}

int
workers_make(struct workers *workers, const struct interfaces *interfaces,
	     const struct stats_segment *segment, uint32_t flows_per_worker)
{
	uint64_t seed;
	int status = qsbr_make(workers);

	if (status == 0)
		status = limit_make(workers);
	interfaces_describe(workers, interfaces);
	for (uint32_t w = 0; w < workers->count && status == 0; w++)
		status = worker_make(workers, w, interfaces, segment, flows_per_worker);
	if (status != 0) {
		workers_free(workers);
		return status;
	}
	randombytes_buf(&seed, sizeof(seed));
	for (uint32_t w = 0; w < workers->count; w++)
		workers->worker[w]->fan_out_seed = seed;
	return 0;
}

static void
ring_free(struct rte_ring *ring)
{
	void *mbuf;

	if (ring == NULL)
		return;
	while (rte_ring_dequeue(ring, &mbuf) == 0)
		rte_pktmbuf_free(mbuf);
	rte_ring_free(ring);
}

void
workers_free(struct workers *workers)
{
	for (uint32_t w = 0; w < workers->count; w++) {
		struct worker *worker = workers->worker[w];

		rte_free(workers->flow_memory[w]);
		workers->flow_memory[w] = NULL;
		if (worker == NULL)
			continue;
		ring_free(worker->inbox);
		ring_free(worker->outbox);
		ring_free(worker->probes);
		rte_ring_free(worker->probe_results);
		sodium_memzero(&worker->random, sizeof(worker->random));
		rte_free(worker);
		workers->worker[w] = NULL;
	}
	rte_free(workers->limit.sets);
	workers->limit.sets = NULL;
	rte_free(workers->qsbr);
	workers->qsbr = NULL;
}

/* ---- running ---- */

/* A worker is registered with the RCU variable only while its loop runs, so that a grace period
 * does not wait for a worker that left it. */
static int
worker_launch(void *argument)
{
	struct worker *worker = argument;
	int status = pipeline_run(worker);

	rte_rcu_qsbr_thread_unregister(worker->qsbr, worker->index);
	return status;
}

int
workers_launch(struct workers *workers)
{
	workers->running = true;
	for (uint32_t w = 0; w < workers->count; w++) {
		int status;

		rte_rcu_qsbr_thread_register(workers->qsbr, w);
		status = rte_eal_remote_launch(worker_launch, workers->worker[w],
					       workers->lcores[w]);
		if (status != 0) {
			log_line("worker %u did not start: %s", w, strerror(-status));
			workers_join(workers);
			return status;
		}
	}
	return 0;
}

void
workers_join(struct workers *workers)
{
	if (!workers->running)
		return;
	workers->stop = true;
	for (uint32_t w = 0; w < workers->count; w++)
		rte_eal_wait_lcore(workers->lcores[w]);
	workers->running = false;
}

void
workers_drain(struct workers *workers)
{
	workers->draining = true;
	/* A worker in the middle of a turn may still begin flows, until its next quiescent
	 * state. */
	workers->drain_token = rte_rcu_qsbr_start(workers->qsbr);
}

bool
workers_drained(struct workers *workers)
{
	if (!rte_rcu_qsbr_check(workers->qsbr, workers->drain_token, false))
		return false;
	for (uint32_t w = 0; w < workers->count; w++) {
		struct worker *worker = workers->worker[w];

		if (__atomic_load_n(&worker->stats->flows_in_flight, __ATOMIC_ACQUIRE) != 0 ||
		    !rte_ring_empty(worker->inbox) || !rte_ring_empty(worker->outbox))
			return false;
	}
	return true;
}
