/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring of samples, filled by a timer. */
#include "control/stats/history.h"

#include <stddef.h>

void
history_add(struct history *history, const struct history_sample *sample)
{
	history->newest = (history->newest + 1) % HISTORY_SAMPLES;
	history->samples[history->newest] = *sample;
	if (history->count < HISTORY_SAMPLES)
		history->count++;
}

const struct history_sample *
history_at(const struct history *history, unsigned index)
{
	if (index >= history->count)
		return NULL;
	return &history->samples[(history->newest + HISTORY_SAMPLES + 1 - history->count + index) %
				 HISTORY_SAMPLES];
}

static void
timer_fired(void *owner, uint64_t now_ns)
{
	struct history *history = owner;
	const struct stats_reader *stats = history->stats;
	struct history_sample sample = {.ns = now_ns};

	loop_timer_at(history->loop, &history->timer, now_ns + HISTORY_EVERY_NS);
	if (stats_reader_is_open(stats)) {
		sample.boot_id = stats_reader_header(stats)->boot_id;
		sample.values[HISTORY_QUERIES] = stats_reader_counter(stats, COUNTER_queries);
		sample.values[HISTORY_RESPONSES] = stats_reader_counter(stats, COUNTER_responses);
		for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
			sample.values[HISTORY_DROPS] +=
				stats_reader_drop(stats, (enum drop_reason)i);
	}
	history_add(history, &sample);
}

void
history_init(struct history *history, struct loop *loop, const struct stats_reader *stats)
{
	*history = (struct history){.loop = loop, .stats = stats};
	history->timer = (struct loop_timer){.fire = timer_fired, .owner = history};
	loop_timer_at(loop, &history->timer, 0);
}

void
history_fini(struct history *history)
{
	loop_timer_cancel(history->loop, &history->timer);
}
