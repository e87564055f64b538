/* SPDX-License-Identifier: BSD-3-Clause */
/* Arbitrary bytes as a question: the walk must agree with a second, straightforward implementation
 * of RFC 1035, and case-insensitive equality must be an equivalence. */
#include <ctype.h>
#include <string.h>

#include "dataplane/packet/case.h"
#include "dataplane/packet/name.h"
#include "tests/fuzz/fuzz.h"

/* RFC 1035 sections 2.3.4, 3.1 and 4.1.2. */
static uint32_t
question_bytes_plainly(const uint8_t *bytes, size_t available)
{
	size_t name = 0;

	while (name < available && bytes[name] != 0) {
		if (bytes[name] > 63)
			return 0;
		name += 1u + bytes[name];
	}
	if (name >= available)
		return 0;
	name++;
	return name > 255 || name + 4 > available ? 0 : (uint32_t)name + 4;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint32_t found = name_question_bytes(bytes, size);
	uint8_t other[255];

	FUZZ_REQUIRE(found == question_bytes_plainly(bytes, size));
	if (found == 0)
		return 0;
	for (uint32_t i = 0; i < found - 4; i++)
		other[i] = (uint8_t)(i & 1 ? toupper(bytes[i]) : tolower(bytes[i]));
	FUZZ_REQUIRE(case_equal(bytes, bytes, found - 4));
	FUZZ_REQUIRE(case_equal(bytes, other, found - 4));
	other[0] ^= 1;
	FUZZ_REQUIRE(!case_equal(bytes, other, found - 4));
	return 0;
}
