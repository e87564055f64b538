/* SPDX-License-Identifier: BSD-3-Clause */
/* Times turns of one worker. The queries and responses of a phase are in the receive queues before
 * the clock starts, and the transmit queues are drained after it stops. So a turn finds its packets
 * in the caches, as with a NIC that writes into them, and always receives a full burst. */
#include "tests/bench/pipeline/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/pipeline/pipeline.h"
#include "tests/bench/pipeline/baseline.h"

#define RUN_BLOCKS	  8
#define RUN_PHASES	  32 /* of each kind in a block */
#define RUN_SMOKE	  2
#define RUN_CHECKS	  16 /* phases in which every frame is checked */
#define RUN_BASELINE_SIZE (2 * RUN_PHASE_QUERIES)

typedef unsigned (*turn_function)(struct worker *worker);

static void
complain(struct run *run, const struct bench_case *c, const char *what)
{
	fprintf(stderr, "pipeline: %s: %s\n", c->name, what);
	run->faults++;
}

void
run_open(struct run *run, struct bed *bed, uint32_t in_flight, bool smoke)
{
	const char *pages;

	*run = (struct run){
		.bed = bed, .store_size = in_flight + RUN_PHASE_QUERIES, .smoke = smoke};
	/* Not from the reserved huge pages: those are for the memory that the dataplane has
	 * there. */
	run->store = bed_memory((size_t)run->store_size * sizeof(*run->store), false, &pages);
	run->baseline_store =
		bed_memory((size_t)RUN_BASELINE_SIZE * sizeof(*run->baseline_store), false, &pages);
}

/* Runs that many queries and responses through the worker; returns the cycles of its turns. */
static uint64_t
phase(struct run *run, const struct bench_case *c, struct traffic *t, turn_function turn,
      uint32_t responses)
{
	struct worker *w = run->bed->workers[0];
	const uint64_t stopped = rte_rdtsc();
	unsigned seen = 0, empty = 0;
	uint64_t begin, end;

	traffic_response(t, responses, false);
	traffic_ask(t, RUN_PHASE_QUERIES);
	begin = rte_rdtsc_precise();
	/* The sweep depends on the clock, which also advanced outside the timed turns: set it so
	 * that sweeps are as frequent as in a busy worker. */
	w->sweep_next_tsc += begin - stopped;
	for (unsigned i = 0; i < RUN_PHASE_QUERIES / BURST_MAX; i++)
		seen += turn(w);
	end = rte_rdtsc_precise();
	while (seen < RUN_PHASE_QUERIES + responses && empty++ < 1000)
		seen += turn(w);
	if (empty > 0)
		complain(run, c, "a phase needed more turns than it has bursts");
	traffic_drain(t);
	return end - begin;
}

/* The same for the baseline. */
static void
phase_last(struct run *run, struct traffic *t, uint32_t responses)
{
	traffic_response(t, responses, false);
	for (unsigned i = 0; i < RUN_PHASE_QUERIES / BURST_MAX; i++)
		pipeline_turn(run->bed->workers[0]);
	traffic_drain(t);
}

static uint64_t
phase_baseline(struct run *run, const struct bench_case *c, struct traffic *t)
{
	unsigned seen = 0;
	uint64_t begin, end;

	traffic_response(t, RUN_PHASE_QUERIES, false);
	traffic_ask(t, RUN_PHASE_QUERIES);
	begin = rte_rdtsc_precise();
	for (unsigned i = 0; i < RUN_PHASE_QUERIES / BURST_MAX; i++)
		seen += baseline_turn(run->bed, 0);
	end = rte_rdtsc_precise();
	if (seen != 2 * RUN_PHASE_QUERIES)
		complain(run, c, "the baseline did not forward all packets");
	traffic_drain(t);
	return end - begin;
}

/* Brings that many queries in flight, and checks every frame of some phases. */
static void
fill(struct run *run, const struct bench_case *c, struct traffic *t)
{
	while (t->store_count < c->in_flight && t->store_count == t->queries)
		phase(run, c, t, pipeline_turn, 0);
	if (t->store_count < c->in_flight)
		complain(run, c, "the worker did not forward all queries");
	t->checking = true;
	for (unsigned i = 0;
	     t->store_count >= c->in_flight && i < (run->smoke ? RUN_SMOKE : RUN_CHECKS); i++)
		phase(run, c, t, pipeline_turn, RUN_PHASE_QUERIES);
	t->checking = false;
}

/* Sends the responses to all queries; the last ones are checked. */
static void
empty(struct run *run, const struct bench_case *c, struct traffic *t)
{
	while (t->store_count > 0) {
		t->checking = t->store_count <= RUN_CHECKS * RUN_PHASE_QUERIES;
		phase_last(run, t, RTE_MIN(t->store_count, (uint32_t)RUN_PHASE_QUERIES));
	}
	if (t->faults > 0)
		complain(run, c, t->fault);
	run->faults += run_check(run->bed, 1, t);
}

static void
measure(struct run *run, struct case_result *result, struct round_result *round, struct traffic *t,
	struct traffic *baseline)
{
	static uint64_t plain[RUN_BLOCKS * RUN_PHASES], split_phase[RUN_BLOCKS * RUN_PHASES],
		nothing[RUN_BLOCKS * RUN_PHASES];
	const unsigned phases = run->smoke ? RUN_SMOKE : RUN_PHASES,
		       blocks = run->smoke ? 1 : RUN_BLOCKS;
	const double stamp = split_stamp_cycles();
	uint64_t unused = 0, summed = 0;
	double scale;
	uint32_t n = 0;

	split = (struct split){0};
	for (unsigned block = 0; block < blocks; block++, n += phases) {
		for (unsigned i = 0; i < phases; i++)
			plain[n + i] = phase(run, result->c, t, pipeline_turn, RUN_PHASE_QUERIES);
		for (unsigned i = 0; i < phases; i++)
			split_phase[n + i] =
				phase(run, result->c, t, split_turn, RUN_PHASE_QUERIES);
		for (unsigned i = 0; i < phases; i++)
			nothing[n + i] = phase_baseline(run, result->c, baseline);
	}
	result->phases += n;
	round->total = phases_mean(plain, n, &result->interrupted) / RUN_PHASE_QUERIES;
	round->baseline = phases_mean(nothing, n, &unused) / RUN_PHASE_QUERIES;
	/* Stages are summed over all phases, and scaled to those not interrupted. */
	round->split_total = phases_mean(split_phase, n, &unused);
	for (uint32_t i = 0; i < n; i++)
		summed += split_phase[i];
	scale = round->split_total * n / (double)summed;
	for (int i = 0; i < SPLIT_STAGE_COUNT; i++) {
		const double stamps = (double)split.stamps[i] * stamp;

		round->stages[i] =
			((double)split.cycles[i] - stamps) * scale / n / RUN_PHASE_QUERIES;
		round->split_total -= stamps / n;
	}
	round->split_total /= RUN_PHASE_QUERIES;
}

void
run_round(struct run *run, struct case_result *result)
{
	struct round_result *round = &result->round[result->rounds++];
	struct traffic t, baseline;

	bed_set(run->bed, result->c, 1);
	traffic_set(&t, run->bed, result->c, 0, run->store,
		    result->c->in_flight + RUN_PHASE_QUERIES);
	traffic_set(&baseline, run->bed, result->c, 0, run->baseline_store, RUN_BASELINE_SIZE);
	fill(run, result->c, &t);
	/* The baseline's responses: the queries that it forwarded. */
	traffic_ask(&baseline, RUN_PHASE_QUERIES);
	for (unsigned i = 0; i < RUN_PHASE_QUERIES / BURST_MAX; i++)
		baseline_turn(run->bed, 0);
	traffic_drain(&baseline);
	measure(run, result, round, &t, &baseline);
	empty(run, result->c, &t);
}

unsigned
run_check(const struct bed *bed, uint32_t workers, const struct traffic *traffic)
{
	uint64_t c[WORKER_COUNTER_COUNT] = {0}, drops = 0, in_flight = 0, queries = 0,
		 delivered = 0;
	unsigned faults = 0;

	for (uint32_t i = 0; i < workers; i++) {
		for (unsigned n = 0; n < WORKER_COUNTER_COUNT; n++)
			c[n] += bed->stats[i].counters[n];
		for (unsigned n = 0; n < DROP_REASON_COUNT; n++)
			drops += bed->stats[i].drops[n];
		in_flight += bed->workers[i]->flows.in_flight + traffic[i].store_count;
		queries += traffic[i].queries;
		delivered += traffic[i].delivered;
	}
	const struct {
		const char *what;
		uint64_t is, must;
	} checks[] = {
		{"responses that clients received", delivered, queries},
		{"queries counted", c[COUNTER_queries], queries},
		{"responses counted", c[COUNTER_responses], queries},
		{"packets received", c[COUNTER_rx], 2 * queries},
		{"packets sent", c[COUNTER_tx], 2 * queries},
		{"packets received by handoff", c[COUNTER_handoff_in], c[COUNTER_handoff_out]},
		{"packets dropped", drops, 0},
		{"queries coalesced with another one", c[COUNTER_coalesced], 0},
		{"queries left in flight", in_flight, 0},
		{"packet buffers in the pool", rte_mempool_avail_count(bed->pool), bed->pool->size},
	};

	for (unsigned i = 0; i < RTE_DIM(checks); i++) {
		if (checks[i].is == checks[i].must)
			continue;
		fprintf(stderr, "pipeline: %s: %lu, must be %lu\n", checks[i].what, checks[i].is,
			checks[i].must);
		faults++;
	}
	return faults;
}
