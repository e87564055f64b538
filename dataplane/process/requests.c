/* SPDX-License-Identifier: BSD-3-Clause */
/* Handles the requests on the dataplane's socket.
 * Runs:  the main thread. */
#include "dataplane/process/requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/process/inspect.h"
#include "dataplane/process/neighbour.h"

static void
interface_describe(const struct requests *requests, const struct interface *interface,
		   struct hello_interface *out, struct socket_response *response)
{
	const struct steer_interface *steered = NULL;

	memcpy(out->name, interface->name, sizeof(out->name));
	out->ifindex = interface->ifindex;
	out->mtu_bytes = interface->mtu_bytes;
	out->mac = interface->mac;
	if (interface->is_xdp)
		steered = steer_find(requests->steer, interface->ifindex);
	if (steered == NULL)
		return;
	out->steered = 1;
	for (unsigned m = 0; m < STEER_MAP_COUNT; m++)
		response->fds[response->fd_count++] = steered->map_fds[m];
}

static int
hello_handle(void *owner, const struct socket_request *request, struct socket_response *response)
{
	const struct requests *requests = owner;
	const struct stats_header *header = requests->segment->header;
	const struct snapshot *current = adopt_current(requests->adopt);
	struct hello_response *hello = response->body;

	hello->boot_id = header->boot_id;
	hello->worker_count = header->worker_count;
	hello->interface_count = requests->interfaces->count;
	hello->stats_bytes = header->size_bytes;
	hello->generation = current != NULL ? current->generation : 0;
	response->fds[response->fd_count++] = requests->segment->fd_reader;
	for (uint32_t p = 0; p < requests->interfaces->count; p++)
		interface_describe(requests, &requests->interfaces->interface[p],
				   &hello->interfaces[p], response);
	return 0;
}

static void
snapshot_describe(const struct requests *requests, struct snapshot_response *out)
{
	const struct snapshot *current = adopt_current(requests->adopt);

	if (current != NULL) {
		out->generation = current->generation;
		out->size_bytes = current->size_bytes;
	}
}

static int
snapshot_put_handle(void *owner, const struct socket_request *request,
		    struct socket_response *response)
{
	const struct requests *requests = owner;
	const struct snapshot_put *put = request->body;
	struct snapshot_response *out = response->body;
	const char *why = "the request carries no descriptor";
	int status = -EBADF;

	if (request->fd >= 0)
		status = adopt_put(requests->adopt, request->fd, put->size_bytes, &why);
	snapshot_describe(requests, out);
	if (status != 0) {
		snprintf(out->why, sizeof(out->why), "%s", why);
		response->refusal_bytes = sizeof(*out);
	}
	return status;
}

static int
snapshot_get_handle(void *owner, const struct socket_request *request,
		    struct socket_response *response)
{
	const struct requests *requests = owner;

	if (requests->adopt->current_fd < 0)
		return -ENOENT;
	snapshot_describe(requests, response->body);
	response->fds[response->fd_count++] = requests->adopt->current_fd;
	return 0;
}

static int
port_handle(void *owner, const struct socket_request *request, struct socket_response *response)
{
	const struct requests *requests = owner;
	const struct port_request *wanted = request->body;
	struct port_response *out = response->body;

	inspect_port(requests->workers, adopt_current(requests->adopt), wanted->port, rte_rdtsc(),
		     out);
	response->body_bytes =
		offsetof(struct port_response, flows) + out->flow_count * sizeof(out->flows[0]);
	return 0;
}

static int
probe_handle(void *owner, const struct socket_request *request, struct socket_response *response)
{
	const struct requests *requests = owner;
	int status = prober_order(requests->prober, request->body, adopt_current(requests->adopt),
				  request->client, request->cookie);

	response->later = status == 0;
	return status;
}

static int
neighbour_handle(void *owner, const struct socket_request *request,
		 struct socket_response *response)
{
	const struct requests *requests = owner;

	return neighbour_order(requests->interfaces, request->body);
}

static int
stop_handle(void *owner, const struct socket_request *request, struct socket_response *response)
{
	const struct requests *requests = owner;

	main_loop_stop(requests->main_loop);
	return 0;
}

const struct socket_row requests_rows[REQUESTS_ROWS] = {
	{MESSAGE_HELLO, sizeof(struct hello_request), sizeof(struct hello_response), hello_handle},
	{MESSAGE_SNAPSHOT_PUT, sizeof(struct snapshot_put), sizeof(struct snapshot_response),
	 snapshot_put_handle},
	{MESSAGE_SNAPSHOT_GET, 0, sizeof(struct snapshot_response), snapshot_get_handle},
	{MESSAGE_PORT, sizeof(struct port_request), sizeof(struct port_response), port_handle},
	{MESSAGE_PROBE, sizeof(struct probe_request), sizeof(struct probe_response), probe_handle},
	{MESSAGE_NEIGHBOUR, sizeof(struct neighbour_request), 0, neighbour_handle},
	{MESSAGE_STOP, 0, 0, stop_handle},
};
