/* SPDX-License-Identifier: BSD-3-Clause */
/* The draw: a source address, a port and an ID for each query; fresh, uniform and unpredictable. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_DRAW_H
#define EPHEMERA_DATAPLANE_PIPELINE_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/pipeline/worker.h"
#include "dataplane/shared/wire.h"

/* Rounds for a burst together, then tries for each query: in a half-full table at most one query in
 * 2^16 finds no slot. */
#define DRAW_TRIES 16

/* Draws from the worker's share of a family; space->source_count must not be 0. RFC 5452 section
 * 9.2: "use an unpredictable source port for outgoing queries from the range of available ports
 * that is as large as possible and practicable", and the same for the ID. [worker] */
struct draw draw_from(struct random_stream *random, const struct view_space *space,
		      const struct flow_table *flows);

/* Makes the draws of the next burst from the current view; discards those made from an earlier one.
 * [worker] */
void draw_ahead(struct worker *worker);

/* Repeats the draw until its slot is free, at most DRAW_TRIES times. False: no free slot.
 * [worker] */
bool draw_settle(struct worker *worker, const struct view_space *space, struct draw *draw);

/* Draws the letter case of a question: flips each letter whose random bit is set. case_flip() with
 * the same `bits`, [CASE_WORDS_MAX], undoes it. [worker] */
void draw_case(struct worker *worker, uint8_t *question, uint32_t question_bytes, uint64_t *bits);

/* Counts a draw that is used, for the measured entropy. [worker] */
void draw_count(struct worker *worker, const struct draw *draw);

#endif
