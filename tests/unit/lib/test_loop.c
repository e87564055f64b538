/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop: order of timers, and the effect of a stall. */
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "control/lib/loop.h"
#include "tests/unit/suite.h"

#define LATE_NS (20 * NS_PER_MS)

struct bench {
	struct loop loop;
	struct loop_timer first, second;
	struct loop_watch watch;
	int pipe[2];
	unsigned fired, bytes;
};

static void
timer_fired(void *owner, uint64_t now)
{
	struct bench *bench = owner;

	(void)now;
	bench->fired++;
}

/* A response has come: cancels the timer that waits for it. */
static void
pipe_ready(void *owner, uint32_t events)
{
	struct bench *bench = owner;
	char byte;

	(void)events;
	bench->bytes += read(bench->pipe[0], &byte, 1) == 1;
	loop_timer_cancel(&bench->loop, &bench->first);
}

static void
bench_open(struct bench *bench)
{
	*bench = (struct bench){.fired = 0};
	CU_ASSERT_EQUAL_FATAL(loop_init(&bench->loop), 0);
	CU_ASSERT_EQUAL_FATAL(pipe(bench->pipe), 0);
	bench->first = bench->second = (struct loop_timer){.fire = timer_fired, .owner = bench};
	bench->watch = (struct loop_watch){bench->pipe[0], pipe_ready, bench};
	CU_ASSERT_EQUAL_FATAL(loop_watch_add(&bench->loop, &bench->watch, EPOLLIN), 0);
	CU_ASSERT_EQUAL_FATAL(loop_turn(&bench->loop, 0), 0);
}

static void
bench_close(struct bench *bench)
{
	loop_watch_remove(&bench->loop, &bench->watch);
	close(bench->pipe[0]);
	close(bench->pipe[1]);
	loop_fini(&bench->loop);
}

/* Makes it look as if the loop had not run for `ns`. */
static void
stall(struct bench *bench, uint64_t ns)
{
	bench->loop.seen_ns -= ns;
	bench->first.due_ns -= ns;
	bench->second.due_ns -= ns;
}

static void
test_due(void)
{
	struct bench bench;
	uint64_t now;

	bench_open(&bench);
	now = loop_now_ns();
	loop_timer_at(&bench.loop, &bench.first, now + LATE_NS);
	loop_timer_at(&bench.loop, &bench.second, 0);
	CU_ASSERT_EQUAL(loop_turn(&bench.loop, -1), 0);
	CU_ASSERT_EQUAL(bench.fired, 1);
	while (bench.fired == 1 && loop_turn(&bench.loop, -1) == 0)
		;
	CU_ASSERT_TRUE(loop_now_ns() >= now + LATE_NS);
	bench_close(&bench);
}

/* Less than LOOP_STALL_NS late is not a stall. */
static void
test_late(void)
{
	struct bench bench;

	bench_open(&bench);
	loop_timer_at(&bench.loop, &bench.first, loop_now_ns() + LATE_NS);
	stall(&bench, LOOP_STALL_NS / 2);
	CU_ASSERT_EQUAL(loop_turn(&bench.loop, 0), 0);
	CU_ASSERT_EQUAL(bench.fired, 1);
	bench_close(&bench);
}

/* A response that came during the stall is in time; other timers keep the time they had left. */
static void
test_stall(void)
{
	struct bench bench;

	bench_open(&bench);
	loop_timer_at(&bench.loop, &bench.first, loop_now_ns() + LATE_NS);
	loop_timer_at(&bench.loop, &bench.second, loop_now_ns() + LATE_NS);
	stall(&bench, 60 * NS_PER_S);
	CU_ASSERT_EQUAL(write(bench.pipe[1], "a", 1), 1);
	CU_ASSERT_EQUAL(loop_turn(&bench.loop, 0), 0);
	CU_ASSERT_EQUAL(bench.bytes, 1);
	CU_ASSERT_FALSE(bench.first.armed);
	CU_ASSERT_EQUAL(bench.fired, 0);
	CU_ASSERT_TRUE(bench.second.due_ns <= loop_now_ns() + LATE_NS);
	while (bench.fired == 0 && loop_turn(&bench.loop, -1) == 0)
		;
	CU_ASSERT_EQUAL(bench.fired, 1);
	bench_close(&bench);
}

/* For times in the past and in the future; up to half a second may pass between reading the two
 * clocks. */
static void
test_unix_time(void)
{
	static const int64_t distances_ms[] = {-3600000, 0, 3600000};

	for (unsigned i = 0; i < sizeof(distances_ms) / sizeof(distances_ms[0]); i++) {
		const uint64_t then_ns = loop_now_ns() + (uint64_t)distances_ms[i] * NS_PER_MS;
		struct timespec wall;
		int64_t off_ms;

		clock_gettime(CLOCK_REALTIME, &wall);
		off_ms = (int64_t)loop_unix_ms(then_ns) - distances_ms[i] -
			 (int64_t)(wall.tv_sec * 1000 + wall.tv_nsec / 1000000);
		SUITE_ASSERT(off_ms >= -500 && off_ms <= 500, "%lld ms off", (long long)off_ms);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"timers fire in order", test_due},
		{"a late timer", test_late},
		{"a stall", test_stall},
		{"conversion to Unix time", test_unix_time},
		CU_TEST_INFO_NULL,
	};

	return suite_run("loop", tests);
}
