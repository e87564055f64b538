/* SPDX-License-Identifier: BSD-3-Clause */
/* The answers of the control socket, as JSON. Each is made from what the daemon holds now and
 * changes nothing; NULL means a lack of memory. The caller owns the result. */
#ifndef EPHEMERA_CONTROL_REPORT_REPORT_H
#define EPHEMERA_CONTROL_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;

#define REPORT_TIME_BYTES  24 /* "2026-11-23T07:00:00Z" */
#define REPORT_STAMP_BYTES 28 /* "2026-11-23T07:00:00.123Z" */
#define REPORT_BOOT_BYTES  20

/* The daemon, the dataplane, and how many upstreams are up. */
json_t *report_status(const struct daemon *daemon);

/* All counters, the pools in force and the ports of the machine, and the moment of it all, for
 * rates. The statistics segment must be open. */
json_t *report_stats(const struct daemon *daemon);

/* Each upstream of the configuration: state and why, way, figures since it got its slot (or since
 * ephemerad's start, or the dataplane's). */
json_t *report_upstreams(const struct daemon *daemon);

/* One of its rows: the upstream in that slot, an active one. */
json_t *report_upstream(const struct daemon *daemon, unsigned slot);

/* A list with `row` of each upstream of the configuration. */
json_t *report_farm(const struct daemon *daemon,
		    json_t *(*row)(const struct daemon *daemon, unsigned slot));

/* The bits in force, and how uniform the draws of the last window were. The statistics segment must
 * be open; NULL also while no window is. */
json_t *report_entropy(const struct daemon *daemon);

/* Each reason to drop a packet and each verdict of the XDP program: how often since the dataplane's
 * start, how often a second of late, and what it means. The segment must be open; NULL also before
 * the first sample. */
json_t *report_drops(const struct daemon *daemon);

/* How long answers took: histograms and quantiles of all and of late, of each worker; means of each
 * upstream. The segment must be open; NULL also before the first sample. */
json_t *report_latency(const struct daemon *daemon);

#define REPORT_PORTS_CELLS   16384 /* of the map, at most */
#define REPORT_PORTS_COLUMNS 128

/* How many queries each source port has in flight, and how many it carried in the window of draws.
 * Ports are gathered to cells of equal numbers of ports, one each if `full`, and else as few as
 * make a map of REPORT_PORTS_CELLS or less. The segment must be open; NULL also while no window
 * is. */
json_t *report_port_map(const struct daemon *daemon, bool full);

/* What clients asked and got in each of the last seconds, for rates over time. */
json_t *report_history(const struct daemon *daemon);

/* The last responses that were not believed, and the queries that saw near misses. The segment must
 * be open. */
json_t *report_strays(const struct daemon *daemon);

/* The attack that is under way, or the last one. */
json_t *report_attack(const struct daemon *daemon);

/* A time of CLOCK_MONOTONIC as the wall clock's, RFC 3339, UTC. Returns `text`. */
const char *report_time(uint64_t monotonic_ns, char text[REPORT_TIME_BYTES]);

/* The same to the millisecond. */
const char *report_stamp(uint64_t monotonic_ns, char text[REPORT_STAMP_BYTES]);

/* A boot id in hexadecimal digits. Returns `text`. */
const char *report_boot(uint64_t boot_id, char text[REPORT_BOOT_BYTES]);

#endif
