/* SPDX-License-Identifier: BSD-3-Clause */
/* The paths to all upstreams, as in the kernel's tables: routes, next hops, MACs (netlink.h,
 * next_hop.h).
 *
 * Indexed by slot of the snapshot, so memory does not depend on the size of the kernel's tables.
 * Each next hop is resolved at once, kept in use, and verified when a probe gets no response;
 * changes are reported at once. Resolving and verifying need a capability that only the dataplane
 * has, so it is asked to do it. During bursts of route changes, all routes are looked up again at
 * most ten times a second. */
#ifndef EPHEMERA_CONTROL_KERNEL_NEIGHBOUR_H
#define EPHEMERA_CONTROL_KERNEL_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "control/kernel/next_hop.h"
#include "control/lib/log.h"
#include "control/lib/loop.h"
#include "control/link/link.h"
#include "control/state/slots.h"

#define NEIGHBOUR_REASON_BYTES 160

struct neighbour {
	struct loop *loop;
	struct link *dataplane; /* its interfaces; also asked to make the kernel resolve */
	struct netlink netlink;
	struct loop_watch watch;
	struct loop_timer use_timer;
	struct loop_timer refresh_timer;
	uint64_t refreshed_ns;
	bool resync; /* events were lost: look up the neighbours too */
	bool followed[SNAPSHOT_UPSTREAMS_MAX];
	struct next_hop hops[SNAPSHOT_UPSTREAMS_MAX];
	void (*changed)(void *owner);
	void *owner;
	struct log_problem problem;
};

/* 0 or -errno. `changed` is called whenever a followed path changed. */
int neighbour_init(struct neighbour *neighbour, struct loop *loop, struct link *dataplane,
		   void (*changed)(void *owner), void *owner);
void neighbour_fini(struct neighbour *neighbour);

/* Follows the upstreams in these slots, including retired ones, and no others. New ones have been
 * looked up in the kernel when this returns. */
void neighbour_follow(struct neighbour *neighbour, const struct slot_set *upstreams);

/* Copies from the snapshot of a running dataplane the MACs of next hops that the kernel does not
 * have (any more), if the path still uses the same interface. Call it after neighbour_follow(). */
void neighbour_seed(struct neighbour *neighbour, const struct snapshot *snapshot);

/* The dataplane's interfaces have changed. */
void neighbour_interfaces_changed(struct neighbour *neighbour);

/* The upstream in that slot did not respond: has its next hop verified. */
void neighbour_suspect(struct neighbour *neighbour, unsigned slot);

/* Writes to `text` why nothing can be sent to the upstream in that slot, or "" if it can. Returns
 * `text`. */
const char *neighbour_reason(const struct neighbour *neighbour, unsigned slot,
			     char text[NEIGHBOUR_REASON_BYTES]);

#endif
