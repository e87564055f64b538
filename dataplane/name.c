/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks and compares names of questions.
 * Runs:  any thread.
 * Never: reads beyond the bytes it was given. */
#include "name.h"

#include "shared/wire.h"

uint32_t
name_question_bytes(const uint8_t *bytes, size_t available)
{
	size_t offset = 0;

	for (;;) {
		uint8_t length;

		if (offset >= available || offset >= DNS_NAME_BYTES_MAX)
			return 0;
		length = bytes[offset++];
		if (length == 0)
			break;
		if (length > DNS_LABEL_BYTES_MAX)
			return 0;
		offset += length;
	}
	if (available - offset < 4)
		return 0;
	return (uint32_t)offset + 4;
}

static inline uint8_t
letter_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool
name_equal_nocase(const uint8_t *a, const uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (letter_lower(a[i]) != letter_lower(b[i]))
			return false;
	return true;
}
