/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's event loop: descriptors and timers.
 *
 * One thread; only the wait blocks. Each turn serves one descriptor, so that a callback may remove
 * and free any watch, including its own; epoll returns ready descriptors round-robin, so none
 * starves. Watches and timers belong to their owners and must stay in place while they are in the
 * loop. All times are of CLOCK_MONOTONIC in nanoseconds.
 *
 * After a process was stopped or got no CPU, all its timers are due at once. Most of them are
 * timeouts for responses that may be waiting unread in a descriptor. So time in which the loop did
 * not run does not count: after a stall of more than LOOP_STALL_NS, all timers are delayed by its
 * length.
 *
 *     struct loop_timer timer = {.fire = fire, .owner = this};
 *     loop_timer_at(loop, &timer, loop_now_ns() + NS_PER_S); */
#ifndef EPHEMERA_CONTROL_LIB_LOOP_H
#define EPHEMERA_CONTROL_LIB_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

#define LOOP_NEVER    UINT64_MAX
#define LOOP_STALL_NS NS_PER_S

struct loop_watch {
	int fd;
	void (*ready)(void *owner, uint32_t events); /* EPOLLIN and so on */
	void *owner;
};

struct loop_timer {
	void (*fire)(void *owner, uint64_t now_ns); /* once; it may set the timer again */
	void *owner;
	uint64_t due_ns;
	struct loop_timer *next; /* list of the loop, sorted by due_ns */
	bool armed;
};

struct loop {
	int epoll;
	bool stopping;
	struct loop_timer *timers;
	uint64_t seen_ns; /* when the clock was last read, 0: never */
};

uint64_t loop_now_ns(void);

/* A time of that clock, past or future, as Unix time in milliseconds. */
uint64_t loop_unix_ms(uint64_t monotonic_ns);

/* 0 or -errno. */
int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* `events`: EPOLLIN and so on, level-triggered. 0 or -errno. */
int loop_watch_add(struct loop *loop, struct loop_watch *watch, uint32_t events);
int loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
/* Call it before the descriptor is closed. */
void loop_watch_remove(struct loop *loop, struct loop_watch *watch);

/* Sets the timer, or moves it; LOOP_NEVER cancels it. A time in the past means the next turn. */
void loop_timer_at(struct loop *loop, struct loop_timer *timer, uint64_t due_ns);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* One turn: waits for a descriptor, a timer, or `wait_ms` milliseconds (-1: no limit), and calls
 * what is due. 0 or -errno. */
int loop_turn(struct loop *loop, int wait_ms);

/* Turns until loop_stop(). 0 or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
