/* SPDX-License-Identifier: BSD-3-Clause */
/* DNS questions: text form to wire form and back. */
#include "control/lib/question.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
	CLASS_IN = 1,
};

struct type_name {
	uint16_t number;
	const char *name;
};

/* IANA, "Resource Record (RR) TYPEs"; other types are shown as TYPE123. */
static const struct type_name types[] = {
	{1, "A"},	    {2, "NS"},	    {5, "CNAME"},   {6, "SOA"},	      {12, "PTR"},
	{13, "HINFO"},	    {15, "MX"},	    {16, "TXT"},    {17, "RP"},	      {18, "AFSDB"},
	{24, "SIG"},	    {25, "KEY"},    {28, "AAAA"},   {29, "LOC"},      {33, "SRV"},
	{35, "NAPTR"},	    {36, "KX"},	    {37, "CERT"},   {39, "DNAME"},    {41, "OPT"},
	{42, "APL"},	    {43, "DS"},	    {44, "SSHFP"},  {45, "IPSECKEY"}, {46, "RRSIG"},
	{47, "NSEC"},	    {48, "DNSKEY"}, {49, "DHCID"},  {50, "NSEC3"},    {51, "NSEC3PARAM"},
	{52, "TLSA"},	    {53, "SMIMEA"}, {55, "HIP"},    {59, "CDS"},      {60, "CDNSKEY"},
	{61, "OPENPGPKEY"}, {62, "CSYNC"},  {63, "ZONEMD"}, {64, "SVCB"},     {65, "HTTPS"},
	{99, "SPF"},	    {108, "EUI48"}, {109, "EUI64"}, {249, "TKEY"},    {250, "TSIG"},
	{251, "IXFR"},	    {252, "AXFR"},  {255, "ANY"},   {256, "URI"},     {257, "CAA"},
};

static const struct type_name classes[] = {
	{CLASS_IN, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"}};

/* The byte at `*text`, with escapes decoded; moves `*text` past it. -EINVAL for a bad escape. The
 * text must not be empty. */
static int
escaped_byte(const char **text)
{
	const char *t = *text;
	int value = 0;

	if (t[0] != '\\') {
		*text = t + 1;
		return (uint8_t)t[0];
	}
	if (t[1] == 0)
		return -EINVAL;
	if (t[1] < '0' || t[1] > '9') {
		*text = t + 2;
		return (uint8_t)t[1];
	}
	for (int i = 1; i <= 3; i++) {
		if (t[i] < '0' || t[i] > '9')
			return -EINVAL;
		value = 10 * value + t[i] - '0';
	}
	*text = t + 4;
	return value <= 255 ? value : -EINVAL;
}

/* One label up to its dot or the end of the text; `label` has room for its length and
 * DNS_LABEL_BYTES_MAX bytes. */
static int
label_parse(const char **text, uint8_t *label, const char **why)
{
	unsigned bytes = 0;

	while (**text != 0 && **text != '.') {
		int byte = escaped_byte(text);

		if (byte < 0) {
			*why = "an escape is \\ and a character, or \\ and three digits up to 255";
			return -EINVAL;
		}
		if (bytes == DNS_LABEL_BYTES_MAX) {
			*why = "a label has at most 63 bytes";
			return -EINVAL;
		}
		label[++bytes] = (uint8_t)byte;
	}
	if (bytes == 0) {
		*why = "empty label: two dots in a row, or a dot at the start";
		return -EINVAL;
	}
	label[0] = (uint8_t)bytes;
	return 0;
}

int
question_name_parse(const char *text, uint8_t *name, uint16_t *name_bytes, const char **why)
{
	uint8_t label[1 + DNS_LABEL_BYTES_MAX];
	size_t used = 0;

	if (*text == 0) {
		*why = "empty: the root is \".\"";
		return -EINVAL;
	}
	if (text[0] == '.' && text[1] == 0)
		text++;
	while (*text != 0) {
		if (label_parse(&text, label, why) != 0)
			return -EINVAL;
		if (used + 1 + label[0] + 1 > DNS_NAME_BYTES_MAX) {
			*why = "a name has at most 255 bytes";
			return -EINVAL;
		}
		memcpy(name + used, label, 1 + label[0]);
		used += 1 + label[0];
		if (*text == '.')
			text++;
	}
	name[used++] = 0;
	*name_bytes = (uint16_t)used;
	return 0;
}

/* Appends a byte of a label; bytes that are special to a terminal or to a zone file parser are
 * escaped. */
static char *
byte_format(uint8_t byte, char *text)
{
	if (byte <= ' ' || byte >= 0x7f)
		return text + sprintf(text, "\\%03u", byte);
	if (strchr(".\\\"();@$", byte) != NULL)
		*text++ = '\\';
	*text++ = (char)byte;
	return text;
}

int
question_name_format(const uint8_t *wire, size_t wire_bytes, char *text)
{
	size_t at = 0;

	if (wire_bytes > DNS_NAME_BYTES_MAX)
		wire_bytes = DNS_NAME_BYTES_MAX;
	if (wire_bytes > 0 && wire[0] == 0)
		*text++ = '.';
	while (at < wire_bytes && wire[at] != 0) {
		size_t label_bytes = wire[at++];

		if (label_bytes > DNS_LABEL_BYTES_MAX || at + label_bytes >= wire_bytes)
			return -EINVAL;
		for (size_t end = at + label_bytes; at < end; at++)
			text = byte_format(wire[at], text);
		*text++ = '.';
	}
	if (at >= wire_bytes)
		return -EINVAL;
	*text = 0;
	return (int)at + 1;
}

/* TYPE123 and CLASS123 of RFC 3597: `word`, then a 16-bit number in decimal. */
static int
number_parse(const char *text, const char *word, uint16_t *number)
{
	size_t word_bytes = strlen(word), digits;
	unsigned long value;

	if (strncasecmp(text, word, word_bytes) != 0)
		return -EINVAL;
	text += word_bytes;
	digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 5 || text[digits] != 0)
		return -EINVAL;
	value = strtoul(text, NULL, 10);
	if (value > UINT16_MAX)
		return -EINVAL;
	*number = (uint16_t)value;
	return 0;
}

int
question_type_parse(const char *text, uint16_t *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(text, types[i].name) == 0) {
			*type = types[i].number;
			return 0;
		}
	}
	return number_parse(text, "TYPE", type);
}

static const char *
number_format(const struct type_name *table, size_t rows, uint16_t number, const char *word,
	      char *text)
{
	for (size_t i = 0; i < rows; i++) {
		if (table[i].number == number)
			return strcpy(text, table[i].name);
	}
	snprintf(text, QUESTION_TYPE_TEXT_BYTES, "%s%u", word, number);
	return text;
}

const char *
question_type_format(uint16_t type, char *text)
{
	return number_format(types, sizeof(types) / sizeof(types[0]), type, "TYPE", text);
}

/* IANA, "DNS RCODEs". */
static const char *const rcodes[] = {"noerror", "formerr", "servfail", "nxdomain",
				     "notimp",	"refused", "yxdomain", "yxrrset",
				     "nxrrset", "notauth", "notzone"};

int
question_rcode_parse(const char *text, uint8_t *rcode)
{
	unsigned number;
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++) {
		if (strcasecmp(text, rcodes[i]) == 0) {
			*rcode = (uint8_t)i;
			return 0;
		}
	}
	if (digits == 0 || digits > 2 || text[digits] != 0 || (text[0] == '0' && digits > 1))
		return -EINVAL;
	number = (unsigned)strtoul(text, NULL, 10);
	if (number > 15)
		return -EINVAL;
	*rcode = (uint8_t)number;
	return 0;
}

const char *
question_rcode_format(uint8_t rcode, char *text)
{
	if (rcode < sizeof(rcodes) / sizeof(rcodes[0]))
		return strcpy(text, rcodes[rcode]);
	snprintf(text, QUESTION_RCODE_TEXT_BYTES, "rcode%u", rcode);
	return text;
}

int
question_build(const char *name, uint16_t type, uint8_t *question, uint16_t *question_bytes,
	       const char **why)
{
	const uint8_t tail[4] = {(uint8_t)(type >> 8), (uint8_t)type, 0, CLASS_IN};
	uint16_t name_bytes;
	int err = question_name_parse(name, question, &name_bytes, why);

	if (err != 0)
		return err;
	memcpy(question + name_bytes, tail, sizeof(tail));
	*question_bytes = name_bytes + sizeof(tail);
	return 0;
}

const char *
question_format(const uint8_t *question, size_t question_bytes, char *text)
{
	char name[QUESTION_NAME_TEXT_BYTES], type[QUESTION_TYPE_TEXT_BYTES],
		class[QUESTION_TYPE_TEXT_BYTES];
	int name_bytes = question_name_format(question, question_bytes, name);
	const uint8_t *tail;

	if (name_bytes < 0 || question_bytes != (size_t)name_bytes + 4)
		return strcpy(text, "(malformed)");
	tail = question + name_bytes;
	number_format(classes, sizeof(classes) / sizeof(classes[0]),
		      (uint16_t)(tail[2] << 8 | tail[3]), "CLASS", class);
	snprintf(text, QUESTION_TEXT_BYTES, "%s %s %s", name,
		 question_type_format((uint16_t)(tail[0] << 8 | tail[1]), type), class);
	return text;
}
