/* SPDX-License-Identifier: BSD-3-Clause */
/* Evaluates the draws of the window. */
#include "control/daemon/entropy_window.h"

#include <stdlib.h>

/* Too large for the stack. */
struct draws {
	struct draw_difference one, sum;
};

static void
draws_measure(const struct draw_window *draws, const struct snapshot *adopted, struct draws *read,
	      struct entropy_window *window)
{
	for (unsigned i = 0; i < window->worker_count; i++) {
		draw_window_read(draws, i, &read->one);
		draw_difference_add(&read->sum, &read->one);
		entropy_of_worker(adopted, window->worker_count, &read->one, &window->workers[i]);
	}
	entropy_of_all(adopted, window->worker_count, &read->sum, window->workers, &window->all);
}

/* Letters per query: of the window, or since the dataplane's start if the window has none. */
static void
bits_measure(const struct draw_stats *draws, const struct snapshot *adopted,
	     const struct stats_reader *stats, struct entropy_bits *bits)
{
	uint64_t letters = draws->case_letters, queries = draws->case_queries;

	for (unsigned i = 0; i < stats->worker_count && draws->case_queries == 0; i++) {
		letters += stats_reader_worker(stats, i)->draw.case_letters;
		queries += stats_reader_worker(stats, i)->draw.case_queries;
	}
	entropy_bits(adopted, letters, queries, bits);
}

bool
entropy_window_read(const struct daemon *daemon, struct entropy_window *window)
{
	const struct draw_window *draws = &daemon->watch.draws;
	const struct snapshot *adopted = daemon->publisher.adopted;
	struct draws *read;

	if (!draw_window_is_open(draws) || adopted->generation == 0)
		return false;
	read = calloc(1, sizeof(*read));
	if (read == NULL)
		return false;
	window->worker_count = draws->worker_count;
	draws_measure(draws, adopted, read, window);
	bits_measure(&read->sum.stats, adopted, &daemon->stats, &window->bits);
	window->seconds = (double)(loop_now_ns() - draws->base_ns) / 1e9;
	free(read);
	return true;
}
