/* SPDX-License-Identifier: BSD-3-Clause */
/* Applies an input of fuzz_snapshot to a valid snapshot; also used by test_snapshot_corpus. */
#ifndef EPHEMERA_TESTS_FUZZ_SNAPSHOT_INPUT_H
#define EPHEMERA_TESTS_FUZZ_SNAPSHOT_INPUT_H

#include "dataplane/shared/snapshot.h"

#define SNAPSHOT_INPUT_ROOM (sizeof(struct snapshot) + 65536)

/* pipeline_snapshot_new() in SNAPSHOT_INPUT_ROOM bytes, padded with 0, with the edits applied: each
 * is a little-endian offset (3 bytes), a count and as many bytes. Not sealed. Valid until the next
 * call. */
struct snapshot *snapshot_input_edit(const uint8_t *edits, size_t size);

/* Seals it, after reducing its counts to what there is room for. */
void snapshot_input_seal(struct snapshot *snapshot);

#endif
