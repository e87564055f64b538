/* SPDX-License-Identifier: BSD-3-Clause */
/* Edits of messages and frames. */
#include "tests/unit/pipeline/pipeline_edit.h"

#include <stdlib.h>
#include <string.h>

/* Applies an edit of a kind common to messages and frames; any other is an error in the table. */
static void
edit_bytes(uint8_t *to, size_t *bytes, size_t room, const struct pipeline_edit *edit)
{
	const size_t end = edit->offset + (size_t)edit->count;
	const bool inside = (edit->kind == PIPELINE_EDIT_SET || edit->kind == PIPELINE_EDIT_XOR) &&
			    end <= *bytes;

	if (inside && edit->kind == PIPELINE_EDIT_SET) {
		memcpy(to + edit->offset, edit->bytes, edit->count);
	} else if (inside) {
		for (size_t i = 0; i < edit->count; i++)
			to[edit->offset + i] ^= (uint8_t)edit->bytes[i];
	} else if (edit->kind == PIPELINE_EDIT_APPEND && *bytes + edit->count <= room) {
		memcpy(to + *bytes, edit->bytes, edit->count);
		*bytes += edit->count;
	} else if (edit->kind == PIPELINE_EDIT_CUT && edit->count <= *bytes) {
		*bytes -= edit->count;
	} else if (edit->kind == PIPELINE_EDIT_CUT_TO && edit->count <= *bytes) {
		*bytes = edit->count;
	} else {
		abort();
	}
}

/* Replaces the question of a message by one for this name. */
static void
edit_name(struct pipeline_dns *dns, const struct pipeline_edit *edit)
{
	uint8_t *name = dns->message + 12;
	size_t bytes = edit->count;

	if (edit->kind == PIPELINE_EDIT_NAME)
		memcpy(name, edit->bytes, bytes);
	else
		pipeline_dns_name_long(name, bytes, edit->offset, (uint32_t)bytes);
	memcpy(name + bytes, "\0\1\0\1", 4);
	memcpy(dns->message + 4, "\0\1\0\0\0\0\0\0", 8);
	dns->question_bytes = bytes + 4;
	dns->bytes = 12 + dns->question_bytes;
	dns->opt = 0;
}

static void
edit_record(struct pipeline_dns *dns, const struct pipeline_edit *edit)
{
	char letters[256];

	if (edit->data == NULL && edit->data_bytes > sizeof(letters))
		abort();
	memset(letters, 'x', sizeof(letters));
	pipeline_dns_record(dns, edit->bytes, edit->count, edit->type, edit->class, edit->ttl,
			    edit->data != NULL ? edit->data : letters, edit->data_bytes);
}

void
pipeline_dns_edit(struct pipeline_dns *dns, const struct pipeline_edit edits[PIPELINE_EDITS_MAX])
{
	for (int i = 0; i < PIPELINE_EDITS_MAX && edits[i].kind != PIPELINE_EDIT_END; i++) {
		if (edits[i].kind == PIPELINE_EDIT_NAME || edits[i].kind == PIPELINE_EDIT_LONG_NAME)
			edit_name(dns, &edits[i]);
		else if (edits[i].kind == PIPELINE_EDIT_RECORD)
			edit_record(dns, &edits[i]);
		else if (edits[i].kind == PIPELINE_EDIT_FILL)
			pipeline_dns_fill(dns, edits[i].count);
		else
			edit_bytes(dns->message, &dns->bytes, sizeof(dns->message), &edits[i]);
		if (dns->bytes <= 12)
			dns->question_bytes = 0;
	}
}

void
pipeline_dns_make(struct pipeline_dns *dns, uint16_t id, const struct pipeline_message *message)
{
	pipeline_dns_query(dns, id, message->name != NULL ? message->name : "wWw.eXaMpLe.NeT",
			   message->type != 0 ? message->type : 1,
			   message->class != 0 ? message->class : 1);
	pipeline_dns_edit(dns, message->edits);
}

void
pipeline_frame_edit(struct pipeline_frame *frame,
		    const struct pipeline_edit edits[PIPELINE_EDITS_MAX])
{
	size_t bytes = frame->bytes;

	for (int i = 0; i < PIPELINE_EDITS_MAX && edits[i].kind != PIPELINE_EDIT_END; i++) {
		if (edits[i].kind == PIPELINE_EDIT_SUMS)
			pipeline_frame_sum(frame);
		else
			edit_bytes(frame->frame, &bytes, sizeof(frame->frame), &edits[i]);
	}
	frame->bytes = (uint32_t)bytes;
}
