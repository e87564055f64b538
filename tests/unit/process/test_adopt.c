/* SPDX-License-Identifier: BSD-3-Clause */
/* Which snapshots the dataplane adopts, and what it keeps when it does not. */
#include "dataplane/process/adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/suite.h"

#define PORTS 2

static struct workers workers;
static struct stats_segment segment;
static struct adopt adopt;

struct put_row {
	const char *description;
	uint64_t generation;	 /* 0: as the row before left it */
	int64_t announced;	 /* added to the size that is announced */
	int64_t sent;		 /* added to the size of the memfd */
	uint8_t interface_index; /* of upstream 0; 0: as it is */
	uint8_t broken;		 /* 1: changed after it was sealed */
	int status;
	const char *why;
	uint64_t runs; /* generation afterwards */
};

static const struct put_row put_rows[] = {
	{"broken, as the first", 5, .broken = 1, .status = -EINVAL, .why = "wrong checksum",
	 .runs = 0},
	{"the first", 5, .runs = 5},
	{"the same again", 5, .status = -ESTALE, .why = "generation not above the running one",
	 .runs = 5},
	{"an older one", 4, .status = -ESTALE, .why = "generation not above the running one",
	 .runs = 5},
	{"a newer one", 9, .runs = 9},
	{"shorter than announced", 10, .sent = -1, .status = -EINVAL,
	 .why = "shorter than announced", .runs = 9},
	{"longer than announced", 10, .announced = -32, .status = -EINVAL,
	 .why = "size does not match the counts", .runs = 9},
	{"too large", 10, .announced = 1 << 30, .status = -EINVAL, .why = "size out of range",
	 .runs = 9},
	{"too small", 10, .announced = -60000, .status = -EINVAL, .why = "size out of range",
	 .runs = 9},
	{"the last port", 10, .interface_index = PORTS - 1, .runs = 10},
	{"a port that is not there", 11, .interface_index = PORTS, .status = -EINVAL,
	 .why = "upstream behind a port that is not there", .runs = 10},
	{"after all that", 12, .runs = 12},
};

static int
snapshot_fd(const struct snapshot *snapshot, int64_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ftruncate(fd, size), 0);
	CU_ASSERT(pwrite(fd, snapshot, (size_t)size, 0) == size);
	return fd;
}

static void
kept_check(const struct put_row *row)
{
	const struct snapshot *current = adopt_current(&adopt);
	const char *why;
	void *kept;

	SUITE_ASSERT((current == NULL ? 0 : current->generation) == row->runs,
		     "%s: another one runs", row->description);
	SUITE_ASSERT(segment.header->generation == row->runs, "%s: the segment says %lu",
		     row->description, segment.header->generation);
	SUITE_ASSERT((adopt.current_fd >= 0) == (row->runs != 0), "%s: kept bytes",
		     row->description);
	if (row->runs == 0)
		return;
	kept = mmap(NULL, current->size_bytes, PROT_READ, MAP_SHARED, adopt.current_fd, 0);
	CU_ASSERT_FATAL(kept != MAP_FAILED);
	SUITE_ASSERT(memcmp(kept, current, current->size_bytes) == 0 &&
			     snapshot_validate(kept, current->size_bytes, &why) == 0,
		     "%s: the kept bytes are others", row->description);
	munmap(kept, current->size_bytes);
	CU_ASSERT(pwrite(adopt.current_fd, "x", 1, 0) < 0);
}

static void
test_puts(void)
{
	for (size_t i = 0; i < sizeof(put_rows) / sizeof(put_rows[0]); i++) {
		const struct put_row *row = &put_rows[i];
		struct snapshot *s = pipeline_snapshot_new();
		const char *why = "";
		int fd, status;

		s->generation = row->generation;
		if (row->interface_index != 0) {
			s->upstreams[0].interface_index = row->interface_index;
			s->upstreams[0].resolved = 1;
		}
		snapshot_seal(s);
		s->timeout_ms += row->broken;
		fd = snapshot_fd(s, s->size_bytes + row->sent);
		status = adopt_put(&adopt, fd, s->size_bytes + (uint64_t)row->announced, &why);
		SUITE_ASSERT(status == row->status, "%s: %d, %s", row->description, status, why);
		SUITE_ASSERT(status == 0 || (row->why != NULL && strcmp(why, row->why) == 0),
			     "%s: says \"%s\"", row->description, why);
		kept_check(row);
		close(fd);
		free(s);
	}
}

/* A worker that is registered but never passes a quiescent state keeps the view it may look at from
 * being freed. */
static void
test_a_worker_that_hangs(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	const char *why = "";
	int fd;

	adopt.wait_ms = 20;
	rte_rcu_qsbr_thread_register(workers.qsbr, 0);
	rte_rcu_qsbr_thread_online(workers.qsbr, 0);
	s->generation = 20;
	snapshot_seal(s);
	fd = snapshot_fd(s, s->size_bytes);
	CU_ASSERT_EQUAL(adopt_put(&adopt, fd, s->size_bytes, &why), -ETIMEDOUT);
	CU_ASSERT_EQUAL(adopt_current(&adopt)->generation, 20);
	CU_ASSERT_EQUAL(segment.header->generation, 12);
	CU_ASSERT_PTR_NOT_NULL(adopt.unseen);
	close(fd);
	s->generation = 21;
	snapshot_seal(s);
	fd = snapshot_fd(s, s->size_bytes);
	CU_ASSERT_EQUAL(adopt_put(&adopt, fd, s->size_bytes, &why), -EBUSY);
	/* It comes back, or its loop ends: either way there is nobody to wait for. */
	rte_rcu_qsbr_thread_offline(workers.qsbr, 0);
	rte_rcu_qsbr_thread_unregister(workers.qsbr, 0);
	CU_ASSERT_EQUAL(adopt_put(&adopt, fd, s->size_bytes, &why), 0);
	CU_ASSERT_EQUAL(segment.header->generation, 21);
	CU_ASSERT_PTR_NULL(adopt.unseen);
	close(fd);
	free(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"puts", test_puts},
		{"a worker that hangs", test_a_worker_that_hangs},
		CU_TEST_INFO_NULL,
	};
	int status;

	workers.count = 1;
	workers.qsbr = aligned_alloc(64, rte_rcu_qsbr_get_memsize(1));
	if (sodium_init() < 0 || workers.qsbr == NULL || rte_rcu_qsbr_init(workers.qsbr, 1) != 0 ||
	    stats_segment_open(&segment, 1, 1024) != 0)
		return EXIT_FAILURE;
	adopt_open(&adopt, &workers, &segment, PORTS);
	status = suite_run("adopt", tests);
	adopt_close(&adopt);
	stats_segment_close(&segment);
	free(workers.qsbr);
	return status;
}
