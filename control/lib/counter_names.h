/* SPDX-License-Identifier: BSD-3-Clause */
/* What the dataplane counts, by the numbers that its enums give: the names and meanings that
 * reports, metrics, the command line and the manual show. Threads: any; the lists are constant. */
#ifndef EPHEMERA_CONTROL_LIB_COUNTER_NAMES_H
#define EPHEMERA_CONTROL_LIB_COUNTER_NAMES_H

#include "bpf/steer.h"
#include "dataplane/shared/counters.h"

struct counter_name {
	const char *name, *help;
};

extern const struct counter_name counter_names[WORKER_COUNTER_COUNT];
extern const struct counter_name drop_names[DROP_REASON_COUNT];
extern const struct counter_name verdict_names[STEER_VERDICT_COUNT];

#endif
