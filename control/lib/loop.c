/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop over epoll. Timers are a sorted list, because there are a few dozen at most. */
#include "control/lib/loop.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#define TIMERS_A_TURN 64

uint64_t
loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t
loop_unix_ms(uint64_t monotonic_ns)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	/* Unsigned arithmetic wraps, so that a time in the future is correct too. */
	return ((uint64_t)wall.tv_sec * NS_PER_S + (uint64_t)wall.tv_nsec -
		(loop_now_ns() - monotonic_ns)) /
	       NS_PER_MS;
}

int
loop_init(struct loop *loop)
{
	*loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return loop->epoll < 0 ? -errno : 0;
}

void
loop_fini(struct loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
}

static int
watch_control(struct loop *loop, int operation, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0 ? -errno : 0;
}

int
loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	return watch_control(loop, EPOLL_CTL_ADD, watch, events);
}

int
loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	return watch_control(loop, EPOLL_CTL_MOD, watch, events);
}

void
loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
	watch_control(loop, EPOLL_CTL_DEL, watch, 0);
}

void
loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer **link = &loop->timers;

	if (!timer->armed)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->armed = false;
}

void
loop_timer_at(struct loop *loop, struct loop_timer *timer, uint64_t due_ns)
{
	struct loop_timer **link = &loop->timers;

	loop_timer_cancel(loop, timer);
	if (due_ns == LOOP_NEVER)
		return;
	while (*link != NULL && (*link)->due_ns <= due_ns)
		link = &(*link)->next;
	timer->due_ns = due_ns;
	timer->next = *link;
	timer->armed = true;
	*link = timer;
}

/* Reads the clock. If much more than `expected_ns` passed since it was last read, all timers are
 * delayed by the excess. */
static uint64_t
clock_read(struct loop *loop, uint64_t expected_ns)
{
	uint64_t now = loop_now_ns(), passed = now - loop->seen_ns;

	if (loop->seen_ns != 0 && expected_ns != LOOP_NEVER && passed > expected_ns + LOOP_STALL_NS)
		for (struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next)
			timer->due_ns += passed - expected_ns;
	loop->seen_ns = now;
	return now;
}

/* Milliseconds to wait, rounded up, so that the timer is due afterwards. */
static int
wait_until_due(const struct loop *loop, uint64_t now, int wait_ms)
{
	uint64_t left_ms;

	if (loop->timers == NULL)
		return wait_ms;
	if (loop->timers->due_ns <= now)
		return 0;
	left_ms = (loop->timers->due_ns - now + NS_PER_MS - 1) / NS_PER_MS;
	if (left_ms > INT_MAX)
		left_ms = INT_MAX;
	return wait_ms >= 0 && (uint64_t)wait_ms < left_ms ? wait_ms : (int)left_ms;
}

/* Fires due timers. Their number is limited, so that timers that are set again to a time in the
 * past cannot starve descriptors. */
static void
timers_fire(struct loop *loop, uint64_t now)
{
	for (unsigned fired = 0; fired < TIMERS_A_TURN; fired++) {
		struct loop_timer *timer = loop->timers;

		if (timer == NULL || timer->due_ns > now)
			return;
		loop_timer_cancel(loop, timer);
		timer->fire(timer->owner, now);
	}
}

int
loop_turn(struct loop *loop, int wait_ms)
{
	struct epoll_event event;
	int wait = wait_until_due(loop, clock_read(loop, 0), wait_ms);
	int count = epoll_wait(loop->epoll, &event, 1, wait);

	if (count < 0 && errno != EINTR)
		return -errno;
	clock_read(loop, wait < 0 ? LOOP_NEVER : (uint64_t)wait * NS_PER_MS);
	if (count == 1) {
		struct loop_watch *watch = event.data.ptr;

		watch->ready(watch->owner, event.events);
	}
	timers_fire(loop, clock_read(loop, 0));
	return 0;
}

int
loop_run(struct loop *loop)
{
	int status = 0;

	while (!loop->stopping && status == 0)
		status = loop_turn(loop, -1);
	return status;
}

void
loop_stop(struct loop *loop)
{
	loop->stopping = true;
}
