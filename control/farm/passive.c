/* SPDX-License-Identifier: BSD-3-Clause */
/* A window of the last queries of one upstream. */
#include "control/farm/passive.h"

#include <string.h>

void
passive_forget(struct passive *passive)
{
	*passive = (struct passive){0};
}

static uint64_t
counts_total(const struct passive_counts *counts)
{
	return counts->responses + counts->timeouts;
}

static void
counts_add(struct passive_counts *into, const struct passive_counts *more)
{
	into->responses += more->responses;
	into->servfails += more->servfails;
	into->timeouts += more->timeouts;
}

static struct passive_counts
window_sum(const struct passive *passive)
{
	struct passive_counts sum = {0};

	for (unsigned i = 0; i < passive->step_count; i++)
		counts_add(&sum, &passive->steps[i]);
	return sum;
}

/* Adds to the newest step, or to a new one if that is full. Eight full steps hold the whole window;
 * the ninth is the one being filled. */
static void
window_add(struct passive *passive, const struct passive_counts *grown, uint32_t responses)
{
	uint32_t step = (responses + PASSIVE_STEPS - 1) / PASSIVE_STEPS;
	struct passive_counts sum;

	if (passive->step_count == 0 ||
	    counts_total(&passive->steps[passive->step_count - 1]) >= step) {
		if (passive->step_count ==
		    PASSIVE_STEPS + 1) { /* the rule has just changed to a longer window */
			counts_add(&passive->steps[1], &passive->steps[0]);
			memmove(passive->steps, passive->steps + 1,
				PASSIVE_STEPS * sizeof(passive->steps[0]));
			passive->step_count--;
		}
		passive->steps[passive->step_count++] = (struct passive_counts){0};
	}
	counts_add(&passive->steps[passive->step_count - 1], grown);
	sum = window_sum(passive);
	while (passive->step_count > 1 &&
	       counts_total(&sum) - counts_total(&passive->steps[0]) >= responses) {
		memmove(passive->steps, passive->steps + 1,
			(passive->step_count - 1) * sizeof(passive->steps[0]));
		passive->step_count--;
		sum = window_sum(passive);
	}
}

enum passive_verdict
passive_on_sample(struct passive *passive, const struct passive_counts *now,
		  const struct config_passive *rule, struct passive_counts *seen)
{
	const struct passive_counts grown = {.responses = now->responses - passive->last.responses,
					     .servfails = now->servfails - passive->last.servfails,
					     .timeouts = now->timeouts - passive->last.timeouts};
	bool watching = passive->watching;

	passive->last = *now;
	passive->watching = true;
	if (!rule->on || !watching || counts_total(&grown) == 0)
		return PASSIVE_FINE;
	window_add(passive, &grown, rule->responses);
	*seen = window_sum(passive);
	if (counts_total(seen) < rule->responses)
		return PASSIVE_FINE;
	if (seen->timeouts * 100 > rule->timeout_percent * counts_total(seen))
		return PASSIVE_TIMEOUTS;
	if (seen->servfails * 100 > rule->servfail_percent * counts_total(seen))
		return PASSIVE_SERVFAILS;
	return PASSIVE_FINE;
}
