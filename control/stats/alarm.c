/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects the start, the progress and the end of an attack from counters. */
#include "control/stats/alarm.h"

#define NS_PER_S 1e9

void
alarm_forget(struct alarm *alarm)
{
	alarm->watching = false;
}

/* The rate is measured from rate_ns[0]; rate_ns[1] is the next start. */
static void
rate_turn(struct alarm *alarm, const struct alarm_sample *now, uint64_t now_ns)
{
	if (now_ns - alarm->rate_ns[1] >= ALARM_EVERY_NS) {
		alarm->rate_ns[0] = alarm->rate_ns[1];
		alarm->rate_base[0] = alarm->rate_base[1];
		alarm->rate_ns[1] = now_ns;
		alarm->rate_base[1] = now->near_misses;
	}
	if (now_ns > alarm->rate_ns[0])
		alarm->rate_per_s = (double)(now->near_misses - alarm->rate_base[0]) * NS_PER_S /
				    (double)(now_ns - alarm->rate_ns[0]);
}

/* Near misses are counted before the query that had them ends. */
static void
streak_turn(struct alarm *alarm, const struct alarm_sample *now, uint64_t now_ns)
{
	if (now->near_misses == alarm->seen.near_misses)
		return;
	if (alarm->streak_last_ns == 0 || now_ns - alarm->streak_last_ns > ALARM_EVERY_NS) {
		alarm->streak_ns = alarm->seen_ns;
		alarm->streak_base = alarm->seen.near_misses;
	}
	alarm->streak_last_ns = now_ns;
}

static void
attack_begin(struct alarm *alarm)
{
	alarm->active = true;
	alarm->since_ns = alarm->streak_ns;
	alarm->queries = 0;
	alarm->near_misses = alarm->seen.near_misses - alarm->streak_base;
	alarm->reported_ns = 0;
	alarm->reported_base.attacked = alarm->seen.attacked;
	alarm->reported_base.near_misses = alarm->streak_base;
	for (unsigned i = 0; i < 2; i++) {
		alarm->rate_ns[i] = alarm->streak_ns;
		alarm->rate_base[i] = alarm->streak_base;
	}
}

/* What is new since the last report, or since the attack began. */
static void
report(struct alarm *alarm, const struct alarm_sample *now, uint64_t now_ns)
{
	const uint64_t from_ns = alarm->reported_ns != 0 ? alarm->reported_ns : alarm->since_ns;

	alarm->reported.attacked = now->attacked - alarm->reported_base.attacked;
	alarm->reported.near_misses = now->near_misses - alarm->reported_base.near_misses;
	alarm->reported_rate_per_s = now_ns > from_ns
					     ? (double)alarm->reported.near_misses * NS_PER_S /
						       (double)(now_ns - from_ns)
					     : 0;
	alarm->reported_base = *now;
	alarm->reported_ns = now_ns;
}

static enum alarm_event
attack_on_sample(struct alarm *alarm, const struct alarm_sample *now, uint64_t now_ns)
{
	const bool grew = now->attacked != alarm->seen.attacked;

	if (grew && !alarm->active)
		attack_begin(alarm);
	if (!alarm->active)
		return ALARM_NOTHING;
	alarm->queries += now->attacked - alarm->seen.attacked;
	alarm->near_misses += now->near_misses - alarm->seen.near_misses;
	if (grew)
		alarm->last_ns = now_ns;
	rate_turn(alarm, now, now_ns);
	if (now_ns - alarm->last_ns >= ALARM_QUIET_NS) {
		alarm->active = false;
		alarm->rate_per_s = 0;
		return ALARM_OVER;
	}
	if (now->attacked == alarm->reported_base.attacked ||
	    (alarm->reported_ns != 0 && now_ns - alarm->reported_ns < ALARM_EVERY_NS))
		return ALARM_NOTHING;
	report(alarm, now, now_ns);
	return ALARM_REPORT;
}

enum alarm_event
alarm_on_sample(struct alarm *alarm, const struct alarm_sample *now, uint64_t now_ns)
{
	enum alarm_event event = ALARM_NOTHING;

	if (!alarm->watching || now->attacked < alarm->seen.attacked ||
	    now->near_misses < alarm->seen.near_misses) {
		alarm->watching = true;
		alarm->reported_base = alarm->seen = *now;
		alarm->seen_ns = alarm->streak_ns = now_ns;
		alarm->streak_base = now->near_misses;
		alarm->streak_last_ns = 0;
		for (unsigned i = 0; i < 2; i++) {
			alarm->rate_ns[i] = now_ns;
			alarm->rate_base[i] = now->near_misses;
		}
		return ALARM_NOTHING;
	}
	streak_turn(alarm, now, now_ns);
	event = attack_on_sample(alarm, now, now_ns);
	alarm->seen = *now;
	alarm->seen_ns = now_ns;
	return event;
}
