/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens, starts and closes the interfaces.
 * Runs:  the main thread, at start and at the end. */
#include "dataplane/port/port.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sodium.h>

#include "dataplane/lib/log.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/port/driver.h"
#include "dataplane/port/steer.h"

#define POOL_CACHE	  256
#define POOL_SPARE	  4096
#define XDP_DESCRIPTORS	  2048 /* the driver's fill ring always takes as many buffers */
#define XDP_HEADROOM	  256  /* the kernel's, in front of each packet */
#define FRAME_OVERHEAD	  (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)
#define RSS_KEY_BYTES_MAX 64

uint32_t
interface_queue_worker(uint32_t interface, uint32_t queue, uint32_t queue_count,
		       uint32_t worker_count)
{
	return (queue_count >= worker_count ? queue : interface + queue) % worker_count;
}

struct interface_path
interface_path(uint32_t interface, uint32_t worker, uint32_t queue_count, uint32_t worker_count)
{
	uint32_t queue = worker;

	if (queue_count < worker_count)
		queue = (worker + worker_count - interface % worker_count) % worker_count;
	if (queue < queue_count)
		return (struct interface_path){.queue = (uint16_t)queue,
					       .through = (uint16_t)worker};
	return (struct interface_path){
		.queue = WORKER_NO_QUEUE,
		.through = (uint16_t)interface_queue_worker(interface, queue % queue_count,
							    queue_count, worker_count),
	};
}

uint32_t
interfaces_buffer_count(const struct interfaces *interfaces, uint32_t worker_count)
{
	/* Per worker: a mempool cache (which may hold one and a half times its size), the burst in
	 * process, and the packets to send on each interface. The main thread has a cache as
	 * well. */
	uint32_t count = POOL_SPARE + (worker_count + 1) * (POOL_CACHE * 3 / 2) +
			 worker_count * (BURST_MAX + interfaces->count * 2 * BURST_MAX);

	if (worker_count > 1)
		count += worker_count * 2 * WORKER_RING_SIZE; /* inbox, outbox */
	/* Per queue: empty or filled receive descriptors, packets to send, packets sent and not yet
	 * freed. */
	for (uint32_t p = 0; p < interfaces->count; p++)
		count += interfaces->interface[p].queue_count *
			 interfaces->interface[p].descriptor_count * 3u;
	return count;
}

/* ---- opening ---- */

static uint16_t
kernel_mtu(const char *name)
{
	struct ifreq request = {.ifr_mtu = 0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFMTU, &request) < 0)
		request.ifr_mtu = 0;
	close(fd);
	return (uint16_t)RTE_MIN(request.ifr_mtu, UINT16_MAX);
}

/* Reads the properties of the interface; changes nothing. */
static int
interface_query(struct interface *interface, uint32_t worker_count, struct rte_eth_dev_info *device)
{
	char device_name[RTE_ETH_NAME_MAX_LEN];
	struct rte_ether_addr mac;
	int status = rte_eth_dev_info_get(interface->ethdev, device);

	if (status == 0)
		status = rte_eth_macaddr_get(interface->ethdev, &mac);
	if (status == 0)
		status = rte_eth_dev_get_name_by_port(interface->ethdev, device_name);
	if (status == 0)
		status = rte_eth_dev_get_mtu(interface->ethdev, &interface->mtu_bytes);
	if (status != 0) {
		log_line("DPDK device %u: cannot query the device: %s", interface->ethdev,
			 strerror(-status));
		return status;
	}
	memcpy(interface->mac.bytes, mac.addr_bytes, sizeof(interface->mac.bytes));
	interface->ifindex = device->if_index;
	if (interface->ifindex == 0 || if_indextoname(interface->ifindex, interface->name) == NULL)
		snprintf(interface->name, sizeof(interface->name), "%.31s", device_name);
	interface->is_xdp = strcmp(device->driver_name, "net_af_xdp") == 0;
	interface->queue_count = RTE_MIN(device->max_rx_queues, device->max_tx_queues);
	/* All AF_XDP queues are used: the NIC delivers to each of them, and packets on a queue that
	 * no worker polls would be lost. */
	if (!interface->is_xdp)
		interface->queue_count = (uint16_t)RTE_MIN(interface->queue_count, worker_count);
	if (interface->queue_count == 0) {
		log_line("interface %s has no pair of receive and transmit queues",
			 interface->name);
		return -EINVAL;
	}
	interface->descriptor_count =
		interface->is_xdp ? XDP_DESCRIPTORS : driver_descriptors(device);
	if (!interface->is_xdp)
		return 0;
	interface->mtu_bytes = kernel_mtu(interface->name);
	if (interface->mtu_bytes < RTE_ETHER_MIN_MTU || interface->mtu_bytes > device->max_mtu) {
		log_line("interface %s: AF_XDP is limited to an MTU of %u bytes; it has %u: run "
			 "`ip link set %s mtu 1500`",
			 interface->name, device->max_mtu, interface->mtu_bytes, interface->name);
		return -EINVAL;
	}
	return 0;
}

static int
interface_configure(struct interface *interface, const struct rte_eth_dev_info *device)
{
	static uint8_t key[RSS_KEY_BYTES_MAX];
	const uint64_t spread = (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & device->flow_type_rss_offloads;
	struct rte_eth_conf configuration = {
		.rxmode.mtu = interface->mtu_bytes,
		/* FAST_FREE needs packets of one pool with a reference count of 1. All packets are
		 * from interfaces->pool, and responses to several clients are copies. */
		.txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE & device->tx_offload_capa,
	};

	if (driver_checks(device))
		configuration.rxmode.offloads =
			(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM) &
			device->rx_offload_capa;
	interface->checks_ip = configuration.rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	interface->checks_udp = configuration.rxmode.offloads & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	if (interface->queue_count > 1 && spread != 0) {
		configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		configuration.rx_adv_conf.rss_conf.rss_hf = spread;
		/* With a well-known key a client could choose the worker of its queries, which
		 * narrows down the source ports of these. */
		if (device->hash_key_size > 0 && device->hash_key_size <= sizeof(key)) {
			randombytes_buf(key, sizeof(key));
			configuration.rx_adv_conf.rss_conf.rss_key = key;
			configuration.rx_adv_conf.rss_conf.rss_key_len = device->hash_key_size;
		}
	}
	return rte_eth_dev_configure(interface->ethdev, interface->queue_count,
				     interface->queue_count, &configuration);
}

static int
interface_start(struct interface *interface, struct rte_mempool *pool,
		const struct rte_eth_dev_info *device)
{
	const unsigned node = (unsigned)RTE_MAX(rte_eth_dev_socket_id(interface->ethdev), 0);
	uint16_t rx = interface->descriptor_count, tx = interface->descriptor_count;
	int status = interface_configure(interface, device);

	if (status == 0)
		status = rte_eth_dev_adjust_nb_rx_tx_desc(interface->ethdev, &rx, &tx);
	for (uint16_t q = 0; q < interface->queue_count && status == 0; q++) {
		const struct rte_eth_rxconf rx_conf = driver_rx(device, rx);
		const struct rte_eth_txconf tx_conf = driver_tx(device, tx);

		status = rte_eth_rx_queue_setup(interface->ethdev, q, rx, node, &rx_conf, pool);
		if (status == 0)
			status = rte_eth_tx_queue_setup(interface->ethdev, q, tx, node, &tx_conf);
	}
	if (status == 0)
		status = rte_eth_dev_start(interface->ethdev);
	if (status != 0)
		log_line("interface %s did not start (%s): see DPDK's messages above; with AF_XDP, "
			 "check `ulimit -l` or CAP_IPC_LOCK, the queues and MTU of a veth's peer, "
			 "and `ip link show %s`",
			 interface->name, strerror(-status), interface->name);
	return status;
}

static int
pool_make(struct interfaces *interfaces, uint32_t worker_count)
{
	const uint32_t count = interfaces_buffer_count(interfaces, worker_count);
	uint32_t room = RTE_MBUF_DEFAULT_DATAROOM;

	for (uint32_t p = 0; p < interfaces->count; p++)
		room = RTE_MAX(room,
			       interfaces->interface[p].mtu_bytes + FRAME_OVERHEAD + XDP_HEADROOM);
	interfaces->pool = rte_pktmbuf_pool_create(
		"packets", count, POOL_CACHE, 0,
		(uint16_t)RTE_MIN(room + RTE_PKTMBUF_HEADROOM, UINT16_MAX), SOCKET_ID_ANY);
	if (interfaces->pool == NULL) {
		log_line("no memory for %u packet buffers (%s): raise dataplane.memory_mb", count,
			 rte_strerror(rte_errno));
		return -ENOMEM;
	}
	/* The driver maps only the pool's first chunk of memory. */
	for (uint32_t p = 0; p < interfaces->count; p++)
		if (interfaces->interface[p].is_xdp && interfaces->pool->nb_mem_chunks != 1) {
			log_line("the packet buffers are in %u chunks of memory; AF_XDP needs one: "
				 "raise dataplane.memory_mb",
				 interfaces->pool->nb_mem_chunks);
			return -ENOMEM;
		}
	return 0;
}

/* Checks that the driver opened every AF_XDP interface of the command line. */
static int
interfaces_check(const struct interfaces *interfaces, const struct args *args)
{
	for (uint32_t i = 0; i < args->xdp_count; i++) {
		bool is_there = false;

		for (uint32_t p = 0; p < interfaces->count; p++)
			is_there |= interfaces->interface[p].is_xdp &&
				    strcmp(interfaces->interface[p].name, args->xdp[i]) == 0;
		if (!is_there) {
			log_line("DPDK's AF_XDP driver refused interface %s: see its messages "
				 "above; its queues are limited to what `ethtool -l %s` lists as "
				 "combined, and to 1 if it lists none",
				 args->xdp[i], args->xdp[i]);
			return -ENODEV;
		}
	}
	if (interfaces->count == 0) {
		log_line("no interfaces: set dataplane.interfaces, or pass a --vdev to EAL");
		return -ENODEV;
	}
	return 0;
}

int
interfaces_open(struct interfaces *interfaces, const struct args *args, uint32_t worker_count)
{
	struct rte_eth_dev_info devices[SNAPSHOT_INTERFACES_MAX];
	uint16_t ethdev;
	int status = 0;

	memset(interfaces, 0, sizeof(*interfaces));
	RTE_ETH_FOREACH_DEV (ethdev) {
		if (interfaces->count == SNAPSHOT_INTERFACES_MAX) {
			log_line("more than %u interfaces", SNAPSHOT_INTERFACES_MAX);
			status = -E2BIG;
			break;
		}
		interfaces->interface[interfaces->count++].ethdev = ethdev;
	}
	for (uint32_t p = 0; p < interfaces->count && status == 0; p++)
		status = interface_query(&interfaces->interface[p], worker_count, &devices[p]);
	if (status == 0)
		status = interfaces_check(interfaces, args);
	if (status == 0)
		status = pool_make(interfaces, worker_count);
	for (uint32_t p = 0; p < interfaces->count && status == 0; p++)
		status = interface_start(&interfaces->interface[p], interfaces->pool, &devices[p]);
	if (status != 0)
		interfaces_close(interfaces);
	return status;
}

/* The AF_XDP driver always reports "up", so kernel interfaces are asked for their flags instead. */
static bool
link_is_up(const struct interface *interface, int socket_fd)
{
	struct ifreq request = {.ifr_flags = 0};
	struct rte_eth_link link;

	if (interface->ifindex == 0)
		return rte_eth_link_get_nowait(interface->ethdev, &link) == 0 &&
		       link.link_status == RTE_ETH_LINK_UP;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface->name);
	return ioctl(socket_fd, SIOCGIFFLAGS, &request) == 0 &&
	       (request.ifr_flags & IFF_RUNNING) != 0;
}

void
interfaces_measure(const struct interfaces *interfaces, struct stats_header *header)
{
	const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	header->interface_count = interfaces->count;
	for (uint32_t p = 0; p < interfaces->count; p++) {
		const struct interface *interface = &interfaces->interface[p];
		struct interface_stats *out = &header->interfaces[p];
		struct rte_eth_stats counted;

		memcpy(out->name, interface->name, sizeof(out->name));
		if (rte_eth_stats_get(interface->ethdev, &counted) == 0) {
			out->received = counted.ipackets;
			out->sent = counted.opackets;
			out->missed = counted.imissed;
			out->no_buffers = counted.rx_nombuf;
			out->bad = counted.ierrors;
			out->send_errors = counted.oerrors;
		}
		/* Without a socket the last value stays. */
		if (socket_fd >= 0 || interface->ifindex == 0)
			out->link_up = link_is_up(interface, socket_fd);
	}
	if (socket_fd >= 0)
		close(socket_fd);
}

void
interfaces_close(struct interfaces *interfaces)
{
	for (uint32_t p = 0; p < interfaces->count; p++) {
		const struct interface *interface = &interfaces->interface[p];

		rte_eth_dev_stop(interface->ethdev);
		/* The AF_XDP driver detaches whatever program is attached. */
		if (interface->ifindex != 0 && !steer_closable(interface->ifindex)) {
			log_line("interface %s now carries an XDP program that is not ours: not "
				 "detached",
				 interface->name);
			interfaces->abandoned = true;
			continue;
		}
		rte_eth_dev_close(interface->ethdev);
	}
	if (!interfaces->abandoned)
		rte_mempool_free(interfaces->pool);
	interfaces->count = 0;
}
