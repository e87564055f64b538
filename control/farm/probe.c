/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends probes when they are due, and turns their results into events. */
#include <errno.h>
#include <string.h>

#include "control/farm/farm_pvt.h"
#include "control/lib/address.h"

void
farm_timer_set(struct farm *farm)
{
	uint64_t first = LOOP_NEVER;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct farm_upstream *upstream = &farm->upstreams[i];

		if (upstream->active && upstream->due_ns < first &&
		    probe_order_room(&upstream->order))
			first = upstream->due_ns;
	}
	loop_timer_at(farm->parts.loop, &farm->timer, first);
}

/* Results */

/* True if a source address of that family is in force; without one no probe can be sent. */
static bool
source_exists(const struct farm *farm, bool ipv4)
{
	const struct slot_set *sources = &farm->slots->sources;

	for (unsigned i = 0; i < sources->limit; i++)
		if (sources->slots[i].state == SLOT_ACTIVE &&
		    address_is_ipv4(&sources->slots[i].address) == ipv4)
			return true;
	return false;
}

/* False if the result says nothing about the upstream. */
static bool
event_of(const struct farm *farm, unsigned slot, const struct probe_response *response,
	 struct health_event *event)
{
	const struct next_hop *hop = &farm->parts.neighbour->hops[slot];

	switch ((enum probe_outcome)response->outcome) {
	case PROBE_RESPONSE:
		*event = (struct health_event){.type = HEALTH_RESPONSE,
					       .rcode = response->rcode,
					       .latency_us = response->latency_us};
		return true;
	case PROBE_TIMEOUT:
		*event = (struct health_event){.type = HEALTH_TIMEOUT};
		return true;
	case PROBE_UNSENT:
		*event = (struct health_event){.type = HEALTH_UNSENT};
		return !next_hop_resolved(hop) ||
		       !source_exists(farm, address_is_ipv4(&hop->upstream));
	}
	return false;
}

static void
outcomes_handle(struct farm *farm, unsigned slot)
{
	struct farm_upstream *upstream = &farm->upstreams[slot];
	struct health_event event;

	while (probe_order_next(&upstream->order, &event))
		if (upstream->active)
			farm_handle(farm, slot, &event, loop_now_ns());
	farm_timer_set(farm);
}

static void
probe_on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	unsigned slot = tag & UINT16_MAX;
	uint32_t serial = (uint32_t)(tag >> 16);
	struct farm *farm = owner;
	struct farm_upstream *upstream = &farm->upstreams[slot];
	struct health_event event;
	bool says = response->status == 0 && upstream->active &&
		    event_of(farm, slot, response->body, &event);

	if (response->status != 0)
		log_line(LEVEL_DEBUG, "probe of slot %u: %s", slot, strerror(-response->status));
	if (response->status == -ENOTCONN)
		/* Results between the known ones are lost, so these are not "in a row". */
		probe_order_void(&upstream->order);
	probe_order_end(&upstream->order, serial, says ? &event : NULL);
	if (says) {
		upstream->unsent = event.type == HEALTH_UNSENT;
		if (event.type == HEALTH_TIMEOUT)
			neighbour_suspect(farm->parts.neighbour, slot);
	}
	outcomes_handle(farm, slot);
}

/* Probing */

static void
probe_send(struct farm *farm, unsigned slot)
{
	const struct config_probe *config = &farm->config->probe;
	struct probe_order *order = &farm->upstreams[slot].order;
	uint32_t serial = probe_order_begin(order);
	struct probe_request probe = {.upstream = (uint16_t)slot,
				      .timeout_ms = (uint16_t)config->timeout_ms,
				      .question_bytes = config->question_bytes};
	const struct link_request request = {.type = MESSAGE_PROBE,
					     .body = &probe,
					     .body_bytes = sizeof(probe),
					     .fd = -1,
					     .extra_timeout_ms = config->timeout_ms,
					     .on_response = probe_on_response,
					     .owner = farm,
					     .tag = (uint64_t)serial << 16 | slot};
	int status;

	memcpy(probe.question, config->question, config->question_bytes);
	status = link_ask(farm->parts.dataplane, &request);
	if (status == 0)
		return;
	log_line(LEVEL_DEBUG, "probe of slot %u not sent: %s", slot, strerror(-status));
	probe_order_end(order, serial, NULL);
	outcomes_handle(farm, slot);
}

void
farm_timer_fired(void *owner, uint64_t now)
{
	struct farm *farm = owner;
	uint64_t interval = farm->config->probe.interval_ms * NS_PER_MS;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct farm_upstream *upstream = &farm->upstreams[i];

		if (!upstream->active || upstream->due_ns > now ||
		    !probe_order_room(&upstream->order))
			continue;
		/* Keeps its place in the interval unless it is late. */
		upstream->due_ns += interval;
		if (upstream->due_ns <= now)
			upstream->due_ns = now + interval;
		probe_send(farm, i);
	}
	farm_timer_set(farm);
}
