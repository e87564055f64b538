/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the rig: EAL, pool, interfaces of rings, workers. */
#include "tests/unit/pipeline/pipeline_rig.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <sodium.h>

#define RIG_RX_RING 4096

static void *
need(void *made, const char *what)
{
	if (made == NULL) {
		fprintf(stderr, "rig: no %s: %s\n", what, rte_strerror(rte_errno));
		abort();
	}
	return made;
}

bool
rig_eal_start(void)
{
	static bool started;
	char lcores[16];
	char *argv[] = {"rig",	    "--lcores",	   lcores,	     "--no-huge",
			"--no-pci", "--no-shconf", "--no-telemetry", "-m",
			"256",	    "--log-level", "warning"};
	cpu_set_t allowed;
	int core = 0;

	if (started)
		return true;
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		CPU_ZERO(&allowed);
	while (core < CPU_SETSIZE - 1 && !CPU_ISSET(core, &allowed))
		core++;
	snprintf(lcores, sizeof(lcores), "0@%d", core);
	if (rte_eal_init(RTE_DIM(argv), argv) < 0) {
		fprintf(stderr, "rig: EAL did not start: %s\n", rte_strerror(rte_errno));
		return false;
	}
	/* EAL pins this thread to a core; undo that, because several test programs run at once. */
	sched_setaffinity(0, sizeof(allowed), &allowed);
	started = sodium_init() >= 0;
	return started;
}

static struct rte_ring *
ring_make(const char *what, unsigned interface, unsigned queue, uint32_t size, unsigned flags)
{
	static unsigned number;
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "rig%u_%s%u_%u", number++, what, interface, queue);
	return need(rte_ring_create(name, size, SOCKET_ID_ANY, flags), name);
}

static void
device_start(struct rig *rig, unsigned interface, uint16_t ethdev)
{
	const struct rte_eth_conf conf = {0};
	const struct rig_options *o = &rig->options;

	if (rte_eth_dev_configure(ethdev, (uint16_t)o->rx_queues, (uint16_t)o->tx_queues, &conf) !=
	    0)
		need(NULL, "configured interface");
	for (uint16_t q = 0; q < o->rx_queues; q++)
		if (rte_eth_rx_queue_setup(ethdev, q, 64, SOCKET_ID_ANY, NULL, rig->pool) != 0)
			need(NULL, "receive queue");
	for (uint16_t q = 0; q < o->tx_queues; q++)
		if (rte_eth_tx_queue_setup(ethdev, q, 64, SOCKET_ID_ANY, NULL) != 0)
			need(NULL, "transmit queue");
	if (rte_eth_dev_start(ethdev) != 0)
		need(NULL, "started interface");
	rig->interfaces[interface] = (struct worker_interface){
		.ethdev = ethdev,
		.mtu_bytes = interface == RIG_CLIENTS ? o->client_mtu_bytes : 1500,
		.mac = rig_mac(interface),
		.fan_out = o->rx_queues < o->workers,
	};
}

/* The last interface is made first, so that DPDK's port numbers differ from our positions. */
static void
interfaces_make(struct rig *rig)
{
	static unsigned number;
	char name[32];

	for (int interface = RIG_INTERFACE_COUNT - 1; interface >= 0; interface--) {
		int ethdev;

		for (unsigned q = 0; q < rig->options.rx_queues; q++)
			rig->rx[interface][q] =
				ring_make("rx", (unsigned)interface, q, RIG_RX_RING, 0);
		for (unsigned q = 0; q < rig->options.tx_queues; q++)
			rig->tx[interface][q] =
				ring_make("tx", (unsigned)interface, q, rig->options.tx_ring, 0);
		snprintf(name, sizeof(name), "rig%u", number++);
		ethdev = rte_eth_from_rings(name, rig->rx[interface], rig->options.rx_queues,
					    rig->tx[interface], rig->options.tx_queues, 0);
		if (ethdev < 0)
			need(NULL, "interface of rings");
		device_start(rig, (unsigned)interface, (uint16_t)ethdev);
	}
}

static void
worker_queues(struct rig *rig, struct worker *w)
{
	const struct rig_options *o = &rig->options;

	w->interface_count = RIG_INTERFACE_COUNT;
	w->interfaces = rig->interfaces;
	for (unsigned interface = 0; interface < RIG_INTERFACE_COUNT; interface++) {
		w->interface_of_ethdev[rig->interfaces[interface].ethdev] = (uint8_t)interface;
		w->tx[interface].queue =
			w->index < o->tx_queues ? (uint16_t)w->index : WORKER_NO_QUEUE;
		w->tx[interface].through = 0;
		if (w->index >= o->rx_queues)
			continue;
		w->rx[w->rx_count].ethdev = rig->interfaces[interface].ethdev;
		w->rx[w->rx_count++].queue = (uint16_t)w->index;
	}
}

static struct worker *
worker_make(struct rig *rig, uint32_t index)
{
	const uint8_t seed[32] = {(uint8_t)index, 0x51};
	struct worker *w = need(aligned_alloc(64, sizeof(*w)), "worker");
	const size_t flow_bytes = (flow_table_bytes(rig->options.flows) + 63) & ~(size_t)63;
	void *flows = need(aligned_alloc(64, flow_bytes), "flow table");

	memset(w, 0, sizeof(*w));
	memset(flows, 0, flow_bytes);
	w->index = index;
	w->worker_count = rig->options.workers;
	w->current = &rig->view;
	w->stats = &rig->stats[index];
	w->tsc_hz = rig->options.tsc_hz;
	w->us_multiplier = worker_us_multiplier(w->tsc_hz);
	w->pool = rig->pool;
	w->fan_out_seed = 0x5eed;
	w->peers = rig->workers;
	w->limit = &rig->limit;
	w->draining = &rig->draining;
	w->stop = &rig->stop;
	w->inbox = ring_make("inbox", 0, index, WORKER_RING_SIZE, RING_F_SC_DEQ);
	w->outbox = ring_make("outbox", 0, index, WORKER_RING_SIZE, RING_F_SC_DEQ);
	if (index == 0) {
		w->probes = rig->probes;
		w->probe_results = rig->probe_results;
	}
	random_init_seeded(&w->random, seed);
	flow_table_init(&w->flows, rig->options.flows, flows, w->stats->ports);
	worker_queues(rig, w);
	rig_sweeps(w, false);
	return w;
}

static void
options_fill(struct rig_options *to, const struct rig_options *from)
{
	*to = from != NULL ? *from : (struct rig_options){0};
	if (to->workers == 0)
		to->workers = 1;
	if (to->rx_queues == 0)
		to->rx_queues = to->workers;
	if (to->tx_queues == 0)
		to->tx_queues = to->workers;
	if (to->flows == 0)
		to->flows = 4096;
	if (to->tx_ring == 0)
		to->tx_ring = 8192;
	if (to->client_mtu_bytes == 0)
		to->client_mtu_bytes = 1500;
	if (to->tsc_hz == 0)
		to->tsc_hz = rte_get_tsc_hz();
	if (to->workers > RIG_WORKERS_MAX)
		abort();
}

void
rig_open(struct rig *rig, const struct rig_options *options)
{
	static unsigned number;
	char name[32];

	memset(rig, 0, sizeof(*rig));
	options_fill(&rig->options, options);
	snprintf(name, sizeof(name), "rig%u_pool", number++);
	rig->pool = need(rte_pktmbuf_pool_create(name, RIG_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
						 SOCKET_ID_ANY),
			 "pool");
	rig->pool_count = rte_mempool_avail_count(rig->pool);
	rig->stats =
		need(aligned_alloc(64, rig->options.workers * sizeof(*rig->stats)), "statistics");
	memset(rig->stats, 0, rig->options.workers * sizeof(*rig->stats));
	rig->sent = need(malloc(RIG_SENT_MAX * sizeof(*rig->sent)), "room for sent frames");
	rig->probes = ring_make("probes", 0, 0, WORKER_PROBE_RING, 0);
	rig->probe_results = need(rte_ring_create_elem("rig_results", sizeof(struct probe_result),
						       WORKER_PROBE_RING, SOCKET_ID_ANY, 0),
				  "ring of probe results");
	limit_table_init(
		&rig->limit,
		need(aligned_alloc(64, RIG_LIMIT_SETS * sizeof(struct limit_set)), "limits"),
		RIG_LIMIT_SETS);
	memset(rig->limit.sets, 0, RIG_LIMIT_SETS * sizeof(struct limit_set));
	interfaces_make(rig);
	for (uint32_t i = 0; i < rig->options.workers; i++)
		rig->workers[i] = worker_make(rig, i);
	owners_init(&rig->owners, rig->options.workers);
	rig_publish(rig, pipeline_snapshot_new());
}

static void
interfaces_close(struct rig *rig)
{
	for (unsigned interface = 0; interface < RIG_INTERFACE_COUNT; interface++) {
		char name[RTE_ETH_NAME_MAX_LEN];

		if (rte_eth_dev_get_name_by_port(rig->interfaces[interface].ethdev, name) != 0)
			need(NULL, "name of an interface");
		rte_eth_dev_stop(rig->interfaces[interface].ethdev);
		rte_vdev_uninit(name);
		for (unsigned q = 0; q < rig->options.rx_queues; q++)
			rte_ring_free(rig->rx[interface][q]);
		for (unsigned q = 0; q < rig->options.tx_queues; q++)
			rte_ring_free(rig->tx[interface][q]);
	}
}

void
rig_close(struct rig *rig)
{
	interfaces_close(rig);
	for (uint32_t i = 0; i < rig->options.workers; i++) {
		struct worker *w = rig->workers[i];

		rte_ring_free(w->inbox);
		rte_ring_free(w->outbox);
		free(w->flows.flows);
		free(w);
	}
	rte_ring_free(rig->probes);
	rte_ring_free(rig->probe_results);
	view_free(rig->view);
	free(rig->limit.sets);
	free(rig->sent);
	free(rig->stats);
	rig_unpoison(rig);
	rte_mempool_free(rig->pool);
}

struct view *
rig_view_make(struct rig *rig, struct snapshot *snapshot)
{
	struct view *view;
	const char *why;

	snapshot_seal(snapshot);
	if (snapshot_validate(snapshot, snapshot->size_bytes, &why) != 0) {
		fprintf(stderr, "rig: snapshot refused: %s\n", why);
		abort();
	}
	if (view_make(snapshot, &rig->owners, rig->options.tsc_hz, &view) != 0)
		abort();
	return view;
}

void
rig_publish(struct rig *rig, struct snapshot *snapshot)
{
	struct view *view = NULL, *old = rig->view;

	if (snapshot != NULL) {
		pipeline_snapshot_tidy(snapshot);
		view = rig_view_make(rig, snapshot);
	}
	/* No worker is in a turn now: a single thread needs no RCU. */
	__atomic_store_n(&rig->view, view, __ATOMIC_RELEASE);
	view_free(old);
}
