/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the frames of the XDP tests from a description of what is unusual about them.
 *
 * Usage: struct frame_spec spec = {.from = "192.0.2.2", .to = "192.0.2.53", .to_port = 53};
 *        size = frame_build(&spec, bytes);
 *
 * A spec that is all zero is a complete, untagged UDP datagram with right lengths. Checksums are 0,
 * because the XDP program does not check them. Threads: no state. */
#ifndef EPHEMERA_TESTS_XDP_FRAMES_H
#define EPHEMERA_TESTS_XDP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES_MAX	  2048
#define FRAME_TAGS_MAX	  8
#define FRAME_SHORT_BYTES 60 /* minimum of Ethernet, without the frame check sequence */

enum {
	TPID_C = 0x8100, /* 802.1Q */
	TPID_S = 0x88a8, /* 802.1ad */
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV6_MORE_FRAGMENTS = 1, /* the offset is above the lowest three bits */
};

struct frame_tag {
	uint16_t tpid; /* 0 ends the list of tags */
	uint16_t control;
};

struct frame_spec {
	struct frame_tag tags[FRAME_TAGS_MAX];
	uint16_t ethertype;    /* 0: by the family of the addresses */
	const char *from, *to; /* both IPv4 or both IPv6; NULL: not IP */
	uint8_t protocol;      /* 0: UDP */
	uint16_t from_port, to_port;
	unsigned payload_bytes; /* after the UDP header, or after the last header if not UDP */
	unsigned option_bytes;	/* IPv4, a multiple of 4 */
	/* IPv6, a letter each: Hop-by-hop, Routing, Destination, Fragment */
	const char *extensions;
	unsigned extension_bytes; /* of each extension header but a fragment header; 0: 8 */
	uint16_t fragment;	  /* field of the IPv4 header, or of the IPv6 fragment header */

	/* Wrong values and damage. */
	uint8_t version;	/* 0: the right one; 16: 0 */
	uint8_t ihl;		/* in words; 0: the right one; 16: 0 */
	int length_delta;	/* added to IPv4's total length or IPv6's payload length */
	bool length_zero;	/* set that length to 0 */
	uint16_t udp_length;	/* 0: the right one */
	unsigned udp_bytes;	/* size of UDP header and payload in the frame; 0: all */
	unsigned padding_bytes; /* after the packet; reads as UDP to port 53 */
	unsigned cut_bytes;	/* size to which the frame is cut; 0: not cut */
};

/* Writes the frame to `frame`, [FRAME_BYTES_MAX]; returns its size. */
size_t frame_build(const struct frame_spec *spec, uint8_t *frame);

/* Parses an address to 16 bytes as in the maps: IPv4 as ::ffff:a.b.c.d. Aborts on a syntax
 * error. */
void address_parse(const char *text, uint8_t *bytes);

#endif
