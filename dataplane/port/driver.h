/* SPDX-License-Identifier: BSD-3-Clause */
/* What DPDK's drivers are asked for. Each gives advice in its rte_eth_dev_info, and that is
 * followed, but for what is said here. All [main], at start; the tables of drivers are DPDK
 * 22.11's. */
#ifndef EPHEMERA_DATAPLANE_PORT_DRIVER_H
#define EPHEMERA_DATAPLANE_PORT_DRIVER_H

#include <stdbool.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#define DRIVER_DESCRIPTORS_MIN                                                                     \
	1024 /* of a queue, whatever is advised: what comes in while a worker is away */
#define DRIVER_DESCRIPTORS_MAX 4096 /* each takes three packet buffers */

#define DRIVER_VIRTIO_RX 64  /* packets that the driver gives out in a call, at most */
#define DRIVER_VIRTIO_TX 128 /* that a worker sends in a call, at most */

/* On PCI or in the process (net_virtio, net_virtio_user): the same queues. */
static inline bool
driver_is_virtio(const struct rte_eth_dev_info *device)
{
	return strncmp(device->driver_name, "net_virtio", strlen("net_virtio")) == 0;
}

/* Is it hardware that vouches for a checksum? A device made of software either reckons on the
 * processor that receives, or passes on what a neighbour on the same machine claims: virtio's
 * GUEST_CSUM lets packets come in whose checksum is not there yet. Where nobody asks, the other
 * side has to make it. */
static inline bool
driver_checks(const struct rte_eth_dev_info *device)
{
	return !driver_is_virtio(device) &&
	       strcmp(rte_bus_name(rte_dev_bus(device->device)), "vdev") != 0;
}

/* Descriptors of each queue. */
static inline uint16_t
driver_descriptors(const struct rte_eth_dev_info *device)
{
	const uint16_t advised =
		RTE_MAX(device->default_rxportconf.ring_size, device->default_txportconf.ring_size);

	return RTE_MIN(RTE_MAX(advised, DRIVER_DESCRIPTORS_MIN), DRIVER_DESCRIPTORS_MAX);
}

/* A share of a ring: the drivers want multiples of four, and less than the ring. */
static inline uint16_t
driver_share(uint16_t wanted, uint16_t descriptors)
{
	return (uint16_t)(RTE_MIN(wanted, descriptors / 4) & ~3);
}

/* virtio refills its ring by rx_free_thresh buffers a call, and by no more: with its default of 32,
 * and 64 taken out in each call of a burst, the ring runs dry and the other side finds no room. */
static inline struct rte_eth_rxconf
driver_rx(const struct rte_eth_dev_info *device, uint16_t descriptors)
{
	struct rte_eth_rxconf rx = device->default_rxconf;

	if (driver_is_virtio(device))
		rx.rx_free_thresh = driver_share(DRIVER_VIRTIO_RX, descriptors);
	return rx;
}

/* Likewise, sent packets are given back tx_free_thresh a call; beyond that one by one. */
static inline struct rte_eth_txconf
driver_tx(const struct rte_eth_dev_info *device, uint16_t descriptors)
{
	struct rte_eth_txconf tx = device->default_txconf;

	if (driver_is_virtio(device))
		tx.tx_free_thresh = driver_share(DRIVER_VIRTIO_TX, descriptors);
	return tx;
}

#endif
