/* SPDX-License-Identifier: BSD-3-Clause */
/* An LD_PRELOAD library with a wall clock that a test moves, for one process.
 *
 * $WALL_CLOCK_FILE is mapped as struct wall: how many seconds the clock is ahead of the true
 * one, how often the process read the wall clock, and how many timers on it the process made.
 * Reads by libbpf do not count: it derives netlink sequence numbers from the time. Monotonic
 * clocks do not change. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct wall {
	int64_t ahead_s; /* written by the test */
	uint64_t asked, timers;
};

static struct wall *
wall_find(void)
{
	static struct wall *wall;
	int fd;

	if (wall == NULL) {
		fd = open(getenv("WALL_CLOCK_FILE"), O_RDWR | O_CLOEXEC);
		wall = mmap(NULL, sizeof(struct wall), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (wall == MAP_FAILED)
			abort();
	}
	return wall;
}

static int
is_wall(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

static int
is_libbpf(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
	       strstr(info.dli_fname, "/libbpf.") != NULL;
}

static int
clock_read(clockid_t clock, struct timespec *now, const void *caller)
{
	long status = syscall(SYS_clock_gettime, clock, now);

	if (status == 0 && is_wall(clock)) {
		if (!is_libbpf(caller))
			__atomic_add_fetch(&wall_find()->asked, 1, __ATOMIC_RELAXED);
		now->tv_sec += __atomic_load_n(&wall_find()->ahead_s, __ATOMIC_RELAXED);
	}
	return (int)status;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	return clock_read(clock, now, __builtin_return_address(0));
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec wall;

	(void)zone;
	clock_read(CLOCK_REALTIME, &wall, __builtin_return_address(0));
	*now = (struct timeval){.tv_sec = wall.tv_sec, .tv_usec = wall.tv_nsec / 1000};
	return 0;
}

time_t
time(time_t *now)
{
	struct timespec wall;

	clock_read(CLOCK_REALTIME, &wall, __builtin_return_address(0));
	if (now != NULL)
		*now = wall.tv_sec;
	return wall.tv_sec;
}

int
timespec_get(struct timespec *now, int base)
{
	const void *caller = __builtin_return_address(0);

	return base == TIME_UTC && clock_read(CLOCK_REALTIME, now, caller) == 0 ? base : 0;
}

int
timerfd_create(clockid_t clock, int flags)
{
	if (is_wall(clock))
		__atomic_add_fetch(&wall_find()->timers, 1, __ATOMIC_RELAXED);
	return (int)syscall(SYS_timerfd_create, clock, flags);
}
