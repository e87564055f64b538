/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares the memory that the check of dataplane.memory_mb asks for with the sum of the
 * dataplane's allocations in hugepages: it must be enough, and not much more. */
#include <rte_mempool.h>
#include <rte_ring.h>

#include "control/config/build.h"
#include "dataplane/pipeline/probe.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/port/port.h"
#include "dataplane/tables/limit_table.h"
#include "tests/unit/suite.h"

#define XDP_DESCRIPTORS 2048
#define BUFFER_ROOM	(RTE_MBUF_DEFAULT_BUF_SIZE + sizeof(struct rte_mbuf))
#define PAGE_BYTES	(2u << 20)
/* allocations that are rounded up to whole pages: the heap, and the packet buffers */
#define CHUNKS 2

static const struct {
	const char *what;
	uint32_t workers, flows, interfaces, queues; /* flows: per worker; queues: per interface */
} rows[] = {
	{"minimum", 1, 1024, 1, 1},
	{"default, one interface", 1, 1048576, 1, 1},
	{"default", 1, 1048576, 2, 1},
	{"few flows", 1, 65536, 2, 1},
	{"16 Mi flows", 1, 16777216, 2, 1},
	{"two workers", 2, 65536, 2, 1},
	{"two workers, two queues", 2, 1048576, 2, 2},
	{"more queues than workers", 1, 1024, 2, 64},
	{"most interfaces", 1, 1024, SNAPSHOT_INTERFACES_MAX, 1},
	{"eight workers, eight interfaces", 8, 1048576, 8, 8},
	{"most workers", 64, 1024, 2, 1},
	{"most workers and interfaces", 64, 1024, SNAPSHOT_INTERFACES_MAX, 1},
};

static size_t
allocated_bytes(unsigned i)
{
	struct interfaces interfaces = {.count = rows[i].interfaces};
	size_t bytes = LIMIT_SETS * sizeof(struct limit_set), buffers;
	size_t worker = flow_table_bytes(rows[i].flows) + sizeof(struct worker) +
			2 * (size_t)rte_ring_get_memsize(WORKER_RING_SIZE);

	for (uint32_t p = 0; p < rows[i].interfaces; p++) {
		interfaces.interface[p].queue_count = (uint16_t)rows[i].queues;
		interfaces.interface[p].descriptor_count = XDP_DESCRIPTORS;
	}
	buffers = interfaces_buffer_count(&interfaces, rows[i].workers);
	bytes += rows[i].workers * worker;
	bytes += (size_t)rte_ring_get_memsize(WORKER_PROBE_RING) +
		 (size_t)rte_ring_get_memsize_elem(sizeof(struct probe_result), WORKER_PROBE_RING);
	bytes += buffers * rte_mempool_calc_obj_size((uint32_t)BUFFER_ROOM, 0, NULL);
	bytes += (size_t)rte_ring_get_memsize(rte_align32pow2((uint32_t)buffers + 1));
	return bytes + CHUNKS * PAGE_BYTES;
}

static void
test_enough(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t asked = build_memory_mb(rows[i].workers, rows[i].flows, rows[i].interfaces,
						 rows[i].interfaces * rows[i].queues)
				 << 20;
		size_t allocated = allocated_bytes(i);

		SUITE_ASSERT(asked >= allocated, "%s: asks for %.1f MiB, %.1f are allocated",
			     rows[i].what, (double)asked / (1 << 20),
			     (double)allocated / (1 << 20));
		SUITE_ASSERT(asked < allocated + allocated / 8 + 2 * PAGE_BYTES,
			     "%s: asks for %.1f MiB, %.1f are allocated", rows[i].what,
			     (double)asked / (1 << 20), (double)allocated / (1 << 20));
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"enough, and not much more", test_enough}, CU_TEST_INFO_NULL};

	return suite_run("memory", tests);
}
