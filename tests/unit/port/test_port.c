/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker polls which queue, how each worker sends, the number of packet buffers, and the
 * settings of drivers. */
#include "dataplane/port/port.h"

#include <string.h>

#include "dataplane/port/driver.h"

#include "dataplane/pipeline/worker.h"
#include "tests/unit/suite.h"

struct queue_row {
	const char *description;
	uint32_t interface, queues, workers;
	uint32_t polled_by[6];		/* [queue] */
	struct interface_path paths[4]; /* [worker] */
};

#define THROUGH(w)                                                                                 \
	{                                                                                          \
		WORKER_NO_QUEUE, w                                                                 \
	}

static const struct queue_row rows[] = {
	{"one of each", 0, 1, 1, {0}, {{0, 0}}},
	{"as many queues as workers", 0, 3, 3, {0, 1, 2}, {{0, 0}, {1, 1}, {2, 2}}},
	{"interface 5: no offset with a queue per worker",
	 5,
	 3,
	 3,
	 {0, 1, 2},
	 {{0, 0}, {1, 1}, {2, 2}}},
	{"more queues than workers: all are polled", 1, 5, 2, {0, 1, 0, 1, 0}, {{0, 0}, {1, 1}}},
	{"one queue, two workers", 0, 1, 2, {0}, {{0, 0}, THROUGH(0)}},
	{"interface 1: its queue goes to worker 1", 1, 1, 2, {1}, {THROUGH(1), {0, 1}}},
	{"interface 2: worker 0 again", 2, 1, 2, {0}, {{0, 0}, THROUGH(0)}},
	{"two queues, four workers", 0, 2, 4, {0, 1}, {{0, 0}, {1, 1}, THROUGH(0), THROUGH(1)}},
	{"two queues, four workers, interface 3",
	 3,
	 2,
	 4,
	 {3, 0},
	 {{1, 0}, THROUGH(3), THROUGH(0), {0, 3}}},
};

static void
test_assignment(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct queue_row *row = &rows[i];

		for (uint32_t q = 0; q < row->queues; q++) {
			uint32_t worker = interface_queue_worker(row->interface, q, row->queues,
								 row->workers);

			SUITE_ASSERT(worker == row->polled_by[q],
				     "%s: queue %u is polled by worker %u", row->description, q,
				     worker);
		}
		for (uint32_t w = 0; w < row->workers; w++) {
			struct interface_path path =
				interface_path(row->interface, w, row->queues, row->workers);

			SUITE_ASSERT(path.queue == row->paths[w].queue &&
					     path.through == row->paths[w].through,
				     "%s: worker %u sends on queue %u through %u", row->description,
				     w, path.queue, path.through);
		}
	}
}

/* For any numbers: a transmit queue has one user, and a worker that sends through another names one
 * that has a queue. */
static void
test_assignment_invariants(void)
{
	for (uint32_t i = 0; i < SNAPSHOT_INTERFACES_MAX; i++)
		for (uint32_t queues = 1; queues <= 9; queues++)
			for (uint32_t workers = 1; workers <= 9; workers++) {
				uint32_t users[9] = {0}, polled = 0;

				for (uint32_t q = 0; q < queues; q++)
					polled += interface_queue_worker(i, q, queues, workers) <
						  workers;
				CU_ASSERT_EQUAL_FATAL(polled, queues);
				for (uint32_t w = 0; w < workers; w++) {
					struct interface_path path =
						interface_path(i, w, queues, workers);
					struct interface_path through;

					if (path.queue != WORKER_NO_QUEUE) {
						CU_ASSERT_FATAL(path.queue < queues &&
								path.through == w);
						CU_ASSERT_EQUAL_FATAL(users[path.queue]++, 0);
						/* The worker polls the receive queue of that
						 * number. */
						CU_ASSERT_EQUAL_FATAL(
							interface_queue_worker(i, path.queue,
									       queues, workers),
							w);
						continue;
					}
					through = interface_path(i, path.through, queues, workers);
					CU_ASSERT_FATAL(queues < workers && path.through < workers);
					CU_ASSERT_NOT_EQUAL_FATAL(through.queue, WORKER_NO_QUEUE);
				}
			}
}

static void
test_buffers(void)
{
	struct interfaces interfaces = {.count = 2};
	uint32_t one_worker, two_workers;

	interfaces.interface[0] = interfaces.interface[1] =
		(struct interface){.queue_count = 1, .descriptor_count = 2048};
	one_worker = interfaces_buffer_count(&interfaces, 1);
	two_workers = interfaces_buffer_count(&interfaces, 2);
	/* Fill ring, transmit ring and completion ring of both queues, and 4,096 beyond. */
	CU_ASSERT(one_worker >= 2 * 3 * 2048 + 4096);
	/* Two workers can also fill their inboxes and outboxes. */
	CU_ASSERT(two_workers >= one_worker + 4 * WORKER_RING_SIZE);
	/* The default: with a flow table of 1 Mi entries everything fits into 256 MiB. */
	CU_ASSERT((uint64_t)one_worker * 2560 < UINT64_C(64) << 20);
}

struct driver_row {
	const char *driver_name;
	uint16_t rx_default, tx_default; /* descriptors, the driver's defaults */
	uint16_t ring;			 /* descriptors of the ring that was set up */
	uint16_t descriptors, rx_free, tx_free;
};

static const struct driver_row drivers[] = {
	{"net_virtio_user", 0, 0, 1024, 1024, 64, 128},
	{"net_virtio", 0, 0, 1024, 1024, 64, 128},
	{"net_virtio", 0, 0, 256, 1024, 64, 64},
	{"net_virtio", 0, 0, 68, 1024, 16, 16}, /* a quarter, rounded down to a multiple of 4 */
	{"net_ice", 1024, 1024, 1024, 1024, 7, 9},
	{"net_i40e", 2048, 1024, 2048, 2048, 7, 9},
	{"mlx5_pci", 256, 256, 1024, 1024, 7, 9},
	{"net_memif", 0, 0, 1024, 1024, 7, 9},
	{"net_large", 1024, 16384, 4096, 4096, 7, 9},
};

/* Drivers' defaults apply, with the exceptions of driver.h. */
static void
test_drivers(void)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		const struct driver_row *row = &drivers[i];
		const struct rte_eth_dev_info device = {
			.driver_name = row->driver_name,
			.default_rxportconf.ring_size = row->rx_default,
			.default_txportconf.ring_size = row->tx_default,
			.default_rxconf = {.rx_free_thresh = 7, .rx_drop_en = 1},
			.default_txconf = {.tx_free_thresh = 9, .tx_rs_thresh = 5},
		};
		const struct rte_eth_rxconf rx = driver_rx(&device, row->ring);
		const struct rte_eth_txconf tx = driver_tx(&device, row->ring);

		SUITE_ASSERT(driver_descriptors(&device) == row->descriptors, "%s: %u descriptors",
			     row->driver_name, driver_descriptors(&device));
		SUITE_ASSERT(rx.rx_free_thresh == row->rx_free && rx.rx_drop_en == 1,
			     "%s: receive, %u", row->driver_name, rx.rx_free_thresh);
		SUITE_ASSERT(tx.tx_free_thresh == row->tx_free && tx.tx_rs_thresh == 5,
			     "%s: transmit, %u", row->driver_name, tx.tx_free_thresh);
	}
	/* Checksum offloads of virtio are not used, whatever its bus. */
	CU_ASSERT_FALSE(driver_checks(&(struct rte_eth_dev_info){.driver_name = "net_virtio"}));
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"assignment", test_assignment},
		{"assignment, invariants", test_assignment_invariants},
		{"buffers", test_buffers},
		{"drivers", test_drivers},
		CU_TEST_INFO_NULL,
	};

	return suite_run("port", tests);
}
