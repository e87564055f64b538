/* SPDX-License-Identifier: BSD-3-Clause */
/* A forwarder that does nothing: what receiving and sending the same frames over the same rings
 * costs. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_FLOOR_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_FLOOR_H

#include "tests/bench/pipeline/bed.h"

/* One turn: a burst from each port, MAC addresses, IP addresses and UDP ports swapped, sent by the
 * other port. Returns the number of packets seen. */
unsigned floor_turn(struct bed *bed, unsigned queue);

#endif
