/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `status`. */
#include "control/report/report.h"

#include <stdio.h>
#include <unistd.h>

#include "control/daemon/daemon.h"

const char *
report_boot(uint64_t boot_id, char text[REPORT_BOOT_BYTES])
{
	snprintf(text, REPORT_BOOT_BYTES, "%016llx", (unsigned long long)boot_id);
	return text;
}

/* Whether the interface's link is up; null if not known. */
static json_t *
report_link(const struct stats_reader *stats, unsigned index)
{
	const struct stats_header *header;

	if (!stats_reader_is_open(stats))
		return json_null();
	header = stats_reader_header(stats);
	return index < header->interface_count
		       ? json_boolean(header->interfaces[index].link_up != 0)
		       : json_null();
}

static json_t *
report_interfaces(const struct hello_response *hello, const struct stats_reader *stats)
{
	json_t *interfaces = json_array();

	for (unsigned i = 0; i < hello->interface_count; i++) {
		const struct hello_interface *interface = &hello->interfaces[i];
		const uint8_t *mac = interface->mac.bytes;
		char text[18];

		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5]);
		json_array_append_new(interfaces, json_pack("{s:s, s:s, s:I, s:o, s:b}", "name",
							    interface->name, "mac", text, "mtu",
							    (json_int_t)interface->mtu_bytes,
							    "link_up", report_link(stats, i),
							    "steered", interface->steered));
	}
	return interfaces;
}

static json_t *
report_dataplane(const struct daemon *daemon)
{
	const struct hello_response *hello = &daemon->dataplane.hello.response;
	const struct stats_header *header;
	char boot[REPORT_BOOT_BYTES];
	json_t *report;

	if (daemon->dataplane.state != LINK_CONNECTED)
		return json_pack("{s:b}", "connected", 0);
	report = json_pack("{s:b, s:s, s:I, s:o, s:b}", "connected", 1, "boot_id",
			   report_boot(hello->boot_id, boot), "workers",
			   (json_int_t)hello->worker_count, "interfaces",
			   report_interfaces(hello, &daemon->stats), "steer_usable",
			   daemon->steer.usable);
	if (report == NULL || !stats_reader_is_open(&daemon->stats))
		return report;
	header = stats_reader_header(&daemon->stats);
	json_object_set_new(report, "pid", json_integer((json_int_t)header->pid));
	json_object_set_new(
		report, "uptime_s",
		json_integer((json_int_t)((loop_now_ns() - header->started_ns) / NS_PER_S)));
	json_object_set_new(report, "flows_per_worker",
			    json_integer((json_int_t)header->flows_per_worker));
	json_object_set_new(report, "generation", json_integer((json_int_t)header->generation));
	json_object_set_new(report, "draining", json_boolean(header->draining != 0));
	json_object_set_new(report, "mbufs_total", json_integer((json_int_t)header->mbufs_total));
	json_object_set_new(report, "mbufs_in_use", json_integer((json_int_t)header->mbufs_in_use));
	return report;
}

static json_t *
report_drain(const struct drain *drain)
{
	static const char *const states[] = {[DRAIN_WAITING] = "waiting",
					     [DRAIN_STOPPING] = "stopping",
					     [DRAIN_STOPPED] = "stopped"};
	char since[REPORT_TIME_BYTES], until[REPORT_TIME_BYTES];

	if (drain->state == DRAIN_OFF)
		return json_null();
	return json_pack("{s:s, s:s, s:s}", "state", states[drain->state], "since",
			 report_time(drain->since_ns, since), "until",
			 report_time(drain->until_ns, until));
}

json_t *
report_status(const struct daemon *daemon)
{
	const struct publisher *publisher = &daemon->publisher;
	const struct slot_set *upstreams = &publisher->slots.upstreams;
	uint64_t in_flight =
		stats_reader_is_open(&daemon->stats) ? stats_reader_in_flight(&daemon->stats) : 0;
	unsigned up = 0, total = 0;
	char loaded[REPORT_TIME_BYTES], reason[READINESS_REASON_BYTES];
	bool ready = readiness_is_ready(&daemon->readiness, reason);

	for (unsigned i = 0; i < upstreams->limit; i++) {
		if (upstreams->slots[i].state != SLOT_ACTIVE)
			continue;
		total++;
		up += health_usable(&daemon->farm.upstreams[i].health);
	}
	return json_pack("{s:s, s:b, s:s, s:o, s:I, s:I, s:s, s:s, s:I, s:o, s:I, s:I, s:I, s:o}",
			 "version", EPHEMERA_VERSION, "ready", ready, "not_ready", reason, "drain",
			 report_drain(&daemon->readiness.drain), "pid", (json_int_t)getpid(),
			 "uptime_s", (json_int_t)((loop_now_ns() - daemon->started_ns) / NS_PER_S),
			 "config_file", daemon->config_path, "config_loaded_at",
			 report_time(daemon->config_loaded_ns, loaded), "generation",
			 (json_int_t)publisher->adopted->generation, "dataplane",
			 report_dataplane(daemon), "upstreams_up", (json_int_t)up,
			 "upstreams_total", (json_int_t)total, "in_flight", (json_int_t)in_flight,
			 "attack", report_attack(daemon));
}
