/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions in wire format: for each, the bytes after the DNS header, and their part of the
 * checksum. Threads: made by names_open(), then read-only. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_NAMES_H
#define EPHEMERA_TESTS_BENCH_LOAD_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/load/options.h"

#define NAMES_MAX		  (1u << 24)
#define NAMES_GENERATED_BYTES_MIN 15 /* "x", example, com, the root */
#define NAMES_TAIL_MAX		  (DNS_QUESTION_BYTES_MAX + 11)
/* readable after the last one: copies are made in whole blocks */
#define NAMES_PADDING 32

struct name {
	uint64_t offset;	 /* of its bytes in names.bytes */
	uint16_t question_bytes; /* name, type, class */
	uint16_t tail_bytes;	 /* the same, and the OPT record if there is one */
	uint32_t sum;		 /* of the tail, for the UDP checksum */
	uint32_t mark; /* the address in the farm's responses to type A, in network order */
};

struct names {
	uint32_t count;
	struct name *name; /* [count] */
	uint8_t *bytes;
};

/* Reads or generates. 0, or -errno with the reason in `why`. [main] */
int names_open(struct names *names, const struct options *options, char *why, size_t why_bytes);
void names_close(struct names *names);

/* A type by its name: A, AAAA, ..., TYPE65. 0 or -EINVAL. */
int name_type_of(const char *text, uint16_t *type);

static inline const uint8_t *
name_tail(const struct names *names, const struct name *name)
{
	return names->bytes + name->offset;
}

#endif
