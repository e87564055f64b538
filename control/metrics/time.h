/* SPDX-License-Identifier: BSD-3-Clause */
/* Times in metrics. */
#ifndef EPHEMERA_CONTROL_METRICS_TIME_H
#define EPHEMERA_CONTROL_METRICS_TIME_H

#include <stdint.h>

/* A time of CLOCK_MONOTONIC as Unix time in seconds, rounded to the millisecond: the conversion
 * reads two clocks and would vary below that. */
double metrics_unix_time(uint64_t monotonic_ns);

#endif
