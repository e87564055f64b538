/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles pipeline.c again with each call of a stage wrapped, so that the timed stages and their
 * order are those of the workers, and pipeline.c needs no code for it. A stage without a line here
 * counts as rest of the turn. */
#include "tests/bench/pipeline/split.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "dataplane/pipeline/stages.h"
#include "dataplane/pipeline/transmit.h"

struct split split;

const char *const split_names[SPLIT_STAGE_COUNT] = {
#define X(name) #name,
	SPLIT_STAGES(X)
#undef X
};

static inline void
stamp_add(enum split_stage stage, uint64_t begin)
{
	split.cycles[stage] += rte_rdtsc() - begin;
	split.stamps[stage]++;
}

#define TIMED(stage, call)                                                                         \
	do {                                                                                       \
		const uint64_t stamp = rte_rdtsc();                                                \
		call;                                                                              \
		stamp_add(SPLIT_##stage, stamp);                                                   \
	} while (0)

static uint16_t
receive_timed(uint16_t ethdev, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count)
{
	uint16_t n;

	TIMED(receive, n = rte_eth_rx_burst(ethdev, queue, mbufs, count));
	return n;
}

#define rte_eth_rx_burst(p, q, m, n) receive_timed(p, q, m, n)
#define parse(w, b)		     TIMED(parse, parse(w, b))
#define classify(w, b)		     TIMED(classify, classify(w, b))
#define match(w, b)		     TIMED(match, match(w, b))
#define restore(w, b)		     TIMED(restore, restore(w, b))
#define admit(w, b)		     TIMED(admit, admit(w, b))
#define answer_faults(w, b)	     TIMED(answer, answer_faults(w, b))
#define answer_no_upstream(w, b)     TIMED(answer, answer_no_upstream(w, b))
#define coalesce(w, b)		     TIMED(coalesce, coalesce(w, b))
#define choose(w, b)		     TIMED(choose, choose(w, b))
#define draw(w, b)		     TIMED(draw, draw(w, b))
#define rewrite(w, b)		     TIMED(rewrite, rewrite(w, b))
#define transmit_flush(w)	     TIMED(transmit, transmit_flush(w))
#define probe(w)		     TIMED(probe, probe(w))
#define sweep(w)		     TIMED(sweep, sweep(w))
#define random_top_up(s)	     TIMED(random, random_top_up(s))
#define pipeline_turn		     split_turn
#define pipeline_run		     split_run

#include "dataplane/pipeline/pipeline.c"

double
split_stamp_cycles(void)
{
	const struct split before = split;
	const unsigned times = 100000;
	double cycles;

	split = (struct split){0};
	for (unsigned i = 0; i < times; i++)
		TIMED(receive, __asm__ volatile("" ::: "memory"));
	cycles = (double)split.cycles[SPLIT_receive] / times;
	split = before;
	return cycles;
}
