/* SPDX-License-Identifier: BSD-3-Clause */
/* adopt_put(): which snapshots are adopted, and that the current one stays after an error. */
#include "dataplane/process/adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/suite.h"

#define INTERFACES 2

static struct workers workers;
static struct stats_segment segment;
static struct adopt adopt;

struct put_row {
	const char *description;
	uint64_t generation;
	int64_t announced;	 /* added to the announced size */
	int64_t sent;		 /* added to the size of the memfd */
	uint8_t interface_index; /* of upstream 0; 0: unchanged */
	uint8_t broken;		 /* 1: changed after the checksum was computed */
	int status;
	const char *why;
	uint64_t current; /* generation afterwards; 0: none */
};

static const struct put_row put_rows[] = {
	{"broken, before the first", 5, .broken = 1, .status = -EINVAL, .why = "wrong checksum",
	 .current = 0},
	{"the first", 5, .current = 5},
	{"the same again", 5, .status = -ESTALE, .why = "generation not newer than the current one",
	 .current = 5},
	{"an older one", 4, .status = -ESTALE, .why = "generation not newer than the current one",
	 .current = 5},
	{"a newer one", 9, .current = 9},
	{"shorter than announced", 10, .sent = -1, .status = -EINVAL,
	 .why = "shorter than announced", .current = 9},
	{"longer than announced", 10, .announced = -32, .status = -EINVAL,
	 .why = "size and counts disagree", .current = 9},
	{"too large", 10, .announced = 1 << 30, .status = -EINVAL, .why = "size out of range",
	 .current = 9},
	{"too small", 10, .announced = -60000, .status = -EINVAL, .why = "size out of range",
	 .current = 9},
	{"the last interface", 10, .interface_index = INTERFACES - 1, .current = 10},
	{"an interface that does not exist", 11, .interface_index = INTERFACES, .status = -EINVAL,
	 .why = "upstream behind an interface that does not exist", .current = 10},
	{"a newer one after the errors", 12, .current = 12},
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

	SUITE_ASSERT((current == NULL ? 0 : current->generation) == row->current,
		     "%s: another snapshot is current", row->description);
	SUITE_ASSERT(segment.header->generation == row->current,
		     "%s: generation %lu in the segment", row->description,
		     segment.header->generation);
	SUITE_ASSERT((adopt.current_fd >= 0) == (row->current != 0), "%s: whether bytes are kept",
		     row->description);
	if (row->current == 0)
		return;
	kept = mmap(NULL, current->size_bytes, PROT_READ, MAP_SHARED, adopt.current_fd, 0);
	CU_ASSERT_FATAL(kept != MAP_FAILED);
	SUITE_ASSERT(memcmp(kept, current, current->size_bytes) == 0 &&
			     snapshot_validate(kept, current->size_bytes, &why) == 0,
		     "%s: other bytes are kept", row->description);
	munmap(kept, current->size_bytes);
	CU_ASSERT(pwrite(adopt.current_fd, "x", 1, 0) < 0);
}

static void
test_put(void)
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
			     "%s: why is \"%s\"", row->description, why);
		kept_check(row);
		close(fd);
		free(s);
	}
}

/* While a worker is registered and does not pass a quiescent state, the previous view is not freed
 * and no further snapshot is adopted. */
static void
test_hanging_worker(void)
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
	CU_ASSERT_PTR_NOT_NULL(adopt.replaced);
	close(fd);
	s->generation = 21;
	snapshot_seal(s);
	fd = snapshot_fd(s, s->size_bytes);
	CU_ASSERT_EQUAL(adopt_put(&adopt, fd, s->size_bytes, &why), -EBUSY);
	/* The worker leaves its loop: it is not waited for any more. */
	rte_rcu_qsbr_thread_offline(workers.qsbr, 0);
	rte_rcu_qsbr_thread_unregister(workers.qsbr, 0);
	CU_ASSERT_EQUAL(adopt_put(&adopt, fd, s->size_bytes, &why), 0);
	CU_ASSERT_EQUAL(segment.header->generation, 21);
	CU_ASSERT_PTR_NULL(adopt.replaced);
	close(fd);
	free(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"put", test_put},
		{"hanging worker", test_hanging_worker},
		CU_TEST_INFO_NULL,
	};
	int status;

	workers.count = 1;
	workers.qsbr = aligned_alloc(64, rte_rcu_qsbr_get_memsize(1));
	if (sodium_init() < 0 || workers.qsbr == NULL || rte_rcu_qsbr_init(workers.qsbr, 1) != 0 ||
	    stats_segment_open(&segment, 1, 1024) != 0)
		return EXIT_FAILURE;
	adopt_open(&adopt, &workers, &segment, INTERFACES);
	status = suite_run("adopt", tests);
	adopt_close(&adopt);
	stats_segment_close(&segment);
	free(workers.qsbr);
	return status;
}
