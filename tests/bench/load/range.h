/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses addresses, MAC addresses, port ranges and numbers. All return 0 or -EINVAL and change
 * *result only on 0. [any] */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_RANGE_H
#define EPHEMERA_TESTS_BENCH_LOAD_RANGE_H

#include <stdint.h>

#include "dataplane/shared/wire.h"

/* Addresses that differ only in their last 32 bits. */
struct address_block {
	struct address first;
	uint32_t count; /* never 0 once read */
};

/* ADDRESS. */
int address_read(const char *text, struct address *result);

/* ADDRESS, FIRST-LAST, or ADDRESS/LENGTH (all of the prefix's addresses). */
int address_block_read(const char *text, struct address_block *result);

/* ADDRESS or ADDRESS#PORT; *port does not change if none is given. */
int address_port_read(const char *text, struct address *address, uint16_t *port);

/* PORT or FIRST-LAST, from 1. */
int port_range_read(const char *text, uint16_t *first, uint16_t *last);

int mac_read(const char *text, struct mac *result);

/* A number from 0, with k, M or G for 10^3, 10^6, 10^9: "1.5M". */
int number_read(const char *text, double *result);

/* The last 32 bits of an address, host order. */
static inline uint32_t
address_low(const struct address *address)
{
	uint32_t low;

	memcpy(&low, address->bytes + 12, sizeof(low));
	return be32toh(low);
}

/* Whether the range holds the address. */
static inline bool
address_block_holds(const struct address_block *range, const struct address *address)
{
	return memcmp(range->first.bytes, address->bytes, 12) == 0 &&
	       address_low(address) - address_low(&range->first) < range->count;
}

#endif
