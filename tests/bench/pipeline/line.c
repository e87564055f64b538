/* SPDX-License-Identifier: BSD-3-Clause */
/* Two threads pass one atomic back and forth. */
#include "tests/bench/pipeline/line.h"

#include <sched.h>
#include <stdint.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#define LINE_NEAR  200
#define LINE_FAR   300
#define LINE_SPINS 100000 /* then the other thread may need this core */
#define LINE_LCORE 1

/* Main writes `turns` before the other thread starts. */
static uint32_t turn __attribute__((aligned(128))), turns;

/* Waits for its turns, the odd or the even values, and increments each. */
static int
hand_over(void *argument)
{
	for (uint32_t mine = *(const uint32_t *)argument; mine < 2 * turns; mine += 2) {
		for (uint32_t spins = 0; __atomic_load_n(&turn, __ATOMIC_ACQUIRE) != mine; spins++)
			if (spins == LINE_SPINS) {
				sched_yield();
				spins = 0;
			}
		__atomic_store_n(&turn, mine + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

double
line_round_trip_ns(uint32_t count)
{
	static uint32_t even = 0, odd = 1;
	uint64_t begin;

	turns = count;
	__atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
	if (rte_eal_remote_launch(hand_over, &odd, LINE_LCORE) != 0)
		return 0;
	begin = rte_rdtsc();
	hand_over(&even);
	rte_eal_wait_lcore(LINE_LCORE);
	return (double)(rte_rdtsc() - begin) / (double)rte_get_tsc_hz() * 1e9 / count;
}

const char *
line_kind(double ns)
{
	return ns < LINE_NEAR ? "near" : ns > LINE_FAR ? "far" : "between";
}
