/* SPDX-License-Identifier: BSD-3-Clause */
/* Drives the next hops of all upstreams from the kernel's answers and events. */
#include "control/kernel/neighbour.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "control/lib/address.h"

#define REFRESH_AT_MOST_NS (100 * NS_PER_MS)
#define EVENTS_A_TURN	   64

/* Telling what changed */

/* What others see of a next hop. */
struct way {
	bool resolved;
	int interface_index;
	struct mac mac;
};

static struct way
way_of(const struct next_hop *hop)
{
	struct way way = {.resolved = next_hop_resolved(hop),
			  .interface_index = hop->interface_index};

	if (way.resolved)
		way.mac = hop->mac;
	return way;
}

const char *
neighbour_words(const struct neighbour *neighbour, unsigned slot, char text[NEIGHBOUR_WORDS_BYTES])
{
	const struct next_hop *hop = &neighbour->hops[slot];
	char next_hop[ADDRESS_TEXT_BYTES], interface[IF_NAMESIZE] = "?";

	if (hop->route_status == 0) {
		if_indextoname(hop->route.ifindex, interface);
		address_format(&hop->route.next_hop, next_hop);
	}
	if (hop->route_status == -EADDRNOTAVAIL)
		snprintf(text, NEIGHBOUR_WORDS_BYTES,
			 "the address is this machine's own, or no single host's");
	else if (hop->route_status != 0)
		snprintf(text, NEIGHBOUR_WORDS_BYTES, "no route: %s", strerror(-hop->route_status));
	else if (neighbour->dataplane->state != DATAPLANE_CONNECTED)
		snprintf(text, NEIGHBOUR_WORDS_BYTES, "the dataplane is away");
	else if (hop->interface_index < 0)
		snprintf(text, NEIGHBOUR_WORDS_BYTES,
			 "the route leads to interface %s, which is none of the dataplane's ports",
			 interface);
	else if (!hop->mac_known)
		snprintf(text, NEIGHBOUR_WORDS_BYTES, "next hop %s on %s is not resolved", next_hop,
			 interface);
	else
		text[0] = 0;
	return text;
}

static bool
way_changed(const struct neighbour *neighbour, unsigned slot, const struct way *before)
{
	struct way now = way_of(&neighbour->hops[slot]);
	char upstream[ADDRESS_TEXT_BYTES], words[NEIGHBOUR_WORDS_BYTES];
	const uint8_t *mac = now.mac.bytes;

	if (now.resolved == before->resolved && now.interface_index == before->interface_index &&
	    memcmp(&now.mac, &before->mac, sizeof(now.mac)) == 0)
		return false;
	address_format(&neighbour->hops[slot].upstream, upstream);
	if (now.resolved)
		log_line(LEVEL_INFO,
			 "the way to %s: port %s, next hop %02x:%02x:%02x:%02x:%02x:%02x", upstream,
			 neighbour->dataplane->hello.response.interfaces[now.interface_index].name,
			 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	else if (neighbour->dataplane->state == DATAPLANE_CONNECTED)
		log_line(LEVEL_INFO, "no way to %s: %s", upstream,
			 neighbour_words(neighbour, slot, words));
	return true;
}

/* Making the kernel verify */

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
order_answered(void *owner, uint64_t tag, const struct dataplane_response *response)
{
	struct neighbour *neighbour = owner;
	bool verify = tag;

	if (response->status == -ENOTCONN || (verify && response->status == -ENOENT))
		return; /* gone meanwhile: the dataplane, or the entry */
	if (response->status != 0)
		log_problem(&neighbour->problem, LEVEL_WARNING,
			    "the dataplane can't make the kernel resolve next hops: %s%s; the "
			    "kernel does so "
			    "only for its own traffic",
			    strerror(-response->status),
			    response->status == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
	else
		log_problem_over(&neighbour->problem, "the kernel resolves next hops for us again");
}

/* Has the kernel resolve a next hop, or verify that it still has `mac`. */
static void
order(struct neighbour *neighbour, const struct netlink_neighbour *next_hop, const struct mac *mac)
{
	struct neighbour_request body = {.ifindex = next_hop->ifindex,
					 .address = next_hop->address};
	const struct dataplane_request request = {.type = MESSAGE_NEIGHBOUR,
						  .body = &body,
						  .body_bytes = sizeof(body),
						  .fd = -1,
						  .answered = order_answered,
						  .owner = neighbour,
						  .tag = mac != NULL};
	int status;

	if (mac != NULL) {
		body.verify = 1;
		body.mac = *mac;
	}
	if (dataplane_interface_index(neighbour->dataplane, next_hop->ifindex) < 0)
		return; /* or the dataplane is away: its ports are asked for when it is back */
	status = dataplane_ask(neighbour->dataplane, &request);
	if (status != 0)
		log_line(LEVEL_DEBUG, "can't ask the dataplane for a next hop: %s",
			 strerror(-status));
}

/* One order for all upstreams behind the same next hop. */
static void
use_next_hop(struct neighbour *neighbour, unsigned first, uint64_t now)
{
	const struct next_hop *hop = &neighbour->hops[first];
	const struct netlink_neighbour used = {.ifindex = hop->route.ifindex,
					       .address = hop->route.next_hop};

	order(neighbour, &used, NULL);
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

/* Asking */

static void
hop_ask_neighbour(struct neighbour *neighbour, struct next_hop *hop, uint64_t now)
{
	struct netlink_neighbour known;

	if (netlink_neighbour_get(&neighbour->netlink, hop->route.ifindex, &hop->route.next_hop,
				  &known) == 0)
		next_hop_take_neighbour(hop, &known, now);
}

static void
hop_ask(struct neighbour *neighbour, struct next_hop *hop, uint64_t now)
{
	struct netlink_route route = {0};
	int status = netlink_route_get(&neighbour->netlink, &hop->upstream, &route);
	int interface_index =
		status == 0 ? dataplane_interface_index(neighbour->dataplane, route.ifindex) : -1;
	bool another = next_hop_take_route(hop, status, &route, interface_index, now);

	if (another || (neighbour->resync && status == 0))
		hop_ask_neighbour(neighbour, hop, now);
}

static void
refresh(struct neighbour *neighbour, uint64_t now)
{
	bool changed = false;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct way before = way_of(&neighbour->hops[i]);

		if (!neighbour->followed[i])
			continue;
		hop_ask(neighbour, &neighbour->hops[i], now);
		changed |= way_changed(neighbour, i, &before);
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

/* Hearing */

static void
routes_changed(void *owner)
{
	struct neighbour *neighbour = owner;

	if (!neighbour->refresh_timer.armed)
		loop_timer_at(neighbour->loop, &neighbour->refresh_timer,
			      neighbour->refreshed_ns + REFRESH_AT_MOST_NS);
}

static void
neighbour_heard(void *owner, const struct netlink_neighbour *heard)
{
	struct neighbour *neighbour = owner;
	uint64_t now = loop_now_ns();
	bool ours = false, changed = false;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct way before;

		if (!neighbour->followed[i] || !next_hop_is(&neighbour->hops[i], heard))
			continue;
		before = way_of(&neighbour->hops[i]);
		next_hop_take_neighbour(&neighbour->hops[i], heard, now);
		changed |= way_changed(neighbour, i, &before);
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
	const struct netlink_listener listener = {neighbour_heard, routes_changed, neighbour};

	(void)events;
	for (unsigned i = 0; i < EVENTS_A_TURN; i++) {
		int status = netlink_events_read(&neighbour->netlink, &listener);

		if (status == -ENOBUFS) {
			log_line(LEVEL_DEBUG,
				 "netlink events were lost: asking for everything again");
			neighbour->resync = true;
			routes_changed(neighbour);
		} else if (status != 0) {
			return;
		}
	}
}

/* From outside */

int
neighbour_init(struct neighbour *neighbour, struct loop *loop, struct dataplane *dataplane,
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
		struct way before;

		if (wanted &&
		    (!neighbour->followed[i] || !address_equal(&hop->upstream, &slot->address))) {
			next_hop_init(hop, &slot->address);
			before = way_of(hop);
			hop_ask(neighbour, hop, now);
			way_changed(neighbour, i, &before);
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

/* One question to the kernel for all upstreams behind the same next hop. */
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
	order(neighbour, &suspect, &hop->mac);
}

void
neighbour_interfaces_changed(struct neighbour *neighbour)
{
	uint64_t now = loop_now_ns();

	/* What was due while nobody could be asked. */
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		neighbour->hops[i].use_due_ns = now;
	refresh(neighbour, now);
}
