/* SPDX-License-Identifier: BSD-3-Clause */
/* The command top in three parts: top.c asks ephemerad and reads keys, top_figures.c makes figures
 * of its answers, top_view.c draws them. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_TOP_H
#define EPHEMERA_CONTROL_CLI_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "control/cli/style.h"

/* What ephemerad is asked each round, and what it said: whole responses, {"ok": ...}; NULL: nothing
 * yet. */
enum top_question {
	TOP_STATUS,
	TOP_STATS,
	TOP_UPSTREAMS,
	TOP_LATENCY,
	TOP_ENTROPY, /* not in each round */
	TOP_QUESTIONS,
};

struct top_responses {
	json_t *now[TOP_QUESTIONS];
	json_t *stats_before; /* the response of the round before */
	const char *away;     /* why ephemerad does not answer; NULL: it does */
};

/* The command of the control socket. */
const char *top_question_name(enum top_question question);

/* The figures of the screen, as `top --json` prints them; the caller owns them:
 *
 *   away          why ephemerad does not answer, or null; all below is of when it last did
 *   status        the result of `status`, or null
 *   dataplane     why there are no statistics, or null
 *   interval_s    that the rates are of; null: no rates yet
 *   rates, totals {queries, answers, timeouts, coalesced, drops}, a second, or null; since the start
 *   in_flight
 *   latency_us    {p50, p90, p99, p999, mean} of the last seconds, or null
 *   entropy       {verdict, draws, used, ports, p (or null), bits: {family: bits}}, or null
 *   upstreams     [{name, address, state, reason, since, queries_per_s, in_flight, latency_us,
 * servfail_share, timeout_share}], shares and means of the interval, null without a response in it
 * drops [{reason, count, rate_per_s}], those with a count, the fastest first */
json_t *top_figures(const struct top_responses *responses);

struct top_view {
	char sort;	   /* n, c, f, l, s, t: see commands.c; 0: as configured */
	unsigned scrolled; /* upstreams that are above the first row */
	/* the wall clock's, for how long a state lasts; 0: the time since when is shown */
	time_t now;
	bool paused;
	bool keys; /* the last row tells them */
};

/* Draws the figures, in style.rows rows where that is not 0, clipped to the width by who prints
 * them. What can't be scrolled to is taken off view->scrolled. */
void top_render(const json_t *figures, const struct style *style, struct top_view *view, FILE *out);

#endif
