/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks up the kernel's routes and neighbours, and parses its events. */
#include "control/kernel/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define GROUP(name) (1u << (RTNLGRP_##name - 1))
#define EVENT_GROUPS                                                                               \
	(GROUP(LINK) | GROUP(NEIGH) | GROUP(IPV4_ROUTE) | GROUP(IPV6_ROUTE) | GROUP(IPV4_IFADDR) | \
	 GROUP(IPV6_IFADDR) | GROUP(IPV4_RULE) | GROUP(IPV6_RULE) | GROUP(NEXTHOP))

enum { NETLINK_ROOM_BYTES = 16384 };

static struct mnl_socket *
socket_open(unsigned groups)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (socket != NULL && mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) < 0) {
		int error = errno;

		mnl_socket_close(socket);
		errno = error;
		return NULL;
	}
	return socket;
}

int
netlink_open(struct netlink *netlink)
{
	int status;

	*netlink = (struct netlink){0};
	netlink->requests = socket_open(0);
	if (netlink->requests != NULL)
		netlink->events = socket_open(EVENT_GROUPS);
	if (netlink->events != NULL)
		return 0;
	status = -errno;
	netlink_close(netlink);
	return status;
}

void
netlink_close(struct netlink *netlink)
{
	if (netlink->requests != NULL)
		mnl_socket_close(netlink->requests);
	if (netlink->events != NULL)
		mnl_socket_close(netlink->events);
	*netlink = (struct netlink){0};
}

int
netlink_events_fd(const struct netlink *netlink)
{
	return mnl_socket_get_fd(netlink->events);
}

static uint8_t
address_family(const struct address *address)
{
	return address_is_ipv4(address) ? AF_INET : AF_INET6;
}

static void
address_put(struct nlmsghdr *message, uint16_t type, const struct address *address)
{
	if (address_is_ipv4(address))
		mnl_attr_put(message, type, 4, address->bytes + 12);
	else
		mnl_attr_put(message, type, 16, address->bytes);
}

/* False if `bytes` is not the length of an address of that family. */
static bool
address_read(uint8_t family, const void *from, size_t bytes, struct address *address)
{
	if (family == AF_INET && bytes == 4)
		*address = address_from_ipv4(from);
	else if (family == AF_INET6 && bytes == 16)
		memcpy(address->bytes, from, 16);
	else
		return false;
	return true;
}

/* Sends one request and passes its response to `on_message` (NULL: expects only an
 * acknowledgement). The kernel handles it in our context: when the send call returns, the response
 * is there. */
static int
request_send(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t on_message, void *response)
{
	char room[NETLINK_ROOM_BYTES] __attribute__((aligned(8)));
	unsigned port = mnl_socket_get_portid(netlink->requests);

	request->nlmsg_seq = ++netlink->sequence;
	request->nlmsg_flags |= NLM_F_REQUEST | (on_message == NULL ? NLM_F_ACK : 0);
	if (mnl_socket_sendto(netlink->requests, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t length = mnl_socket_recvfrom(netlink->requests, room, sizeof(room));

		if (length < 0)
			return errno == EAGAIN ? -EIO : -errno;
		if (((const struct nlmsghdr *)(const void *)room)->nlmsg_seq != request->nlmsg_seq)
			continue; /* left over from a request that failed */
		return mnl_cb_run(room, (size_t)length, request->nlmsg_seq, port, on_message,
				  response) < 0
			       ? -errno
			       : 0;
	}
}

/* Routes */

struct route_response {
	struct netlink_route route;
	uint8_t type;
};

static int
route_attribute(const struct nlattr *attribute, void *attributes)
{
	const struct nlattr **by_type = attributes;

	if (mnl_attr_get_type(attribute) <= RTA_MAX)
		by_type[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static int
route_on_message(const struct nlmsghdr *message, void *into)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *by_type[RTA_MAX + 1] = {NULL};
	struct route_response *response = into;
	struct address *next_hop = &response->route.next_hop;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    mnl_attr_parse(message, sizeof(*header), route_attribute, by_type) < 0)
		return MNL_CB_OK;
	response->type = header->rtm_type;
	if (by_type[RTA_OIF] != NULL)
		response->route.ifindex = mnl_attr_get_u32(by_type[RTA_OIF]);
	if (by_type[RTA_GATEWAY] != NULL) {
		address_read(header->rtm_family, mnl_attr_get_payload(by_type[RTA_GATEWAY]),
			     mnl_attr_get_payload_len(by_type[RTA_GATEWAY]), next_hop);
	} else if (by_type[RTA_VIA] != NULL) { /* IPv4 with an IPv6 next hop: RFC 8950 */
		const struct rtvia *via = mnl_attr_get_payload(by_type[RTA_VIA]);
		size_t length = mnl_attr_get_payload_len(by_type[RTA_VIA]);

		if (length > sizeof(*via))
			address_read((uint8_t)via->rtvia_family, via->rtvia_addr,
				     length - sizeof(*via), next_hop);
	}
	return MNL_CB_OK;
}

int
netlink_route_get(struct netlink *netlink, const struct address *destination,
		  struct netlink_route *route)
{
	char room[256] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	struct route_response response = {.route.next_hop = *destination};
	int status;

	request->nlmsg_type = RTM_GETROUTE;
	header->rtm_family = address_family(destination);
	header->rtm_dst_len = address_is_ipv4(destination) ? 32 : 128;
	address_put(request, RTA_DST, destination);
	status = request_send(netlink, request, route_on_message, &response);
	if (status == 0 && response.type != RTN_UNICAST)
		status = response.type == RTN_LOCAL || response.type == RTN_BROADCAST ||
					 response.type == RTN_MULTICAST
				 ? -EADDRNOTAVAIL
				 : -EHOSTUNREACH;
	*route = response.route;
	return status;
}

/* Neighbours */

static int
neighbour_attribute(const struct nlattr *attribute, void *attributes)
{
	const struct nlattr **by_type = attributes;

	if (mnl_attr_get_type(attribute) <= NDA_MAX)
		by_type[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

/* False if the message is not about an IP neighbour. */
static bool
neighbour_parse(const struct nlmsghdr *message, struct netlink_neighbour *neighbour)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *by_type[NDA_MAX + 1] = {NULL};

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) ||
	    mnl_attr_parse(message, sizeof(*header), neighbour_attribute, by_type) < 0 ||
	    by_type[NDA_DST] == NULL)
		return false;
	*neighbour = (struct netlink_neighbour){.ifindex = (uint32_t)header->ndm_ifindex,
						.state = header->ndm_state};
	if (!address_read(header->ndm_family, mnl_attr_get_payload(by_type[NDA_DST]),
			  mnl_attr_get_payload_len(by_type[NDA_DST]), &neighbour->address))
		return false;
	if (message->nlmsg_type == RTM_DELNEIGH) {
		neighbour->gone = true;
		neighbour->state = 0;
	} else if (by_type[NDA_LLADDR] != NULL &&
		   mnl_attr_get_payload_len(by_type[NDA_LLADDR]) == sizeof(neighbour->mac)) {
		neighbour->mac_known = true;
		memcpy(&neighbour->mac, mnl_attr_get_payload(by_type[NDA_LLADDR]),
		       sizeof(neighbour->mac));
	}
	return true;
}

static int
neighbour_on_message(const struct nlmsghdr *message, void *into)
{
	if (message->nlmsg_type == RTM_NEWNEIGH)
		neighbour_parse(message, into);
	return MNL_CB_OK;
}

static struct nlmsghdr *
neighbour_request(char *room, uint16_t type, uint32_t ifindex, const struct address *address,
		  uint8_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	request->nlmsg_type = type;
	header->ndm_family = address_family(address);
	header->ndm_ifindex = (int)ifindex;
	header->ndm_flags = flags;
	address_put(request, NDA_DST, address);
	return request;
}

int
netlink_neighbour_get(struct netlink *netlink, uint32_t ifindex, const struct address *address,
		      struct netlink_neighbour *neighbour)
{
	char room[256] __attribute__((aligned(8)));
	struct nlmsghdr *request = neighbour_request(room, RTM_GETNEIGH, ifindex, address, 0);
	int status;

	*neighbour =
		(struct netlink_neighbour){.ifindex = ifindex, .address = *address, .gone = true};
	status = request_send(netlink, request, neighbour_on_message, neighbour);
	return status == -ENOENT ? 0 : status;
}

/* Events */

static int
event_on_message(const struct nlmsghdr *message, void *to)
{
	const struct netlink_listener *listener = to;
	struct netlink_neighbour neighbour;

	switch (message->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (neighbour_parse(message, &neighbour))
			listener->neighbour(listener->owner, &neighbour);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWADDR:
	case RTM_DELADDR:
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		listener->routes(listener->owner);
		break;
	}
	return MNL_CB_OK;
}

int
netlink_events_read(struct netlink *netlink, const struct netlink_listener *listener)
{
	char room[NETLINK_ROOM_BYTES] __attribute__((aligned(8)));
	ssize_t length = mnl_socket_recvfrom(netlink->events, room, sizeof(room));

	if (length < 0)
		return -errno;
	mnl_cb_run(room, (size_t)length, 0, 0, event_on_message, (void *)listener);
	return 0;
}
