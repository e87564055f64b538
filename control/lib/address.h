/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and address ranges: text form and arithmetic.
 *
 * A struct address (wire.h) is IPv6, or IPv4 in its mapped form. Its text is "192.0.2.1" or
 * "2001:db8::1" (RFC 4291 section 2.2, RFC 5952); the mapped form ("::ffff:192.0.2.1") is not
 * accepted as text, so that each address has one spelling. Addresses are ordered as 16 bytes.
 *
 * Threads: none; everything here is a value. [any] */
#ifndef EPHEMERA_CONTROL_LIB_ADDRESS_H
#define EPHEMERA_CONTROL_LIB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/wire.h"

enum {
	ADDRESS_TEXT_BYTES = 46,			  /* the longest, with the terminating 0 */
	ADDRESS_PORT_TEXT_BYTES = ADDRESS_TEXT_BYTES + 6, /* "address#65535" */
};

/* 0, or -EINVAL when `text` is not an address. */
int address_parse(const char *text, struct address *address);

/* Both write to `text`, which has room for the bytes named above, and return it. */
const char *address_format(const struct address *address, char *text);
const char *address_port_format(const struct address *address, uint16_t port, char *text);

/* A range: an address, "first-last", or a prefix "192.0.2.0/24" without host bits. 0, or -EINVAL;
 * then *why is the reason, a constant string. */
int address_range_parse(const char *text, struct address_range *range, const char **why);

/* The number of addresses in a range; UINT64_MAX for 2^64 - 1 or more. */
uint64_t address_range_count(const struct address_range *range);

/* Less than, equal to or greater than 0, as memcmp(). */
int address_compare(const struct address *a, const struct address *b);

/* The next address; after the last one comes ::. */
struct address address_next(const struct address *address);

/* Sorts ranges and merges those that overlap or are adjacent, as the snapshot requires; returns how
 * many are left. */
unsigned address_ranges_merge(struct address_range *ranges, unsigned count);

/* An IPv6 range that contains the IPv4-mapped block (such as "::/0") means IPv6 only: writes the
 * range without that block to `parts` and returns the number of parts, 1 or 2. Other ranges are
 * copied unchanged. */
unsigned address_range_split(const struct address_range *range, struct address_range parts[2]);

/* True for a unicast address of a host that needs no interface name: not unspecified, loopback,
 * multicast, broadcast, 0.0.0.0/8 or IPv6 link-local. */
bool address_is_host(const struct address *address);

#endif
