/* SPDX-License-Identifier: BSD-3-Clause */
/* Computes the figures of the screen from the responses of two rounds. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/output.h"
#include "control/cli/top.h"

static const char *const request_names[TOP_REQUESTS] = {"status", "stats", "upstreams", "latency",
							"entropy"};

const char *
top_request_name(enum top_request request)
{
	return request_names[request];
}

static const json_t *
result_of(const json_t *response)
{
	return json_object_get(response, "result");
}

/* The statistics of two rounds and the time between them, 0 if no rates can be computed. */
struct span {
	const json_t *now, *before;
	double seconds;
};

static struct span
span_make(const struct top_responses *responses)
{
	struct span span = {result_of(responses->now[TOP_STATS]),
			    result_of(responses->stats_before), 0};
	double from = json_measure(span.before, "monotonic_us"),
	       to = json_measure(span.now, "monotonic_us");

	if (from > 0 && to > from &&
	    strcmp(json_text(span.now, "boot_id"), json_text(span.before, "boot_id")) == 0)
		span.seconds = (to - from) / 1e6;
	return span;
}

/* How much a member grew; 0 if it fell, as after a restart. */
static double
growth(const json_t *now, const json_t *before, const char *key)
{
	double grown = json_measure(now, key) - json_measure(before, key);

	return grown > 0 ? grown : 0;
}

static json_t *
rate_or_null(const struct span *span, double grown)
{
	return span->seconds > 0 ? json_real(grown / span->seconds) : json_null();
}

static double
sum_of(const json_t *counts)
{
	const json_t *count;
	const char *name;
	double sum = 0;

	json_object_foreach((json_t *)counts, name, count) sum += json_number_value(count);
	return sum;
}

static void
totals_add(json_t *figures, const struct span *span)
{
	static const char *const names[] = {"queries", "responses", "timeouts", "coalesced"};
	const json_t *now = json_object_get(span->now, "counters");
	const json_t *before = json_object_get(span->before, "counters");
	const double drops = sum_of(json_object_get(span->now, "drops"));
	json_t *totals = json_object(), *rates = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_object_set_new(totals, names[i], json_integer(json_number(now, names[i])));
		json_object_set_new(rates, names[i],
				    rate_or_null(span, growth(now, before, names[i])));
	}
	json_object_set_new(totals, "drops", json_integer((json_int_t)drops));
	json_object_set_new(
		rates, "drops",
		rate_or_null(span, drops - sum_of(json_object_get(span->before, "drops"))));
	json_object_set_new(figures, "totals", totals);
	json_object_set_new(figures, "rates", rates);
	json_object_set_new(figures, "in_flight",
			    json_integer(json_number(span->now, "in_flight")));
}

static json_t *
latency_of(const json_t *latency)
{
	const json_t *recent = json_object_get(latency, "recent");

	if (json_number(recent, "count") == 0)
		return json_null();
	return json_pack("{s:f, s:f, s:f, s:f, s:f}", "p50", json_measure(recent, "p50_us"), "p90",
			 json_measure(recent, "p90_us"), "p99", json_measure(recent, "p99_us"),
			 "p999", json_measure(recent, "p999_us"), "mean",
			 json_measure(recent, "mean_us"));
}

static json_t *
entropy_of(const json_t *entropy)
{
	const json_t *ports = json_object_get(json_object_get(entropy, "all"), "ports");
	const json_t *test = json_object_get(ports, "test"), *family;
	json_t *bits = json_object();
	size_t i;

	if (!json_is_object(entropy)) {
		json_decref(bits);
		return json_null();
	}
	json_array_foreach(json_object_get(json_object_get(entropy, "bits"), "families"), i, family)
		json_object_set(bits, json_text(family, "family"),
				json_object_get(family, "total_bits"));
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o}", "verdict", json_text(entropy, "verdict"),
			 "draws", (json_int_t)json_number(entropy, "draws"), "used",
			 (json_int_t)json_number(ports, "distinct"), "ports",
			 (json_int_t)json_number(ports, "of"), "p",
			 json_is_object(test) ? json_real(json_measure(test, "p")) : json_null(),
			 "bits", bits);
}

/* Finds the upstream with the same name and address in a list. */
static const json_t *
upstream_find(const json_t *list, const json_t *wanted)
{
	const json_t *upstream;
	size_t i;

	json_array_foreach(
		list, i,
		upstream) if (strcmp(json_text(upstream, "name"), json_text(wanted, "name")) == 0 &&
			      strcmp(json_text(upstream, "address"),
				     json_text(wanted, "address")) == 0) return upstream;
	return NULL;
}

static json_t *
share_or_null(double part, double whole)
{
	return whole > 0 ? json_real(part / whole) : json_null();
}

static json_t *
upstream_of(const struct span *span, const json_t *upstream)
{
	const json_t *now = upstream_find(json_object_get(span->now, "upstreams"), upstream);
	const json_t *before =
		span->seconds > 0
			? upstream_find(json_object_get(span->before, "upstreams"), upstream)
			: NULL;
	const double responses = before != NULL ? growth(now, before, "responses") : 0;
	const double timeouts = before != NULL ? growth(now, before, "timeouts") : 0;
	json_t *figures = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:I}", "name", json_text(upstream, "name"), "address",
		json_text(upstream, "address"), "state", json_text(upstream, "state"), "reason",
		json_text(upstream, "reason"), "since", json_text(upstream, "since"), "in_flight",
		(json_int_t)json_number(now, "in_flight"));

	json_object_set_new(figures, "queries_per_s",
			    before != NULL ? rate_or_null(span, growth(now, before, "queries"))
					   : json_null());
	json_object_set_new(figures, "latency_us",
			    share_or_null(growth(now, before, "latency_sum_us"), responses));
	json_object_set_new(figures, "servfail_share",
			    share_or_null(growth(now, before, "servfails"), responses));
	json_object_set_new(figures, "timeout_share",
			    share_or_null(timeouts, responses + timeouts));
	return figures;
}

static json_t *
upstreams_of(const struct span *span, const json_t *result)
{
	json_t *list = json_array();
	const json_t *upstream;
	size_t i;

	json_array_foreach(json_object_get(result, "upstreams"), i, upstream)
		json_array_append_new(list, upstream_of(span, upstream));
	return list;
}

struct drop {
	char name[64];
	double count, rate;
};

#define DROPS_MAX 256

struct drops {
	struct drop rows[DROPS_MAX];
	unsigned count;
};

static void
drop_add(struct drops *drops, const struct span *span, const char *prefix, const char *name,
	 double now, double before)
{
	struct drop *drop = &drops->rows[drops->count];

	if (now <= 0 || drops->count == DROPS_MAX)
		return;
	snprintf(drop->name, sizeof(drop->name), "%s%s", prefix, name);
	drop->count = now;
	drop->rate = span->seconds > 0 && now > before ? (now - before) / span->seconds : 0;
	drops->count++;
}

/* Adds the packets that the interfaces lost. */
static void
interface_drops_add(struct drops *drops, const struct span *span)
{
	static const char *const keys[] = {"missed", "no_buffers", "bad", "send_errors"};
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(span->now, "interfaces"), i, interface)
	{
		const json_t *before =
			json_array_get(json_object_get(span->before, "interfaces"), i);
		char prefix[40];

		snprintf(prefix, sizeof(prefix), "%.32s ", json_text(interface, "name"));
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			drop_add(drops, span, prefix, keys[k], json_measure(interface, keys[k]),
				 json_measure(before, keys[k]));
	}
}

static int
drop_compare(const void *a, const void *b)
{
	const struct drop *x = a, *y = b;

	if (x->rate != y->rate)
		return x->rate < y->rate ? 1 : -1;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

static json_t *
drops_of(const struct span *span)
{
	/* The verdicts of the XDP program that drop the packet. */
	static const char *const verdicts[] = {"stray", "fragment", "tagged", "deep", "orphan"};
	const json_t *now = json_object_get(span->now, "drops"), *count;
	const json_t *before = json_object_get(span->before, "drops");
	struct drops *drops = calloc(1, sizeof(*drops));
	json_t *list = json_array();
	const char *name;

	if (drops == NULL)
		return list;
	json_object_foreach((json_t *)now, name, count) drop_add(
		drops, span, "", name, json_number_value(count), json_measure(before, name));
	now = json_object_get(span->now, "steer");
	before = json_object_get(span->before, "steer");
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		drop_add(drops, span, "xdp ", verdicts[i], json_measure(now, verdicts[i]),
			 json_measure(before, verdicts[i]));
	interface_drops_add(drops, span);
	qsort(drops->rows, drops->count, sizeof(drops->rows[0]), drop_compare);
	for (unsigned i = 0; i < drops->count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:f}", "reason", drops->rows[i].name,
						"count", (json_int_t)drops->rows[i].count,
						"rate_per_s", drops->rows[i].rate));
	free(drops);
	return list;
}

json_t *
top_figures(const struct top_responses *responses)
{
	const struct span span = span_make(responses);
	const json_t *status = result_of(responses->now[TOP_STATUS]);
	const json_t *refusal = json_object_get(responses->now[TOP_STATS], "error");
	json_t *figures = json_pack("{s:s?}", "unreachable", responses->unreachable);

	json_object_set_new(figures, "status",
			    status != NULL ? json_deep_copy(status) : json_null());
	json_object_set_new(figures, "dataplane",
			    json_is_string(refusal) ? json_string(json_string_value(refusal))
						    : json_null());
	json_object_set_new(figures, "interval_s",
			    span.seconds > 0 ? json_real(span.seconds) : json_null());
	totals_add(figures, &span);
	json_object_set_new(figures, "latency_us",
			    latency_of(result_of(responses->now[TOP_LATENCY])));
	json_object_set_new(figures, "entropy", entropy_of(result_of(responses->now[TOP_ENTROPY])));
	json_object_set_new(figures, "upstreams",
			    upstreams_of(&span, result_of(responses->now[TOP_UPSTREAMS])));
	json_object_set_new(figures, "drops", drops_of(&span));
	return figures;
}
