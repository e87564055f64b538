/* SPDX-License-Identifier: BSD-3-Clause */
/* The answers of the control socket, as JSON. Each is made from what the daemon holds now and changes
 * nothing; NULL means a lack of memory. The caller owns the result. */
#ifndef EPHEMERA_REPORT_H
#define EPHEMERA_REPORT_H

#include <jansson.h>
#include <stdint.h>

struct daemon;

#define REPORT_TIME_BYTES 24 /* "2026-11-23T07:00:00Z" */
#define REPORT_BOOT_BYTES 20

/* The daemon, the dataplane, and how many upstreams are up. */
json_t *report_status(const struct daemon *daemon);

/* All counters. The statistics segment must be open. */
json_t *report_stats(const struct daemon *daemon);

/* Each upstream of the configuration: state and why, way, figures since it got its slot (or since ephemerad's
 * start, or the dataplane's). */
json_t *report_upstreams(const struct daemon *daemon);

/* The bits in force, and how uniform the draws of the last window were. The statistics segment must be open;
 * NULL also while no window is. */
json_t *report_entropy(const struct daemon *daemon);

/* The last replies that were not believed, and the queries that saw near misses. The segment must be open. */
json_t *report_strays(const struct daemon *daemon);

/* The attack that is under way, or the last one. */
json_t *report_attack(const struct daemon *daemon);

/* A time of CLOCK_MONOTONIC as the wall clock's, RFC 3339, UTC. Returns `text`. */
const char *report_time(uint64_t monotonic_ns, char text[REPORT_TIME_BYTES]);

/* A boot id in hexadecimal digits. Returns `text`. */
const char *report_boot(uint64_t boot_id, char text[REPORT_BOOT_BYTES]);

#endif
