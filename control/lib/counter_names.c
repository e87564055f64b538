/* SPDX-License-Identifier: BSD-3-Clause */
/* The lists, from those that the counters are made of. */
#include "control/lib/counter_names.h"

#define X(name, help) {#name, help},
const struct counter_name counter_names[] = {WORKER_COUNTERS(X)};
const struct counter_name drop_names[] = {DROP_REASONS(X)};
const struct counter_name verdict_names[] = {STEER_VERDICTS(X)};
#undef X
