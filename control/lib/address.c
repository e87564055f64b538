/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses and ranges: text to bytes and back. The C library reads and writes single addresses. */
#include "control/lib/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct address_range mapped_ipv4 = {
	{.bytes = {[10] = 0xff, [11] = 0xff}},
	{.bytes = {[10] = 0xff, [11] = 0xff, [12] = 0xff, [13] = 0xff, [14] = 0xff, [15] = 0xff}},
};

int
address_parse(const char *text, struct address *address)
{
	uint8_t ipv4[4];

	if (inet_pton(AF_INET, text, ipv4) == 1) {
		*address = address_from_ipv4(ipv4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, address->bytes) != 1 || address_is_ipv4(address))
		return -EINVAL;
	return 0;
}

const char *
address_format(const struct address *address, char *text)
{
	if (address_is_ipv4(address))
		return inet_ntop(AF_INET, address->bytes + 12, text, ADDRESS_TEXT_BYTES);
	return inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_BYTES);
}

const char *
address_port_format(const struct address *address, uint16_t port, char *text)
{
	char host[ADDRESS_TEXT_BYTES];

	snprintf(text, ADDRESS_PORT_TEXT_BYTES, "%s#%u", address_format(address, host), port);
	return text;
}

int
address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct address
address_next(const struct address *address)
{
	struct address next = *address;

	for (int i = 15; i >= 0 && ++next.bytes[i] == 0; i--)
		;
	return next;
}

uint64_t
address_range_count(const struct address_range *range)
{
	uint64_t first_high = be64toh(range->first.words[0]),
		 last_high = be64toh(range->last.words[0]);
	uint64_t first_low = be64toh(range->first.words[1]),
		 last_low = be64toh(range->last.words[1]);
	uint64_t distance = last_low - first_low;

	if (last_high - first_high > (last_low < first_low) || distance == UINT64_MAX)
		return UINT64_MAX;
	return distance + 1;
}

/* The last address of a prefix: its first address is `first`, its length `bits` of 128. False if
 * `first` has bits set after the prefix. */
static bool
prefix_last(const struct address *first, unsigned bits, struct address *last)
{
	*last = *first;
	for (unsigned i = 0; i < 16; i++) {
		uint8_t host = bits >= 8 * (i + 1) ? 0
			       : bits <= 8 * i	   ? 0xff
						   : (uint8_t)(0xff >> (bits - 8 * i));

		if (first->bytes[i] & host)
			return false;
		last->bytes[i] |= host;
	}
	return true;
}

/* The length of a prefix: decimal, without sign or leading zeros. */
static int
prefix_length_parse(const char *text, unsigned max, unsigned *bits)
{
	char *end;
	unsigned long value;

	if (text[0] < '0' || text[0] > '9' || (text[0] == '0' && text[1] != 0))
		return -EINVAL;
	value = strtoul(text, &end, 10);
	if (*end != 0 || value > max)
		return -EINVAL;
	*bits = (unsigned)value;
	return 0;
}

/* The part of a range before its separator; false if it does not fit into `head`. */
static bool
text_head(const char *text, const char *separator, char *head)
{
	size_t bytes = (size_t)(separator - text);

	if (bytes >= ADDRESS_TEXT_BYTES)
		return false;
	memcpy(head, text, bytes);
	head[bytes] = 0;
	return true;
}

static int
prefix_parse(const char *text, const char *slash, struct address_range *range, const char **why)
{
	char head[ADDRESS_TEXT_BYTES];
	unsigned bits, offset;

	if (!text_head(text, slash, head) || address_parse(head, &range->first) != 0) {
		*why = "no address before the slash";
		return -EINVAL;
	}
	offset = address_is_ipv4(&range->first) ? 96 : 0;
	if (prefix_length_parse(slash + 1, 128 - offset, &bits) != 0) {
		*why = offset ? "an IPv4 prefix length is a number from 0 to 32"
			      : "an IPv6 prefix length is a number from 0 to 128";
		return -EINVAL;
	}
	if (!prefix_last(&range->first, bits + offset, &range->last)) {
		*why = "the address has bits set after the prefix";
		return -EINVAL;
	}
	return 0;
}

static int
span_parse(const char *text, const char *dash, struct address_range *range, const char **why)
{
	char head[ADDRESS_TEXT_BYTES];

	if (!text_head(text, dash, head) || address_parse(head, &range->first) != 0) {
		*why = "no address before the dash";
		return -EINVAL;
	}
	if (address_parse(dash + 1, &range->last) != 0) {
		*why = "no address after the dash";
		return -EINVAL;
	}
	if (address_is_ipv4(&range->first) != address_is_ipv4(&range->last)) {
		*why = "a range cannot mix IPv4 and IPv6";
		return -EINVAL;
	}
	if (address_compare(&range->first, &range->last) > 0) {
		*why = "the first address is greater than the last";
		return -EINVAL;
	}
	return 0;
}

int
address_range_parse(const char *text, struct address_range *range, const char **why)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');

	if (slash != NULL)
		return prefix_parse(text, slash, range, why);
	if (dash != NULL)
		return span_parse(text, dash, range, why);
	if (address_parse(text, &range->first) != 0) {
		*why = "not an address";
		return -EINVAL;
	}
	range->last = range->first;
	return 0;
}

static int
range_order(const void *a, const void *b)
{
	const struct address_range *left = a, *right = b;

	return address_compare(&left->first, &right->first);
}

unsigned
address_ranges_merge(struct address_range *ranges, unsigned count)
{
	unsigned kept = 0;

	if (count == 0)
		return 0;
	qsort(ranges, count, sizeof(*ranges), range_order);
	for (unsigned i = 1; i < count; i++) {
		struct address_range *top = &ranges[kept];
		struct address after = address_next(&top->last);
		bool touches = address_compare(&ranges[i].first, &top->last) <= 0 ||
			       address_equal(&ranges[i].first, &after);

		if (!touches)
			ranges[++kept] = ranges[i];
		else if (address_compare(&ranges[i].last, &top->last) > 0)
			top->last = ranges[i].last;
	}
	return kept + 1;
}

unsigned
address_range_split(const struct address_range *range, struct address_range parts[2])
{
	static const struct address before_mapped = {.bytes = {[10] = 0xff,
							       [11] = 0xfe,
							       [12] = 0xff,
							       [13] = 0xff,
							       [14] = 0xff,
							       [15] = 0xff}};
	unsigned count = 0;

	if (address_is_ipv4(&range->first) ||
	    address_compare(&range->first, &mapped_ipv4.first) > 0 ||
	    address_compare(&range->last, &mapped_ipv4.first) < 0) {
		parts[0] = *range;
		return 1;
	}
	parts[count].first = range->first;
	parts[count++].last = before_mapped;
	if (address_compare(&range->last, &mapped_ipv4.last) > 0) {
		parts[count].first = address_next(&mapped_ipv4.last);
		parts[count++].last = range->last;
	}
	return count;
}

bool
address_is_host(const struct address *a)
{
	static const struct address any, loopback = {.bytes = {[15] = 1}};

	if (address_is_ipv4(a)) /* not 0/8, 127/8, nor anything from 224/4 up to broadcast */
		return a->bytes[12] != 0 && a->bytes[12] != 127 && a->bytes[12] < 224;
	return !address_equal(a, &any) && !address_equal(a, &loopback) && a->bytes[0] != 0xff &&
	       !(a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80);
}
