/* SPDX-License-Identifier: BSD-3-Clause */
/* The workers' draws over a window of the last one to two minutes, as differences of the draw
 * statistics.
 *
 * The dataplane's counters only grow; a window starts with a copy of them. A second copy, taken
 * DRAW_WINDOW_NS later, becomes the start of the next window: so the window is never shorter than
 * that once it has run, and a change shows soon. Memory: two copies per worker, about 270 kB
 * each. */
#ifndef EPHEMERA_CONTROL_STATS_DRAW_WINDOW_H
#define EPHEMERA_CONTROL_STATS_DRAW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "control/stats/stats_reader.h"

#define DRAW_WINDOW_NS UINT64_C(60000000000)
#define DRAW_PORTS     65536

/* The statistics of one worker at one moment. */
struct draw_copy {
	struct draw_stats stats;
	uint32_t ports[DRAW_PORTS];
};

/* The draws between two moments. */
struct draw_difference {
	struct draw_stats stats;
	uint64_t ports[DRAW_PORTS];
};

struct draw_window {
	const struct stats_reader *stats;
	unsigned worker_count;
	uint64_t base_ns, next_ns; /* time of the copies; base_ns 0: no window */
	struct draw_copy *base;	   /* [worker_count] */
	struct draw_copy *next;
};

void draw_window_init(struct draw_window *window, const struct stats_reader *stats);
void draw_window_fini(struct draw_window *window);

/* Starts a new window: the statistics are of another dataplane, or the draws follow another
 * configuration. The reader is open. Without memory there is no window, and draw_window_turn()
 * tries again. */
void draw_window_begin(struct draw_window *window, uint64_t now_ns);

/* Advances the window; call about every second while the reader is open. */
void draw_window_turn(struct draw_window *window, uint64_t now_ns);

/* False: there is no window. */
bool draw_window_is_open(const struct draw_window *window);

/* The draws of a worker from the start of the window until now. */
void draw_window_read(const struct draw_window *window, unsigned worker,
		      struct draw_difference *difference);

/* Adds the statistics of one worker to those of others, except serial sums, which can't be
 * added. */
void draw_difference_add(struct draw_difference *sum, const struct draw_difference *one);

#endif
