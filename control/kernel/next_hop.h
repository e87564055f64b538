/* SPDX-License-Identifier: BSD-3-Clause */
/* The path to one upstream: its route, the next hop's MAC, and when to make the kernel verify it.
 * Pure: the kernel's messages and the time are arguments.
 *
 * A known MAC is kept while the kernel resolves it again: entries expire and are flushed although
 * the next hop works, and queries would be lost if sending stopped then. It is dropped when the
 * kernel failed to resolve it twice in a row, or when the route changes to another next hop. */
#ifndef EPHEMERA_CONTROL_KERNEL_NEXT_HOP_H
#define EPHEMERA_CONTROL_KERNEL_NEXT_HOP_H

#include <stdbool.h>
#include <stdint.h>

#include "control/kernel/netlink.h"
#include "dataplane/shared/wire.h"

#define NEXT_HOP_USE_EVERY_NS	   UINT64_C(10000000000) /* if resolved */
#define NEXT_HOP_USE_AT_MOST_NS	   UINT64_C(1000000000)	 /* if not; the kernel tries for 3 s */
#define NEXT_HOP_VERIFY_AT_MOST_NS UINT64_C(5000000000)	 /* the kernel takes 3 s to fail */
#define NEXT_HOP_FAILURES_ENOUGH   2

struct next_hop {
	struct address upstream;
	int route_status; /* 0 or -errno: why there is no route */
	struct netlink_route route;
	int interface_index;	  /* of the route's interface in the dataplane; -1: not there */
	int interface_index_last; /* the last one that was not -1; 0 at first */
	bool mac_known;
	struct mac mac;
	bool fixed;	   /* the kernel's entry is permanent: it is never verified */
	unsigned failures; /* in a row */
	uint64_t used_ns;  /* when the kernel was last made to use it; 0: never */
	uint64_t use_due_ns;
	uint64_t verified_ns; /* when the kernel was last made to verify it; 0: never */
};

void next_hop_init(struct next_hop *hop, const struct address *upstream);

/* True if queries can be sent: there is a route, an interface of the dataplane, and a MAC. */
bool next_hop_resolved(const struct next_hop *hop);

/* Handles the result of a route lookup (`route` is read if status is 0); `interface_index` is that
 * of the route's interface in the dataplane. True if the next hop changed: its neighbour is to be
 * looked up. */
bool next_hop_on_route(struct next_hop *hop, int status, const struct netlink_route *route,
		       int interface_index, uint64_t now_ns);

/* True if the neighbour entry is that of this next hop. */
bool next_hop_is(const struct next_hop *hop, const struct netlink_neighbour *neighbour);

/* Handles the kernel's neighbour entry of the next hop. */
void next_hop_on_neighbour(struct next_hop *hop, const struct netlink_neighbour *neighbour,
			   uint64_t now_ns);

/* An upstream did not respond: true if the kernel is to verify the MAC now, which is then recorded
 * as done. It costs at most three small packets, and finds a changed MAC long before the entry
 * would expire. */
bool next_hop_suspect(struct next_hop *hop, uint64_t now_ns);

/* Records that the kernel was made to use the entry. */
void next_hop_used(struct next_hop *hop, uint64_t now_ns);

#endif
