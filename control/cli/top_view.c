/* SPDX-License-Identifier: BSD-3-Clause */
/* The screen: a header of a few lines, the upstreams, the drop reasons. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/cli/output.h"
#include "control/cli/rows.h"
#include "control/cli/top.h"

#define DROPS_SHARE 3 /* drops get one row in three, if there are enough upstreams */
#define DROPS_MIN   3

struct number {
	char text[TABLE_NUMBER_BYTES];
};

/* The functions below write "-" if there is no figure. */
static const char *
rate_text(const json_t *object, const char *key, struct number *number)
{
	const json_t *rate = json_object_get(object, key);

	return json_is_number(rate) ? rate_format(json_number_value(rate), number->text) : "-";
}

static const char *
latency_text(const json_t *object, const char *key, struct number *number)
{
	const json_t *us = json_object_get(object, key);

	return json_is_number(us) ? latency_format(json_number_value(us), number->text) : "-";
}

static const char *
share_text(const json_t *object, const char *key, struct number *number)
{
	const json_t *share = json_object_get(object, key);

	return json_is_number(share) ? share_format(json_number_value(share), number->text) : "-";
}

/* The header; each function returns the number of lines it wrote. */

static unsigned
daemon_render(const json_t *figures, const struct top_view *view, FILE *out)
{
	const json_t *status = json_object_get(figures, "status");
	const char *unreachable = json_string_value(json_object_get(figures, "unreachable"));
	char uptime[TABLE_NUMBER_BYTES];
	unsigned lines = 1;

	if (json_is_object(status))
		fprintf(out,
			STYLE_BOLD "ephemerad" STYLE_END
				   " %s, pid %lld, up %s, generation %lld, %lld of %lld "
				   "upstreams up%s\n",
			json_text(status, "version"), json_number(status, "pid"),
			duration_format(json_number(status, "uptime_s"), uptime),
			json_number(status, "generation"), json_number(status, "upstreams_up"),
			json_number(status, "upstreams_total"),
			view->paused ? "  " STYLE_WARNING "PAUSED" STYLE_END : "");
	else
		fprintf(out, STYLE_BOLD "ephemerad" STYLE_END "%s\n",
			unreachable == NULL ? ": connecting" : "");
	if (json_is_false(json_object_get(status, "ready"))) {
		fprintf(out, STYLE_WARNING "NOT READY" STYLE_END ": %s\n",
			json_text(status, "not_ready"));
		lines++;
	}
	if (unreachable != NULL) {
		fprintf(out, STYLE_BAD "NOT CONNECTED to ephemerad: %s; retrying" STYLE_END "\n",
			unreachable);
		if (json_is_object(status))
			fputs(STYLE_FAINT "figures of its last response:" STYLE_END "\n", out);
		lines += json_is_object(status) ? 2 : 1;
	}
	return lines;
}

static unsigned
dataplane_render(const json_t *figures, FILE *out)
{
	const json_t *dataplane = json_object_get(json_object_get(figures, "status"), "dataplane");
	struct number uptime, flight, flows, used, all;

	if (!json_is_object(dataplane))
		return 0;
	if (!json_truth(dataplane, "connected")) {
		fputs(STYLE_BAD "dataplane NOT CONNECTED: no query is forwarded" STYLE_END "\n",
		      out);
		return 1;
	}
	fprintf(out,
		STYLE_BOLD "dataplane" STYLE_END
			   " pid %lld, up %s, %lld worker%s, %s of %s flows, %s of %s buffers%s\n",
		json_number(dataplane, "pid"),
		duration_format(json_number(dataplane, "uptime_s"), uptime.text),
		json_number(dataplane, "workers"),
		json_number(dataplane, "workers") == 1 ? "" : "s",
		number_format(json_number(figures, "in_flight"), flight.text),
		number_format(json_number(dataplane, "workers") *
				      json_number(dataplane, "flows_per_worker"),
			      flows.text),
		number_format(json_number(dataplane, "mbufs_in_use"), used.text),
		number_format(json_number(dataplane, "mbufs_total"), all.text),
		json_truth(dataplane, "draining") ? "  " STYLE_WARNING "DRAINING" STYLE_END : "");
	return 1;
}

static unsigned
alarm_render(const json_t *figures, FILE *out)
{
	const json_t *attack = json_object_get(json_object_get(figures, "status"), "attack");
	struct number misses, rate;

	if (!json_truth(attack, "active"))
		return 0;
	fprintf(out,
		STYLE_BAD "ALARM: forged responses since %s: %s near misses, %s per second; "
			  "upstream %s, %s" STYLE_END "\n",
		json_text(attack, "since"),
		number_format(json_number(attack, "near_misses"), misses.text),
		rate_format(json_measure(attack, "rate_per_s"), rate.text),
		json_text(attack, "upstream"), json_text(attack, "question"));
	return 1;
}

static unsigned
rates_render(const json_t *figures, FILE *out)
{
	static const char *const names[] = {"queries", "responses", "timeouts", "drops",
					    "coalesced"};
	const json_t *rates = json_object_get(figures, "rates"),
		     *totals = json_object_get(figures, "totals");
	const json_t *latency = json_object_get(figures, "latency_us");
	struct table table = {.alignment = "lrrrrr", .plain = true};
	struct number number;

	table_cell(&table, " ");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_cell(&table, names[i]);
	table_cell(&table, STYLE_BOLD "per second" STYLE_END);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_cell(&table, rate_text(rates, names[i], &number));
	table_cell(&table, STYLE_BOLD "total" STYLE_END);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_number(&table, json_number(totals, names[i]));
	fputc('\n', out);
	table_write(&table, "", out);
	fprintf(out, STYLE_BOLD "latency" STYLE_END "     ");
	if (json_is_object(latency)) {
		static const char *const keys[] = {"p50", "p90", "p99", "p999"};
		static const char *const titles[] = {"p50", "p90", "p99", "p99.9"};

		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			fprintf(out, "%s %s, ", titles[i], latency_text(latency, keys[i], &number));
		fprintf(out, "mean %s\n", latency_text(latency, "mean", &number));
	} else {
		fputs("no recent responses\n", out);
	}
	return 5;
}

static unsigned
entropy_render(const json_t *figures, FILE *out)
{
	const json_t *entropy = json_object_get(figures, "entropy"), *bits;
	bool bad = strncmp(json_text(entropy, "verdict"), "not", 3) == 0;
	struct number used, ports, draws;
	const char *family;
	bool first = true;

	if (!json_is_object(entropy))
		return 0;
	fprintf(out, STYLE_BOLD "entropy" STYLE_END "     %s%s" STYLE_END, bad ? STYLE_BAD : "",
		json_text(entropy, "verdict"));
	if (json_is_number(json_object_get(entropy, "p")))
		fprintf(out, ", p %.3f", json_measure(entropy, "p"));
	json_object_foreach((json_t *)json_object_get(entropy, "bits"), family, bits)
	{
		fprintf(out, "%s %.1f%s %s", first ? ";" : ",", json_number_value(bits),
			first ? " bits" : "", family);
		first = false;
	}
	fprintf(out, "; %s of %s ports in %s draws\n",
		number_format(json_number(entropy, "used"), used.text),
		number_format(json_number(entropy, "ports"), ports.text),
		number_format(json_number(entropy, "draws"), draws.text));
	return 1;
}

/* The upstreams */

struct ranked {
	const json_t *upstream;
	size_t index;
	char sort;
};

static double
rank_figure(const struct ranked *ranked)
{
	switch (ranked->sort) {
	case 'c':
		return json_measure(ranked->upstream, "queries_per_s");
	case 'f':
		return json_measure(ranked->upstream, "in_flight");
	case 'l':
		return json_measure(ranked->upstream, "latency_us");
	case 's':
		return json_measure(ranked->upstream, "servfail_share");
	case 't':
		return json_measure(ranked->upstream, "timeout_share");
	default:
		return 0;
	}
}

/* The largest figure first, or names in order; equal ones as configured. */
static int
rank_compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	double one = rank_figure(x), other = rank_figure(y);
	int order = 0;

	if (x->sort == 'n')
		order = strcmp(json_text(x->upstream, "name"), json_text(y->upstream, "name"));
	else if (one != other)
		order = one < other ? 1 : -1;
	return order != 0 ? order : x->index < y->index ? -1 : 1;
}

static const char *
state_style(const char *state)
{
	if (strcmp(state, "up") == 0)
		return STYLE_GOOD;
	if (strcmp(state, "down") == 0)
		return STYLE_BAD;
	return STYLE_WARNING; /* an operator's override */
}

/* How long ago `since` was, or `since` itself if `now` is 0. ephemerad runs on the same machine. */
static const char *
since_text(const char *since, time_t now, struct number *number)
{
	struct tm parts = {0};
	const char *end = strptime(since, "%Y-%m-%dT%H:%M:%SZ", &parts);
	time_t then;

	if (now == 0 || end == NULL || *end != 0)
		return since;
	then = timegm(&parts);
	return duration_format(now > then ? now - then : 0, number->text);
}

static void
upstream_add(struct table *table, const json_t *upstream, time_t now)
{
	const char *state = json_text(upstream, "state"), *reason = json_text(upstream, "reason");
	struct number number;
	char text[512];

	table_cell(table, json_text(upstream, "name"));
	snprintf(text, sizeof(text), "%s%.64s" STYLE_END, state_style(state), state);
	table_cell(table, text);
	table_cell(table, rate_text(upstream, "queries_per_s", &number));
	table_number(table, json_number(upstream, "in_flight"));
	table_cell(table, latency_text(upstream, "latency_us", &number));
	table_cell(table, share_text(upstream, "servfail_share", &number));
	table_cell(table, share_text(upstream, "timeout_share", &number));
	snprintf(text, sizeof(text), "%s%s%s",
		 since_text(json_text(upstream, "since"), now, &number),
		 strcmp(reason, "-") == 0 ? "" : ", ", strcmp(reason, "-") == 0 ? "" : reason);
	table_cell(table, text);
}

/* `rows`: the rows available, with the heading and the line about more upstreams. */
static void
upstreams_render(const json_t *figures, struct top_view *view, unsigned rows, FILE *out)
{
	const json_t *upstreams = json_object_get(figures, "upstreams");
	const unsigned count = (unsigned)json_array_size(upstreams);
	const unsigned shown = count + 1 <= rows ? count : rows > 2 ? rows - 2 : 0;
	struct table table = {.alignment = "llrrrrrl"};
	struct ranked *ranked = calloc(count + 1, sizeof(*ranked));

	if (ranked == NULL)
		return;
	for (unsigned i = 0; i < count; i++)
		ranked[i] = (struct ranked){json_array_get(upstreams, i), i, view->sort};
	qsort(ranked, count, sizeof(*ranked), rank_compare);
	if (view->scrolled > count - shown)
		view->scrolled = count - shown;
	table_heading(&table,
		      "upstream|state|per second|in flight|latency|servfail|timeout|for, reason");
	for (unsigned i = 0; i < shown; i++)
		upstream_add(&table, ranked[view->scrolled + i].upstream, view->now);
	table_write(&table, "", out);
	if (shown < count)
		fprintf(out, STYLE_FAINT "%u above, %u below" STYLE_END "\n", view->scrolled,
			count - shown - view->scrolled);
	free(ranked);
}

static const struct column drop_columns[] = {
	{"drops", cell_text, "reason"},
	{"per second", cell_rate, "rate_per_s"},
	{"total", cell_number, "count"},
	{NULL, NULL, NULL},
};

static void
drops_render_rows(const json_t *drops, unsigned rows, FILE *out)
{
	struct table table = {.alignment = "lrr"};

	if (json_array_size(drops) == 0) {
		fputs("no drops\n", out);
		return;
	}
	rows_fill(&table, drop_columns, drops, rows - 1);
	table_write(&table, "", out);
}

static unsigned
larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned
smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

void
top_render(const json_t *figures, const struct style *style, struct top_view *view, FILE *out)
{
	const unsigned upstreams = (unsigned)json_array_size(json_object_get(figures, "upstreams"));
	const json_t *drops = json_object_get(figures, "drops");
	unsigned lines = daemon_render(figures, view, out) + dataplane_render(figures, out) +
			 alarm_render(figures, out),
		 left, drop_rows;

	if (json_is_object(json_object_get(figures, "status"))) {
		lines += rates_render(figures, out) + entropy_render(figures, out);
		/* Two empty lines, and one for the keys. */
		lines += 2 + (view->keys ? 1 : 0);
		left = style->rows == 0 ? 100000 : style->rows > lines ? style->rows - lines : 0;
		drop_rows = smaller((unsigned)json_array_size(drops) + 1,
				    larger(left / DROPS_SHARE, DROPS_MIN + 1));
		if (upstreams + 1 < left)
			drop_rows = smaller((unsigned)json_array_size(drops) + 1,
					    larger(left - upstreams - 1, drop_rows));
		drop_rows = smaller(drop_rows, left);
		fputc('\n', out);
		upstreams_render(figures, view, left - drop_rows, out);
		fputc('\n', out);
		if (drop_rows > 0)
			drops_render_rows(drops, drop_rows, out);
	}
	if (view->keys)
		fputs(STYLE_FAINT
		      "q quit p pause sort: n name c queries f in flight l latency s servfail t "
		      "timeout" STYLE_END,
		      out);
}
