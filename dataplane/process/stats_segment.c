/* SPDX-License-Identifier: BSD-3-Clause */
/* Creates the statistics segment.
 * Runs:  the main thread, at start and at the end. */
#include "dataplane/process/stats_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <sodium.h>

uint64_t
stats_segment_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void
header_fill(struct stats_header *h, uint32_t worker_count, uint64_t flows_per_worker,
	    uint64_t size_bytes)
{
	h->version = STATS_VERSION;
	h->worker_count = worker_count;
	h->size_bytes = size_bytes;
	do
		randombytes_buf(&h->boot_id, sizeof(h->boot_id));
	while (h->boot_id == 0);
	h->worker_offset = sizeof(*h);
	h->worker_stride = sizeof(struct worker_stats);
	h->started_ns = h->updated_ns = stats_segment_now_ns();
	h->started_tsc = rte_rdtsc();
	h->tsc_hz = rte_get_tsc_hz();
	h->pid = (uint64_t)getpid();
	h->flows_per_worker = flows_per_worker;
	/* Last: a reader that sees the magic sees the constants above. */
	__atomic_store_n(&h->magic, STATS_MAGIC, __ATOMIC_RELEASE);
}

int
stats_segment_open(struct stats_segment *segment, uint32_t worker_count, uint64_t flows_per_worker)
{
	const uint64_t size =
		sizeof(struct stats_header) + worker_count * sizeof(struct worker_stats);
	char path[64];
	void *memory;
	int status;

	segment->fd = memfd_create("ephemera-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (segment->fd < 0)
		return -errno;
	if (ftruncate(segment->fd, (off_t)size) < 0) {
		status = -errno;
		goto close_fd;
	}
	memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, segment->fd, 0);
	if (memory == MAP_FAILED) {
		status = -errno;
		goto close_fd;
	}
	/* F_SEAL_FUTURE_WRITE leaves the existing mapping writable and refuses any other. */
	if (fcntl(segment->fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0) {
		status = -errno;
		goto unmap;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", segment->fd);
	segment->fd_reader = open(path, O_RDONLY | O_CLOEXEC);
	if (segment->fd_reader < 0) {
		status = -errno;
		goto unmap;
	}
	segment->header = memory;
	segment->size_bytes = size;
	header_fill(segment->header, worker_count, flows_per_worker, size);
	return 0;

unmap:
	munmap(memory, size);
close_fd:
	close(segment->fd);
	return status;
}

void
stats_segment_close(struct stats_segment *segment)
{
	munmap(segment->header, segment->size_bytes);
	close(segment->fd_reader);
	close(segment->fd);
}
