/* SPDX-License-Identifier: BSD-3-Clause */
/* Arbitrary bytes as a message, the first two giving the offset of its records: what is found must
 * be an OPT record completely inside. */
#include "dataplane/packet/edns.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct edns_tail tail;
	size_t offset, found;

	if (size < 2)
		return 0;
	offset = (size_t)(bytes[0] << 8 | bytes[1]) % 2048;
	bytes += 2;
	size -= 2;
	tail = edns_find(bytes, size, offset);
	found = tail.opt_offset;
	/* A message that was not walked to its end may contain a signature, so it is not plain. */
	FUZZ_REQUIRE(!tail.plain ||
		     (size >= 12 && (bytes[6] | bytes[7] | bytes[8] | bytes[9]) == 0));
	if (found == 0)
		return 0;
	FUZZ_REQUIRE(found >= offset && found + EDNS_FIXED_BYTES <= size);
	FUZZ_REQUIRE(bytes[found] == 0 && bytes[found + 1] == 0 && bytes[found + 2] == 41);
	FUZZ_REQUIRE(found + EDNS_FIXED_BYTES + (bytes[found + 9] << 8 | bytes[found + 10]) <=
		     size);
	return 0;
}
