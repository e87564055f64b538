/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `port N`, for which the dataplane is asked. */
#include "control/report/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/daemon/daemon.h"
#include "control/lib/address.h"
#include "control/lib/question.h"
#include "control/report/report.h"

/* A request to the dataplane that waits for its response. */
struct port_waiting {
	const struct daemon *daemon;
	struct server_request from;
	uint16_t port;
};

/* The state of a port without queries in flight. */
static const char *
port_idle_state(const struct config *config, uint16_t port)
{
	if (bitmap_test(config->source.ports, port))
		return "free";
	if (port >= config->source.first_port && port <= config->source.last_port)
		return "excluded";
	return "outside the range";
}

static json_t *
report_make(uint16_t port, const char *state, uint32_t total, json_t *flows)
{
	return json_pack("{s:i, s:s, s:I, s:o}", "port", (int)port, "state", state, "total",
			 (json_int_t)total, "flows", flows);
}

static json_t *
report_flow(const struct daemon *daemon, const struct port_flow *flow)
{
	static const struct address none;
	const struct slot_set *upstreams = &daemon->publisher.slots.upstreams;
	const struct slot *upstream =
		flow->upstream < upstreams->limit ? &upstreams->slots[flow->upstream] : NULL;
	char source[ADDRESS_TEXT_BYTES], upstream_address[ADDRESS_PORT_TEXT_BYTES] = "?";
	char client[ADDRESS_PORT_TEXT_BYTES] = "probe", question[QUESTION_TEXT_BYTES] = "?";

	if (upstream != NULL && upstream->state != SLOT_EMPTY)
		address_port_format(&upstream->address, upstream->port, upstream_address);
	if (!address_equal(&flow->client_address, &none))
		address_port_format(&flow->client_address, be16_to(flow->client_port), client);
	if (flow->question_bytes <= sizeof(flow->question))
		question_format(flow->question, flow->question_bytes, question);
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:I}", "worker",
			 (json_int_t)flow->worker, "source",
			 address_format(&flow->source_address, source), "upstream",
			 upstream != NULL && upstream->state != SLOT_EMPTY ? upstream->name : "?",
			 "upstream_address", upstream_address, "question", question, "client",
			 client, "id", (int)be16_to(flow->id), "age_us", (json_int_t)flow->age_us);
}

static void
port_on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	struct port_waiting *waiting = owner;
	const struct port_response *body = response->body;
	json_t *flows;

	(void)tag;
	if (response->status != 0) {
		server_refuse(waiting->from, "no response from the dataplane: %s",
			      response->status == -ENOTCONN ? "the connection was lost"
							    : strerror(-response->status));
		free(waiting);
		return;
	}
	flows = json_array();
	for (unsigned i = 0; i < body->flow_count; i++)
		json_array_append_new(flows, report_flow(waiting->daemon, &body->flows[i]));
	server_respond(waiting->from,
		       report_make(waiting->port,
				   body->total > 0
					   ? "in use"
					   : port_idle_state(waiting->daemon->publisher.config,
							     waiting->port),
				   body->total, flows));
	free(waiting);
}

static void
port_ask(struct daemon *daemon, uint16_t port, struct server_request from)
{
	const struct port_request body = {.port = port};
	struct link_request request = {.type = MESSAGE_PORT,
				       .body = &body,
				       .body_bytes = sizeof(body),
				       .fd = -1,
				       .on_response = port_on_response};
	struct port_waiting *waiting = malloc(sizeof(*waiting));
	int status = -ENOMEM;

	if (waiting != NULL) {
		*waiting = (struct port_waiting){daemon, from, port};
		request.owner = waiting;
		status = link_ask(&daemon->dataplane, &request);
	}
	if (status == 0)
		return;
	free(waiting);
	if (status == -ENOTCONN)
		server_refuse(from, "not connected to the dataplane: start ephemera-dataplane");
	else
		server_refuse(from, "cannot ask the dataplane: %s", strerror(-status));
}

void
report_port(struct daemon *daemon, const json_t *request, struct server_request from)
{
	const json_t *number = json_object_get(request, "port");
	json_int_t port = json_integer_value(number);
	const struct snapshot *adopted = daemon->publisher.adopted;

	if (!json_is_integer(number) || port < 1 || port > UINT16_MAX)
		server_refuse(from, "\"port\" must be a number from 1 to 65535");
	else if (adopted->generation > 0 && !bitmap_test(adopted->ports_accept, (uint16_t)port))
		server_respond(
			from, report_make((uint16_t)port,
					  port_idle_state(daemon->publisher.config, (uint16_t)port),
					  0, json_array()));
	else
		port_ask(daemon, (uint16_t)port, from);
}
