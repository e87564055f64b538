/* SPDX-License-Identifier: BSD-3-Clause */
/* How far apart two cores are: the round trip of a cache line between them. */
#ifndef PIPELINE_LINE_H
#define PIPELINE_LINE_H

/* Nanoseconds, over 200,000 round trips of an atomic between this core and lcore 1. [main] */
double line_round_trip_ns(void);

/* "near" (they share a cache), "between" or "far". */
const char *line_kind(double ns);

#endif
