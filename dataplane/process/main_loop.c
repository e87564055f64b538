/* SPDX-License-Identifier: BSD-3-Clause */
/* The main thread's work while the workers run: signals, a timer, draining.
 * Runs:  the main thread. */
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
#define DRAIN_MARGIN_MS 1000 /* added to the timeout of a query */

static void
drain_begin(struct main_loop *main_loop)
{
	const struct snapshot *current = adopt_current(main_loop->adopt);
	const uint64_t wait_ms = (current != NULL ? current->timeout_ms : 0) + DRAIN_MARGIN_MS;

	main_loop->phase = PHASE_DRAINING;
	main_loop->drain_end_ns = stats_segment_now_ns() + wait_ms * 1000000u;
	main_loop->segment->header->draining = 1;
	workers_drain(main_loop->workers);
}

void
main_loop_stop(struct main_loop *main_loop)
{
	if (main_loop->phase == PHASE_SERVING)
		drain_begin(main_loop);
}

static void
signal_ready(void *owner)
{
	struct main_loop *main_loop = owner;
	struct signalfd_siginfo signal;

	if (read(main_loop->signals.fd, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (main_loop->phase != PHASE_SERVING)
		main_loop->phase = PHASE_STOPPING;
	main_loop_stop(main_loop);
}

static void
header_refresh(struct main_loop *main_loop, uint64_t now_ns)
{
	struct stats_header *h = main_loop->segment->header;

	h->mbufs_in_use = rte_mempool_in_use_count(main_loop->interfaces->pool);
	interfaces_measure(main_loop->interfaces, h);
	h->updated_ns = now_ns;
}

/* Sends WATCHDOG=1 to the service manager if every worker's heartbeat advanced since the last
 * one. */
static void
watchdog_feed(struct main_loop *main_loop, uint64_t now_ns)
{
	bool advanced = true;

	if (main_loop->watchdog_ns == 0 || now_ns - main_loop->fed_ns < main_loop->watchdog_ns)
		return;
	for (uint32_t i = 0; i < main_loop->workers->count; i++)
		advanced = advanced && main_loop->workers->worker[i]->stats->heartbeat !=
					       main_loop->heartbeats[i];
	if (!advanced)
		return;
	for (uint32_t i = 0; i < main_loop->workers->count; i++)
		main_loop->heartbeats[i] = main_loop->workers->worker[i]->stats->heartbeat;
	main_loop->fed_ns = now_ns;
	notify_send("WATCHDOG=1");
}

static void
timer_ready(void *owner)
{
	struct main_loop *main_loop = owner;
	const uint64_t now_ns = stats_segment_now_ns();
	uint64_t expirations;

	if (read(main_loop->timer.fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	header_refresh(main_loop, now_ns);
	watchdog_feed(main_loop, now_ns);
	if (now_ns - main_loop->steer_check_ns < STEER_CHECK_MS * UINT64_C(1000000))
		return;
	main_loop->steer_check_ns = now_ns;
	if (steer_check(main_loop->steer) != 0) {
		main_loop->status = 1;
		main_loop->phase = PHASE_STOPPING;
	}
}

int
main_loop_run(struct main_loop *main_loop)
{
	while (main_loop->phase != PHASE_STOPPING) {
		bool polls =
			main_loop->phase == PHASE_DRAINING || main_loop->prober->open_count > 0;
		int status = loop_turn(&main_loop->loop, polls ? PROBER_POLL_MS : -1);

		if (status != 0) {
			log_line("the event loop failed: %s", strerror(-status));
			return 1;
		}
		prober_poll(main_loop->prober);
		if (main_loop->phase == PHASE_DRAINING &&
		    (workers_drained(main_loop->workers) ||
		     stats_segment_now_ns() >= main_loop->drain_end_ns))
			main_loop->phase = PHASE_STOPPING;
	}
	return main_loop->status;
}

int
main_loop_open(struct main_loop *main_loop)
{
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* the dataplane has no file to reload */
	status = loop_open(&main_loop->loop);
	if (status != 0)
		return status;
	main_loop->signals =
		(struct loop_source){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				     .ready = signal_ready,
				     .owner = main_loop};
	status = main_loop->signals.fd < 0 ? -errno
					   : loop_add(&main_loop->loop, &main_loop->signals);
	if (status != 0) {
		if (main_loop->signals.fd >= 0)
			close(main_loop->signals.fd);
		loop_close(&main_loop->loop);
	}
	return status;
}

void
main_loop_close(struct main_loop *main_loop)
{
	close(main_loop->signals.fd);
	loop_close(&main_loop->loop);
}

int
main_loop_timer_start(struct main_loop *main_loop)
{
	const struct itimerspec every = {
		.it_interval = {.tv_nsec = REFRESH_MS * 1000000},
		.it_value = {.tv_nsec = REFRESH_MS * 1000000},
	};
	int status = 0;

	main_loop->watchdog_ns = notify_watchdog_ns();
	main_loop->fed_ns = stats_segment_now_ns();
	main_loop->timer = (struct loop_source){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		.ready = timer_ready,
		.owner = main_loop};
	if (main_loop->timer.fd < 0 || timerfd_settime(main_loop->timer.fd, 0, &every, NULL) < 0)
		status = -errno;
	if (status == 0)
		status = loop_add(&main_loop->loop, &main_loop->timer);
	if (status != 0 && main_loop->timer.fd >= 0)
		close(main_loop->timer.fd);
	if (status == 0)
		header_refresh(main_loop, stats_segment_now_ns());
	return status;
}

void
main_loop_timer_stop(struct main_loop *main_loop)
{
	loop_remove(&main_loop->loop, &main_loop->timer);
	close(main_loop->timer.fd);
}
