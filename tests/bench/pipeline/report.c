/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the table, the JSON, and the comparison with the targets. */
#include "tests/bench/pipeline/report.h"

#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include "tests/bench/pipeline/line.h"

#define TARGET_OWN	 300
#define TARGET_MILLION	 1.4
#define TARGET_UPSTREAMS 1.05
#define TARGET_WORKERS	 1.7
#define TARGET_COUNT	 4

struct target {
	const char *what;
	bool measured, most; /* most: the target is an upper bound; else a lower one */
	double value, target;
};

static void
targets_fill(const struct result *r, struct target *targets)
{
	const struct case_result *base = result_case(r, CASE_BASE),
				 *million = result_case(r, CASE_MILLION),
				 *one = result_case(r, CASE_ONE_UPSTREAM),
				 *many = result_case(r, CASE_UPSTREAMS);

	targets[0] = (struct target){
		.what = "own cycles a query, base", .most = true, .target = TARGET_OWN};
	targets[1] = (struct target){
		.what = "1 Mi in flight against 64 Ki", .most = true, .target = TARGET_MILLION};
	targets[2] = (struct target){
		.what = "256 upstreams against 1", .most = true, .target = TARGET_UPSTREAMS};
	targets[3] = (struct target){.what = "two workers against one", .target = TARGET_WORKERS};
	if (base != NULL) {
		targets[0].measured = true;
		targets[0].value = case_own(base);
	}
	if (base != NULL && million != NULL) {
		targets[1].measured = true;
		targets[1].value = case_own(million) / case_own(base);
	}
	if (one != NULL && many != NULL) {
		targets[2].measured = true;
		targets[2].value = case_own(many) / case_own(one);
	}
	if (r->pair.rounds > 0) {
		targets[3].measured = true;
		targets[3].value = pair_ratio(&r->pair);
	}
}

static bool
target_met(const struct target *t)
{
	return t->most ? t->value <= t->target : t->value >= t->target;
}

static void
table_stages(const struct result *r)
{
	printf("\ncycles a query by stage\n%-26s", "");
	for (int i = 0; i < SPLIT_STAGE_COUNT; i++)
		printf(" %8s", split_names[i]);
	printf(" %8s\n", "rest");
	for (uint32_t n = 0; n < r->case_count; n++) {
		printf("%-26s", r->cases[n].c->name);
		for (int i = 0; i < SPLIT_STAGE_COUNT; i++)
			printf(" %8.1f", case_stage(&r->cases[n], i));
		printf(" %8.1f\n", case_rest(&r->cases[n]));
	}
}

void
report_table(const struct result *r)
{
	struct target targets[TARGET_COUNT];

	printf("%-26s %9s %9s %9s %9s %10s %9s\n", "TSC cycles a query", "total", "baseline", "own",
	       "own least", "queries/s", "cut phases");
	for (uint32_t n = 0; n < r->case_count; n++) {
		const struct case_result *c = &r->cases[n];
		double least = c->round[0].total - c->round[0].baseline;

		for (uint32_t i = 1; i < c->rounds; i++)
			if (c->round[i].total - c->round[i].baseline < least)
				least = c->round[i].total - c->round[i].baseline;
		printf("%-26s %9.1f %9.1f %9.1f %9.1f %9.2fM %8.1f%%\n", c->c->name, case_total(c),
		       case_baseline(c), case_own(c), least, r->tsc_hz / case_total(c) / 1e6,
		       100.0 * (double)c->interrupted / (double)c->phases);
	}
	table_stages(r);
	if (r->pair.rounds > 0)
		printf("\nworkers: one %.2f M queries/s, two %.2f M, %.0f%% of the responses "
		       "handed off; ratio %.2f\n",
		       median(r->pair.one, r->pair.rounds) / 1e6,
		       median(r->pair.two, r->pair.rounds) / 1e6, 100 * r->pair.handed_off,
		       pair_ratio(&r->pair));
	printf("round trip of a cache line between the cores: %.0f ns before (%s), %.0f ns after "
	       "(%s); TSC %.0f MHz; a pair of time stamps %.0f cycles, subtracted; pages of the "
	       "flow table: %s\n",
	       r->line_before_ns, line_kind(r->line_before_ns), r->line_after_ns,
	       line_kind(r->line_after_ns), r->tsc_hz / 1e6, r->stamp_cycles, r->pages);
	targets_fill(r, targets);
	for (int i = 0; i < TARGET_COUNT && !r->smoke; i++)
		if (targets[i].measured)
			printf("target: %-30s %8.2f  %s %.2f  %s\n", targets[i].what,
			       targets[i].value, targets[i].most ? "at most " : "at least",
			       targets[i].target, target_met(&targets[i]) ? "met" : "MISSED");
}

static json_t *
json_case(const struct case_result *c)
{
	json_t *stages = json_object(), *own = json_array();

	for (int i = 0; i < SPLIT_STAGE_COUNT; i++)
		json_object_set_new(stages, split_names[i], json_real(case_stage(c, i)));
	json_object_set_new(stages, "rest", json_real(case_rest(c)));
	for (uint32_t i = 0; i < c->rounds; i++)
		json_array_append_new(own, json_real(c->round[i].total - c->round[i].baseline));
	return json_pack(
		"{s:s, s:b, s:i, s:i, s:i, s:i, s:b, s:b, s:i, s:f, s:f, s:f, s:o, s:o, s:I, s:I}",
		"name", c->c->name, "ipv6", c->c->ipv6, "name_bytes", c->c->name_bytes, "in_flight",
		(int)c->c->in_flight, "flow_table", (int)c->c->flows, "upstreams", c->c->upstreams,
		"random_case", c->c->random_case, "coalesce", c->c->coalesce, "rounds",
		(int)c->rounds, "total_cycles", case_total(c), "baseline_cycles", case_baseline(c),
		"own_cycles", case_own(c), "own_cycles_rounds", own, "stage_cycles", stages,
		"phases", (json_int_t)c->phases, "phases_interrupted", (json_int_t)c->interrupted);
}

static json_t *
json_workers(const struct pair_result *pair)
{
	json_t *ratios = json_array();

	for (uint32_t i = 0; i < pair->rounds; i++)
		json_array_append_new(ratios, json_real(pair->two[i] / pair->one[i]));
	return json_pack("{s:i, s:f, s:f, s:f, s:o, s:f, s:I, s:I}", "rounds", (int)pair->rounds,
			 "one_queries_per_second", median(pair->one, pair->rounds),
			 "two_queries_per_second", median(pair->two, pair->rounds), "ratio",
			 pair_ratio(pair), "ratio_rounds", ratios, "responses_handed_off",
			 pair->handed_off, "phases", (json_int_t)pair->phases, "phases_interrupted",
			 (json_int_t)pair->interrupted);
}

int
report_json(const struct result *r, const char *file)
{
	json_t *cases = json_array(), *list = json_array(), *top;
	struct target targets[TARGET_COUNT];
	int status;

	for (uint32_t i = 0; i < r->case_count; i++)
		json_array_append_new(cases, json_case(&r->cases[i]));
	targets_fill(r, targets);
	for (int i = 0; i < TARGET_COUNT; i++)
		if (targets[i].measured)
			json_array_append_new(
				list, json_pack("{s:s, s:f, s:s, s:f, s:b}", "what",
						targets[i].what, "value", targets[i].value, "bound",
						targets[i].most ? "at most" : "at least", "target",
						targets[i].target, "met", target_met(&targets[i])));
	top = json_pack("{s:s, s:b, s:f, s:f, s:s, s:{s:f, s:s, s:f, s:s}, s:o, s:o}", "benchmark",
			"pipeline", "smoke", r->smoke, "tsc_hz", r->tsc_hz, "stamp_cycles",
			r->stamp_cycles, "flow_table_pages", r->pages, "line_round_trip",
			"before_ns", r->line_before_ns, "before", line_kind(r->line_before_ns),
			"after_ns", r->line_after_ns, "after", line_kind(r->line_after_ns), "cases",
			cases, "targets", list);
	if (r->pair.rounds > 0)
		json_object_set_new(top, "workers", json_workers(&r->pair));
	status = json_dump_file(top, file, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 ? 0 : -EIO;
	json_decref(top);
	return status;
}
