/* SPDX-License-Identifier: BSD-3-Clause */
/* The baseline: a forwarder that only swaps addresses and ports. It measures the cost of receiving
 * and sending the same frames over the same rings. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_BASELINE_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_BASELINE_H

#include "tests/bench/pipeline/bed.h"

/* One turn: receives a burst from each interface, swaps MAC addresses, IP addresses and UDP ports,
 * and sends it on the other interface. Returns the number of packets received. */
unsigned baseline_turn(struct bed *bed, unsigned queue);

#endif
