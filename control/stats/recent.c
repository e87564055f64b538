/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring of samples, one per second. */
#include "control/stats/recent.h"

#include <string.h>

#define RING_SIZE (RECENT_SECONDS + 1)

void
recent_read(const struct recent *recent, uint64_t now_ns, struct recent_sample *sample)
{
	sample->ns = now_ns;
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		sample->drops[i] = stats_reader_drop(recent->stats, (enum drop_reason)i);
	if (steer_maps_verdicts(recent->steer, sample->verdicts) != 0)
		memset(sample->verdicts, 0, sizeof(sample->verdicts));
	sample->latency = stats_reader_histogram(recent->stats);
}

static void
timer_fired(void *owner, uint64_t now_ns)
{
	struct recent *recent = owner;

	if (!stats_reader_is_open(recent->stats))
		return;
	loop_timer_at(recent->loop, &recent->timer, now_ns + NS_PER_S);
	recent->newest = (recent->newest + 1) % RING_SIZE;
	if (recent->count < RING_SIZE)
		recent->count++;
	recent_read(recent, now_ns, &recent->samples[recent->newest]);
}

void
recent_init(struct recent *recent, struct loop *loop, const struct stats_reader *stats,
	    const struct steer_maps *steer)
{
	*recent = (struct recent){
		.loop = loop, .stats = stats, .steer = steer, .timer = {.fire = timer_fired}};
	recent->timer.owner = recent;
}

void
recent_fini(struct recent *recent)
{
	loop_timer_cancel(recent->loop, &recent->timer);
}

void
recent_connected(struct recent *recent)
{
	recent->count = 0;
	loop_timer_at(recent->loop, &recent->timer, 0);
}

void
recent_lost(struct recent *recent)
{
	loop_timer_cancel(recent->loop, &recent->timer);
	recent->count = 0;
}

const struct recent_sample *
recent_base(const struct recent *recent)
{
	if (recent->count == 0)
		return NULL;
	return &recent->samples[(recent->newest + RING_SIZE + 1 - recent->count) % RING_SIZE];
}

double
recent_rate(uint64_t before, uint64_t before_ns, uint64_t now, uint64_t now_ns)
{
	return now_ns > before_ns ? (double)(now - before) * 1e9 / (double)(now_ns - before_ns) : 0;
}
