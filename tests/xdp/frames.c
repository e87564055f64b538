/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames are written front to back through a cursor, with one function per header; each function
 * fills in the lengths of its header once the rest is written. */
#include "tests/xdp/frames.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

struct writer {
	uint8_t *frame;
	size_t bytes;
};

static uint8_t *
put(struct writer *w, size_t bytes)
{
	uint8_t *at = w->frame + w->bytes;

	if (w->bytes + bytes > FRAME_BYTES_MAX) {
		fprintf(stderr, "frame of more than %d bytes\n", FRAME_BYTES_MAX);
		abort();
	}
	memset(at, 0, bytes);
	w->bytes += bytes;
	return at;
}

static void
put_be16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void
address_parse(const char *text, uint8_t *bytes)
{
	memcpy(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	if (inet_pton(AF_INET, text, bytes + 12) == 1 || inet_pton(AF_INET6, text, bytes) == 1)
		return;
	fprintf(stderr, "%s is not an address\n", text);
	abort();
}

/* Even bytes are 0, odd ones 53: reads as port 53 at every offset. */
static void
put_decoy(struct writer *w, unsigned bytes)
{
	uint8_t *at = put(w, bytes);

	for (unsigned i = 1; i < bytes; i += 2)
		at[i] = 53;
}

static void
put_ethernet(struct writer *w, const struct frame_spec *spec)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	unsigned ethertype = spec->ethertype;

	memcpy(put(w, sizeof(macs)), macs, sizeof(macs));
	for (int i = 0; i < FRAME_TAGS_MAX && spec->tags[i].tpid; i++) {
		uint8_t *tag = put(w, 4);

		put_be16(tag, spec->tags[i].tpid);
		put_be16(tag + 2, spec->tags[i].control);
	}
	if (ethertype == 0)
		ethertype = strchr(spec->to, ':') ? 0x86dd : 0x0800;
	put_be16(put(w, 2), ethertype);
}

static void
put_udp(struct writer *w, const struct frame_spec *spec)
{
	size_t start = w->bytes;
	uint8_t *udp = put(w, 8);

	put_be16(udp, spec->from_port);
	put_be16(udp + 2, spec->to_port);
	put_be16(udp + 4, spec->udp_length ? spec->udp_length : 8 + spec->payload_bytes);
	put_decoy(w, spec->payload_bytes);
	if (spec->udp_bytes && spec->udp_bytes < w->bytes - start)
		w->bytes = start + spec->udp_bytes;
}

static void
put_transport(struct writer *w, const struct frame_spec *spec)
{
	if (spec->protocol == 0 || spec->protocol == IPPROTO_UDP)
		put_udp(w, spec);
	else
		put_decoy(w, spec->payload_bytes);
}

static unsigned
length_told(const struct frame_spec *spec, size_t bytes)
{
	return spec->length_zero ? 0 : (unsigned)((int)bytes + spec->length_delta);
}

static void
put_ipv4(struct writer *w, const struct frame_spec *spec)
{
	size_t start = w->bytes, header_bytes = 20 + spec->option_bytes;
	uint8_t *ip = put(w, header_bytes);
	unsigned version = spec->version ? spec->version : 4;
	unsigned ihl = spec->ihl ? spec->ihl : (unsigned)header_bytes / 4;

	ip[0] = (uint8_t)(version << 4 | (ihl & 15));
	put_be16(ip + 6, spec->fragment);
	ip[8] = 64;
	ip[9] = spec->protocol ? spec->protocol : IPPROTO_UDP;
	inet_pton(AF_INET, spec->from, ip + 12);
	inet_pton(AF_INET, spec->to, ip + 16);
	memset(ip + 20, 1, spec->option_bytes); /* no-operations */
	put_transport(w, spec);
	put_be16(ip + 2, length_told(spec, w->bytes - start));
}

static uint8_t
extension_number(char letter)
{
	switch (letter) {
	case 'H':
		return IPPROTO_HOPOPTS;
	case 'R':
		return IPPROTO_ROUTING;
	case 'D':
		return IPPROTO_DSTOPTS;
	case 'F':
		return IPPROTO_FRAGMENT;
	default:
		fprintf(stderr, "%c is not an extension header\n", letter);
		abort();
	}
}

/* The type of the header at `letters`: an extension header, or the protocol after them. */
static uint8_t
next_header(const struct frame_spec *spec, const char *letters)
{
	if (*letters)
		return extension_number(*letters);
	return spec->protocol ? spec->protocol : IPPROTO_UDP;
}

static void
put_extension(struct writer *w, const struct frame_spec *spec, const char *letters)
{
	size_t bytes = spec->extension_bytes && *letters != 'F' ? spec->extension_bytes : 8;
	uint8_t *extension = put(w, bytes);

	extension[0] = next_header(spec, letters + 1);
	if (*letters == 'F') {
		put_be16(extension + 2, spec->fragment);
		return;
	}
	extension[1] = (uint8_t)(bytes / 8 - 1);
	if (*letters !=
	    /* a routing header of type 0 with no segments left is all zeros; others contain one
	     * PadN */
	    'R') {
		extension[2] = 1;
		extension[3] = (uint8_t)(bytes - 4);
	}
}

static void
put_ipv6(struct writer *w, const struct frame_spec *spec)
{
	const char *letters = spec->extensions ? spec->extensions : "";
	uint8_t *ip = put(w, 40);
	size_t start = w->bytes;

	ip[0] = (uint8_t)((spec->version ? spec->version : 6) << 4);
	ip[6] = next_header(spec, letters);
	ip[7] = 64;
	inet_pton(AF_INET6, spec->from, ip + 8);
	inet_pton(AF_INET6, spec->to, ip + 24);
	for (; *letters; letters++)
		put_extension(w, spec, letters);
	put_transport(w, spec);
	put_be16(ip + 4, length_told(spec, w->bytes - start));
}

size_t
frame_build(const struct frame_spec *spec, uint8_t *frame)
{
	struct writer w = {.frame = frame};

	put_ethernet(&w, spec);
	if (spec->to == NULL)
		put_decoy(&w, spec->payload_bytes ? spec->payload_bytes : FRAME_SHORT_BYTES - 14);
	else if (strchr(spec->to, ':'))
		put_ipv6(&w, spec);
	else
		put_ipv4(&w, spec);
	put_decoy(&w, spec->padding_bytes);
	return spec->cut_bytes && spec->cut_bytes < w.bytes ? spec->cut_bytes : w.bytes;
}
