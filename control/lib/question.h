/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS questions: text form "www.example. AAAA IN" to wire form and back.
 *
 * A name in text is labels separated by dots; a backslash quotes the next character, \DDD is a byte
 * in decimal (RFC 1035 section 5.1). All names are absolute, with or without the final dot; the
 * root is ".". Letter case is kept. Types have a name, or are written TYPE123 (RFC 3597 section 5).
 *
 * Threads: none; all state is in the arguments. [any] */
#ifndef EPHEMERA_CONTROL_LIB_QUESTION_H
#define EPHEMERA_CONTROL_LIB_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"

enum {
	QUESTION_NAME_TEXT_BYTES =
		4 * DNS_NAME_BYTES_MAX + 2, /* each byte as \DDD, and the terminating 0 */
	QUESTION_TYPE_TEXT_BYTES = 16,	    /* "TYPE65535", "CLASS65535", "NSEC3PARAM" */
	QUESTION_RCODE_TEXT_BYTES = 12,	    /* "nxdomain", "rcode11" */
	QUESTION_TEXT_BYTES = QUESTION_NAME_TEXT_BYTES + 2 * QUESTION_TYPE_TEXT_BYTES,
};

/* Writes `text` as a name of *name_bytes bytes, at most DNS_NAME_BYTES_MAX. 0, or -EINVAL;
 * then *why is the reason, a constant string. */
int question_name_parse(const char *text, uint8_t *name, uint16_t *name_bytes, const char **why);

/* Writes the name at the start of `wire` to `text` (QUESTION_NAME_TEXT_BYTES) and returns its
 * length in `wire`; -EINVAL if it does not end within `wire_bytes` or is compressed. */
int question_name_format(const uint8_t *wire, size_t wire_bytes, char *text);

/* The number of a type. 0, or -EINVAL. Case-insensitive. */
int question_type_parse(const char *text, uint16_t *type);

/* Writes the type's name to `text` (QUESTION_TYPE_TEXT_BYTES) and returns it. */
const char *question_type_format(uint16_t type, char *text);

/* The number of a response code without EDNS, 0 to 15, from its name ("nxdomain") or number. 0, or
 * -EINVAL. Case-insensitive. */
int question_rcode_parse(const char *text, uint8_t *rcode);

/* Writes the code's name, in lower case, to `text` (QUESTION_RCODE_TEXT_BYTES) and returns it. */
const char *question_rcode_format(uint8_t rcode, char *text);

/* The whole wire form, of class IN, in `question` (DNS_QUESTION_BYTES_MAX). Errors as in
 * question_name_parse(). */
int question_build(const char *name, uint16_t type, uint8_t *question, uint16_t *question_bytes,
		   const char **why);

/* Writes "NAME TYPE CLASS" to `text` (QUESTION_TEXT_BYTES) and returns it; "(malformed)" if the
 * bytes, which may be from the network, are not a question. */
const char *question_format(const uint8_t *question, size_t question_bytes, char *text);

#endif
