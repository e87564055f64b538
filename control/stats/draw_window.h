/* SPDX-License-Identifier: BSD-3-Clause */
/* What the workers drew of late: differences of the draw statistics over a window of one to two
 * minutes.
 *
 * The dataplane's figures only grow; a window begins with a copy of them. A second copy, taken
 * DRAW_WINDOW_NS after the first, is what the next window begins with, so that the figures shown
 * are never of less than that time once it has run, and a change shows soon. Memory: two copies for
 * each worker, some 270 kB each. */
#ifndef EPHEMERA_CONTROL_STATS_DRAW_WINDOW_H
#define EPHEMERA_CONTROL_STATS_DRAW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "control/stats/stats_reader.h"

#define DRAW_WINDOW_NS UINT64_C(60000000000)
#define DRAW_PORTS     65536

/* The figures of one worker at one moment. */
struct draw_copy {
	struct draw_stats stats;
	uint32_t ports[DRAW_PORTS];
};

/* What was drawn between two moments. */
struct draw_difference {
	struct draw_stats stats;
	uint64_t ports[DRAW_PORTS];
};

struct draw_window {
	const struct stats_reader *stats;
	unsigned worker_count;
	uint64_t base_ns, next_ns; /* when the copies were taken; base_ns 0: none */
	struct draw_copy *base;	   /* [worker_count] */
	struct draw_copy *next;
};

void draw_window_init(struct draw_window *window, const struct stats_reader *stats);
void draw_window_fini(struct draw_window *window);

/* Begins again: the statistics are of another dataplane, or draws follow another configuration from
 * now on. The reader is open; without memory there is no window, and draw_window_turn() tries
 * again. */
void draw_window_begin(struct draw_window *window, uint64_t now_ns);

/* Moves the window on; to be called every second or so while the reader is open. */
void draw_window_turn(struct draw_window *window, uint64_t now_ns);

/* False: there is no window. */
bool draw_window_is_open(const struct draw_window *window);

/* What a worker drew from the window's begin to now. */
void draw_window_read(const struct draw_window *window, unsigned worker,
		      struct draw_difference *difference);

/* Adds the figures of one worker to those of others; serial sums can't be added up and are left
 * alone. */
void draw_difference_add(struct draw_difference *sum, const struct draw_difference *one);

#endif
