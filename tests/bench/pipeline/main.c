/* SPDX-License-Identifier: BSD-3-Clause */
/* Measures the cost of a forwarded query: two packets in, two out, through the stages as the
 * workers run them. tests/bench/README.md explains the result. Progress goes to stderr, the table
 * to stdout. Exit status: 0 success; 1 a response or a counter was wrong; 2 usage, or out of
 * memory. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "tests/bench/pipeline/line.h"
#include "tests/bench/pipeline/pair.h"
#include "tests/bench/pipeline/report.h"
#include "tests/bench/pipeline/run.h"

#define ROUNDS	       7
#define LINE_TURNS     200000
#define SMOKE_LINE     200
#define SMOKE_FLOWS    (1u << 14)
#define SMOKE_INFLIGHT (1u << 10) /* a long name needs a cell; there is one per eight entries */

struct options {
	const char *json, *only;
	uint32_t rounds;
	bool smoke, huge;
};

static const char usage[] =
	"usage: pipeline [--json FILE] [--rounds N] [--only NAME] [--no-huge] [--smoke]\n  --json "
	"FILE  write the result there, too\n  --rounds N   measure every case N times, in turn "
	"(default 7)\n  --only NAME  only cases whose name contains NAME; \"workers\": two workers "
	"against one\n  --no-huge    use no reserved huge pages\n  --smoke      a few bursts of "
	"each case, with small tables and no huge pages: only a check that it works\n";

static bool
options_read(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"json", required_argument, NULL, 'j'}, {"rounds", required_argument, NULL, 'r'},
		{"only", required_argument, NULL, 'o'}, {"no-huge", no_argument, NULL, 'n'},
		{"smoke", no_argument, NULL, 's'},	{NULL, 0, NULL, 0},
	};
	int option;

	*o = (struct options){.rounds = ROUNDS, .huge = true};
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'j':
			o->json = optarg;
			break;
		case 'r':
			o->rounds = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			o->only = optarg;
			break;
		case 'n':
			o->huge = false;
			break;
		case 's':
			o->smoke = true;
			o->huge = false;
			o->rounds = 2;
			break;
		default:
			return false;
		}
	}
	return optind == argc && o->rounds > 0 && o->rounds <= RESULT_ROUNDS_MAX;
}

static bool
wanted(const struct options *o, const char *name)
{
	return o->only == NULL || strstr(name, o->only) != NULL;
}

/* The cases to run, smaller for a smoke run. Returns the largest number of flow table entries of a
 * case. */
static uint32_t
cases_choose(const struct options *o, struct bench_case *cases, struct result *result,
	     uint32_t *in_flight)
{
	uint32_t flows = 0;

	*in_flight = 0;
	for (unsigned i = 0; i < bench_case_count; i++) {
		cases[i] = bench_cases[i];
		if (o->smoke) {
			cases[i].flows = SMOKE_FLOWS;
			cases[i].in_flight = RTE_MIN(cases[i].in_flight, SMOKE_INFLIGHT);
		}
		if (strcmp(cases[i].name, CASE_BASE) == 0 && wanted(o, "workers")) {
			flows = RTE_MAX(flows, 2 * cases[i].flows);
			*in_flight = RTE_MAX(*in_flight, 2 * cases[i].in_flight + 8192);
		}
		if (!wanted(o, cases[i].name))
			continue;
		flows = RTE_MAX(flows, cases[i].flows);
		*in_flight = RTE_MAX(*in_flight, cases[i].in_flight);
		result->cases[result->case_count++].c = &cases[i];
	}
	return flows;
}

static void
rounds_run(const struct options *o, struct run *run, struct result *result,
	   const struct bench_case *base)
{
	for (uint32_t round = 0; round < o->rounds; round++) {
		for (uint32_t i = 0; i < result->case_count; i++) {
			fprintf(stderr, "\rround %u of %u: %-26s", round + 1, o->rounds,
				result->cases[i].c->name);
			run_round(run, &result->cases[i]);
		}
		if (wanted(o, "workers")) {
			fprintf(stderr, "\rround %u of %u: %-26s", round + 1, o->rounds,
				"two workers");
			pair_round(run, base, &result->pair);
		}
	}
	fprintf(stderr, "\n");
}

int
main(int argc, char **argv)
{
	static struct bench_case cases[RESULT_CASES_MAX];
	static struct result result;
	static struct bed bed;
	struct options o;
	struct run run;
	uint32_t flows, in_flight;

	if (!options_read(&o, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	flows = cases_choose(&o, cases, &result, &in_flight);
	if (flows == 0) {
		fprintf(stderr, "pipeline: no case has \"%s\" in its name\n", o.only);
		return 2;
	}
	if (!bed_eal_start(o.huge))
		return 2;
	bed_open(&bed, flows, o.huge);
	run_open(&run, &bed, in_flight, o.smoke);
	result.smoke = o.smoke;
	result.pages = bed.pages;
	result.tsc_hz = (double)rte_get_tsc_hz();
	result.stamp_cycles = split_stamp_cycles();
	result.line_before_ns = line_round_trip_ns(o.smoke ? SMOKE_LINE : LINE_TURNS);
	rounds_run(&o, &run, &result, &cases[0]);
	result.line_after_ns = line_round_trip_ns(o.smoke ? SMOKE_LINE : LINE_TURNS);
	report_table(&result);
	if (o.json != NULL && report_json(&result, o.json) != 0) {
		fprintf(stderr, "pipeline: cannot write %s\n", o.json);
		run.faults++;
	}
	bed_close(&bed);
	return run.faults == 0 ? 0 : 1;
}
