/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and help texts of the dataplane's counters, drop reasons and XDP verdicts, indexed by their
 * enums. Reports, metrics, the command line and the manual use them. Threads: any; the lists are
 * constant. */
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
