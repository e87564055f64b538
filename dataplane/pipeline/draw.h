/* SPDX-License-Identifier: BSD-3-Clause */
/* The draw: a source address, a port and an ID for a query, each fresh, uniform and
 * unpredictable. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_DRAW_H
#define EPHEMERA_DATAPLANE_PIPELINE_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"
#include "dataplane/pipeline/worker.h"

#define DRAW_TRIES                                                                                 \
	16 /* a burst tries so often together, then each query alone: one in 2^16 at most finds no slot in   \
	    * a table half full */

/* Draws from the part of a family that is the worker's; space->source_count is not 0. RFC 5452
 * section 9.2: "use an unpredictable source port for outgoing queries from the range of available
 * ports that is as large as possible and practicable", and the same for the ID. [worker] */
struct draw draw_from(struct random_stream *random, const struct view_space *space,
		      const struct flow_table *flows);

/* Makes the draws of the next bursts, from the view that the worker runs on; what was made from an
 * earlier view is forgotten. [worker] */
void draw_ahead(struct worker *worker);

/* Draws again until the slot is free, DRAW_TRIES times at most. False: none was. [worker] */
bool draw_settle(struct worker *worker, const struct view_space *space, struct draw *draw);

/* Draws the case of a question: flips each letter or not, and writes the bits that it did so with;
 * case_flip() with these undoes it. bits: CASE_WORDS_MAX. [worker] */
void draw_case(struct worker *worker, uint8_t *question, uint32_t question_bytes, uint64_t *bits);

/* Counts a draw that is used: what the measured entropy is made of. [worker] */
void draw_count(struct worker *worker, const struct draw *draw);

#endif
