/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the OPT record of a query, RFC 6891. [any] */
#ifndef EPHEMERA_EDNS_H
#define EPHEMERA_EDNS_H

#include <stddef.h>
#include <stdint.h>

#define EDNS_FIXED_BYTES 11 /* root name, type, class, TTL, length */

/* The offset of the OPT record in a message of `bytes` bytes whose records start at `offset`, or 0 if there
 * is none that can be found: it looks at the first few additional records of a message without answers and
 * authorities, as queries are. */
size_t edns_find(const uint8_t *message, size_t bytes, size_t offset);

#endif
