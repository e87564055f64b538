/* SPDX-License-Identifier: BSD-3-Clause */
/* Updates the next hops of all upstreams from the kernel's tables and events. */
#include "control/kernel/neighbour.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "control/lib/address.h"

#define REFRESH_AT_MOST_NS (100 * NS_PER_MS)
#define EVENTS_A_TURN	   64

/* Reporting changes */

/* The part of a next hop that others use. */
struct path {
	bool resolved;
	int interface_index;
	struct mac mac;
};

static struct path
path_of(const struct next_hop *hop)
{
	struct path path = {.resolved = next_hop_resolved(hop),
			    .interface_index = hop->interface_index};

	if (path.resolved)
		path.mac = hop->mac;
	return path;
}

const char *
neighbour_reason(const struct neighbour *neighbour, unsigned slot,
		 char text[NEIGHBOUR_REASON_BYTES])
{
	const struct next_hop *hop = &neighbour->hops[slot];
	char next_hop[ADDRESS_TEXT_BYTES], interface[IF_NAMESIZE] = "?";

	if (hop->route_status == 0) {
		if_indextoname(hop->route.ifindex, interface);
		address_format(&hop->route.next_hop, next_hop);
	}
	if (hop->route_status == -EADDRNOTAVAIL)
		snprintf(text, NEIGHBOUR_REASON_BYTES,
			 "the address is a local, broadcast or multicast address");
	else if (hop->route_status != 0)
		snprintf(text, NEIGHBOUR_REASON_BYTES, "no route: %s",
			 strerror(-hop->route_status));
	else if (neighbour->dataplane->state != LINK_CONNECTED)
		snprintf(text, NEIGHBOUR_REASON_BYTES, "not connected to the dataplane");
	else if (hop->interface_index < 0)
		snprintf(text, NEIGHBOUR_REASON_BYTES,
			 "the route uses interface %s, which is not in dataplane.interfaces",
			 interface);
	else if (!hop->mac_known)
		snprintf(text, NEIGHBOUR_REASON_BYTES, "next hop %s on %s is not resolved",
			 next_hop, interface);
	else
		text[0] = 0;
	return text;
}

static bool
path_changed(const struct neighbour *neighbour, unsigned slot, const struct path *before)
{
	struct path now = path_of(&neighbour->hops[slot]);
	char upstream[ADDRESS_TEXT_BYTES], reason[NEIGHBOUR_REASON_BYTES];
	const uint8_t *mac = now.mac.bytes;

	if (now.resolved == before->resolved && now.interface_index == before->interface_index &&
	    memcmp(&now.mac, &before->mac, sizeof(now.mac)) == 0)
		return false;
	address_format(&neighbour->hops[slot].upstream, upstream);
	if (now.resolved)
		log_line(LEVEL_INFO,
			 "path to %s: interface %s, next hop %02x:%02x:%02x:%02x:%02x:%02x",
			 upstream,
			 neighbour->dataplane->hello.response.interfaces[now.interface_index].name,
			 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	else if (neighbour->dataplane->state == LINK_CONNECTED)
		log_line(LEVEL_INFO, "no path to %s: %s", upstream,
			 neighbour_reason(neighbour, slot, reason));
	return true;
}

/* Making the kernel resolve and verify */

static void
use_timer_set(struct neighbour *neighbour)
{
	uint64_t first = LOOP_NEVER;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (neighbour->followed[i] && neighbour->hops[i].route_status == 0 &&
		    neighbour->hops[i].use_due_ns < first)
			first = neighbour->hops[i].use_due_ns;
	loop_timer_at(neighbour->loop, &neighbour->use_timer, first);
}

static void
resolve_on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	struct neighbour *neighbour = owner;
	bool verify = tag;

	if (response->status == -ENOTCONN || (verify && response->status == -ENOENT))
		return; /* meanwhile the dataplane, or the entry, is gone */
	if (response->status != 0)
		log_problem(&neighbour->problem, LEVEL_WARNING,
			    "the dataplane cannot make the kernel resolve next hops: %s%s; the "
			    "kernel now does so only for its own traffic",
			    strerror(-response->status),
			    response->status == -EPERM ? " (it needs CAP_NET_ADMIN)" : "");
	else
		log_problem_over(&neighbour->problem,
				 "the kernel resolves next hops for the dataplane again");
}

/* Has the kernel resolve a next hop, or verify that it still has `mac`. */
static void
resolve_request(struct neighbour *neighbour, const struct netlink_neighbour *next_hop,
		const struct mac *mac)
{
	struct neighbour_request body = {.ifindex = next_hop->ifindex,
					 .address = next_hop->address};
	const struct link_request request = {.type = MESSAGE_NEIGHBOUR,
					     .body = &body,
					     .body_bytes = sizeof(body),
					     .fd = -1,
					     .on_response = resolve_on_response,
					     .owner = neighbour,
					     .tag = mac != NULL};
	int status;

	if (mac != NULL) {
		body.verify = 1;
		body.mac = *mac;
	}
	if (link_interface_index(neighbour->dataplane, next_hop->ifindex) < 0)
		return; /* or not connected: all are looked up again after the next HELLO */
	status = link_ask(neighbour->dataplane, &request);
	if (status != 0)
		log_line(LEVEL_DEBUG, "cannot ask the dataplane to resolve a next hop: %s",
			 strerror(-status));
}

/* One request for all upstreams with the same next hop. */
static void
use_next_hop(struct neighbour *neighbour, unsigned first, uint64_t now)
{
	const struct next_hop *hop = &neighbour->hops[first];
	const struct netlink_neighbour used = {.ifindex = hop->route.ifindex,
					       .address = hop->route.next_hop};

	resolve_request(neighbour, &used, NULL);
	for (unsigned i = first; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (neighbour->followed[i] && next_hop_is(&neighbour->hops[i], &used))
			next_hop_used(&neighbour->hops[i], now);
}

static void
use_timer_fired(void *owner, uint64_t now)
{
	struct neighbour *neighbour = owner;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (neighbour->followed[i] && neighbour->hops[i].route_status == 0 &&
		    neighbour->hops[i].use_due_ns <= now)
			use_next_hop(neighbour, i, now);
	use_timer_set(neighbour);
}

/* Looking up */

static void
hop_update_neighbour(struct neighbour *neighbour, struct next_hop *hop, uint64_t now)
{
	struct netlink_neighbour known;

	if (netlink_neighbour_get(&neighbour->netlink, hop->route.ifindex, &hop->route.next_hop,
				  &known) == 0)
		next_hop_on_neighbour(hop, &known, now);
}

static void
hop_update(struct neighbour *neighbour, struct next_hop *hop, uint64_t now)
{
	struct netlink_route route = {0};
	int status = netlink_route_get(&neighbour->netlink, &hop->upstream, &route);
	int interface_index =
		status == 0 ? link_interface_index(neighbour->dataplane, route.ifindex) : -1;
	bool another = next_hop_on_route(hop, status, &route, interface_index, now);

	if (another || (neighbour->resync && status == 0))
		hop_update_neighbour(neighbour, hop, now);
}

static void
refresh(struct neighbour *neighbour, uint64_t now)
{
	bool changed = false;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct path before = path_of(&neighbour->hops[i]);

		if (!neighbour->followed[i])
			continue;
		hop_update(neighbour, &neighbour->hops[i], now);
		changed |= path_changed(neighbour, i, &before);
	}
	neighbour->resync = false;
	neighbour->refreshed_ns = now;
	use_timer_set(neighbour);
	if (changed)
		neighbour->changed(neighbour->owner);
}

static void
refresh_timer_fired(void *owner, uint64_t now)
{
	refresh(owner, now);
}

/* Events */

static void
routes_changed(void *owner)
{
	struct neighbour *neighbour = owner;

	if (!neighbour->refresh_timer.armed)
		loop_timer_at(neighbour->loop, &neighbour->refresh_timer,
			      neighbour->refreshed_ns + REFRESH_AT_MOST_NS);
}

static void
on_neighbour(void *owner, const struct netlink_neighbour *event)
{
	struct neighbour *neighbour = owner;
	uint64_t now = loop_now_ns();
	bool ours = false, changed = false;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct path before;

		if (!neighbour->followed[i] || !next_hop_is(&neighbour->hops[i], event))
			continue;
		before = path_of(&neighbour->hops[i]);
		next_hop_on_neighbour(&neighbour->hops[i], event, now);
		changed |= path_changed(neighbour, i, &before);
		ours = true;
	}
	if (ours)
		use_timer_set(neighbour);
	if (changed)
		neighbour->changed(neighbour->owner);
}

static void
events_ready(void *owner, uint32_t events)
{
	struct neighbour *neighbour = owner;
	const struct netlink_listener listener = {on_neighbour, routes_changed, neighbour};

	(void)events;
	for (unsigned i = 0; i < EVENTS_A_TURN; i++) {
		int status = netlink_events_read(&neighbour->netlink, &listener);

		if (status == -ENOBUFS) {
			log_line(LEVEL_DEBUG, "netlink events were lost: looking up all routes and "
					      "neighbours again");
			neighbour->resync = true;
			routes_changed(neighbour);
		} else if (status != 0) {
			return;
		}
	}
}

/* Interface */

int
neighbour_init(struct neighbour *neighbour, struct loop *loop, struct link *dataplane,
	       void (*changed)(void *owner), void *owner)
{
	int status;

	memset(neighbour, 0, sizeof(*neighbour));
	neighbour->loop = loop;
	neighbour->dataplane = dataplane;
	neighbour->changed = changed;
	neighbour->owner = owner;
	neighbour->use_timer = (struct loop_timer){.fire = use_timer_fired, .owner = neighbour};
	neighbour->refresh_timer =
		(struct loop_timer){.fire = refresh_timer_fired, .owner = neighbour};
	status = netlink_open(&neighbour->netlink);
	if (status != 0)
		return status;
	neighbour->watch = (struct loop_watch){netlink_events_fd(&neighbour->netlink), events_ready,
					       neighbour};
	status = loop_watch_add(loop, &neighbour->watch, EPOLLIN);
	if (status != 0)
		netlink_close(&neighbour->netlink);
	return status;
}

void
neighbour_fini(struct neighbour *neighbour)
{
	loop_timer_cancel(neighbour->loop, &neighbour->use_timer);
	loop_timer_cancel(neighbour->loop, &neighbour->refresh_timer);
	loop_watch_remove(neighbour->loop, &neighbour->watch);
	netlink_close(&neighbour->netlink);
}

void
neighbour_follow(struct neighbour *neighbour, const struct slot_set *upstreams)
{
	uint64_t now = loop_now_ns();

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct slot *slot = &upstreams->slots[i];
		struct next_hop *hop = &neighbour->hops[i];
		bool wanted = slot->state != SLOT_EMPTY;
		struct path before;

		if (wanted &&
		    (!neighbour->followed[i] || !address_equal(&hop->upstream, &slot->address))) {
			next_hop_init(hop, &slot->address);
			before = path_of(hop);
			hop_update(neighbour, hop, now);
			path_changed(neighbour, i, &before);
		}
		neighbour->followed[i] = wanted;
	}
	use_timer_set(neighbour);
}

void
neighbour_seed(struct neighbour *neighbour, const struct snapshot *snapshot)
{
	for (unsigned i = 0; i < snapshot->upstream_count; i++) {
		const struct snapshot_upstream *upstream = &snapshot->upstreams[i];
		struct next_hop *hop = &neighbour->hops[i];

		if (!neighbour->followed[i] || !upstream->resolved || hop->mac_known ||
		    hop->failures > 0 || hop->interface_index != upstream->interface_index ||
		    !address_equal(&hop->upstream, &upstream->address))
			continue;
		hop->mac = upstream->next_hop;
		hop->mac_known = true;
	}
}

/* One request for all upstreams with the same next hop. */
void
neighbour_suspect(struct neighbour *neighbour, unsigned slot)
{
	const struct next_hop *hop = &neighbour->hops[slot];
	const struct netlink_neighbour suspect = {.ifindex = hop->route.ifindex,
						  .address = hop->route.next_hop};
	uint64_t now = loop_now_ns();

	if (!neighbour->followed[slot] || !next_hop_suspect(&neighbour->hops[slot], now))
		return;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (neighbour->followed[i] && next_hop_is(&neighbour->hops[i], &suspect))
			neighbour->hops[i].verified_ns = now;
	resolve_request(neighbour, &suspect, &hop->mac);
}

void
neighbour_interfaces_changed(struct neighbour *neighbour)
{
	uint64_t now = loop_now_ns();

	/* Requests that were due while the dataplane was not connected. */
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		neighbour->hops[i].use_due_ns = now;
	refresh(neighbour, now);
}
