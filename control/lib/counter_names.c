/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists, made from the macros that also define the enums. */
#include "control/lib/counter_names.h"

#define X(name, help) {#name, help},
const struct counter_name counter_names[] = {WORKER_COUNTERS(X)};
const struct counter_name drop_names[] = {DROP_REASONS(X)};
const struct counter_name verdict_names[] = {STEER_VERDICTS(X)};
#undef X
