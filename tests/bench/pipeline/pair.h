/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers on two cores against one, with responses that come in by any worker's queue: half of
 * them are handed over to the worker that owns their source address. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_PAIR_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_PAIR_H

#include "tests/bench/pipeline/run.h"

/* Adds a round: one worker, then two. Both workers lay their packets into the queues, wait for each
 * other, turn until each has sent all that is its own, and take what was sent; the clock runs from
 * the first that begins to the last that is done. Queries a second are those of all workers through
 * that time. */
void pair_round(struct run *run, const struct bench_case *c, struct pair_result *result);

#endif
