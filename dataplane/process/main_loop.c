/* SPDX-License-Identifier: BSD-3-Clause */
/* The main thread's life.
 * Runs:  the main thread, beside the workers. */
#include "dataplane/process/main_loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <rte_mempool.h>

#include "dataplane/lib/log.h"
#include "dataplane/shared/notify.h"

#define REFRESH_MS	100
#define STEER_CHECK_MS	1000
#define DRAIN_MARGIN_MS 1000 /* beyond the time that a query has */

static void
drain_begin(struct life *life)
{
	const struct snapshot *current = adopt_current(life->adopt);
	const uint64_t wait_ms = (current != NULL ? current->timeout_ms : 0) + DRAIN_MARGIN_MS;

	life->phase = PHASE_DRAINING;
	life->drain_end_ns = segment_now_ns() + wait_ms * 1000000u;
	life->segment->header->draining = 1;
	workers_drain(life->workers);
}

void
life_stop(struct life *life)
{
	if (life->phase == PHASE_SERVING)
		drain_begin(life);
}

static void
signal_ready(void *owner)
{
	struct life *life = owner;
	struct signalfd_siginfo signal;

	if (read(life->signals.fd, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (life->phase != PHASE_SERVING)
		life->phase = PHASE_STOPPING;
	life_stop(life);
}

static void
header_refresh(struct life *life, uint64_t now_ns)
{
	struct stats_header *h = life->segment->header;

	h->mbufs_in_use = rte_mempool_in_use_count(life->ports->pool);
	ports_measure(life->ports, h);
	h->updated_ns = now_ns;
}

/* Tells the service manager that we live, if every worker's loop went on since it was told last. */
static void
watchdog_feed(struct life *life, uint64_t now_ns)
{
	bool turned = true;

	if (life->watchdog_ns == 0 || now_ns - life->fed_ns < life->watchdog_ns)
		return;
	for (uint32_t i = 0; i < life->workers->count; i++)
		turned = turned && life->workers->worker[i]->stats->heartbeat != life->heartbeats[i];
	if (!turned)
		return;
	for (uint32_t i = 0; i < life->workers->count; i++)
		life->heartbeats[i] = life->workers->worker[i]->stats->heartbeat;
	life->fed_ns = now_ns;
	notify_send("WATCHDOG=1");
}

static void
timer_ready(void *owner)
{
	struct life *life = owner;
	const uint64_t now_ns = segment_now_ns();
	uint64_t expirations;

	if (read(life->timer.fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	header_refresh(life, now_ns);
	watchdog_feed(life, now_ns);
	if (now_ns - life->steer_check_ns < STEER_CHECK_MS * UINT64_C(1000000))
		return;
	life->steer_check_ns = now_ns;
	if (steer_check(life->steer) != 0) {
		life->status = 1;
		life->phase = PHASE_STOPPING;
	}
}

int
life_run(struct life *life)
{
	while (life->phase != PHASE_STOPPING) {
		bool polls = life->phase == PHASE_DRAINING || life->prober->open_count > 0;
		int status = loop_turn(&life->loop, polls ? PROBER_POLL_MS : -1);

		if (status != 0) {
			report("the event loop failed: %s", strerror(-status));
			return 1;
		}
		prober_poll(life->prober);
		if (life->phase == PHASE_DRAINING &&
		    (workers_drained(life->workers) || segment_now_ns() >= life->drain_end_ns))
			life->phase = PHASE_STOPPING;
	}
	return life->status;
}

int
life_open(struct life *life)
{
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* there is nothing here to read again */
	status = loop_open(&life->loop);
	if (status != 0)
		return status;
	life->signals = (struct loop_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signal_ready, .owner = life};
	status = life->signals.fd < 0 ? -errno : loop_add(&life->loop, &life->signals);
	if (status != 0) {
		if (life->signals.fd >= 0)
			close(life->signals.fd);
		loop_close(&life->loop);
	}
	return status;
}

void
life_close(struct life *life)
{
	close(life->signals.fd);
	loop_close(&life->loop);
}

int
life_clock_start(struct life *life)
{
	const struct itimerspec every = {
		.it_interval = {.tv_nsec = REFRESH_MS * 1000000},
		.it_value = {.tv_nsec = REFRESH_MS * 1000000},
	};
	int status = 0;

	life->watchdog_ns = notify_watchdog_ns();
	life->fed_ns = segment_now_ns();
	life->timer = (struct loop_source){.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
					   .ready = timer_ready,
					   .owner = life};
	if (life->timer.fd < 0 || timerfd_settime(life->timer.fd, 0, &every, NULL) < 0)
		status = -errno;
	if (status == 0)
		status = loop_add(&life->loop, &life->timer);
	if (status != 0 && life->timer.fd >= 0)
		close(life->timer.fd);
	if (status == 0)
		header_refresh(life, segment_now_ns());
	return status;
}

void
life_clock_stop(struct life *life)
{
	loop_remove(&life->loop, &life->timer);
	close(life->timer.fd);
}
