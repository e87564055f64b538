/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs one worker on this core and another on lcore 1, synchronized by barriers. */
#include "tests/bench/pipeline/pair.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_pause.h>

#include "dataplane/pipeline/pipeline.h"

#define PAIR_QUERIES 2048 /* per worker in a phase: so many that start and end hardly matter */
#define PAIR_PHASES  64
#define PAIR_SMOKE   2
#define PAIR_CHECKS  4 /* phases before, in which every frame is checked */
#define PAIR_LCORE   1
#define PAIR_SPINS   100000 /* then the other thread may need this core */
#define PAIR_SECONDS 30

/* Threads: `ready` is both workers'; times[i] and traffic[i] are worker i's, read by main when both
 * have ended. */
struct pair {
	struct run *run;
	uint32_t workers, phases;
	uint32_t ready; /* how often workers have reached the barrier */
	bool failed;	/* a worker failed: no worker waits any longer */
	struct traffic traffic[BED_WORKERS];
	struct {
		uint64_t begin[PAIR_PHASES], end[PAIR_PHASES];
	} times[BED_WORKERS];
};

struct member {
	struct pair *pair;
	uint32_t index;
};

/* A barrier: returns when all workers have reached it as often as this one. */
static void
line_up(struct pair *pair, uint32_t times)
{
	__atomic_fetch_add(&pair->ready, 1, __ATOMIC_ACQ_REL);
	for (uint32_t spins = 0;
	     __atomic_load_n(&pair->ready, __ATOMIC_ACQUIRE) < times * pair->workers; spins++) {
		rte_pause();
		if (spins == PAIR_SPINS) {
			sched_yield();
			spins = 0;
		}
	}
}

/* Runs turns until the worker has sent `packets` more and its queues are empty: its own packets are
 * done, and those of the other worker are handed off. */
static void
turn_until(struct pair *pair, uint32_t index, uint64_t packets)
{
	const struct bed *bed = pair->run->bed;
	struct worker *w = bed->workers[index];
	const uint64_t *tx = &w->stats->counters[COUNTER_tx], until = *tx + packets;
	const uint64_t deadline = rte_rdtsc() + PAIR_SECONDS * rte_get_tsc_hz();

	do {
		pipeline_turn(w);
		if (rte_rdtsc() > deadline) {
			__atomic_store_n(&pair->failed, true, __ATOMIC_RELAXED);
			return;
		}
	} while (*tx < until || !rte_ring_empty(bed->rx[BED_FARM][index]) ||
		 !rte_ring_empty(bed->rx[BED_CLIENTS][index]));
}

/* One phase; sets *begin and *end. */
static void
phase(struct pair *pair, uint32_t index, uint32_t *lines, uint32_t queries, uint32_t responses,
      uint64_t *begin, uint64_t *end)
{
	struct traffic *t = &pair->traffic[index];
	const uint64_t stopped = rte_rdtsc();

	traffic_response(t, responses, pair->workers > 1);
	traffic_ask(t, queries);
	line_up(pair, ++*lines);
	*begin = rte_rdtsc_precise();
	pair->run->bed->workers[index]->sweep_next_tsc += *begin - stopped;
	turn_until(pair, index, (uint64_t)queries + responses);
	*end = rte_rdtsc_precise();
	line_up(pair, ++*lines);
	traffic_drain(t);
}

static int
member_run(void *argument)
{
	const struct member *member = argument;
	struct pair *pair = member->pair;
	const uint32_t index = member->index;
	struct traffic *t = &pair->traffic[index];
	uint64_t begin, end;
	uint32_t lines = 0;

	while (t->store_count < t->c->in_flight && !pair->failed)
		phase(pair, index, &lines, PAIR_QUERIES, 0, &begin, &end);
	t->checking = true;
	for (int i = 0; i < PAIR_CHECKS; i++)
		phase(pair, index, &lines, PAIR_QUERIES, PAIR_QUERIES, &begin, &end);
	t->checking = false;
	for (uint32_t i = 0; i < pair->phases; i++)
		phase(pair, index, &lines, PAIR_QUERIES, PAIR_QUERIES, &pair->times[index].begin[i],
		      &pair->times[index].end[i]);
	while (t->store_count > 0 && !pair->failed)
		phase(pair, index, &lines, 0, RTE_MIN(t->store_count, (uint32_t)PAIR_QUERIES),
		      &begin, &end);
	return 0;
}

static double
queries_a_second(const struct pair *pair, uint64_t *interrupted)
{
	uint64_t cycles[PAIR_PHASES];

	for (uint32_t i = 0; i < pair->phases; i++) {
		uint64_t begin = pair->times[0].begin[i], end = pair->times[0].end[i];

		for (uint32_t w = 1; w < pair->workers; w++) {
			begin = RTE_MIN(begin, pair->times[w].begin[i]);
			end = RTE_MAX(end, pair->times[w].end[i]);
		}
		cycles[i] = end - begin;
	}
	return (double)pair->workers * PAIR_QUERIES * (double)rte_get_tsc_hz() /
	       phases_mean(cycles, pair->phases, interrupted);
}

static void
check(struct run *run, const struct pair *pair)
{
	for (uint32_t i = 0; i < pair->workers; i++)
		if (pair->traffic[i].faults > 0) {
			fprintf(stderr, "pipeline: worker %u of %u: %s\n", i, pair->workers,
				pair->traffic[i].fault);
			run->faults++;
		}
	if (pair->failed) {
		fprintf(stderr, "pipeline: %u workers did not forward everything within %d s\n",
			pair->workers, PAIR_SECONDS);
		run->faults++;
	}
	run->faults += run_check(run->bed, pair->workers, pair->traffic);
}

static double
workers_run(struct run *run, const struct bench_case *c, uint32_t workers,
	    struct pair_result *result)
{
	static struct pair pair;
	static struct member members[BED_WORKERS] = {{&pair, 0}, {&pair, 1}};
	const uint32_t store = c->in_flight + PAIR_QUERIES;

	pair = (struct pair){
		.run = run, .workers = workers, .phases = run->smoke ? PAIR_SMOKE : PAIR_PHASES};
	bed_set(run->bed, c, workers);
	for (uint32_t i = 0; i < workers; i++)
		traffic_set(&pair.traffic[i], run->bed, c, i, run->store + i * store, store);
	if (workers > 1 && rte_eal_remote_launch(member_run, &members[1], PAIR_LCORE) != 0)
		abort();
	member_run(&members[0]);
	if (workers > 1)
		rte_eal_wait_lcore(PAIR_LCORE);
	check(run, &pair);
	if (workers > 1)
		result->handed_off = (double)(run->bed->stats[0].counters[COUNTER_handoff_out] +
					      run->bed->stats[1].counters[COUNTER_handoff_out]) /
				     (double)(pair.traffic[0].queries + pair.traffic[1].queries);
	result->phases += pair.phases;
	return queries_a_second(&pair, &result->interrupted);
}

void
pair_round(struct run *run, const struct bench_case *c, struct pair_result *result)
{
	result->one[result->rounds] = workers_run(run, c, 1, result);
	result->two[result->rounds] = workers_run(run, c, 2, result);
	result->rounds++;
}
