/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings for DPDK's drivers. The defaults that a driver gives in its rte_eth_dev_info apply, with
 * the exceptions below, which were made for DPDK 22.11's drivers. All [main], at start. */
#ifndef EPHEMERA_DATAPLANE_PORT_DRIVER_H
#define EPHEMERA_DATAPLANE_PORT_DRIVER_H

#include <stdbool.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

/* Per queue. The minimum holds what arrives while a worker is not scheduled. At the maximum each
 * descriptor still takes three packet buffers. */
#define DRIVER_DESCRIPTORS_MIN 1024
#define DRIVER_DESCRIPTORS_MAX 4096

#define DRIVER_VIRTIO_RX 64  /* the most packets that the driver returns from one call */
#define DRIVER_VIRTIO_TX 128 /* the most packets that a worker sends in one call */

/* net_virtio (PCI) and net_virtio_user have the same queues. */
static inline bool
driver_is_virtio(const struct rte_eth_dev_info *device)
{
	return strncmp(device->driver_name, "net_virtio", strlen("net_virtio")) == 0;
}

/* True if hardware verifies the checksums. A software device either verifies them on the receiving
 * core, or reports what a sender on the same host claims: with virtio's GUEST_CSUM, packets arrive
 * whose checksum was never computed. Without that offload the sender has to compute it. */
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

/* A threshold for a ring: a multiple of four, at most a quarter of the ring. */
static inline uint16_t
driver_share(uint16_t wanted, uint16_t descriptors)
{
	return (uint16_t)(RTE_MIN(wanted, descriptors / 4) & ~3);
}

/* virtio refills its ring by rx_free_thresh buffers per call and no more. With its default of 32,
 * and 64 packets received per call under load, the ring runs empty and the other side drops
 * packets. */
static inline struct rte_eth_rxconf
driver_rx(const struct rte_eth_dev_info *device, uint16_t descriptors)
{
	struct rte_eth_rxconf rx = device->default_rxconf;

	if (driver_is_virtio(device))
		rx.rx_free_thresh = driver_share(DRIVER_VIRTIO_RX, descriptors);
	return rx;
}

/* Likewise, virtio frees tx_free_thresh sent packets per call, and beyond that one by one. */
static inline struct rte_eth_txconf
driver_tx(const struct rte_eth_dev_info *device, uint16_t descriptors)
{
	struct rte_eth_txconf tx = device->default_txconf;

	if (driver_is_virtio(device))
		tx.tx_free_thresh = driver_share(DRIVER_VIRTIO_TX, descriptors);
	return tx;
}

#endif
