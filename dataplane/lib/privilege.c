/* SPDX-License-Identifier: BSD-3-Clause */
/* Drops capabilities. Linux keeps them per thread, so each thread drops its own: the main thread
 * here, the worker lcores in a function launched on them, DPDK's interrupt thread in an alarm
 * callback, which runs on it. Then every thread of the process is checked.
 * Runs:  the main thread, after the interfaces have started and before the workers run. */
#include "dataplane/lib/privilege.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>
#include <rte_alarm.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/lib/log.h"

#define DROP_WAIT_MS 5000

/* libcap-ng keeps its working set per thread. */
static int
thread_drop_all(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

static int
worker_drop(void *unused)
{
	(void)unused;
	return thread_drop_all();
}

struct alarm_errand {
	int done_fd;
	int status;
};

static void
alarm_drop(void *argument)
{
	struct alarm_errand *errand = argument;
	const uint64_t one = 1;

	errand->status = thread_drop_all();
	if (write(errand->done_fd, &one, sizeof(one)) != sizeof(one))
		return; /* the main thread times out */
}

/* DPDK's interrupt thread. */
static int
interrupt_thread_drop(void)
{
	struct alarm_errand errand = {.done_fd = eventfd(0, EFD_CLOEXEC)};
	struct pollfd wait = {.fd = errand.done_fd, .events = POLLIN};
	int status;

	if (errand.done_fd < 0)
		return -errno;
	status = rte_eal_alarm_set(1, alarm_drop, &errand);
	if (status == 0) {
		if (poll(&wait, 1, DROP_WAIT_MS) != 1)
			status = -ETIMEDOUT;
		/* Waits for a running callback to return: after that nothing refers to `errand`. */
		rte_eal_alarm_cancel(alarm_drop, &errand);
	}
	close(errand.done_fd);
	return status != 0 ? status : errand.status;
}

static int
main_thread_drop(void)
{
	bool keeps;

	capng_get_caps_process();
	keeps = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);
	capng_clear(CAPNG_SELECT_CAPS);
	if (keeps)
		capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_NET_ADMIN);
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

/* The effective capabilities of a thread, or all of them if they cannot be read. */
static uint64_t
thread_effective(const char *tid)
{
	uint64_t effective = UINT64_MAX;
	char path[300], line[256];
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/self/task/%s/status", tid);
	stream = fopen(path, "re");
	if (stream == NULL)
		return errno == ENOENT ? 0 : effective; /* a thread that has ended */
	while (fgets(line, sizeof(line), stream) != NULL)
		if (sscanf(line, "CapEff: %" SCNx64, &effective) == 1)
			break;
	fclose(stream);
	return effective;
}

/* The threads of DPDK's vhost library run no code of ours, so they keep their capabilities.
 * net_vhost is for tests and benchmarks. */
static bool
thread_is_vhost(const char *tid)
{
	char path[300], name[32] = "";
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	stream = fopen(path, "re");
	if (stream == NULL)
		return false;
	if (fgets(name, sizeof(name), stream) == NULL)
		name[0] = '\0';
	fclose(stream);
	return strcmp(name, "vhost-events\n") == 0 || strcmp(name, "vhost_reconn\n") == 0;
}

static int
threads_check(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int status = 0;

	if (tasks == NULL)
		return -errno;
	while (status == 0 && (entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.' && thread_effective(entry->d_name) != 0) {
			if (thread_is_vhost(entry->d_name))
				log_line("a thread of DPDK's vhost library keeps its capabilities: "
					 "use net_vhost for tests and benchmarks only");
			else
				status = -EPERM;
		}
	closedir(tasks);
	return status;
}

int
privilege_drop(void)
{
	unsigned lcore;
	int status = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (status == 0)
			status = rte_eal_remote_launch(worker_drop, NULL, lcore);
		if (status == 0)
			status = rte_eal_wait_lcore(lcore);
	}
	if (status == 0)
		status = interrupt_thread_drop();
	if (status == 0)
		status = main_thread_drop();
	if (status == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		status = -errno;
	if (status == 0)
		status = threads_check();
	if (status != 0)
		log_line("cannot drop the capabilities that were needed to start: %s",
			 strerror(-status));
	return status;
}

static void
net_admin(capng_act_t action)
{
	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN))
		return;
	capng_update(action, CAPNG_EFFECTIVE, CAP_NET_ADMIN);
	capng_apply(CAPNG_SELECT_CAPS);
}

void
privilege_raise(void)
{
	net_admin(CAPNG_ADD);
}

void
privilege_lower(void)
{
	net_admin(CAPNG_DROP);
}
