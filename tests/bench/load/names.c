/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the questions from a file, or generates them. RFC 1035 sections 3.1 (names), 5.1 (escapes),
 * 6891 (OPT). */
#include "tests/bench/load/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/load/packet.h"

#define NAME_LINE_BYTES 2048
#define NAMES_GENERATED "\7eXaMpLe\3cOm"

static const struct {
	const char *name;
	uint16_t type;
} types[] = {
	{"A", 1},     {"NS", 2},     {"CNAME", 5}, {"SOA", 6},	   {"PTR", 12},
	{"MX", 15},   {"TXT", 16},   {"AAAA", 28}, {"SRV", 33},	   {"NAPTR", 35},
	{"DS", 43},   {"RRSIG", 46}, {"NSEC", 47}, {"DNSKEY", 48}, {"TLSA", 52},
	{"SVCB", 64}, {"HTTPS", 65}, {"CAA", 257}, {"ANY", 255},
};

int
name_type_of(const char *text, uint16_t *type)
{
	char *end;
	unsigned long number;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].name, text) == 0) {
			*type = types[i].type;
			return 0;
		}
	if (strncasecmp(text, "TYPE", 4) != 0 || !isdigit((unsigned char)text[4]))
		return -EINVAL;
	number = strtoul(text + 4, &end, 10);
	if (*end != '\0' || number == 0 || number > UINT16_MAX)
		return -EINVAL;
	*type = (uint16_t)number;
	return 0;
}

/* ---- one name ---- */

/* A character of a label, with escapes decoded; -1 at the end of the label, -2 on a syntax
 * error. */
static int
label_character(const char **text)
{
	const char *t = *text;

	if (*t == '\0' || *t == '.')
		return -1;
	if (*t != '\\') {
		*text = t + 1;
		return (unsigned char)*t;
	}
	if (isdigit((unsigned char)t[1])) {
		const int number = isdigit((unsigned char)t[2]) && isdigit((unsigned char)t[3])
					   ? (t[1] - '0') * 100 + (t[2] - '0') * 10 + t[3] - '0'
					   : 256;

		*text = t + 4;
		return number < 256 ? number : -2;
	}
	if (t[1] == '\0')
		return -2;
	*text = t + 2;
	return (unsigned char)t[1];
}

/* Converts text to wire format; the number of bytes, or -EINVAL. */
static int
name_wire(const char *text, uint8_t wire[DNS_NAME_BYTES_MAX])
{
	int used = 0;

	while (*text != '\0' && strcmp(text, ".") != 0) {
		const int length_at = used++;
		int c = 0;

		while ((c = label_character(&text)) >= 0) {
			if (used >= DNS_NAME_BYTES_MAX - 1)
				return -EINVAL;
			wire[used++] = (uint8_t)c;
		}
		if (c == -2 || used - length_at - 1 > DNS_LABEL_BYTES_MAX || used - length_at == 1)
			return -EINVAL;
		wire[length_at] = (uint8_t)(used - length_at - 1);
		if (*text == '.')
			text++;
	}
	wire[used++] = 0;
	return used;
}

/* Writes the tail of a query: question, and OPT if wanted. */
static void
tail_write(struct name *name, uint8_t *tail, const uint8_t *wire, size_t wire_bytes, uint16_t type,
	   uint16_t edns_bytes)
{
	uint8_t *at = tail + wire_bytes;

	memcpy(tail, wire, wire_bytes);
	*at++ = (uint8_t)(type >> 8);
	*at++ = (uint8_t)type;
	*at++ = 0;
	*at++ = 1; /* IN */
	name->question_bytes = (uint16_t)(at - tail);
	if (edns_bytes != 0) {
		const uint8_t opt[11] = {0, 0, DNS_TYPE_OPT, (uint8_t)(edns_bytes >> 8),
					 (uint8_t)edns_bytes};

		memcpy(at, opt, sizeof(opt));
		at += sizeof(opt);
	}
	name->tail_bytes = (uint16_t)(at - tail);
	name->sum = checksum_fold32(checksum_sum(tail, name->tail_bytes));
	name->mark = type == 1 ? question_mark(tail, name->question_bytes) : 0;
}

/* Grows to `count` names of `bytes` bytes in all; keeps the existing names. */
static int
names_grow(struct names *names, uint32_t count, size_t bytes)
{
	struct name *name = realloc(names->name, count * sizeof(*name));
	uint8_t *block;

	if (name == NULL)
		return -ENOMEM;
	names->name = name;
	block = realloc(names->bytes, bytes + NAMES_PADDING);
	if (block == NULL)
		return -ENOMEM;
	names->bytes = block;
	return 0;
}

/* ---- all names ---- */

/* Number `i` in base 36, with different letters for each digit, fills the labels before
 * example.com. */
static void
generated_wire(uint32_t i, uint32_t wire_bytes, uint8_t wire[DNS_NAME_BYTES_MAX])
{
	static const char digits[] =
		"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint32_t left = wire_bytes - (uint32_t)sizeof(NAMES_GENERATED), at = 0, number = i;

	while (left > 0) {
		uint32_t length = left - 1 < 24 ? left - 1 : 24;

		if (left - 1 - length == 1)
			length--; /* a label needs two bytes */
		wire[at++] = (uint8_t)length;
		for (uint32_t c = 0; c < length; c++) {
			wire[at++] = (uint8_t)digits[(number % 36 + c * 7) % 62];
			number /= 36;
		}
		left -= length + 1;
	}
	memcpy(wire + at, NAMES_GENERATED, sizeof(NAMES_GENERATED));
}

/* How many different names of that many bytes can be generated. */
static uint64_t
generated_limit(uint32_t wire_bytes)
{
	const uint32_t letters = wire_bytes - (uint32_t)sizeof(NAMES_GENERATED) - 1;
	uint64_t limit = 1;

	for (uint32_t i = 0; i < letters && i < 6; i++)
		limit *= 36;
	return limit;
}

static int
names_generate(struct names *names, const struct options *o, char *why, size_t why_bytes)
{
	const uint32_t stride = o->name_bytes + 4 + (o->edns_bytes != 0 ? 11 : 0);
	uint8_t wire[DNS_NAME_BYTES_MAX];

	if (o->name_count > generated_limit(o->name_bytes)) {
		snprintf(why, why_bytes,
			 "there are not %u different names of %u bytes: give more --name-bytes, or "
			 "fewer names",
			 o->name_count, o->name_bytes);
		return -EINVAL;
	}
	if (names_grow(names, o->name_count, (size_t)stride * o->name_count) != 0) {
		snprintf(why, why_bytes, "no memory for %u names", o->name_count);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < o->name_count; i++) {
		generated_wire(i, o->name_bytes, wire);
		names->name[i].offset = (uint64_t)i * stride;
		tail_write(&names->name[i], names->bytes + (size_t)i * stride, wire, o->name_bytes,
			   o->name_type, o->edns_bytes);
	}
	names->count = o->name_count;
	return 0;
}

/* A line `name [type]`: 1 if it holds a question, 0 if it is empty, or -EINVAL. */
static int
line_read(char *line, uint16_t *type, uint8_t wire[DNS_NAME_BYTES_MAX], int *wire_bytes)
{
	static const char blank[] = " \t\r\n";
	char *rest, *name, *type_text;

	if (line[strspn(line, blank)] == '#')
		return 0;
	name = strtok_r(line, blank, &rest);
	if (name == NULL)
		return 0;
	type_text = strtok_r(NULL, blank, &rest);
	if (type_text != NULL && *type_text != '#' && name_type_of(type_text, type) != 0)
		return -EINVAL;
	*wire_bytes = name_wire(name, wire);
	return *wire_bytes < 0 ? -EINVAL : 1;
}

static int
names_read(struct names *names, const struct options *o, FILE *file, char *why, size_t why_bytes)
{
	uint8_t wire[DNS_NAME_BYTES_MAX];
	uint32_t room = 0, number = 0;
	char line[NAME_LINE_BYTES];
	size_t bytes = 0;

	while (fgets(line, sizeof(line), file) != NULL) {
		uint16_t type = o->name_type;
		int wire_bytes = 0, status;

		number++;
		status = line_read(line, &type, wire, &wire_bytes);
		if (status == 0)
			continue;
		if (status < 0 || names->count == NAMES_MAX) {
			snprintf(why, why_bytes, "%s line %u: %s", o->names_file, number,
				 status < 0 ? "not `name [type]`" : "more names than 16777216");
			return -EINVAL;
		}
		if (names->count == room) {
			room = room == 0 ? 1024 : room * 2;
			if (names_grow(names, room,
				       bytes + (size_t)(room - names->count) * NAMES_TAIL_MAX) !=
			    0) {
				snprintf(why, why_bytes, "no memory for %u names", room);
				return -ENOMEM;
			}
		}
		names->name[names->count].offset = bytes;
		tail_write(&names->name[names->count], names->bytes + bytes, wire,
			   (size_t)wire_bytes, type, o->edns_bytes);
		bytes += names->name[names->count++].tail_bytes;
	}
	if (names->count > 0)
		return 0;
	snprintf(why, why_bytes, "%s holds no names", o->names_file);
	return -EINVAL;
}

int
names_open(struct names *names, const struct options *o, char *why, size_t why_bytes)
{
	FILE *file;
	int status;

	memset(names, 0, sizeof(*names));
	if (o->names_file == NULL) {
		status = names_generate(names, o, why, why_bytes);
	} else {
		file = fopen(o->names_file, "re");
		if (file == NULL) {
			status = -errno;
			snprintf(why, why_bytes, "%s: %s", o->names_file, strerror(errno));
			return status;
		}
		status = names_read(names, o, file, why, why_bytes);
		fclose(file);
	}
	if (status != 0)
		names_close(names);
	return status;
}

void
names_close(struct names *names)
{
	free(names->name);
	free(names->bytes);
	memset(names, 0, sizeof(*names));
}
