/* SPDX-License-Identifier: BSD-3-Clause */
/* Searches by bisection. */
#include "tests/bench/load/search.h"

#include <stdio.h>
#include <string.h>

/* the share of its target that a step must have offered to be valid */
#define REACHED	    0.98
#define FIRST_SHARE 0.8 /* of the rate that passed at full rate: where bisection begins */
#define RAISE	    1.2
#define RATE_MIN    10.0

bool
measured_is_clean(const struct measured *m, const struct options *o)
{
	return measured_loss(m) <= o->allowed_loss && load_counters_wrong(&m->counters) == 0;
}

static void
step_note(struct search *s, const struct load *l, const struct measured *m, bool passed,
	  const char *why)
{
	if (s->step_count < SEARCH_STEPS_MAX)
		s->steps[s->step_count++] = (struct search_step){
			.target = m->target,
			.offered = measured_offered(m),
			.answered = measured_answered(m),
			.loss = measured_loss(m),
			.wrong = load_counters_wrong(&m->counters),
			.passed = passed,
		};
	if (!l->options->quiet)
		fprintf(stderr,
			"ephemera-load: %10.0f/s wanted %10.0f/s offered %10.0f/s answered, loss "
			"%.6f %%: "
			"%s\n",
			m->target, measured_offered(m), measured_answered(m),
			measured_loss(m) * 100, why);
}

/* Does this rate pass without loss? Tries as often as the options say. */
static bool
step_run(struct search *s, struct load *l, double rate)
{
	static struct measured m;

	for (uint32_t try = 0; try < l->options->search_tries && !l->stop; try++) {
		bool is_clean, is_reached;

		load_measure(l, rate, &m);
		is_clean = measured_is_clean(&m, l->options);
		is_reached = measured_offered(&m) >= rate * REACHED;
		step_note(s, l, &m, is_clean && is_reached,
			  !is_clean    ? "too much"
			  : is_reached ? "good"
				       : "not reached");
		/* If the peer is slower, its ring is full in most turns. */
		s->is_limited_by_load = is_clean && m.counters.blocked < m.turns / 2;
		if (is_clean && is_reached) {
			if (measured_offered(&m) > s->rate) {
				s->rate = measured_offered(&m);
				s->best = m;
			}
			return true;
		}
	}
	return false;
}

static void
search_bisect(struct search *s, struct load *l)
{
	const struct options *o = l->options;
	static struct measured flood;
	double low = 0, high, rate;
	bool is_limited = false;

	load_measure(l, 0, &flood);
	step_note(s, l, &flood, false, "the flood");
	rate = RTE_MIN(measured_answered(&flood) * FIRST_SHARE, o->search_max);
	high = o->search_max;
	/* Increases the rate until one fails, then bisects. */
	while (!l->stop && rate >= RATE_MIN &&
	       s->step_count + o->search_tries <= SEARCH_STEPS_MAX) {
		if (step_run(s, l, rate)) {
			low = rate;
		} else {
			high = rate;
			is_limited = s->is_limited_by_load;
		}
		if (high - low <= o->search_precision * high)
			break;
		rate = low == 0 ? high / RAISE : RTE_MIN(low * RAISE, (low + high) / 2);
	}
	s->is_limited_by_load = is_limited;
}

void
search_run(struct search *s, struct load *l)
{
	const struct options *o = l->options;

	memset(s, 0, sizeof(*s));
	search_bisect(s, l);
	for (uint32_t i = 0; i < o->share_count && s->rate > 0 && !l->stop; i++) {
		load_measure(l, s->rate * o->shares[i], &s->at[i]);
		if (!o->quiet)
			fprintf(stderr,
				"ephemera-load: at %.0f %% of it, %.0f/s: p50 %.1f us, p99 %.1f "
				"us, p99.9 "
				"%.1f us\n",
				o->shares[i] * 100, measured_offered(&s->at[i]),
				latency_quantile_us(&s->at[i].latency, 0.5),
				latency_quantile_us(&s->at[i].latency, 0.99),
				latency_quantile_us(&s->at[i].latency, 0.999));
	}
}
