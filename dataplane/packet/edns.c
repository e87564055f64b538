/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks the additional section of a query.
 * Runs:  any thread.
 * Never: follows a compression pointer, reads outside the message, or walks more than
 *        EDNS_RECORDS records. */
#include "dataplane/packet/edns.h"

#include "dataplane/shared/wire.h"

#define EDNS_RECORDS 4
#define RECORD_FIXED 10 /* type, class, TTL, length */

/* The offset after the name at `offset`, or 0. A compression pointer ends a name. */
static size_t
name_skip(const uint8_t *message, size_t bytes, size_t offset)
{
	const size_t limit = offset + DNS_NAME_BYTES_MAX;

	while (offset < bytes && offset < limit) {
		uint8_t length = message[offset];

		if (length == 0)
			return offset + 1;
		if (length >= 0xc0)
			return offset + 2;
		if (length > DNS_LABEL_BYTES_MAX)
			return 0;
		offset += 1u + length;
	}
	return 0;
}

struct edns_tail
edns_find(const uint8_t *message, size_t bytes, size_t offset)
{
	const struct dns_header *dns = (const struct dns_header *)message;
	struct edns_tail tail = {0, false};
	unsigned records;

	if (bytes < DNS_HEADER_BYTES || dns->ancount.raw != 0 || dns->nscount.raw != 0)
		return tail;
	records = be16_to(dns->arcount);
	for (unsigned i = 0; i < records; i++) {
		size_t fixed = i < EDNS_RECORDS ? name_skip(message, bytes, offset) : 0, end;
		uint16_t type;

		if (fixed == 0 || fixed > bytes || bytes - fixed < RECORD_FIXED)
			return tail;
		end = fixed + RECORD_FIXED + (size_t)(message[fixed + 8] << 8 | message[fixed + 9]);
		if (end > bytes)
			return tail;
		type = (uint16_t)(message[fixed] << 8 | message[fixed + 1]);
		if (type == DNS_TYPE_TSIG || type == DNS_TYPE_SIG)
			return tail;
		if (type == DNS_TYPE_OPT && message[offset] == 0 && tail.opt_offset == 0)
			tail.opt_offset = (uint16_t)offset;
		offset = end;
	}
	tail.plain = true;
	return tail;
}
