/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends one rtnetlink request to the kernel's neighbour table on behalf of ephemerad.
 * Runs:  the main thread. */
#include "dataplane/process/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "dataplane/lib/privilege.h"

#define BUFFER_BYTES 512

static bool
request_good(const struct interfaces *interfaces, const struct neighbour_request *request)
{
	if (request->ifindex == 0 || request->verify > 1 || request->zero != 0 ||
	    request->zero_after != 0)
		return false;
	for (uint32_t i = 0; i < interfaces->count; i++)
		if (interfaces->interface[i].ifindex == request->ifindex)
			return true;
	return false;
}

/* NTF_USE acts as if the kernel sent a packet to the neighbour: it resolves a missing or failed
 * entry, and verifies a stale one. NUD_PROBE verifies the MAC address at once. */
static struct nlmsghdr *
netlink_request_make(const struct neighbour_request *request, char buffer[BUFFER_BYTES])
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	const bool is_ipv4 = address_is_ipv4(&request->address);

	message->nlmsg_type = RTM_NEWNEIGH;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK |
					  (request->verify ? NLM_F_REPLACE : NLM_F_CREATE));
	header->ndm_family = is_ipv4 ? AF_INET : AF_INET6;
	header->ndm_ifindex = (int)request->ifindex;
	if (request->verify)
		header->ndm_state = NUD_PROBE;
	else
		header->ndm_flags = NTF_USE;
	mnl_attr_put(message, NDA_DST, is_ipv4 ? 4 : 16,
		     request->address.bytes + (is_ipv4 ? 12 : 0));
	if (request->verify)
		mnl_attr_put(message, NDA_LLADDR, sizeof(request->mac.bytes), request->mac.bytes);
	return message;
}

static int
netlink_request_send(struct mnl_socket *socket, const struct nlmsghdr *message)
{
	char buffer[BUFFER_BYTES] __attribute__((aligned(8)));
	ssize_t bytes;

	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	/* Does not block: the kernel queued the acknowledgement during sendto(). */
	bytes = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (bytes < 0 ||
	    mnl_cb_run(buffer, (size_t)bytes, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
		return -errno;
	return 0;
}

int
neighbour_order(const struct interfaces *interfaces, const struct neighbour_request *request)
{
	char buffer[BUFFER_BYTES] __attribute__((aligned(8)));
	struct mnl_socket *socket;
	int status;

	if (!request_good(interfaces, request))
		return -EINVAL;
	/* The kernel checks the capability both of the socket's opener and of the sender. */
	privilege_raise();
	socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	status = socket == NULL
			 ? -errno
			 : netlink_request_send(socket, netlink_request_make(request, buffer));
	if (socket != NULL)
		mnl_socket_close(socket);
	privilege_lower();
	return status;
}
