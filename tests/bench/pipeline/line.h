/* SPDX-License-Identifier: BSD-3-Clause */
/* The distance of two cores: the round-trip time of a cache line between them. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_LINE_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_LINE_H

#include <stdint.h>

/* Nanoseconds per round trip of an atomic between this core and lcore 1, averaged over `turns`.
 * [main] */
double line_round_trip_ns(uint32_t count);

/* "near" (they share a cache), "between" or "far". */
const char *line_kind(double ns);

#endif
