/* SPDX-License-Identifier: BSD-3-Clause */
/* The interfaces of the machine: DPDK's ethdevs, all alike to the workers, and who polls which
 * queue.
 *
 * With at least as many queues as workers, queue q is polled by worker q % workers and worker w
 * sends on queue w. With fewer, queue q of interface p is worker (p + q) % workers', the others
 * send through that worker's outbox, and queries that arrive are dealt to all workers (fan-out).
 * All [main]; interface_queue_worker() and interface_path() are pure. */
#ifndef EPHEMERA_DATAPLANE_PORT_PORT_H
#define EPHEMERA_DATAPLANE_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "dataplane/lib/args.h"
#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/stats.h"

struct interface {
	char name[32]; /* of the interface, or of the device */
	uint16_t ethdev;
	uint16_t queue_count;	   /* receive and transmit, in pairs */
	uint16_t descriptor_count; /* of each queue */
	uint16_t mtu_bytes;	   /* of the IP packet */
	uint32_t ifindex;	   /* 0: not a kernel interface */
	struct mac mac;
	bool is_xdp;
	bool checks_ip, checks_udp; /* the NIC verifies checksums on receive */
};

struct interfaces {
	uint32_t count;
	struct rte_mempool *pool; /* of all packets */
	bool abandoned;		  /* interfaces_close() left one open */
	struct interface interface[SNAPSHOT_INTERFACES_MAX];
};

/* Where a worker sends: a queue of its own, or through another worker. */
struct interface_path {
	uint16_t queue; /* or WORKER_NO_QUEUE */
	uint16_t through;
};

/* The worker that polls queue `queue` of interface `interface`. */
uint32_t interface_queue_worker(uint32_t interface, uint32_t queue, uint32_t queue_count,
				uint32_t worker_count);

struct interface_path interface_path(uint32_t interface, uint32_t worker, uint32_t queue_count,
				     uint32_t worker_count);

/* How many packet buffers so many interfaces and workers need: no queue can starve another. */
uint32_t interfaces_buffer_count(const struct interfaces *interfaces, uint32_t worker_count);

/* Opens and starts every ethdev that EAL found. 0, or -errno after one line on stderr, with all
 * closed. */
int interfaces_open(struct interfaces *interfaces, const struct args *args, uint32_t worker_count);

/* Writes what the drivers count, and whether links are up, to the header of the statistics
 * segment. */
void interfaces_measure(const struct interfaces *interfaces, struct stats_header *header);

/* Stops and closes all. A interface whose closing would detach somebody else's XDP program is left
 * to the end of the process, and `abandoned` says so: EAL must not be cleaned up then. */
void interfaces_close(struct interfaces *interfaces);

#endif
