/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics segment: the layout of shared/stats.h, and that other processes cannot write to
 * it. */
#include "dataplane/process/stats_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/unit/suite.h"

#define WORKERS 3
#define FLOWS	4096

static void
test_layout(void)
{
	struct stats_segment segment;
	const struct stats_header *h;
	struct stat stat;
	const uint8_t *view;

	CU_ASSERT_EQUAL_FATAL(stats_segment_open(&segment, WORKERS, FLOWS), 0);
	view = mmap(NULL, segment.size_bytes, PROT_READ, MAP_SHARED, segment.fd_reader, 0);
	CU_ASSERT_FATAL(view != MAP_FAILED);
	h = (const struct stats_header *)view;

	CU_ASSERT_EQUAL(h->magic, STATS_MAGIC);
	CU_ASSERT_EQUAL(h->version, STATS_VERSION);
	CU_ASSERT_EQUAL(h->worker_count, WORKERS);
	CU_ASSERT_EQUAL(h->size_bytes, segment.size_bytes);
	CU_ASSERT_NOT_EQUAL(h->boot_id, 0);
	CU_ASSERT_EQUAL(h->pid, (uint64_t)getpid());
	CU_ASSERT_EQUAL(h->flows_per_worker, FLOWS);
	CU_ASSERT(h->started_ns != 0 && h->started_ns <= stats_segment_now_ns());
	CU_ASSERT(h->worker_offset >= sizeof(*h) &&
		  h->worker_stride >= sizeof(struct worker_stats));
	CU_ASSERT(h->worker_offset % 64 == 0 && h->worker_stride % 64 == 0);
	CU_ASSERT(h->worker_offset + WORKERS * h->worker_stride <= h->size_bytes);
	CU_ASSERT_EQUAL(fstat(segment.fd_reader, &stat), 0);
	CU_ASSERT_EQUAL((uint64_t)stat.st_size, h->size_bytes);

	/* A worker's counter appears in its own block only. */
	for (uint32_t w = 0; w < WORKERS; w++)
		stats_segment_worker(&segment, w)->counters[COUNTER_rx] = 100 + w;
	for (uint32_t w = 0; w < WORKERS; w++) {
		const struct worker_stats *stats =
			(const struct worker_stats *)(view + h->worker_offset +
						      w * h->worker_stride);

		CU_ASSERT_EQUAL(stats->counters[COUNTER_rx], 100 + w);
		CU_ASSERT_EQUAL(stats->counters[COUNTER_tx], 0);
	}
	munmap((void *)(uintptr_t)view, segment.size_bytes);
	stats_segment_close(&segment);
}

static void
test_others_cannot_write(void)
{
	const char byte = 1;
	struct stats_segment segment;
	char path[64];
	int fd;

	CU_ASSERT_EQUAL_FATAL(stats_segment_open(&segment, 1, FLOWS), 0);
	CU_ASSERT(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, segment.fd_reader, 0) ==
		  MAP_FAILED);
	CU_ASSERT(write(segment.fd_reader, &byte, 1) < 0 && errno == EBADF);
	/* The seals hold for a new descriptor too, which the file's mode allows to open. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", segment.fd_reader);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		CU_ASSERT(write(fd, &byte, 1) < 0 && errno == EPERM);
		CU_ASSERT(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
			  MAP_FAILED);
		CU_ASSERT(ftruncate(fd, 0) < 0 && errno == EPERM);
		CU_ASSERT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
		close(fd);
	}
	/* The creator can still write. */
	segment.header->draining = 1;
	CU_ASSERT_EQUAL(segment.header->draining, 1);
	stats_segment_close(&segment);
}

static void
test_boot_ids_differ(void)
{
	struct stats_segment a, b;

	CU_ASSERT_EQUAL_FATAL(stats_segment_open(&a, 1, FLOWS), 0);
	CU_ASSERT_EQUAL_FATAL(stats_segment_open(&b, 1, FLOWS), 0);
	CU_ASSERT_NOT_EQUAL(a.header->boot_id, b.header->boot_id);
	stats_segment_close(&a);
	stats_segment_close(&b);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"layout", test_layout},
		{"others cannot write", test_others_cannot_write},
		{"boot ids differ", test_boot_ids_differ},
		CU_TEST_INFO_NULL,
	};

	return sodium_init() < 0 ? 1 : suite_run("segment", tests);
}
