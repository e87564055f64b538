/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the rings of strays and attacks in the statistics segment while their workers write on.
 *
 * Pure but for the reading. */
#ifndef EPHEMERA_CONTROL_STATS_STRAY_READER_H
#define EPHEMERA_CONTROL_STATS_STRAY_READER_H

#include "control/lib/question.h"
#include "control/stats/stats_reader.h"

#define STRAY_TEXT_BYTES (QUESTION_TEXT_BYTES + 4)

/* A ring: entry `count % size` is written next. */
struct stray_ring {
	const struct stray *entries;
	const uint64_t *count;
	unsigned size; /* at most STATS_STRAYS */
};

struct stray_ring stray_ring_of_strays(const struct worker_stats *worker);
struct stray_ring stray_ring_of_attacks(const struct worker_stats *worker);

/* Copies the newest entries, newest first, to `to`, which has room for `room`; returns how many.
 * What the worker wrote over meanwhile is left out. */
unsigned stray_ring_read(const struct stray_ring *ring, struct stray *to, unsigned room);

/* The newest entries of all workers' rings, newest first; `ring_of` is one of those above. Returns
 * how many. */
unsigned stray_reader_newest(const struct stats_reader *stats,
			     struct stray_ring (*ring_of)(const struct worker_stats *worker),
			     struct stray *to, unsigned room);

/* Lower-cases the letters of its name, as far as it is kept: an attacked question has the random
 * case that it was sent in, and is the same question in any other. */
void stray_lower(struct stray *stray);

/* When it was, in nanoseconds of CLOCK_MONOTONIC. */
uint64_t stray_time_ns(const struct stats_header *header, uint64_t tsc);

/* "NAME TYPE CLASS" in `text` (STRAY_TEXT_BYTES), returned; "NAME..." of a question that is longer
 * than what is kept of it, "(malformed)" of bytes that are no question, "(none)" of none. */
const char *stray_question(const struct stray *stray, char *text);

#endif
