/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens interfaces and assigns their queues to workers. This folder is named after DPDK's "ports",
 * its ethdevs; the rest of the project calls them interfaces, and means UDP and TCP by "port".
 *
 * With at least as many queues as workers, worker q % workers polls queue q, and worker w sends on
 * queue w. With fewer, worker (p + q) % workers polls queue q of interface p, the other workers
 * send through that worker's outbox, and received queries are distributed to all workers
 * (fan-out). All [main]; interface_queue_worker() and interface_path() are pure. */
#ifndef EPHEMERA_DATAPLANE_PORT_PORT_H
#define EPHEMERA_DATAPLANE_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "dataplane/lib/args.h"
#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/stats.h"

struct interface {
	char name[32];		   /* the kernel's, or of the DPDK device */
	uint16_t ethdev;	   /* DPDK's port number */
	uint16_t queue_count;	   /* of receive queues, and of transmit queues */
	uint16_t descriptor_count; /* of each queue */
	uint16_t mtu_bytes;	   /* of the IP packet */
	uint32_t ifindex;	   /* 0: not a kernel interface */
	struct mac mac;
	bool is_xdp;
	bool checks_ip, checks_udp; /* the NIC verifies these checksums on receive */
};

struct interfaces {
	uint32_t count;
	struct rte_mempool *pool; /* of all packet buffers */
	bool abandoned;		  /* interfaces_close() left one open */
	struct interface interface[SNAPSHOT_INTERFACES_MAX];
};

/* How a worker sends: on a queue of its own, or through another worker's outbox. */
struct interface_path {
	uint16_t queue;	  /* or WORKER_NO_QUEUE */
	uint16_t through; /* the worker that sends */
};

/* The worker that polls queue `queue` of interface `interface`. */
uint32_t interface_queue_worker(uint32_t interface, uint32_t queue, uint32_t queue_count,
				uint32_t worker_count);

/* How worker `worker` sends on interface `interface`. */
struct interface_path interface_path(uint32_t interface, uint32_t worker, uint32_t queue_count,
				     uint32_t worker_count);

/* The packet buffers that the interfaces and workers need, so that no queue can starve another. */
uint32_t interfaces_buffer_count(const struct interfaces *interfaces, uint32_t worker_count);

/* Opens and starts every ethdev that EAL found. 0, or -errno after one line on stderr, with all of
 * them closed. */
int interfaces_open(struct interfaces *interfaces, const struct args *args, uint32_t worker_count);

/* Writes the drivers' counters and the state of the links to the header of the statistics
 * segment. */
void interfaces_measure(const struct interfaces *interfaces, struct stats_header *header);

/* Stops and closes all interfaces. An interface whose closing would detach an XDP program that is
 * not ours stays open until the process exits, and `abandoned` is set: then EAL must not be
 * cleaned up. */
void interfaces_close(struct interfaces *interfaces);

#endif
