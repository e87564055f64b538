/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers the messages on the dataplane's socket.
 * Runs:  the main thread. */
#include "dataplane/process/requests.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/process/inspect.h"
#include "dataplane/process/neighbour.h"

static void
port_describe(const struct service *service, const struct port *port, struct hello_port *out,
	      struct socket_answer *answer)
{
	const struct steer_interface *interface = NULL;

	memcpy(out->name, port->name, sizeof(out->name));
	out->ifindex = port->ifindex;
	out->mtu_bytes = port->mtu_bytes;
	out->mac = port->mac;
	if (port->is_xdp)
		interface = steer_find(service->steer, port->ifindex);
	if (interface == NULL)
		return;
	out->steered = 1;
	for (unsigned m = 0; m < STEER_MAP_COUNT; m++)
		answer->fds[answer->fd_count++] = interface->map_fds[m];
}

static int
hello_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;
	const struct stats_header *header = service->segment->header;
	const struct snapshot *current = adopt_current(service->adopt);
	struct hello_answer *hello = answer->body;

	hello->boot_id = header->boot_id;
	hello->worker_count = header->worker_count;
	hello->port_count = service->ports->count;
	hello->stats_bytes = header->size_bytes;
	hello->generation = current != NULL ? current->generation : 0;
	answer->fds[answer->fd_count++] = service->segment->fd_reader;
	for (uint32_t p = 0; p < service->ports->count; p++)
		port_describe(service, &service->ports->port[p], &hello->ports[p], answer);
	return 0;
}

static void
snapshot_describe(const struct service *service, struct snapshot_answer *out)
{
	const struct snapshot *current = adopt_current(service->adopt);

	if (current != NULL) {
		out->generation = current->generation;
		out->size_bytes = current->size_bytes;
	}
}

static int
snapshot_put_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;
	const struct snapshot_put *put = request->body;
	struct snapshot_answer *out = answer->body;
	const char *why = "no descriptor came with it";
	int status = -EBADF;

	if (request->fd >= 0)
		status = adopt_put(service->adopt, request->fd, put->size_bytes, &why);
	snapshot_describe(service, out);
	if (status != 0) {
		snprintf(out->why, sizeof(out->why), "%s", why);
		answer->refusal_bytes = sizeof(*out);
	}
	return status;
}

static int
snapshot_get_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;

	if (service->adopt->current_fd < 0)
		return -ENOENT;
	snapshot_describe(service, answer->body);
	answer->fds[answer->fd_count++] = service->adopt->current_fd;
	return 0;
}

static int
port_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;
	const struct port_request *wanted = request->body;
	struct port_answer *out = answer->body;

	inspect_port(service->workers, adopt_current(service->adopt), wanted->port, rte_rdtsc(), out);
	answer->body_bytes = offsetof(struct port_answer, flows) + out->flow_count * sizeof(out->flows[0]);
	return 0;
}

static int
probe_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;
	int status = prober_order(service->prober, request->body, adopt_current(service->adopt),
				  request->client, request->cookie);

	answer->later = status == 0;
	return status;
}

static int
neighbour_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;

	return neighbour_order(service->ports, request->body);
}

static int
stop_handle(void *owner, const struct socket_request *request, struct socket_answer *answer)
{
	const struct service *service = owner;

	life_stop(service->life);
	return 0;
}

const struct socket_row service_rows[SERVICE_ROWS] = {
	{MESSAGE_HELLO, sizeof(struct hello_request), sizeof(struct hello_answer), hello_handle},
	{MESSAGE_SNAPSHOT_PUT, sizeof(struct snapshot_put), sizeof(struct snapshot_answer),
	 snapshot_put_handle},
	{MESSAGE_SNAPSHOT_GET, 0, sizeof(struct snapshot_answer), snapshot_get_handle},
	{MESSAGE_PORT, sizeof(struct port_request), sizeof(struct port_answer), port_handle},
	{MESSAGE_PROBE, sizeof(struct probe_request), sizeof(struct probe_answer), probe_handle},
	{MESSAGE_NEIGHBOUR, sizeof(struct neighbour_request), 0, neighbour_handle},
	{MESSAGE_STOP, 0, 0, stop_handle},
};
