/* SPDX-License-Identifier: BSD-3-Clause */
/* How far apart two cores are: the round trip of a cache line between them. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_LINE_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_LINE_H

#include <stdint.h>

/* Nanoseconds of a round trip of an atomic between this core and lcore 1, over so many. [main] */
double line_round_trip_ns(uint32_t count);

/* "near" (they share a cache), "between" or "far". */
const char *line_kind(double ns);

#endif
