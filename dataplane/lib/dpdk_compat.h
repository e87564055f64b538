/* SPDX-License-Identifier: BSD-3-Clause */
/* The differences between the DPDK versions that Ephemera builds with (22.11 to 24.11). No other
 * file depends on the version. */
#ifndef EPHEMERA_DATAPLANE_LIB_DPDK_COMPAT_H
#define EPHEMERA_DATAPLANE_LIB_DPDK_COMPAT_H

#include <rte_version.h>

/* The 16 bytes of an address in a struct rte_ipv6_hdr: an array before 24.11, since then a struct
 * rte_ipv6_addr. */
#if RTE_VERSION < RTE_VERSION_NUM(24, 11, 0, 0)
#define IPV6_BYTES(address) (address)
#else
#define IPV6_BYTES(address) ((address).a)
#endif

#endif
