/* SPDX-License-Identifier: BSD-3-Clause */
/* The interfaces (DPDK's ports) of the load program: one queue per direction, promiscuous. All
 * [main]. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_DEVICE_H
#define EPHEMERA_TESTS_BENCH_LOAD_DEVICE_H

#include <rte_mempool.h>

#include "dataplane/shared/wire.h"

/* Descriptors per queue: the packets that arrive between two polls at several million packets a
 * second. */
#define DEVICE_DESCRIPTORS 1024

/* Configures and starts interface `device`. 0, or -errno with the reason in `why`. */
int device_open(uint16_t device, struct rte_mempool *pool, char *why, size_t why_bytes);
void device_close(uint16_t device);

/* Whether a DPDK device with this number exists. */
bool device_exists(uint16_t device);

bool device_is_up(uint16_t device);
struct mac device_mac(uint16_t device);

/* Writes DPDK's name of the interface into `name`, of RTE_ETH_NAME_MAX_LEN bytes. */
void device_name(uint16_t device, char *name);

#endif
