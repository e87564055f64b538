/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways to all upstreams, kept as the kernel has them: routes, next hops, MACs (netlink.h,
 * next_hop.h).
 *
 * By slot of the snapshot; never more than SNAPSHOT_UPSTREAMS_MAX, whatever the size of the
 * kernel's tables. Each next hop is resolved at once, kept in use, verified when a probe is not
 * answered, and a change is told at once. To resolve and to verify takes a capability that the
 * dataplane has: it is asked. Bursts of route changes are answered ten times a second at most. */
#ifndef EPHEMERA_CONTROL_KERNEL_NEIGHBOUR_H
#define EPHEMERA_CONTROL_KERNEL_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "control/link/link.h"
#include "control/lib/log.h"
#include "control/lib/loop.h"
#include "control/kernel/next_hop.h"
#include "control/state/slots.h"

#define NEIGHBOUR_WORDS_BYTES 160

struct neighbour {
	struct loop *loop;
	struct dataplane *dataplane; /* its ports; and what makes the kernel resolve */
	struct netlink netlink;
	struct loop_watch watch;
	struct loop_timer use_timer;
	struct loop_timer refresh_timer;
	uint64_t refreshed_ns;
	bool resync; /* events were lost: ask for the neighbours too */
	bool followed[SNAPSHOT_UPSTREAMS_MAX];
	struct next_hop hops[SNAPSHOT_UPSTREAMS_MAX];
	void (*changed)(void *owner);
	void *owner;
	struct log_problem problem;
};

/* 0 or -errno. `changed` is called whenever a way that is followed is another one. */
int neighbour_init(struct neighbour *neighbour, struct loop *loop, struct dataplane *dataplane,
		   void (*changed)(void *owner), void *owner);
void neighbour_fini(struct neighbour *neighbour);

/* Follows the upstreams in these slots, retired ones too, and no others. What the kernel knows of a
 * new one is known when this returns. */
void neighbour_follow(struct neighbour *neighbour, const struct slot_set *upstreams);

/* Takes from a running dataplane's snapshot the MACs of next hops that the kernel does not know
 * (any more), where the way still leads through the same port. After neighbour_follow(). */
void neighbour_seed(struct neighbour *neighbour, const struct snapshot *snapshot);

/* The dataplane's ports are others now. */
void neighbour_interfaces_changed(struct neighbour *neighbour);

/* What was sent to that slot's upstream was not answered: has its next hop verified. */
void neighbour_suspect(struct neighbour *neighbour, unsigned slot);

/* What is in the way of sending to that slot's upstream, in words, or "" if nothing is. Returns
 * `text`. */
const char *neighbour_words(const struct neighbour *neighbour, unsigned slot,
			    char text[NEIGHBOUR_WORDS_BYTES]);

#endif
