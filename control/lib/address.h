/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and ranges of addresses as text, and the arithmetic on them.
 *
 * A struct address (wire.h) is IPv6, or IPv4 in its mapped form; in text it is "192.0.2.1" or
 * "2001:db8::1" (RFC 4291 section 2.2, RFC 5952), and the mapped form itself ("::ffff:192.0.2.1")
 * is not taken, so that an address has one spelling. Addresses are ordered as 16 bytes are.
 *
 * Threads: none; everything here is a value. [any] */
#ifndef EPHEMERA_CONTROL_LIB_ADDRESS_H
#define EPHEMERA_CONTROL_LIB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/wire.h"

enum {
	ADDRESS_TEXT_BYTES = 46,			  /* the longest, with its final 0 */
	ADDRESS_PORT_TEXT_BYTES = ADDRESS_TEXT_BYTES + 6, /* "address#65535" */
};

/* 0, or -EINVAL when `text` is not an address. */
int address_parse(const char *text, struct address *address);

/* Each writes to `text`, which has room for the bytes named above, and returns it. */
const char *address_format(const struct address *address, char *text);
const char *address_port_format(const struct address *address, uint16_t port,
				char *text); /* addr#port */

/* A range: an address, "first-last", or a prefix "192.0.2.0/24" without host bits. 0, or -EINVAL;
 * *why then says what is wrong, a constant string. */
int address_range_parse(const char *text, struct address_range *range, const char **why);

/* How many addresses are in a range; UINT64_MAX for 2^64 - 1 and more. */
uint64_t address_range_count(const struct address_range *range);

/* Less than 0, 0 or more, like memcmp(). */
int address_compare(const struct address *a, const struct address *b);

/* The address after this one; after the last one comes ::. */
struct address address_next(const struct address *address);

/* Sorts ranges and joins those that overlap or touch, as the snapshot wants them; returns how many
 * are left. */
unsigned address_ranges_merge(struct address_range *ranges, unsigned count);

/* An IPv6 range in which the mapped form of IPv4 lies ("::/0") means IPv6 only: writes what is left
 * without that block to `parts` and returns how many parts there are, 1 or 2. Other ranges come
 * back as they are. */
unsigned address_range_split(const struct address_range *range, struct address_range parts[2]);

/* True if one machine on the network can have it and be reached by it without an interface's name:
 * not the unspecified, loopback, multicast or broadcast address, not 0.0.0.0/8 and not IPv6
 * link-local. */
bool address_is_host(const struct address *address);

#endif
