/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers on two cores against one. Responses arrive in any worker's queue: half of them are
 * handed off to the worker that owns their address. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_PAIR_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_PAIR_H

#include "tests/bench/pipeline/run.h"

/* Adds a round: one worker, then two. Both workers fill their queues, wait for each other, run
 * turns until each has sent all its packets, and drain the transmit queues. The time is from the
 * first start to the last end; queries a second are those of all workers divided by it. */
void pair_round(struct run *run, const struct bench_case *c, struct pair_result *result);

#endif
