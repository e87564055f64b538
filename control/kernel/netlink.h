/* SPDX-License-Identifier: BSD-3-Clause */
/* What control asks the kernel about routes and neighbours, and hears from it (rtnetlink(7),
 * through libmnl).
 *
 * Two sockets: one for questions, which the kernel answers before the call that asks returns, so
 * that reading the response never waits; and one for events. Nothing here needs a capability. */
#ifndef EPHEMERA_CONTROL_KERNEL_NETLINK_H
#define EPHEMERA_CONTROL_KERNEL_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"

struct mnl_socket;

struct netlink {
	struct mnl_socket *questions, *events;
	uint32_t sequence;
};

struct netlink_route {
	uint32_t ifindex;
	struct address next_hop; /* the destination itself where it is on the link */
};

struct netlink_neighbour {
	uint32_t ifindex;
	struct address address;
	uint16_t state; /* NUD_... of linux/neighbour.h; 0 when `gone` */
	bool gone;	/* the kernel has no entry (any more) */
	bool mac_known;
	struct mac mac;
};

struct netlink_listener {
	void (*neighbour)(void *owner, const struct netlink_neighbour *neighbour);
	void (*routes)(void *owner); /* a link, an address, a route or a rule changed */
	void *owner;
};

/* 0 or -errno. */
int netlink_open(struct netlink *netlink);
void netlink_close(struct netlink *netlink);

/* The descriptor to wait on for events. */
int netlink_events_fd(const struct netlink *netlink);

/* Reads one burst of events and calls `listener` for each. 0; -EAGAIN: there are none; -ENOBUFS:
 * some were lost, ask again for everything; or another -errno. */
int netlink_events_read(struct netlink *netlink, const struct netlink_listener *listener);

/* The route that a packet of this machine to `destination` takes now. 0; -EADDRNOTAVAIL: the
 * address is the machine's own, or not one host's; -ENETUNREACH and the like as the kernel has
 * it. */
int netlink_route_get(struct netlink *netlink, const struct address *destination,
		      struct netlink_route *route);

/* The kernel's entry for a neighbour; `gone` when it has none. 0 or -errno. */
int netlink_neighbour_get(struct netlink *netlink, uint32_t ifindex, const struct address *address,
			  struct netlink_neighbour *neighbour);

#endif
