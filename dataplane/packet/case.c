/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares names regardless of letter case, and records how their letter case differs.
 * Runs:  any thread. */
#include "dataplane/packet/case.h"

bool
case_equal(const uint8_t *a, const uint8_t *b, uint32_t name_bytes)
{
	uint64_t different = 0;

	for (uint32_t n = 0; n * 8 < name_bytes; n++)
		different |= case_lower(case_load(a, name_bytes, n)) ^
			     case_lower(case_load(b, name_bytes, n));
	return different == 0;
}

void
case_difference(const uint8_t *a, const uint8_t *b, uint32_t name_bytes, uint8_t *mask)
{
	memset(mask, 0, CASE_MASK_BYTES);
	for (uint32_t i = 0; i < name_bytes; i++)
		mask[i / 8] |= (uint8_t)((a[i] != b[i]) << (i % 8));
}

void
case_apply(uint8_t *name, uint32_t name_bytes, const uint8_t *mask)
{
	for (uint32_t i = 0; i < name_bytes; i++)
		name[i] ^= (uint8_t)((mask[i / 8] >> (i % 8) & 1) << 5);
}
