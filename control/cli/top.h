/* SPDX-License-Identifier: BSD-3-Clause */
/* The command top in three parts: top.c polls ephemerad and reads keys, top_figures.c computes the
 * figures from its responses, top_view.c draws them. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_TOP_H
#define EPHEMERA_CONTROL_CLI_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "control/cli/style.h"

/* The requests of a round, in this order. */
enum top_request {
	TOP_STATUS,
	TOP_STATS,
	TOP_UPSTREAMS,
	TOP_LATENCY,
	TOP_ENTROPY, /* not in every round */
	TOP_REQUESTS,
};

/* Whole responses, {"ok": ...}; NULL: none yet. */
struct top_responses {
	json_t *now[TOP_REQUESTS];
	json_t *stats_before;	 /* of the previous round */
	const char *unreachable; /* why ephemerad cannot be reached; NULL: it can */
};

/* The request's command on the control socket. */
const char *top_request_name(enum top_request request);

/* The figures of the screen, as `top --json` prints them; the caller owns them:
 *
 *   unreachable   why ephemerad cannot be reached, or null; if set, the figures are the last known
 *   status        the result of `status`, or null
 *   dataplane     why there are no statistics, or null
 *   interval_s    the interval of the rates; null: no rates yet
 *   rates         {queries, responses, timeouts, coalesced, drops} per second, or null
 *   totals        the same, since the dataplane started
 *   in_flight
 *   latency_us    {p50, p90, p99, p999, mean} of the last seconds, or null
 *   entropy       {verdict, draws, used, ports, p (or null), bits: {family: bits}}, or null
 *   upstreams     [{name, address, state, reason, since, queries_per_s, in_flight, latency_us,
 *                 servfail_share, timeout_share}]; shares and means are those of the interval, null
 *                 if it has no response
 *   drops         [{reason, count, rate_per_s}] with a count above 0, the highest rate first */
json_t *top_figures(const struct top_responses *responses);

struct top_view {
	char sort;	   /* n, c, f, l, s, t: see commands.c; 0: as configured */
	unsigned scrolled; /* upstreams above the first row */
	/* wall clock time, to show how long a state lasts; 0: show since when */
	time_t now;
	bool paused;
	bool keys; /* show the keys in the last row */
};

/* Draws the figures, in style.rows rows if that is not 0; the caller clips them to the width.
 * Reduces view->scrolled to the largest possible value. */
void top_render(const json_t *figures, const struct style *style, struct top_view *view, FILE *out);

#endif
