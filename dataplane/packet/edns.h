/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the OPT record of a query, RFC 6891. [any] */
#ifndef EPHEMERA_DATAPLANE_PACKET_EDNS_H
#define EPHEMERA_DATAPLANE_PACKET_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDNS_FIXED_BYTES 11 /* root name, type, class, TTL, length */

/* What follows the question. Offset 0: no OPT record. */
struct edns_tail {
	uint16_t opt_offset;
	bool plain; /* walked to its end, and no record signs the message (TSIG, SIG(0)) */
};

/* Examines the records after the question of a message of `bytes` bytes; they start at `offset`.
 * Only a few additional records, and empty answer and authority sections, are plain. */
struct edns_tail edns_find(const uint8_t *message, size_t bytes, size_t offset);

#endif
