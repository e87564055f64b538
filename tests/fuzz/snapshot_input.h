/* SPDX-License-Identifier: BSD-3-Clause */
/* What an input of fuzz_snapshot makes of a good snapshot; test_snapshot_corpus looks at the
 * same. */
#ifndef EPHEMERA_TESTS_FUZZ_SNAPSHOT_INPUT_H
#define EPHEMERA_TESTS_FUZZ_SNAPSHOT_INPUT_H

#include "dataplane/shared/snapshot.h"

#define SNAPSHOT_INPUT_ROOM (sizeof(struct snapshot) + 65536)

/* pipeline_snapshot_new() in SNAPSHOT_INPUT_ROOM bytes, the rest of them 0, changed as the edits
 * say: each a little-endian offset (3 bytes), a count and so many bytes. Not sealed. Valid until
 * the next call. */
struct snapshot *snapshot_input_edit(const uint8_t *edits, size_t size);

/* Seals it, its counts taken down to what there is room for. */
void snapshot_input_seal(struct snapshot *snapshot);

#endif
