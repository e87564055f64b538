/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens, starts and closes the ports.
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

#include "dataplane/port/driver.h"
#include "dataplane/lib/log.h"
#include "dataplane/port/steer.h"
#include "dataplane/pipeline/worker.h"

#define POOL_CACHE	  256
#define POOL_SPARE	  4096
#define XDP_DESCRIPTORS	  2048 /* the driver's fill ring gets as many buffers, whatever the ring's size */
#define XDP_HEADROOM	  256  /* of the kernel, in front of each packet */
#define FRAME_OVERHEAD	  (RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 2 * RTE_VLAN_HLEN)
#define RSS_KEY_BYTES_MAX 64

uint32_t
port_queue_worker(uint32_t port, uint32_t queue, uint32_t queue_count, uint32_t worker_count)
{
	return (queue_count >= worker_count ? queue : port + queue) % worker_count;
}

struct port_way
port_way(uint32_t port, uint32_t worker, uint32_t queue_count, uint32_t worker_count)
{
	uint32_t queue = worker;

	if (queue_count < worker_count)
		queue = (worker + worker_count - port % worker_count) % worker_count;
	if (queue < queue_count)
		return (struct port_way){.queue = (uint16_t)queue, .through = (uint16_t)worker};
	return (struct port_way){
		.queue = WORKER_NO_QUEUE,
		.through = (uint16_t)port_queue_worker(port, queue % queue_count, queue_count, worker_count),
	};
}

uint32_t
ports_buffer_count(const struct ports *ports, uint32_t worker_count)
{
	/* Each worker: a cache (half as much again at the most), a batch in hand, packets gathered for each
	 * port. */
	uint32_t count = POOL_SPARE + (worker_count + 1) * (POOL_CACHE * 3 / 2) +
			 worker_count * (BATCH_MAX + ports->count * 2 * BATCH_MAX);

	if (worker_count > 1)
		count += worker_count * 2 * WORKER_RING_SIZE; /* inbox, outbox */
	/* Each queue: waiting to be received, waiting to be sent, sent and not yet given back. */
	for (uint32_t p = 0; p < ports->count; p++)
		count += ports->port[p].queue_count * ports->port[p].descriptor_count * 3u;
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

/* Learns what the port is, without changing it. */
static int
port_look(struct port *port, uint32_t worker_count, struct rte_eth_dev_info *device)
{
	char device_name[RTE_ETH_NAME_MAX_LEN];
	struct rte_ether_addr mac;
	int status = rte_eth_dev_info_get(port->ethdev, device);

	if (status == 0)
		status = rte_eth_macaddr_get(port->ethdev, &mac);
	if (status == 0)
		status = rte_eth_dev_get_name_by_port(port->ethdev, device_name);
	if (status == 0)
		status = rte_eth_dev_get_mtu(port->ethdev, &port->mtu_bytes);
	if (status != 0) {
		report("port %u: cannot be looked at: %s", port->ethdev, strerror(-status));
		return status;
	}
	memcpy(port->mac.bytes, mac.addr_bytes, sizeof(port->mac.bytes));
	port->ifindex = device->if_index;
	if (port->ifindex == 0 || if_indextoname(port->ifindex, port->name) == NULL)
		snprintf(port->name, sizeof(port->name), "%.31s", device_name);
	port->is_xdp = strcmp(device->driver_name, "net_af_xdp") == 0;
	port->queue_count = RTE_MIN(device->max_rx_queues, device->max_tx_queues);
	/* An AF_XDP queue that nobody polls would lose what the NIC puts there, so all of them are. */
	if (!port->is_xdp)
		port->queue_count = (uint16_t)RTE_MIN(port->queue_count, worker_count);
	if (port->queue_count == 0) {
		report("port %s has no pair of queues", port->name);
		return -EINVAL;
	}
	port->descriptor_count = port->is_xdp ? XDP_DESCRIPTORS : driver_descriptors(device);
	if (!port->is_xdp)
		return 0;
	port->mtu_bytes = kernel_mtu(port->name);
	if (port->mtu_bytes < RTE_ETHER_MIN_MTU || port->mtu_bytes > device->max_mtu) {
		report("interface %s has an MTU of %u bytes, and AF_XDP takes at most %u: "
		       "`ip link set %s mtu 1500`",
		       port->name, port->mtu_bytes, device->max_mtu, port->name);
		return -EINVAL;
	}
	return 0;
}

static int
port_configure(struct port *port, const struct rte_eth_dev_info *device)
{
	static uint8_t key[RSS_KEY_BYTES_MAX];
	const uint64_t spread = (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & device->flow_type_rss_offloads;
	struct rte_eth_conf configuration = {
		.rxmode.mtu = port->mtu_bytes,
		/* All packets are of one pool, those made here as well as those handed over by other workers,
		 * and none is ever referred to twice: copies for several clients are copies. */
		.txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE & device->tx_offload_capa,
	};

	if (driver_checks(device))
		configuration.rxmode.offloads =
			(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM) &
			device->rx_offload_capa;
	port->checks_ip = configuration.rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	port->checks_udp = configuration.rxmode.offloads & RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	if (port->queue_count > 1 && spread != 0) {
		configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		configuration.rx_adv_conf.rss_conf.rss_hf = spread;
		/* With the well-known key a client could choose its worker, and so narrow down its ports. */
		if (device->hash_key_size > 0 && device->hash_key_size <= sizeof(key)) {
			randombytes_buf(key, sizeof(key));
			configuration.rx_adv_conf.rss_conf.rss_key = key;
			configuration.rx_adv_conf.rss_conf.rss_key_len = device->hash_key_size;
		}
	}
	return rte_eth_dev_configure(port->ethdev, port->queue_count, port->queue_count, &configuration);
}

static int
port_start(struct port *port, struct rte_mempool *pool, const struct rte_eth_dev_info *device)
{
	const unsigned node = (unsigned)RTE_MAX(rte_eth_dev_socket_id(port->ethdev), 0);
	uint16_t rx = port->descriptor_count, tx = port->descriptor_count;
	int status = port_configure(port, device);

	if (status == 0)
		status = rte_eth_dev_adjust_nb_rx_tx_desc(port->ethdev, &rx, &tx);
	for (uint16_t q = 0; q < port->queue_count && status == 0; q++) {
		const struct rte_eth_rxconf rx_conf = driver_rx(device, rx);
		const struct rte_eth_txconf tx_conf = driver_tx(device, tx);

		status = rte_eth_rx_queue_setup(port->ethdev, q, rx, node, &rx_conf, pool);
		if (status == 0)
			status = rte_eth_tx_queue_setup(port->ethdev, q, tx, node, &tx_conf);
	}
	if (status == 0)
		status = rte_eth_dev_start(port->ethdev);
	if (status != 0)
		report("port %s did not start (%s): DPDK's lines above say why; with AF_XDP, look at `ulimit "
		       "-l` "
		       "or CAP_IPC_LOCK, at the peer's queues and MTU, and at `ip link show %s`",
		       port->name, strerror(-status), port->name);
	return status;
}

static int
pool_make(struct ports *ports, uint32_t worker_count)
{
	const uint32_t count = ports_buffer_count(ports, worker_count);
	uint32_t room = RTE_MBUF_DEFAULT_DATAROOM;

	for (uint32_t p = 0; p < ports->count; p++)
		room = RTE_MAX(room, ports->port[p].mtu_bytes + FRAME_OVERHEAD + XDP_HEADROOM);
	ports->pool = rte_pktmbuf_pool_create("packets", count, POOL_CACHE, 0,
					      (uint16_t)RTE_MIN(room + RTE_PKTMBUF_HEADROOM, UINT16_MAX),
					      SOCKET_ID_ANY);
	if (ports->pool == NULL) {
		report("no memory for %u packet buffers (%s): give more with -m", count,
		       rte_strerror(rte_errno));
		return -ENOMEM;
	}
	/* The driver maps the pool's first piece of memory as the whole of it. */
	for (uint32_t p = 0; p < ports->count; p++)
		if (ports->port[p].is_xdp && ports->pool->nb_mem_chunks != 1) {
			report("the packet buffers lie in %u pieces of memory, and AF_XDP needs one: give "
			       "more with -m",
			       ports->pool->nb_mem_chunks);
			return -ENOMEM;
		}
	return 0;
}

/* Did the driver make a port of every interface that was asked for? */
static int
interfaces_check(const struct ports *ports, const struct args *args)
{
	for (uint32_t i = 0; i < args->xdp_count; i++) {
		bool is_there = false;

		for (uint32_t p = 0; p < ports->count; p++)
			is_there |= ports->port[p].is_xdp && strcmp(ports->port[p].name, args->xdp[i]) == 0;
		if (!is_there) {
			report("DPDK's AF_XDP driver refused interface %s: its lines above say why; "
			       "queue_count may be at most "
			       "what `ethtool -l %s` calls combined, and 1 where it has none",
			       args->xdp[i], args->xdp[i]);
			return -ENODEV;
		}
	}
	if (ports->count == 0) {
		report("no ports: name some in the configuration, or give EAL a --vdev");
		return -ENODEV;
	}
	return 0;
}

int
ports_open(struct ports *ports, const struct args *args, uint32_t worker_count)
{
	struct rte_eth_dev_info devices[SNAPSHOT_PORTS_MAX];
	uint16_t ethdev;
	int status = 0;

	memset(ports, 0, sizeof(*ports));
	RTE_ETH_FOREACH_DEV (ethdev) {
		if (ports->count == SNAPSHOT_PORTS_MAX) {
			report("more than %u ports", SNAPSHOT_PORTS_MAX);
			status = -E2BIG;
			break;
		}
		ports->port[ports->count++].ethdev = ethdev;
	}
	for (uint32_t p = 0; p < ports->count && status == 0; p++)
		status = port_look(&ports->port[p], worker_count, &devices[p]);
	if (status == 0)
		status = interfaces_check(ports, args);
	if (status == 0)
		status = pool_make(ports, worker_count);
	for (uint32_t p = 0; p < ports->count && status == 0; p++)
		status = port_start(&ports->port[p], ports->pool, &devices[p]);
	if (status != 0)
		ports_close(ports);
	return status;
}

/* The driver of AF_XDP ports says "up" whatever the link does: there the kernel is asked. */
static bool
link_is_up(const struct port *port, int socket_fd)
{
	struct ifreq request = {.ifr_flags = 0};
	struct rte_eth_link link;

	if (port->ifindex == 0)
		return rte_eth_link_get_nowait(port->ethdev, &link) == 0 &&
		       link.link_status == RTE_ETH_LINK_UP;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", port->name);
	return ioctl(socket_fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

void
ports_measure(const struct ports *ports, struct stats_header *header)
{
	const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	header->port_count = ports->count;
	for (uint32_t p = 0; p < ports->count; p++) {
		const struct port *port = &ports->port[p];
		struct machine_port_stats *out = &header->ports[p];
		struct rte_eth_stats counted;

		memcpy(out->name, port->name, sizeof(out->name));
		if (rte_eth_stats_get(port->ethdev, &counted) == 0) {
			out->received = counted.ipackets;
			out->sent = counted.opackets;
			out->missed = counted.imissed;
			out->no_buffers = counted.rx_nombuf;
			out->bad = counted.ierrors;
			out->send_errors = counted.oerrors;
		}
		if (socket_fd >= 0 || port->ifindex == 0) /* who can't ask says what he said last */
			out->link_up = link_is_up(port, socket_fd);
	}
	if (socket_fd >= 0)
		close(socket_fd);
}

void
ports_close(struct ports *ports)
{
	for (uint32_t p = 0; p < ports->count; p++) {
		const struct port *port = &ports->port[p];

		rte_eth_dev_stop(port->ethdev);
		/* The AF_XDP driver detaches whatever program is there. */
		if (port->ifindex != 0 && !steer_closable(port->ifindex)) {
			report("interface %s carries somebody else's XDP program now: left alone",
			       port->name);
			ports->abandoned = true;
			continue;
		}
		rte_eth_dev_close(port->ethdev);
	}
	if (!ports->abandoned)
		rte_mempool_free(ports->pool);
	ports->count = 0;
}
