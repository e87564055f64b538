/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `upstreams`. */
#include "control/report/report.h"

#include <stdio.h>

#include "control/daemon/daemon.h"
#include "control/lib/address.h"

/* Why the upstream is in its state; if it is draining, its queries in flight; and what prevents
 * sending to it, if anything. */
static void
reason_write(const struct daemon *daemon, unsigned slot, uint64_t in_flight, char *text,
	     size_t bytes)
{
	const struct health *health = &daemon->farm.upstreams[slot].health;
	char reason[HEALTH_REASON_BYTES], flight[48] = "", obstacle[NEIGHBOUR_REASON_BYTES];

	health_reason(health, reason);
	if (health_state(health) == HEALTH_DRAINING && in_flight > 0)
		snprintf(flight, sizeof(flight), "; %llu in flight", (unsigned long long)in_flight);
	else if (health_state(health) == HEALTH_DRAINING)
		snprintf(flight, sizeof(flight), "; nothing in flight");
	neighbour_reason(&daemon->neighbour, slot, obstacle);
	snprintf(text, bytes, "%s%s%s%s", reason, flight, obstacle[0] != 0 ? "; " : "", obstacle);
}

/* True if the state shown is in force in the dataplane. */
static bool
is_in_force(const struct daemon *daemon, unsigned slot)
{
	const struct snapshot_upstream *adopted = &daemon->publisher.adopted->upstreams[slot];
	const struct health *health = &daemon->farm.upstreams[slot].health;

	return adopted->usable == health_usable(health) &&
	       adopted->admin_state == health->admin_state;
}

/* The letter case of questions to the upstream. */
static const char *
case_name(const struct slot *slot, const struct farm_upstream *upstream)
{
	if (!slot->random_case)
		return "off";
	return upstream->case_watch.not_kept ? "not kept" : "random";
}

json_t *
report_upstream(const struct daemon *daemon, unsigned index)
{
	const struct slot *slot = &daemon->publisher.slots.upstreams.slots[index];
	const struct health *health = &daemon->farm.upstreams[index].health;
	const struct next_hop *hop = &daemon->neighbour.hops[index];
	const struct upstream_stats stats = farm_stats(&daemon->farm, index);
	bool connected = daemon->dataplane.state == LINK_CONNECTED;
	char address[ADDRESS_TEXT_BYTES], next_hop[ADDRESS_TEXT_BYTES], since[REPORT_TIME_BYTES];
	char reason[HEALTH_REASON_BYTES + NEIGHBOUR_REASON_BYTES + 50];
	json_t *report;

	reason_write(daemon, index, stats.in_flight, reason, sizeof(reason));
	report =
		json_pack("{s:s, s:s, s:i, s:s, s:b, s:s, s:s, s:b}", "name", slot->name, "address",
			  address_format(&slot->address, address), "port", (int)slot->port, "state",
			  health_state_name(health_state(health)), "in_force",
			  is_in_force(daemon, index), "reason", reason, "since",
			  report_time(health->since_ns, since), "resolved", next_hop_resolved(hop));
	json_object_set_new(report, "next_hop",
			    hop->route_status == 0
				    ? json_string(address_format(&hop->route.next_hop, next_hop))
				    : json_null());
	json_object_set_new(report, "interface",
			    connected && hop->interface_index >= 0
				    ? json_string(daemon->dataplane.hello.response
							  .interfaces[hop->interface_index]
							  .name)
				    : json_null());
	json_object_set_new(report, "queries", json_integer((json_int_t)stats.queries));
	json_object_set_new(report, "responses", json_integer((json_int_t)stats.responses));
	json_object_set_new(report, "timeouts", json_integer((json_int_t)stats.timeouts));
	json_object_set_new(report, "wrong_case", json_integer((json_int_t)stats.wrong_case));
	json_object_set_new(report, "case",
			    json_string(case_name(slot, &daemon->farm.upstreams[index])));
	json_object_set_new(report, "in_flight", json_integer((json_int_t)stats.in_flight));
	json_object_set_new(report, "probe_latency_us",
			    health->latency_known ? json_integer((json_int_t)health->latency_us)
						  : json_null());
	return report;
}

json_t *
report_farm(const struct daemon *daemon, json_t *(*row)(const struct daemon *daemon, unsigned slot))
{
	const struct slot_set *upstreams = &daemon->publisher.slots.upstreams;
	json_t *list = json_array();

	for (unsigned i = 0; i < upstreams->limit; i++)
		if (upstreams->slots[i].state == SLOT_ACTIVE)
			json_array_append_new(list, row(daemon, i));
	return list;
}

json_t *
report_upstreams(const struct daemon *daemon)
{
	return json_pack("{s:o}", "upstreams", report_farm(daemon, report_upstream));
}
