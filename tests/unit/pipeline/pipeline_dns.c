/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS messages for tests. */
#include "tests/unit/pipeline/pipeline_dns.h"

#include <stdlib.h>
#include <string.h>

uint16_t
pipeline_dns_get(const uint8_t *message, size_t offset)
{
	return (uint16_t)(message[offset] << 8 | message[offset + 1]);
}

void
pipeline_dns_set(uint8_t *message, size_t offset, uint16_t value)
{
	message[offset] = (uint8_t)(value >> 8);
	message[offset + 1] = (uint8_t)value;
}

size_t
pipeline_dns_name(uint8_t *to, const char *text)
{
	size_t at = 0;

	while (*text != 0 && *text != '.') {
		size_t length = strcspn(text, ".");

		to[at++] = (uint8_t)length;
		memcpy(to + at, text, length);
		at += length;
		text += length;
		if (*text == '.')
			text++;
	}
	to[at++] = 0;
	return at;
}

/* Writes the header of a query with RD=1, and type and class after a name already written. */
static void
query_finish(struct pipeline_dns *dns, uint16_t id, size_t name_bytes, uint16_t type,
	     uint16_t class)
{
	memset(dns->message, 0, 12);
	pipeline_dns_set(dns->message, 0, id);
	pipeline_dns_set(dns->message, 2, 0x0100);
	pipeline_dns_set(dns->message, 4, 1);
	pipeline_dns_set(dns->message, 12 + name_bytes, type);
	pipeline_dns_set(dns->message, 14 + name_bytes, class);
	dns->question_bytes = name_bytes + 4;
	dns->bytes = 12 + dns->question_bytes;
	dns->opt = 0;
}

void
pipeline_dns_query(struct pipeline_dns *dns, uint16_t id, const char *name, uint16_t type,
		   uint16_t class)
{
	query_finish(dns, id, pipeline_dns_name(dns->message + 12, name), type, class);
}

size_t
pipeline_dns_name_long(uint8_t *to, size_t name_bytes, size_t label_bytes, uint32_t salt)
{
	size_t at = 0;

	while (name_bytes - at > 1) {
		size_t left = name_bytes - at - 1,
		       label = left > label_bytes + 1 ? label_bytes : left - 1;

		/* Never leave one byte: no label fits in it. */
		if (left - (label + 1) == 1)
			label--;
		to[at++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++, salt = salt * 1664525 + 1013904223)
			to[at++] = (uint8_t)("abcdefghijklmnopqrstuvwxyzABCDEF"[salt >> 27]);
	}
	to[at++] = 0;
	return at;
}

void
pipeline_dns_query_long(struct pipeline_dns *dns, uint16_t id, size_t name_bytes, uint32_t salt)
{
	query_finish(dns, id, pipeline_dns_name_long(dns->message + 12, name_bytes, 63, salt), 1,
		     1);
}

void
pipeline_dns_append(struct pipeline_dns *dns, const void *more, size_t bytes)
{
	if (dns->bytes + bytes > sizeof(dns->message))
		abort();
	memcpy(dns->message + dns->bytes, more, bytes);
	dns->bytes += bytes;
}

void
pipeline_dns_record(struct pipeline_dns *dns, const void *owner, size_t owner_bytes, uint16_t type,
		    uint16_t class, uint32_t ttl, const void *data, uint16_t bytes)
{
	uint8_t fixed[10];

	pipeline_dns_set(fixed, 0, type);
	pipeline_dns_set(fixed, 2, class);
	pipeline_dns_set(fixed, 4, (uint16_t)(ttl >> 16));
	pipeline_dns_set(fixed, 6, (uint16_t)ttl);
	pipeline_dns_set(fixed, 8, bytes);
	if (dns->opt == 0 && type == 41 && owner_bytes == 1)
		dns->opt = dns->bytes;
	pipeline_dns_append(dns, owner, owner_bytes);
	pipeline_dns_append(dns, fixed, sizeof(fixed));
	if (bytes > 0)
		pipeline_dns_append(dns, data, bytes);
	pipeline_dns_set(dns->message, 10, (uint16_t)(pipeline_dns_get(dns->message, 10) + 1));
}

void
pipeline_dns_opt(struct pipeline_dns *dns, uint16_t udp_size, uint32_t ttl, const void *options,
		 uint16_t bytes)
{
	pipeline_dns_record(dns, "", 1, 41, udp_size, ttl, options, bytes);
}

void
pipeline_dns_clamp(struct pipeline_dns *dns, uint16_t most)
{
	if (dns->opt > 0 && pipeline_dns_get(dns->message, dns->opt + 3) > most)
		pipeline_dns_set(dns->message, dns->opt + 3, most);
}

void
pipeline_dns_fill(struct pipeline_dns *dns, size_t total_bytes)
{
	if (total_bytes > sizeof(dns->message))
		abort();
	for (; dns->bytes < total_bytes; dns->bytes++)
		dns->message[dns->bytes] = (uint8_t)(dns->bytes * 151 + 7);
}

/* A TXT record is a name pointer, 10 fixed bytes and its data; as many as fit, the last one sized
 * to fill up. */
void
pipeline_dns_response(struct pipeline_dns *response, const uint8_t *asked, size_t asked_bytes,
		      uint8_t rcode, size_t total_bytes)
{
	size_t end = 12;

	while (end < asked_bytes && asked[end] != 0)
		end += asked[end] + 1u;
	end += 5;
	if (end > asked_bytes)
		abort();
	memcpy(response->message, asked, end);
	response->bytes = end;
	response->question_bytes = end - 12;
	response->opt = 0;
	response->message[2] |= 0x80;
	response->message[3] = (uint8_t)(0x80 | rcode);
	memset(response->message + 6, 0, 6);
	if (total_bytes >= end + 12 + 1) {
		const uint8_t fixed[12] = {0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 0, 0, 0};

		pipeline_dns_append(response, fixed, sizeof(fixed));
		pipeline_dns_set(response->message, response->bytes - 2,
				 (uint16_t)(total_bytes - end - 12));
		pipeline_dns_set(response->message, 6, 1);
	}
	if (total_bytes > 0)
		pipeline_dns_fill(response, total_bytes);
}
