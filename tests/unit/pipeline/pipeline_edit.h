/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages and frames as data: a row of a table lists the differences from the plain one.
 *
 *     {"QR=1", {.edits = {PIPELINE_XOR(2, "\x80")}}, DROPPED, DROP_query_is_response},
 *     {"class CH", {.name = "version.bind", .type = 16, .class = 3}, FORWARDED, 0},
 *
 * Edits are applied in their order. Offsets count from the first byte of the message or frame. The
 * plain question, "wWw.eXaMpLe.NeT" with type and class, has 21 bytes: the name is at 12, its first
 * letter at 13, the type at 29, the class at 31, and what follows the question at 33. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_EDIT_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_EDIT_H

#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/pipeline/pipeline_frame.h"

enum pipeline_edit_kind {
	PIPELINE_EDIT_END, /* end of the list */
	PIPELINE_EDIT_SET,
	PIPELINE_EDIT_XOR,
	PIPELINE_EDIT_APPEND,
	PIPELINE_EDIT_CUT,
	PIPELINE_EDIT_CUT_TO,
	PIPELINE_EDIT_SUMS,
	PIPELINE_EDIT_NAME,
	PIPELINE_EDIT_LONG_NAME,
	PIPELINE_EDIT_RECORD,
	PIPELINE_EDIT_FILL,
};

struct pipeline_edit {
	enum pipeline_edit_kind kind;
	uint16_t offset, count;
	const char *bytes; /* [count] */
	uint16_t type, class, data_bytes;
	uint32_t ttl;
	const char *data; /* [data_bytes]; NULL: filled with letters */
};

#define PIPELINE_EDITS_MAX 8

#define PIPELINE_EDIT(edit_kind, ...)                                                              \
	((struct pipeline_edit){.kind = PIPELINE_EDIT_##edit_kind, __VA_ARGS__})

/* A string literal, without the NUL that C adds. */
#define PIPELINE_BYTES(literal) .bytes = (literal), .count = sizeof(literal) - 1

/* For messages and frames: overwrite bytes from `at` on; XOR them; append bytes; cut off the last
 * `n`; keep only the first `n`. */
#define PIPELINE_SET(at, literal) PIPELINE_EDIT(SET, .offset = (at), PIPELINE_BYTES(literal))
#define PIPELINE_XOR(at, literal) PIPELINE_EDIT(XOR, .offset = (at), PIPELINE_BYTES(literal))
#define PIPELINE_APPEND(literal)  PIPELINE_EDIT(APPEND, PIPELINE_BYTES(literal))
#define PIPELINE_CUT(n)		  PIPELINE_EDIT(CUT, .count = (n))
#define PIPELINE_CUT_TO(n)	  PIPELINE_EDIT(CUT_TO, .count = (n))

/* For frames: correct both checksums for the edited headers. */
#define PIPELINE_SUMS PIPELINE_EDIT(SUMS, .count = 0)

/* For messages: one question, IN A, with these raw bytes as its name, or with a name of
 * `name_bytes` bytes in labels of at most `label_bytes`; the message ends after it. */
#define PIPELINE_NAME(literal) PIPELINE_EDIT(NAME, PIPELINE_BYTES(literal))
#define PIPELINE_LONG_NAME(name_bytes, label_bytes)                                                \
	PIPELINE_EDIT(LONG_NAME, .count = (name_bytes), .offset = (label_bytes))

/* For messages: append a record, counted in ARCOUNT, with these raw bytes as its owner and
 * `data_length` letters as its data; append OPT with these options; append bytes up to a total. */
#define PIPELINE_RECORD(owner, record_type, record_class, data_length)                             \
	PIPELINE_EDIT(RECORD, PIPELINE_BYTES(owner), .type = (record_type),                        \
		      .class = (record_class), .data_bytes = (data_length))
#define PIPELINE_OPT(udp_size, ttl_bits, options)                                                  \
	PIPELINE_EDIT(RECORD, PIPELINE_BYTES("\0"), .type = 41, .class = (udp_size),               \
		      .ttl = (ttl_bits), .data = (options), .data_bytes = sizeof(options) - 1)
#define PIPELINE_FILL(total) PIPELINE_EDIT(FILL, .count = (total))

/* A query with RD=1; all zero: the plain one. */
struct pipeline_message {
	const char *name;     /* NULL: "wWw.eXaMpLe.NeT" */
	uint16_t type, class; /* 0: 1 */
	struct pipeline_edit edits[PIPELINE_EDITS_MAX];
};

void pipeline_dns_make(struct pipeline_dns *dns, uint16_t id,
		       const struct pipeline_message *message);
void pipeline_dns_edit(struct pipeline_dns *dns,
		       const struct pipeline_edit edits[PIPELINE_EDITS_MAX]);
void pipeline_frame_edit(struct pipeline_frame *frame,
			 const struct pipeline_edit edits[PIPELINE_EDITS_MAX]);

#endif
