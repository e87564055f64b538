/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries about routes and neighbours to the kernel, and its events (rtnetlink(7), with libmnl).
 *
 * Two sockets: one for requests, which the kernel handles during the send call, so that reading the
 * response never blocks; and one for events. Needs no capability. */
#ifndef EPHEMERA_CONTROL_KERNEL_NETLINK_H
#define EPHEMERA_CONTROL_KERNEL_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"

struct mnl_socket;

struct netlink {
	struct mnl_socket *requests, *events;
	uint32_t sequence;
};

struct netlink_route {
	uint32_t ifindex;
	struct address next_hop; /* the destination itself if it is on-link */
};

struct netlink_neighbour {
	uint32_t ifindex;
	struct address address;
	uint16_t state; /* NUD_... of linux/neighbour.h; 0 if `gone` */
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

/* Reads one datagram and calls `listener` for each event in it. 0, or
 * -EAGAIN   there are none
 * -ENOBUFS  some were lost: everything has to be looked up again
 * another -errno */
int netlink_events_read(struct netlink *netlink, const struct netlink_listener *listener);

/* The current route of a packet from this host to `destination`. 0, or
 * -EADDRNOTAVAIL  the address is local, broadcast or multicast
 * -ENETUNREACH and others, as from the kernel */
int netlink_route_get(struct netlink *netlink, const struct address *destination,
		      struct netlink_route *route);

/* The kernel's entry for a neighbour; `gone` if it has none. 0 or -errno. */
int netlink_neighbour_get(struct netlink *netlink, uint32_t ifindex, const struct address *address,
			  struct netlink_neighbour *neighbour);

#endif
