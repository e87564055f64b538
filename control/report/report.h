/* SPDX-License-Identifier: BSD-3-Clause */
/* The reports of the control socket and of HTTP's /api, as JSON. Each is built from the daemon's
 * current state and changes nothing. NULL: out of memory. The caller owns the result. */
#ifndef EPHEMERA_CONTROL_REPORT_REPORT_H
#define EPHEMERA_CONTROL_REPORT_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;

#define REPORT_TIME_BYTES  24 /* "2026-11-23T07:00:00Z" */
#define REPORT_STAMP_BYTES 28 /* "2026-11-23T07:00:00.123Z" */
#define REPORT_BOOT_BYTES  20

/* The daemon, the dataplane, and the number of usable upstreams. */
json_t *report_status(const struct daemon *daemon);

/* All counters, the pools in force and the interfaces, with a time stamp for rates. The statistics
 * segment must be open. */
json_t *report_stats(const struct daemon *daemon);

/* Each upstream of the configuration: state and reason, next hop, and counters since it got its
 * slot (or since the start of ephemerad or the dataplane). */
json_t *report_upstreams(const struct daemon *daemon);

/* One row of it: the upstream in that slot, which must be active. */
json_t *report_upstream(const struct daemon *daemon, unsigned slot);

/* A list of row() of each upstream of the configuration. */
json_t *report_farm(const struct daemon *daemon,
		    json_t *(*row)(const struct daemon *daemon, unsigned slot));

/* The entropy bits in force, and how uniform the draws of the window are. The statistics segment
 * must be open; NULL also without a window. */
json_t *report_entropy(const struct daemon *daemon);

/* Each drop reason and each verdict of the XDP program: count since the dataplane's start, current
 * rate, and its meaning. The segment must be open; NULL also before the first sample. */
json_t *report_drops(const struct daemon *daemon);

/* Latency: histograms and quantiles in total and of the last seconds, and of each worker; means of
 * each upstream. The segment must be open; NULL also before the first sample. */
json_t *report_latency(const struct daemon *daemon);

#define REPORT_PORTS_CELLS   16384 /* at most */
#define REPORT_PORTS_COLUMNS 128

/* For each source port, the queries in flight and the draws in the window. Ports are grouped into
 * cells of equal size: one port each if `full`, otherwise the smallest size with which the map has
 * at most REPORT_PORTS_CELLS cells. The segment must be open; NULL also without a window. */
json_t *report_port_map(const struct daemon *daemon, bool full);

/* Queries, responses and drops in each of the last seconds. */
json_t *report_history(const struct daemon *daemon);

/* The last rejected responses, and the queries that had near misses. The segment must be open. */
json_t *report_strays(const struct daemon *daemon);

/* The current attack, or the last one. */
json_t *report_attack(const struct daemon *daemon);

/* A time of CLOCK_MONOTONIC as wall-clock time, RFC 3339, UTC. Returns `text`. */
const char *report_time(uint64_t monotonic_ns, char text[REPORT_TIME_BYTES]);

/* The same with milliseconds. */
const char *report_stamp(uint64_t monotonic_ns, char text[REPORT_STAMP_BYTES]);

/* A boot id in hexadecimal digits. Returns `text`. */
const char *report_boot(uint64_t boot_id, char text[REPORT_BOOT_BYTES]);

#endif
