/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens and starts interfaces (DPDK's ports). */
#include "tests/bench/load/device.h"

#include <stdio.h>

#include <rte_ethdev.h>

#include "dataplane/port/driver.h"

bool
device_exists(uint16_t device)
{
	return rte_eth_dev_is_valid_port(device);
}

int
device_open(uint16_t device, struct rte_mempool *pool, char *why, size_t why_bytes)
{
	uint16_t rx = DEVICE_DESCRIPTORS, tx = DEVICE_DESCRIPTORS;
	struct rte_eth_conf configuration = {0};
	struct rte_eth_dev_info about;
	struct rte_eth_rxconf rx_conf;
	struct rte_eth_txconf tx_conf;
	const char *what = "be looked at";
	int status = rte_eth_dev_info_get(device, &about);

	if (status == 0) {
		what = "be configured";
		/* All buffers come from one pool and have one owner. */
		configuration.txmode.offloads =
			RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE & about.tx_offload_capa;
		status = rte_eth_dev_configure(device, 1, 1, &configuration);
	}
	if (status == 0)
		status = rte_eth_dev_adjust_nb_rx_tx_desc(device, &rx, &tx);
	if (status == 0) {
		rx_conf = driver_rx(&about, rx);
		status = rte_eth_rx_queue_setup(device, 0, rx, SOCKET_ID_ANY, &rx_conf, pool);
	}
	if (status == 0) {
		tx_conf = driver_tx(&about, tx);
		status = rte_eth_tx_queue_setup(device, 0, tx, SOCKET_ID_ANY, &tx_conf);
	}
	if (status == 0) {
		what = "start";
		status = rte_eth_dev_start(device);
	}
	if (status != 0) {
		snprintf(why, why_bytes, "DPDK device %u cannot %s (%s): see DPDK's messages above",
			 device, what, rte_strerror(-status));
		return status;
	}
	/* Clients and farm may have any MAC address; not every driver has these modes. */
	rte_eth_promiscuous_enable(device);
	rte_eth_allmulticast_enable(device);
	return 0;
}

void
device_close(uint16_t device)
{
	rte_eth_dev_stop(device);
	rte_eth_dev_close(device);
}

bool
device_is_up(uint16_t device)
{
	struct rte_eth_link link;

	return rte_eth_link_get_nowait(device, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

struct mac
device_mac(uint16_t device)
{
	struct rte_ether_addr address = {0};
	struct mac mac;

	rte_eth_macaddr_get(device, &address);
	memcpy(&mac, &address, sizeof(mac));
	return mac;
}

void
device_name(uint16_t device, char *name)
{
	if (rte_eth_dev_get_name_by_port(device, name) != 0)
		snprintf(name, RTE_ETH_NAME_MAX_LEN, "%u", device);
}
