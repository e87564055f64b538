/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to the kernel's neighbour table over rtnetlink, at ephemerad's request.
 * Runs:  the main thread. */
#include "dataplane/process/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "dataplane/lib/privilege.h"

#define ROOM_BYTES 512

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

/* NTF_USE: as if the kernel had sent to it: it resolves what is missing or failed, and verifies
 * what is stale. NUD_PROBE: it asks that MAC now. */
static struct nlmsghdr *
question_make(const struct neighbour_request *request, char room[ROOM_BYTES])
{
	struct nlmsghdr *question = mnl_nlmsg_put_header(room);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(question, sizeof(*header));
	const bool is_ipv4 = address_is_ipv4(&request->address);

	question->nlmsg_type = RTM_NEWNEIGH;
	question->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK |
					   (request->verify ? NLM_F_REPLACE : NLM_F_CREATE));
	header->ndm_family = is_ipv4 ? AF_INET : AF_INET6;
	header->ndm_ifindex = (int)request->ifindex;
	if (request->verify)
		header->ndm_state = NUD_PROBE;
	else
		header->ndm_flags = NTF_USE;
	mnl_attr_put(question, NDA_DST, is_ipv4 ? 4 : 16,
		     request->address.bytes + (is_ipv4 ? 12 : 0));
	if (request->verify)
		mnl_attr_put(question, NDA_LLADDR, sizeof(request->mac.bytes), request->mac.bytes);
	return question;
}

static int
question_ask(struct mnl_socket *socket, const struct nlmsghdr *question)
{
	char room[ROOM_BYTES] __attribute__((aligned(8)));
	ssize_t bytes;

	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, question, question->nlmsg_len) < 0)
		return -errno;
	/* The kernel answers within the call before. */
	bytes = mnl_socket_recvfrom(socket, room, sizeof(room));
	if (bytes < 0 ||
	    mnl_cb_run(room, (size_t)bytes, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
		return -errno;
	return 0;
}

int
neighbour_order(const struct interfaces *interfaces, const struct neighbour_request *request)
{
	char room[ROOM_BYTES] __attribute__((aligned(8)));
	struct mnl_socket *socket;
	int status;

	if (!request_good(interfaces, request))
		return -EINVAL;
	/* The capability must be there when the socket is made and when it is used. */
	privilege_raise();
	socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	status = socket == NULL ? -errno : question_ask(socket, question_make(request, room));
	if (socket != NULL)
		mnl_socket_close(socket);
	privilege_lower();
	return status;
}
