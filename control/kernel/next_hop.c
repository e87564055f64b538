/* SPDX-License-Identifier: BSD-3-Clause */
/* Updates route, interface and MAC of one upstream from lookups and events. */
#include "control/kernel/next_hop.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

void
next_hop_init(struct next_hop *hop, const struct address *upstream)
{
	*hop = (struct next_hop){
		.upstream = *upstream, .route_status = -ENETUNREACH, .interface_index = -1};
}

bool
next_hop_resolved(const struct next_hop *hop)
{
	return hop->route_status == 0 && hop->interface_index >= 0 && hop->mac_known;
}

bool
next_hop_on_route(struct next_hop *hop, int status, const struct netlink_route *route,
		  int interface_index, uint64_t now_ns)
{
	bool same = status == 0 && hop->route_status == 0 && hop->route.ifindex == route->ifindex &&
		    address_equal(&hop->route.next_hop, &route->next_hop);

	hop->route_status = status;
	hop->interface_index = status == 0 ? interface_index : -1;
	if (hop->interface_index >= 0)
		hop->interface_index_last = hop->interface_index;
	if (status != 0) {
		hop->mac_known = false;
		return false;
	}
	if (same)
		return false;
	hop->route = *route;
	hop->mac_known = false;
	hop->failures = 0;
	hop->used_ns = 0;
	hop->use_due_ns = now_ns;
	return true;
}

bool
next_hop_is(const struct next_hop *hop, const struct netlink_neighbour *neighbour)
{
	return hop->route_status == 0 && hop->route.ifindex == neighbour->ifindex &&
	       address_equal(&hop->route.next_hop, &neighbour->address);
}

/* Now, but not within a second after the last use. */
static void
use_soon(struct next_hop *hop, uint64_t now_ns)
{
	uint64_t due = hop->used_ns == 0 ? now_ns : hop->used_ns + NEXT_HOP_USE_AT_MOST_NS;

	hop->use_due_ns = due > now_ns ? due : now_ns;
}

void
next_hop_on_neighbour(struct next_hop *hop, const struct netlink_neighbour *neighbour,
		      uint64_t now_ns)
{
	if (neighbour->state & NUD_USABLE && neighbour->mac_known) {
		hop->mac_known = true;
		hop->mac = neighbour->mac;
		hop->fixed = neighbour->state & (NUD_PERMANENT | NUD_NOARP);
		hop->failures = 0;
		hop->use_due_ns = hop->used_ns + NEXT_HOP_USE_EVERY_NS;
		return;
	}
	if (neighbour->state & NUD_FAILED && ++hop->failures >= NEXT_HOP_FAILURES_ENOUGH)
		hop->mac_known = false;
	use_soon(hop, now_ns);
}

bool
next_hop_suspect(struct next_hop *hop, uint64_t now_ns)
{
	if (!next_hop_resolved(hop) || hop->fixed || hop->failures > 0)
		return false;
	if (hop->verified_ns != 0 && now_ns - hop->verified_ns < NEXT_HOP_VERIFY_AT_MOST_NS)
		return false;
	hop->verified_ns = now_ns;
	return true;
}

void
next_hop_used(struct next_hop *hop, uint64_t now_ns)
{
	hop->used_ns = now_ns;
	hop->use_due_ns = now_ns + (hop->mac_known && hop->failures == 0 ? NEXT_HOP_USE_EVERY_NS
									 : NEXT_HOP_USE_AT_MOST_NS);
}
