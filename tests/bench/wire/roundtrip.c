/* SPDX-License-Identifier: BSD-3-Clause */
/* Measures the distance of two cores: the round-trip time of a cache line between them. Virtual
 * cores move, and passing packets through shared memory is twice as slow when they are far
 * apart.
 *
 *   roundtrip CORE CORE
 *
 * prints the nanoseconds per round trip, the median of several runs. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS  5
#define TURNS 100000

static _Alignas(128) atomic_uint line;

static int
core_pin(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* Increments each even number. */
static void *
response(void *core)
{
	if (core_pin(*(int *)core) != 0)
		exit(1);
	for (unsigned turn = 0; turn < RUNS * TURNS; turn++) {
		while (atomic_load_explicit(&line, memory_order_acquire) != turn * 2 + 1)
			;
		atomic_store_explicit(&line, turn * 2 + 2, memory_order_release);
	}
	return NULL;
}

static int
by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	int cores[2] = {argc == 3 ? atoi(argv[1]) : -1, argc == 3 ? atoi(argv[2]) : -1};
	double took_ns[RUNS];
	unsigned turn = 0;
	pthread_t thread;

	if (argc != 3) {
		fputs("usage: roundtrip CORE CORE\n", stderr);
		return 2;
	}
	if (cores[0] == cores[1] || core_pin(cores[0]) != 0 ||
	    pthread_create(&thread, NULL, response, &cores[1]) != 0) {
		fputs("roundtrip: give two different cores of this machine\n", stderr);
		return 1;
	}
	for (int run = 0; run < RUNS; run++) {
		struct timespec from, to;

		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int i = 0; i < TURNS; i++, turn++) {
			atomic_store_explicit(&line, turn * 2 + 1, memory_order_release);
			while (atomic_load_explicit(&line, memory_order_acquire) != turn * 2 + 2)
				;
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		took_ns[run] = ((double)(to.tv_sec - from.tv_sec) * 1e9 +
				(double)(to.tv_nsec - from.tv_nsec)) /
			       TURNS;
	}
	pthread_join(thread, NULL);
	qsort(took_ns, RUNS, sizeof(took_ns[0]), by_size);
	printf("%.1f\n", took_ns[RUNS / 2]);
	return 0;
}
