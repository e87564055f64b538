/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes DNS messages for tests, byte by byte and without a line of the code under test (RFC 1035,
 * 6891). */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_DNS_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_DNS_H

#include <stddef.h>
#include <stdint.h>

#define PIPELINE_DNS_MAX 2048

struct pipeline_dns {
	size_t bytes;
	size_t question_bytes; /* of the first question: name, type and class */
	size_t opt;	       /* offset of the first OPT record; 0: none */
	uint8_t message[PIPELINE_DNS_MAX];
};

/* A name from text: dots part labels, "" and "." are the root. Returns its bytes. */
size_t pipeline_dns_name(uint8_t *to, const char *text);

/* A name of `name_bytes` bytes (not 2; odd where labels are of one byte), in labels of up to
 * `label_bytes`, as long as may be, of letters that `salt` chooses. Returns its bytes. */
size_t pipeline_dns_name_long(uint8_t *to, size_t name_bytes, size_t label_bytes, uint32_t salt);

/* A query with RD=1 and one question. */
void pipeline_dns_query(struct pipeline_dns *dns, uint16_t id, const char *name, uint16_t type,
			uint16_t class);

/* A query with such a name, of 1..255 bytes, in labels of up to 63. */
void pipeline_dns_query_long(struct pipeline_dns *dns, uint16_t id, size_t name_bytes,
			     uint32_t salt);

/* Appends to the last section: raw bytes; a record, or OPT (counted in ARCOUNT); bytes up to a
 * total. */
void pipeline_dns_append(struct pipeline_dns *dns, const void *more, size_t bytes);
void pipeline_dns_record(struct pipeline_dns *dns, const void *owner, size_t owner_bytes,
			 uint16_t type, uint16_t class, uint32_t ttl, const void *data,
			 uint16_t bytes);
void pipeline_dns_opt(struct pipeline_dns *dns, uint16_t udp_size, uint32_t ttl,
		      const void *options, uint16_t bytes);
void pipeline_dns_fill(struct pipeline_dns *dns, size_t total_bytes);

/* The answer to a message with one question: QR and RA set, the ID and the question as there, then
 * records up to `total_bytes` (0: none). */
void pipeline_dns_response(struct pipeline_dns *response, const uint8_t *asked, size_t asked_bytes,
			   uint8_t rcode, size_t total_bytes);

/* Lowers the size that the first OPT record offers, if it is larger: what a forwarder may do to a
 * query. */
void pipeline_dns_clamp(struct pipeline_dns *dns, uint16_t most);

/* 16 bits of a message, and what to write there. */
uint16_t pipeline_dns_get(const uint8_t *message, size_t offset);
void pipeline_dns_set(uint8_t *message, size_t offset, uint16_t value);

#endif
