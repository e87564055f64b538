/* SPDX-License-Identifier: BSD-3-Clause */
/* Results as a table and as JSON. */
#include "tests/bench/load/result.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include <jansson.h>
#include <rte_ethdev.h>
#include <rte_version.h>

#include "tests/bench/load/device.h"

static const struct {
	const char *name;
	double share;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};

static double
latency_mean_us(const struct load *l, const struct latency *latency)
{
	return latency->count == 0 ? 0
				   : (double)latency->sum_tsc / (double)latency->count * 1e6 /
					     (double)l->tsc_hz;
}

/* ---- the table ---- */

static void
latency_print(const struct load *l, const struct latency *latency)
{
	printf("latency       ");
	for (size_t i = 0; i < RTE_DIM(quantiles); i++)
		printf("%s %.1f  ", quantiles[i].name,
		       latency_quantile_us(latency, quantiles[i].share));
	printf("mean %.1f  max %.1f us\n", latency_mean_us(l, latency),
	       (double)latency->max_tsc * 1e6 / (double)l->tsc_hz);
}

static void
measured_print(const struct load *l, const struct measured *m)
{
	const struct load_counters *c = &m->counters;

	printf("measured      %.3f s\n", m->seconds);
	printf("offered       %.0f queries/s\n", measured_offered(m));
	printf("answered      %.0f queries/s\n", measured_answered(m));
	printf("lost          %lu of %lu (%.6f %%)\n", m->lost, c->sent, measured_loss(m) * 100);
	latency_print(l, &m->latency);
#define X(name, help)                                                                              \
	if (c->name > 0)                                                                           \
		printf("  %-14s %12lu  %s\n", #name, c->name, help);
	LOAD_COUNTERS(X)
#undef X
	for (int i = 0; i < 16; i++)
		if (c->rcodes[i] > 0)
			printf("  rcode %-8d %12lu\n", i, c->rcodes[i]);
}

void
result_print(const struct result *r)
{
	const struct search *s = r->search;

	if (s != NULL && s->rate == 0) {
		printf("no rate without loss was found in %u steps\n", s->step_count);
		return;
	}
	if (s != NULL) {
		printf("highest rate  %.0f queries/s without loss%s\n", s->rate,
		       s->is_limited_by_load
			       ? "; a higher rate was not reached: this program was the limit"
			       : "");
		for (uint32_t i = 0; i < r->load->options->share_count; i++) {
			printf("at %3.0f %%      %.0f queries/s, loss %.6f %%\n",
			       r->load->options->shares[i] * 100, measured_offered(&s->at[i]),
			       measured_loss(&s->at[i]) * 100);
			latency_print(r->load, &s->at[i].latency);
		}
		printf("at that rate\n");
	}
	measured_print(r->load, r->measured);
}

/* ---- JSON ---- */

static json_t *
rounded(double value)
{
	return json_real(round(value * 1000) / 1000);
}

static json_t *
latency_json(const struct load *l, const struct latency *latency)
{
	json_t *object = json_object();

	for (size_t i = 0; i < RTE_DIM(quantiles); i++)
		json_object_set_new(object, quantiles[i].name,
				    rounded(latency_quantile_us(latency, quantiles[i].share)));
	json_object_set_new(object, "mean", rounded(latency_mean_us(l, latency)));
	json_object_set_new(object, "max",
			    rounded((double)latency->max_tsc * 1e6 / (double)l->tsc_hz));
	return object;
}

static json_t *
measured_json(const struct load *l, const struct measured *m)
{
	const struct load_counters *c = &m->counters;
	json_t *object = json_object(), *counters = json_object(), *rcodes = json_object();

	json_object_set_new(object, "target", rounded(m->target));
	json_object_set_new(object, "seconds", json_real(m->seconds));
	json_object_set_new(object, "offered", rounded(measured_offered(m)));
	json_object_set_new(object, "answered", rounded(measured_answered(m)));
	json_object_set_new(object, "lost", json_integer((json_int_t)m->lost));
	json_object_set_new(object, "loss", json_real(measured_loss(m)));
	json_object_set_new(object, "wrong", json_integer((json_int_t)load_counters_wrong(c)));
	json_object_set_new(object, "latency_us", latency_json(l, &m->latency));
#define X(name, help) json_object_set_new(counters, #name, json_integer((json_int_t)c->name));
	LOAD_COUNTERS(X)
#undef X
	json_object_set_new(object, "counters", counters);
	for (int i = 0; i < 16; i++)
		if (c->rcodes[i] > 0) {
			char name[8];

			snprintf(name, sizeof(name), "%d", i);
			json_object_set_new(rcodes, name, json_integer((json_int_t)c->rcodes[i]));
		}
	json_object_set_new(object, "rcodes", rcodes);
	return object;
}

static json_t *
search_json(const struct load *l, const struct search *s)
{
	json_t *object = json_object(), *steps = json_array(), *at = json_array();

	json_object_set_new(object, "rate", rounded(s->rate));
	json_object_set_new(object, "limited_by_load", json_boolean(s->is_limited_by_load));
	for (uint32_t i = 0; i < s->step_count; i++) {
		const struct search_step *step = &s->steps[i];
		json_t *row = json_object();

		json_object_set_new(row, "target", rounded(step->target));
		json_object_set_new(row, "offered", rounded(step->offered));
		json_object_set_new(row, "answered", rounded(step->answered));
		json_object_set_new(row, "loss", json_real(step->loss));
		json_object_set_new(row, "wrong", json_integer((json_int_t)step->wrong));
		json_object_set_new(row, "passed", json_boolean(step->passed));
		json_array_append_new(steps, row);
	}
	json_object_set_new(object, "steps", steps);
	for (uint32_t i = 0; i < l->options->share_count && s->rate > 0; i++) {
		json_t *row = measured_json(l, &s->at[i]);

		json_object_set_new(row, "share", rounded(l->options->shares[i]));
		json_array_append_new(at, row);
	}
	json_object_set_new(object, "at", at);
	return object;
}

static json_t *
setting_json(const struct load *l)
{
	const struct options *o = l->options;
	char name[RTE_ETH_NAME_MAX_LEN];
	json_t *object = json_object();

	device_name(o->client_device, name);
	json_object_set_new(object, "client_device", json_string(name));
	if (o->has_farm) {
		device_name(o->farm_device, name);
		json_object_set_new(object, "farm_device", json_string(name));
		json_object_set_new(object, "farm_delay_us", rounded(o->farm_delay_us));
	}
	json_object_set_new(object, "clients", json_integer(l->clients.count));
	json_object_set_new(object, "names", json_integer(l->names.count));
	json_object_set_new(object, "queries_tracked",
			    json_integer((json_int_t)l->clients.sent_mask + 1));
	json_object_set_new(object, "buffers", json_integer(l->pool->size));
	return object;
}

int
result_write(const struct result *r, const char *file)
{
	json_t *object = json_object();
	FILE *stream = stdout;
	int status = 0;

	json_object_set_new(object, "program", json_string("ephemera-load"));
	json_object_set_new(object, "version", json_string(EPHEMERA_VERSION));
	json_object_set_new(object, "dpdk", json_string(rte_version()));
	json_object_set_new(object, "tsc_hz", json_integer((json_int_t)r->load->tsc_hz));
	json_object_set_new(object, "arguments", json_string(r->arguments));
	json_object_set_new(object, "setting", setting_json(r->load));
	json_object_set_new(object, "result", measured_json(r->load, r->measured));
	if (r->search != NULL)
		json_object_set_new(object, "search", search_json(r->load, r->search));
	if (strcmp(file, "-") != 0)
		stream = fopen(file, "we");
	if (stream == NULL || json_dumpf(object, stream, JSON_INDENT(2)) != 0 ||
	    fputc('\n', stream) == EOF)
		status = errno != 0 ? -errno : -EIO;
	if (stream != NULL && stream != stdout && fclose(stream) != 0 && status == 0)
		status = -errno;
	json_decref(object);
	return status;
}
