/* SPDX-License-Identifier: BSD-3-Clause */
/* The way to one upstream: its route, the next hop's MAC, and when to make the kernel verify it.
 * Pure: what the kernel said and the time are arguments.
 *
 * A MAC once known is kept while the kernel resolves again: entries expire and are flushed although
 * the machine behind them lives, and to stop sending in that moment would lose queries. It is given
 * up when the kernel has failed to resolve it twice in a row, or when the route leads elsewhere. */
#ifndef EPHEMERA_CONTROL_KERNEL_NEXT_HOP_H
#define EPHEMERA_CONTROL_KERNEL_NEXT_HOP_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"
#include "control/kernel/netlink.h"

#define NEXT_HOP_USE_EVERY_NS UINT64_C(10000000000) /* of one that is resolved */
#define NEXT_HOP_USE_AT_MOST_NS                                                                    \
	UINT64_C(1000000000) /* of one that is not: the kernel tries for three seconds */
#define NEXT_HOP_VERIFY_AT_MOST_NS                                                                 \
	UINT64_C(5000000000) /* the kernel needs three seconds to find out */
#define NEXT_HOP_FAILURES_ENOUGH 2

struct next_hop {
	struct address upstream;
	int route_status; /* 0 or -errno: why there is no route */
	struct netlink_route route;
	int interface_index; /* of the dataplane; -1: the route's interface is none of its ports */
	int port_index_last; /* the last one that was not -1; 0 before */
	bool mac_known;
	struct mac mac;
	bool fixed;	   /* the kernel's entry is an operator's: it is never verified */
	unsigned failures; /* in a row */
	uint64_t used_ns;  /* when the kernel was last made to use it; 0: never */
	uint64_t use_due_ns;
	uint64_t verified_ns; /* when the kernel was last made to verify it; 0: never */
};

void next_hop_init(struct next_hop *hop, const struct address *upstream);

/* True if queries can be sent: a route, one of the dataplane's ports, and a MAC. */
bool next_hop_resolved(const struct next_hop *hop);

/* Takes the response to the question for the route (`route` is read if status is 0) and the
 * dataplane's port with that interface. True if the next hop is another one now: its neighbour is
 * to be asked for. */
bool next_hop_take_route(struct next_hop *hop, int status, const struct netlink_route *route,
			 int interface_index, uint64_t now_ns);

/* True if the neighbour is this next hop. */
bool next_hop_is(const struct next_hop *hop, const struct netlink_neighbour *neighbour);

/* Takes what the kernel knows of the next hop. */
void next_hop_take_neighbour(struct next_hop *hop, const struct netlink_neighbour *neighbour,
			     uint64_t now_ns);

/* Something sent there was not answered: true if the kernel is to verify the MAC now, and then it
 * counts as done. What is asked of it without success costs three small packets; what it finds is
 * that the next hop has another MAC, long before the entry would have run out. */
bool next_hop_suspect(struct next_hop *hop, uint64_t now_ns);

/* The kernel was made to use it. */
void next_hop_used(struct next_hop *hop, uint64_t now_ns);

#endif
