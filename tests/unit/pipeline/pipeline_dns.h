/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes DNS messages for tests, byte by byte and independent of the code under test (RFC 1035,
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

/* Writes a name given as text: dots separate labels, "" and "." are the root. Returns its size. */
size_t pipeline_dns_name(uint8_t *to, const char *text);

/* Writes a name of `name_bytes` bytes (not 2; odd if `label_bytes` is 1) in labels of at most
 * `label_bytes`, each as long as possible, of letters selected by `salt`. Returns its size. */
size_t pipeline_dns_name_long(uint8_t *to, size_t name_bytes, size_t label_bytes, uint32_t salt);

/* A query with RD=1 and one question. */
void pipeline_dns_query(struct pipeline_dns *dns, uint16_t id, const char *name, uint16_t type,
			uint16_t class);

/* A query with such a name, of 1 to 255 bytes, in labels of at most 63. */
void pipeline_dns_query_long(struct pipeline_dns *dns, uint16_t id, size_t name_bytes,
			     uint32_t salt);

/* Append to the last section: raw bytes; a record or OPT, counted in ARCOUNT; bytes up to a
 * total. */
void pipeline_dns_append(struct pipeline_dns *dns, const void *more, size_t bytes);
void pipeline_dns_record(struct pipeline_dns *dns, const void *owner, size_t owner_bytes,
			 uint16_t type, uint16_t class, uint32_t ttl, const void *data,
			 uint16_t bytes);
void pipeline_dns_opt(struct pipeline_dns *dns, uint16_t udp_size, uint32_t ttl,
		      const void *options, uint16_t bytes);
void pipeline_dns_fill(struct pipeline_dns *dns, size_t total_bytes);

/* The response to a query with one question: QR and RA set, the same ID and question, then records
 * up to `total_bytes` (0: none). */
void pipeline_dns_response(struct pipeline_dns *response, const uint8_t *asked, size_t asked_bytes,
			   uint8_t rcode, size_t total_bytes);

/* Lowers the size in the first OPT record to `most`, as a forwarder may do. */
void pipeline_dns_clamp(struct pipeline_dns *dns, uint16_t most);

/* Reads and writes 16 bits of a message. */
uint16_t pipeline_dns_get(const uint8_t *message, size_t offset);
void pipeline_dns_set(uint8_t *message, size_t offset, uint16_t value);

#endif
