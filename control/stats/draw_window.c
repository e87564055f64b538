/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies the statistics of draws, and subtracts the copies. */
#include "control/stats/draw_window.h"

#include <stdlib.h>
#include <string.h>

#define SERIAL_TRIES 16

/* Serial correlation is a small difference of large sums, so unlike the histograms these sums must
 * all be of the same moment. The worker counts the draw first. */
static void
serial_copy(const struct draw_stats *from, struct draw_stats *to)
{
	for (int tries = 0; tries < SERIAL_TRIES; tries++) {
		to->draws = __atomic_load_n(&from->draws, __ATOMIC_ACQUIRE);
		to->port_sums = from->port_sums;
		to->id_sums = from->id_sums;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&from->draws, __ATOMIC_RELAXED) == to->draws)
			return;
	}
}

static void
worker_copy(const struct worker_stats *from, struct draw_copy *to)
{
	memcpy(&to->stats, &from->draw, sizeof(to->stats));
	serial_copy(&from->draw, &to->stats);
	for (unsigned i = 0; i < DRAW_PORTS; i++)
		to->ports[i] = __atomic_load_n(&from->ports[i].drawn, __ATOMIC_RELAXED);
}

static void
copies_make(const struct draw_window *window, struct draw_copy *copies)
{
	for (unsigned i = 0; i < window->worker_count; i++)
		worker_copy(stats_reader_worker(window->stats, i), &copies[i]);
}

void
draw_window_init(struct draw_window *window, const struct stats_reader *stats)
{
	*window = (struct draw_window){.stats = stats};
}

void
draw_window_fini(struct draw_window *window)
{
	free(window->base);
	free(window->next);
	*window = (struct draw_window){.stats = window->stats};
}

void
draw_window_begin(struct draw_window *window, uint64_t now_ns)
{
	unsigned worker_count = window->stats->worker_count;

	if (worker_count != window->worker_count || !draw_window_is_open(window)) {
		draw_window_fini(window);
		window->base = calloc(worker_count, sizeof(*window->base));
		window->next = calloc(worker_count, sizeof(*window->next));
		if (window->base == NULL || window->next == NULL) {
			draw_window_fini(window);
			return;
		}
		window->worker_count = worker_count;
	}
	copies_make(window, window->base);
	memcpy(window->next, window->base, worker_count * sizeof(*window->next));
	window->base_ns = window->next_ns = now_ns;
}

void
draw_window_turn(struct draw_window *window, uint64_t now_ns)
{
	struct draw_copy *spent = window->base;

	if (!draw_window_is_open(window)) {
		draw_window_begin(window, now_ns);
		return;
	}
	if (now_ns - window->next_ns < DRAW_WINDOW_NS)
		return;
	window->base = window->next;
	window->base_ns = window->next_ns;
	window->next = spent;
	window->next_ns = now_ns;
	copies_make(window, window->next);
}

bool
draw_window_is_open(const struct draw_window *window)
{
	return window->base_ns != 0;
}

static void
words_subtract(uint64_t *now, const uint64_t *before, size_t count)
{
	for (size_t i = 0; i < count; i++)
		now[i] -= before[i];
}

static void
words_add(uint64_t *sum, const uint64_t *one, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum[i] += one[i];
}

static void
sums_subtract(struct draw_sums *now, const struct draw_sums *before)
{
	now->x -= before->x;
	now->xx -= before->xx;
	now->xy -= before->xy;
}

/* The very first draw has no predecessor and is counted as if it were 0, far from the mean.
 * Replaces it by the mean. */
static void
sums_begin(struct draw_sums *sums, uint64_t draws)
{
	const uint64_t mean = sums->x / draws;

	sums->xy += mean * mean;
}

void
draw_window_read(const struct draw_window *window, unsigned worker,
		 struct draw_difference *difference)
{
	const struct worker_stats *now = stats_reader_worker(window->stats, worker);
	const struct draw_copy *base = &window->base[worker];
	struct draw_stats *stats = &difference->stats;

	memcpy(stats, &now->draw, sizeof(*stats));
	serial_copy(&now->draw, stats);
	stats->draws -= base->stats.draws;
	words_subtract(stats->id_high, base->stats.id_high, 256);
	words_subtract(stats->id_low, base->stats.id_low, 256);
	words_subtract(stats->sources, base->stats.sources, SNAPSHOT_SOURCES_MAX);
	sums_subtract(&stats->port_sums, &base->stats.port_sums);
	sums_subtract(&stats->id_sums, &base->stats.id_sums);
	if (base->stats.draws == 0 && stats->draws > 0) {
		sums_begin(&stats->port_sums, stats->draws);
		sums_begin(&stats->id_sums, stats->draws);
	}
	stats->case_queries -= base->stats.case_queries;
	stats->case_letters -= base->stats.case_letters;
	/* Counts wrap at 2^32; the difference is still right. */
	for (unsigned i = 0; i < DRAW_PORTS; i++)
		difference->ports[i] =
			(uint32_t)(__atomic_load_n(&now->ports[i].drawn, __ATOMIC_RELAXED) -
				   base->ports[i]);
}

void
draw_difference_add(struct draw_difference *sum, const struct draw_difference *one)
{
	sum->stats.draws += one->stats.draws;
	words_add(sum->stats.id_high, one->stats.id_high, 256);
	words_add(sum->stats.id_low, one->stats.id_low, 256);
	words_add(sum->stats.sources, one->stats.sources, SNAPSHOT_SOURCES_MAX);
	sum->stats.case_queries += one->stats.case_queries;
	sum->stats.case_letters += one->stats.case_letters;
	words_add(sum->ports, one->ports, DRAW_PORTS);
}
