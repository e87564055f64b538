/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses addresses, ports and numbers. */
#include "tests/bench/load/range.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ADDRESS_TEXT_BYTES 64

int
address_read(const char *text, struct address *result)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		*result = address_from_ipv4(&ipv4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &ipv6) != 1)
		return -EINVAL;
	memcpy(result->bytes, ipv6.s6_addr, 16);
	/* ::ffff:a.b.c.d must not appear on the wire */
	return address_is_ipv4(result) ? -EINVAL : 0;
}

static int
address_prefix_read(const struct address *address, const char *length_text,
		    struct address_block *result)
{
	const int family_bits = address_is_ipv4(address) ? 32 : 128;
	char *end;
	const long length = strtol(length_text, &end, 10);
	uint32_t low = address_low(address), host_mask, raw;

	if (*length_text < '0' || *length_text > '9' || *end != '\0' || length > family_bits ||
	    length <= family_bits - 32)
		return -EINVAL; /* more than 2^31 addresses */
	host_mask = (uint32_t)((UINT64_C(1) << (family_bits - length)) - 1);
	result->first = *address;
	raw = htobe32(low & ~host_mask);
	memcpy(result->first.bytes + 12, &raw, sizeof(raw));
	result->count = host_mask + 1;
	return 0;
}

int
address_block_read(const char *text, struct address_block *result)
{
	char first_text[ADDRESS_TEXT_BYTES];
	const size_t length = strcspn(text, "-/");
	struct address first, last;

	if (length >= sizeof(first_text))
		return -EINVAL;
	memcpy(first_text, text, length);
	first_text[length] = '\0';
	if (address_read(first_text, &first) != 0)
		return -EINVAL;
	if (text[length] == '/')
		return address_prefix_read(&first, text + length + 1, result);
	last = first;
	if (text[length] == '-' && address_read(text + length + 1, &last) != 0)
		return -EINVAL;
	if (memcmp(first.bytes, last.bytes, 12) != 0 || address_low(&last) < address_low(&first) ||
	    address_low(&last) - address_low(&first) == UINT32_MAX)
		return -EINVAL;
	*result = (struct address_block){first, address_low(&last) - address_low(&first) + 1};
	return 0;
}

static int
port_read(const char *text, const char *end_expected, uint16_t *result)
{
	char *end;
	const unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || end != end_expected || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*result = (uint16_t)port;
	return 0;
}

int
address_port_read(const char *text, struct address *address, uint16_t *port)
{
	char address_text[ADDRESS_TEXT_BYTES];
	const size_t length = strcspn(text, "#");
	struct address found;

	if (length >= sizeof(address_text))
		return -EINVAL;
	memcpy(address_text, text, length);
	address_text[length] = '\0';
	if (address_read(address_text, &found) != 0)
		return -EINVAL;
	if (text[length] == '#' && port_read(text + length + 1, text + strlen(text), port) != 0)
		return -EINVAL;
	*address = found;
	return 0;
}

int
port_range_read(const char *text, uint16_t *first, uint16_t *last)
{
	const size_t length = strcspn(text, "-");
	uint16_t from, to;

	if (port_read(text, text + length, &from) != 0)
		return -EINVAL;
	to = from;
	if (text[length] == '-' && port_read(text + length + 1, text + strlen(text), &to) != 0)
		return -EINVAL;
	if (to < from)
		return -EINVAL;
	*first = from;
	*last = to;
	return 0;
}

int
mac_read(const char *text, struct mac *result)
{
	unsigned bytes[6];
	char rest;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
		   &bytes[4], &bytes[5], &rest) != 6)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		result->bytes[i] = (uint8_t)bytes[i];
	return 0;
}

int
number_read(const char *text, double *result)
{
	double number, factor = 1;
	char *end;

	if ((*text < '0' || *text > '9') && *text != '.')
		return -EINVAL;
	number = strtod(text, &end);
	if (end == text)
		return -EINVAL;
	if (*end != '\0') {
		factor = *end == 'k' ? 1e3 : *end == 'M' ? 1e6 : *end == 'G' ? 1e9 : 0;
		if (factor == 0 || end[1] != '\0')
			return -EINVAL;
	}
	*result = number * factor;
	return 0;
}
