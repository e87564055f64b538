/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts and stops the dataplane: initializes the parts in the order of one table, runs the event
 * loop (main_loop.c) while the workers poll, and finalizes the parts in reverse order.
 * Runs:  the main thread. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "dataplane/lib/args.h"
#include "dataplane/lib/log.h"
#include "dataplane/lib/privilege.h"
#include "dataplane/port/port.h"
#include "dataplane/port/steer.h"
#include "dataplane/process/adopt.h"
#include "dataplane/process/eal.h"
#include "dataplane/process/main_loop.h"
#include "dataplane/process/prober.h"
#include "dataplane/process/requests.h"
#include "dataplane/process/socket.h"
#include "dataplane/process/stats_segment.h"
#include "dataplane/process/workers.h"
#include "dataplane/shared/notify.h"

struct process {
	struct args args;
	char **argv;
	struct main_loop main_loop;
	struct steer steer;
	struct interfaces interfaces;
	struct stats_segment segment;
	struct workers workers;
	struct adopt adopt;
	struct prober prober;
	struct socket_server server;
	struct requests requests;
};

static int
failed(const char *what, int status)
{
	if (status != 0)
		log_line("%s: %s", what, strerror(-status));
	return status;
}

static int
main_loop_init(struct process *p)
{
	p->main_loop.interfaces = &p->interfaces;
	p->main_loop.steer = &p->steer;
	p->main_loop.segment = &p->segment;
	p->main_loop.workers = &p->workers;
	p->main_loop.adopt = &p->adopt;
	p->main_loop.prober = &p->prober;
	return failed("cannot set up the event loop", main_loop_open(&p->main_loop));
}

static void
main_loop_fini(struct process *p)
{
	main_loop_close(&p->main_loop);
}

static int
random_start(struct process *p)
{
	if (sodium_init() >= 0)
		return 0;
	log_line("libsodium did not start: no random numbers from the kernel");
	return -ENOSYS;
}

static int
steer_init(struct process *p)
{
	return steer_claim(&p->steer, p->args.xdp_count, p->args.xdp);
}

static void
steer_fini(struct process *p)
{
	steer_release(&p->steer);
}

static int
eal_init(struct process *p)
{
	return eal_open(&p->args, p->argv);
}

static void
eal_fini(struct process *p)
{
	/* rte_eal_cleanup() would close an abandoned interface. */
	if (!p->interfaces.abandoned)
		eal_close();
}

static int
interfaces_init(struct process *p)
{
	int status = workers_count(&p->workers);

	return status != 0 ? status : interfaces_open(&p->interfaces, &p->args, p->workers.count);
}

static void
interfaces_fini(struct process *p)
{
	interfaces_close(&p->interfaces);
}

static int
maps_init(struct process *p)
{
	return steer_find_maps(&p->steer);
}

static void
maps_fini(struct process *p)
{
	steer_close_maps(&p->steer);
}

static int
stats_segment_init(struct process *p)
{
	int status = stats_segment_open(&p->segment, p->workers.count, p->args.flows_per_worker);

	if (status == 0)
		p->segment.header->mbufs_total = p->interfaces.pool->size;
	return failed("cannot create the statistics segment", status);
}

static void
stats_segment_fini(struct process *p)
{
	stats_segment_close(&p->segment);
}

static int
workers_init(struct process *p)
{
	return workers_make(&p->workers, &p->interfaces, &p->segment, p->args.flows_per_worker);
}

static void
workers_fini(struct process *p)
{
	workers_free(&p->workers);
}

static int
adopt_init(struct process *p)
{
	adopt_open(&p->adopt, &p->workers, &p->segment, p->interfaces.count);
	return 0;
}

static void
adopt_fini(struct process *p)
{
	adopt_close(&p->adopt);
}

static int
privilege_init(struct process *p)
{
	(void)p;
	return privilege_drop();
}

static void
privilege_fini(struct process *p)
{
	(void)p;
	privilege_raise(); /* to detach the XDP programs */
}

static int
launch_init(struct process *p)
{
	return workers_launch(&p->workers);
}

static void
launch_fini(struct process *p)
{
	workers_join(&p->workers);
}

static int
timer_init(struct process *p)
{
	return failed("cannot create the timer", main_loop_timer_start(&p->main_loop));
}

static void
timer_fini(struct process *p)
{
	main_loop_timer_stop(&p->main_loop);
}

static int
socket_init(struct process *p)
{
	p->requests = (struct requests){
		.interfaces = &p->interfaces,
		.steer = &p->steer,
		.segment = &p->segment,
		.workers = &p->workers,
		.adopt = &p->adopt,
		.prober = &p->prober,
		.main_loop = &p->main_loop,
	};
	prober_open(&p->prober, p->workers.worker[0], &p->server);
	return socket_open(&p->server, &p->main_loop.loop, p->args.runtime_dir, requests_rows,
			   REQUESTS_ROWS, &p->requests);
}

static void
socket_fini(struct process *p)
{
	socket_close(&p->server);
}

/* An init that fails logs why in one line and undoes what it did; the parts before it are finalized
 * in reverse order. */
static const struct part {
	const char *name;
	int (*init)(struct process *p);
	void (*fini)(struct process *p);
} parts[] = {
	/* Blocks signals before EAL creates threads, which inherit the mask. */
	{"main_loop", main_loop_init, main_loop_fini},
	{"random", random_start, NULL},
	/* Claims the interfaces before EAL's driver opens them. */
	{"steer", steer_init, steer_fini},
	{"eal", eal_init, eal_fini},
	{"interfaces", interfaces_init, interfaces_fini},
	{"steer maps", maps_init, maps_fini},
	{"stats segment", stats_segment_init, stats_segment_fini},
	{"workers", workers_init, workers_fini},
	{"adopt", adopt_init, adopt_fini},
	/* After the last part that needs capabilities, before the workers run. */
	{"privilege", privilege_init, privilege_fini},
	{"launch", launch_init, launch_fini},
	{"timer", timer_init, timer_fini},
	/* Last: a client that can connect finds everything else running. */
	{"socket", socket_init, socket_fini},
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

int
main(int argc, char **argv)
{
	static struct process process;
	char why[256];
	size_t started = 0;
	int status = 1;

	umask(027);
	if (args_parse(&process.args, argc, argv, why, sizeof(why)) != 0) {
		log_line("%s", why);
		return 1;
	}
	if (process.args.action == ARGS_HELP) {
		fputs(args_usage, stdout);
		return 0;
	}
	if (process.args.action == ARGS_VERSION) {
		puts("ephemera-dataplane " EPHEMERA_VERSION);
		return 0;
	}
	process.argv = argv;
	while (started < PART_COUNT && parts[started].init(&process) == 0)
		started++;
	if (started == PART_COUNT) {
		notify_send("READY=1");
		status = main_loop_run(&process.main_loop);
		notify_send("STOPPING=1");
	}
	while (started-- > 0)
		if (parts[started].fini != NULL)
			parts[started].fini(&process);
	return status;
}
