/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the rings of strays and attacks in the statistics segment while the workers write to them.
 *
 * Pure, except for reading the segment. */
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

/* Copies up to `room` entries to `to`, newest first, without those overwritten meanwhile; returns
 * their number. */
unsigned stray_ring_read(const struct stray_ring *ring, struct stray *to, unsigned room);

/* The newest entries of all workers' rings, newest first; `ring_of` is one of the above. Returns
 * their number. */
unsigned stray_reader_newest(const struct stats_reader *stats,
			     struct stray_ring (*ring_of)(const struct worker_stats *worker),
			     struct stray *to, unsigned room);

/* Lower-cases the letters of its name, as far as it is stored: the question of an attacked query
 * has random case, and must compare equal to the same question in another case. */
void stray_lower(struct stray *stray);

/* Its time, in nanoseconds of CLOCK_MONOTONIC. */
uint64_t stray_time_ns(const struct stats_header *header, uint64_t tsc);

/* Formats the question as "NAME TYPE CLASS" in `text` (STRAY_TEXT_BYTES), which it returns;
 * "NAME..." if it was cut off, "(malformed)" or "(none)". */
const char *stray_question(const struct stray *stray, char *text);

#endif
