/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets the load up and takes it down. */
#include "tests/bench/load/load.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "tests/bench/load/device.h"

#define POOL_CACHE	512
#define POOL_SPARE	8192
#define ASK_EVERY_S	0.2
#define DEVICE_COUNT(o) ((o)->has_farm && (o)->farm_device != (o)->client_device ? 2u : 1u)
#define DELAY_RATE	5e6 /* the assumed rate at the farm when the rate is to be searched for */
#define DELAY_SPARE	1.25
#define CALIBRATION_NS	50000000

/* The TSC's rate, measured by the kernel's clock: EAL rounds its own figure to 10 MHz. */
static uint64_t
tsc_hz_measure(void)
{
	struct timespec from, to;
	uint64_t from_tsc, to_tsc, ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &from);
	from_tsc = rte_rdtsc();
	do {
		clock_gettime(CLOCK_MONOTONIC_RAW, &to);
		to_tsc = rte_rdtsc();
		ns = (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000 + (uint64_t)to.tv_nsec -
		     (uint64_t)from.tv_nsec;
	} while (ns < CALIBRATION_NS);
	return (uint64_t)((double)(to_tsc - from_tsc) * 1e9 / (double)ns);
}

/* Buffers for delayed responses. */
static uint32_t
delayed_count(const struct options *o)
{
	const double rate =
		o->search || o->rate == 0 ? RTE_MIN(o->search_max, DELAY_RATE) : o->rate;

	return o->has_farm ? (uint32_t)(rate * o->farm_delay_us / 1e6 * DELAY_SPARE) + 2048 : 0;
}

static int
pool_open(struct load *l, uint32_t delayed, char *why, size_t why_bytes)
{
	const struct options *o = l->options;
	uint32_t count = o->buffers;

	/* Per queue: to be received, to be sent, and sent but not yet freed. */
	if (count == 0)
		count = POOL_SPARE + delayed + DEVICE_COUNT(o) * DEVICE_DESCRIPTORS * 4;
	l->pool = rte_pktmbuf_pool_create("load", count, POOL_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
					  SOCKET_ID_ANY);
	if (l->pool != NULL)
		return 0;
	snprintf(why, why_bytes,
		 "no memory for %u packet buffers (%s): give EAL more (-m), or ask for fewer "
		 "(--buffers)",
		 count, rte_strerror(rte_errno));
	return -ENOMEM;
}

static int
devices_open(struct load *l, char *why, size_t why_bytes)
{
	const struct options *o = l->options;
	const uint16_t devices[2] = {o->client_device, o->farm_device};

	for (unsigned i = 0; i < DEVICE_COUNT(o); i++) {
		int status = -ENODEV;

		if (device_exists(devices[i]))
			status = device_open(devices[i], l->pool, why, why_bytes);
		else
			snprintf(why, why_bytes,
				 "there is no DPDK device %u: give EAL a --vdev or -a for it",
				 devices[i]);
		if (status != 0) {
			if (i > 0)
				device_close(devices[0]);
			return status;
		}
	}
	return 0;
}

static void
devices_close(struct load *l)
{
	device_close(l->options->client_device);
	if (DEVICE_COUNT(l->options) > 1)
		device_close(l->options->farm_device);
}

static int
links_wait(struct load *l, char *why, size_t why_bytes)
{
	const struct options *o = l->options;
	const uint64_t end_tsc = rte_rdtsc() + (uint64_t)(o->wait_s * (double)l->tsc_hz);

	while (!device_is_up(o->client_device) || (o->has_farm && !device_is_up(o->farm_device))) {
		if (l->stop || rte_rdtsc() > end_tsc) {
			const bool is_client = !device_is_up(o->client_device);
			char name[RTE_ETH_NAME_MAX_LEN];

			device_name(is_client ? o->client_device : o->farm_device, name);
			snprintf(why, why_bytes,
				 "interface %s has no link after %.0f s: check that its peer "
				 "is running",
				 name, o->wait_s);
			return l->stop ? -EINTR : -ENETDOWN;
		}
		rte_delay_us_sleep(1000);
	}
	return 0;
}

static void
neighbours_open(struct load *l)
{
	const struct options *o = l->options;
	const bool is_shared = o->has_farm && o->farm_device == o->client_device;
	struct neighbours *farm = is_shared ? &l->client_side : &l->farm_side;

	l->client_side = (struct neighbours){
		.device = o->client_device, .range_count = 1, .ranges = {o->clients}};
	l->client_side.own = o->has_client_mac ? o->client_mac : device_mac(o->client_device);
	if (!o->has_farm)
		return;
	if (!is_shared)
		*farm = (struct neighbours){.device = o->farm_device,
					    .own = device_mac(o->farm_device)};
	for (uint32_t i = 0; i < o->farm_count; i++)
		farm->ranges[farm->range_count++] = o->farm[i];
}

/* The destination MAC address of queries. */
static int
next_hop_find(struct load *l, struct mac *next_hop, char *why, size_t why_bytes)
{
	const struct options *o = l->options;
	const uint64_t end_tsc = rte_rdtsc() + (uint64_t)(o->wait_s * (double)l->tsc_hz);
	struct load_counters counters = {0};
	uint64_t ask_tsc = 0;

	*next_hop = o->service_mac;
	if (o->has_service_mac)
		return 0;
	l->client_side.sought = o->has_gateway ? o->gateway : o->service;
	while (!l->client_side.is_found && !l->stop) {
		struct rte_mbuf *mbufs[CLIENT_BURST];
		const uint64_t now_tsc = rte_rdtsc();
		uint16_t count;

		if (now_tsc > end_tsc) {
			snprintf(why, why_bytes,
				 "no neighbour response for the %s within %.0f s: give "
				 "--service-mac",
				 o->has_gateway ? "gateway" : "service", o->wait_s);
			return -EHOSTUNREACH;
		}
		if (now_tsc > ask_tsc) {
			neighbours_ask(&l->client_side, l->pool);
			ask_tsc = now_tsc + (uint64_t)(ASK_EVERY_S * (double)l->tsc_hz);
		}
		count = rte_eth_rx_burst(o->client_device, 0, mbufs, CLIENT_BURST);
		for (uint16_t i = 0; i < count; i++)
			if (!neighbours_handle(&l->client_side, mbufs[i], &counters))
				rte_pktmbuf_free(mbufs[i]);
	}
	*next_hop = l->client_side.found;
	return l->stop ? -EINTR : 0;
}

int
load_open(struct load *l, const struct options *o, char *why, size_t why_bytes)
{
	const uint32_t delayed = delayed_count(o);
	struct mac next_hop;
	int status;

	l->options = o;
	l->tsc_hz = tsc_hz_measure();
	status = names_open(&l->names, o, why, why_bytes);
	if (status != 0)
		return status;
	status = pool_open(l, delayed, why, why_bytes);
	if (status != 0)
		goto close_names;
	status = devices_open(l, why, why_bytes);
	if (status != 0)
		goto free_pool;
	neighbours_open(l);
	status = links_wait(l, why, why_bytes);
	if (status == 0)
		status = next_hop_find(l, &next_hop, why, why_bytes);
	if (status == 0)
		status = clients_open(&l->clients, o, &l->names, l->pool, &l->client_side.own,
				      &next_hop, l->tsc_hz, why, why_bytes);
	if (status != 0)
		goto close_devices;
	if (o->has_farm && farm_open(&l->farm, o, delayed, l->tsc_hz, &l->clients.counters) != 0) {
		snprintf(why, why_bytes,
			 "no memory for %u responses in the farm's delay: give EAL more (-m)",
			 delayed);
		status = -ENOMEM;
		goto close_clients;
	}
	return 0;

close_clients:
	clients_close(&l->clients);
close_devices:
	devices_close(l);
free_pool:
	rte_mempool_free(l->pool);
close_names:
	names_close(&l->names);
	return status;
}

void
load_close(struct load *l)
{
	if (l->options->has_farm)
		farm_close(&l->farm);
	clients_close(&l->clients);
	devices_close(l);
	rte_mempool_free(l->pool);
	names_close(&l->names);
}
