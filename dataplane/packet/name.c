/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks the names of questions.
 * Runs:  any thread.
 * Never: reads beyond `available`. */
#include "dataplane/packet/name.h"

#include "dataplane/shared/wire.h"

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
