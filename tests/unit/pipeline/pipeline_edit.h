/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages and frames as data: a row of a table says which bytes differ from the plain one.
 *
 *     {"QR=1", {.edits = {WAY_XOR(2, "\x80")}}, DROPPED, DROP_query_is_reply},
 *     {"class CH", {.name = "version.bind", .type = 16, .class = 3}, FORWARDED, 0},
 *
 * Edits are applied in their order. Offsets count from the first byte of the message or frame. The plain
 * question, "wWw.eXaMpLe.NeT" with type and class, has 21 bytes: the name is at 12, its first letter at 13,
 * the type at 29, the class at 31, and what comes behind it at 33. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_EDIT_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_EDIT_H

#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/pipeline/pipeline_frame.h"

enum way_edit_kind {
	WAY_EDIT_END, /* no edit: the list ends */
	WAY_EDIT_SET,
	WAY_EDIT_XOR,
	WAY_EDIT_APPEND,
	WAY_EDIT_CUT,
	WAY_EDIT_CUT_TO,
	WAY_EDIT_SUMS,
	WAY_EDIT_NAME,
	WAY_EDIT_LONG_NAME,
	WAY_EDIT_RECORD,
	WAY_EDIT_FILL,
};

struct way_edit {
	enum way_edit_kind kind;
	uint16_t offset, count;
	const char *bytes; /* [count] */
	uint16_t type, class, data_bytes;
	uint32_t ttl;
	const char *data; /* [data_bytes]; NULL: letters */
};

#define WAY_EDITS_MAX 8

#define WAY_EDIT(edit_kind, ...) ((struct way_edit){.kind = WAY_EDIT_##edit_kind, __VA_ARGS__})

/* A string literal, without the NUL that C adds. */
#define WAY_BYTES(literal) .bytes = (literal), .count = sizeof(literal) - 1

/* Of messages and frames: bytes from `at` on become others, or are xored with others; bytes are appended; the
 * last `n` go; only the first `n` stay. */
#define WAY_SET(at, literal) WAY_EDIT(SET, .offset = (at), WAY_BYTES(literal))
#define WAY_XOR(at, literal) WAY_EDIT(XOR, .offset = (at), WAY_BYTES(literal))
#define WAY_APPEND(literal)  WAY_EDIT(APPEND, WAY_BYTES(literal))
#define WAY_CUT(n)	     WAY_EDIT(CUT, .count = (n))
#define WAY_CUT_TO(n)	     WAY_EDIT(CUT_TO, .count = (n))

/* Of frames: both checksums become right again, over what the headers say by now. */
#define WAY_SUMS WAY_EDIT(SUMS, .count = 0)

/* Of messages: one question, IN A, with these raw bytes as its name, or with a name of `name_bytes` bytes in
 * labels of up to `label_bytes`; the message ends behind it. */
#define WAY_NAME(literal) WAY_EDIT(NAME, WAY_BYTES(literal))
#define WAY_LONG_NAME(name_bytes, label_bytes)                                                               \
	WAY_EDIT(LONG_NAME, .count = (name_bytes), .offset = (label_bytes))

/* Of messages: a record, counted in ARCOUNT, whose owner is these raw bytes; its data are `data_length`
 * letters. OPT, with these options. Bytes up to a total. */
#define WAY_RECORD(owner, record_type, record_class, data_length)                                            \
	WAY_EDIT(RECORD, WAY_BYTES(owner), .type = (record_type), .class = (record_class),                   \
		 .data_bytes = (data_length))
#define WAY_OPT(udp_size, ttl_bits, options)                                                                 \
	WAY_EDIT(RECORD, WAY_BYTES("\0"), .type = 41, .class = (udp_size), .ttl = (ttl_bits),                \
		 .data = (options), .data_bytes = sizeof(options) - 1)
#define WAY_FILL(total) WAY_EDIT(FILL, .count = (total))

/* A query with RD=1; all zero is the plain one. */
struct way_message {
	const char *name;     /* NULL: "wWw.eXaMpLe.NeT" */
	uint16_t type, class; /* 0: 1 */
	struct way_edit edits[WAY_EDITS_MAX];
};

void way_dns_make(struct way_dns *dns, uint16_t id, const struct way_message *message);
void way_dns_edit(struct way_dns *dns, const struct way_edit edits[WAY_EDITS_MAX]);
void way_frame_edit(struct way_frame *frame, const struct way_edit edits[WAY_EDITS_MAX]);

#endif
