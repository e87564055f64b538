/* SPDX-License-Identifier: BSD-3-Clause */
/* All metrics of ephemerad and of the dataplane (text.h has the formats).
 *
 * No label value comes from a query: labels are names from the configuration, of interfaces, or
 * from our own lists. The dataplane's metrics are absent while it is not connected, and start at 0
 * when it is restarted. */
#ifndef EPHEMERA_CONTROL_METRICS_METRICS_H
#define EPHEMERA_CONTROL_METRICS_METRICS_H

#include <stddef.h>

#include "control/metrics/text.h"

struct daemon;

/* The whole page, from malloc(); NULL: out of memory. */
char *metrics_page(const struct daemon *daemon, enum metrics_format format, size_t *bytes);

/* A time of CLOCK_MONOTONIC as Unix time, to the millisecond. */
double metrics_unix_time(uint64_t monotonic_ns);

/* Its parts. */
void metrics_upstreams(const struct daemon *daemon, struct metrics_writer *writer);
/* These need the statistics segment to be open. */
void metrics_dataplane(const struct daemon *daemon, struct metrics_writer *writer);
void metrics_entropy(const struct daemon *daemon, struct metrics_writer *writer);

#endif
