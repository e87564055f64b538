/* SPDX-License-Identifier: BSD-3-Clause */
/* Edits of a snapshot. */
#include "tests/fuzz/snapshot_input.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/pipeline/pipeline_snapshot.h"

static void
edits_apply(uint8_t *block, const uint8_t *bytes, size_t size)
{
	while (size >= 4) {
		const size_t offset =
			(size_t)(bytes[0] | bytes[1] << 8 | bytes[2] << 16) % SNAPSHOT_INPUT_ROOM;
		size_t count = bytes[3];

		bytes += 4;
		size -= 4;
		count = count < size ? count : size;
		count = count < SNAPSHOT_INPUT_ROOM - offset ? count : SNAPSHOT_INPUT_ROOM - offset;
		memcpy(block + offset, bytes, count);
		bytes += count;
		size -= count;
	}
}

struct snapshot *
snapshot_input_edit(const uint8_t *edits, size_t size)
{
	static uint64_t block[SNAPSHOT_INPUT_ROOM / 8 + 1];
	struct snapshot *template = pipeline_snapshot_new();

	memset(block, 0, sizeof(block));
	memcpy(block, template, template->size_bytes);
	free(template);
	edits_apply((uint8_t *)block, edits, size);
	return (struct snapshot *)block;
}

void
snapshot_input_seal(struct snapshot *s)
{
	s->range_count %= 65;
	s->member_count %= 1025;
	s->suffix_count %= 1025;
	s->name_bytes %= 16385;
	snapshot_seal(s);
}
