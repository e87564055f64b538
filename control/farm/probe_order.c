/* SPDX-License-Identifier: BSD-3-Clause */
/* A small ring of probes, oldest first. */
#include "control/farm/probe_order.h"

static struct probe_outcome_held *
held_at(struct probe_order *order, uint32_t serial)
{
	return &order->held[serial % PROBE_ORDER_MAX];
}

bool
probe_order_room(const struct probe_order *order)
{
	unsigned unanswered = 0;

	for (uint32_t i = 0; i < order->count; i++)
		unanswered += !order->held[(order->first + i) % PROBE_ORDER_MAX].known;
	return order->count < PROBE_ORDER_MAX && unanswered < PROBE_ORDER_UNANSWERED_MAX;
}

uint32_t
probe_order_begin(struct probe_order *order)
{
	uint32_t serial = order->first + order->count++;

	*held_at(order, serial) = (struct probe_outcome_held){0};
	return serial;
}

void
probe_order_end(struct probe_order *order, uint32_t serial, const struct health_event *event)
{
	struct probe_outcome_held *held = held_at(order, serial);

	if (serial - order->first >= order->count || held->known)
		return;
	held->known = true;
	if (event == NULL)
		held->nothing = true;
	else
		held->event = *event;
}

bool
probe_order_next(struct probe_order *order, struct health_event *event)
{
	while (order->count > 0 && held_at(order, order->first)->known) {
		const struct probe_outcome_held *held = held_at(order, order->first);

		order->first++;
		order->count--;
		if (held->nothing)
			continue;
		*event = held->event;
		return true;
	}
	return false;
}

void
probe_order_void(struct probe_order *order)
{
	for (uint32_t i = 0; i < order->count; i++)
		held_at(order, order->first + i)->nothing = true;
}
