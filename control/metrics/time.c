/* SPDX-License-Identifier: BSD-3-Clause */
/* Times in metrics. */
#include "control/metrics/time.h"

#include "control/lib/loop.h"

double
metrics_unix_time(uint64_t monotonic_ns)
{
	return (double)loop_unix_ms(monotonic_ns) / 1e3;
}
