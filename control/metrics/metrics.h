/* SPDX-License-Identifier: BSD-3-Clause */
/* All metrics of ephemerad and, while it is there, of the dataplane (text.h has the formats).
 *
 * No label's value comes from a query: they are names of the configuration, of the machine's
 * interfaces, or of our own lists. What the dataplane counts is absent while it is away, and begins
 * at 0 with another one. */
#ifndef EPHEMERA_CONTROL_METRICS_METRICS_H
#define EPHEMERA_CONTROL_METRICS_METRICS_H

#include <stddef.h>

#include "control/metrics/text.h"

struct daemon;

/* The whole page, from malloc(); NULL: a lack of memory. */
char *metrics_page(const struct daemon *daemon, enum metrics_format format, size_t *bytes);

/* A time of CLOCK_MONOTONIC as Unix time, to the millisecond. */
double metrics_unix_time(uint64_t monotonic_ns);

/* Its parts. */
void metrics_upstreams(const struct daemon *daemon, struct metrics_writer *writer);
/* These need the statistics segment open. */
void metrics_dataplane(const struct daemon *daemon, struct metrics_writer *writer);
void metrics_entropy(const struct daemon *daemon, struct metrics_writer *writer);

#endif
