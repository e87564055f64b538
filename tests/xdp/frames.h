/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the frames of the XDP tests from a description of what is unusual about them.
 *
 * Usage: struct frame_spec spec = {.from = "192.0.2.2", .to = "192.0.2.53", .to_port = 53};
 *        size = frame_build(&spec, bytes);
 * All that a spec leaves zero is as usual: a whole, untagged UDP datagram with true lengths.
 * Checksums are 0, as the XDP program never looks at them. Threads: no state. */
#ifndef EPHEMERA_TESTS_XDP_FRAMES_H
#define EPHEMERA_TESTS_XDP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES_MAX	  2048
#define FRAME_TAGS_MAX	  8
#define FRAME_SHORT_BYTES 60 /* what Ethernet pads a frame to, without its check sequence */

enum {
	TPID_C = 0x8100, /* 802.1Q */
	TPID_S = 0x88a8, /* 802.1ad */
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV6_MORE_FRAGMENTS = 1, /* the offset is in the bits above the lowest three */
};

struct frame_tag {
	uint16_t tpid; /* 0 ends the list of tags */
	uint16_t control;
};

struct frame_spec {
	struct frame_tag tags[FRAME_TAGS_MAX];
	uint16_t ethertype;    /* 0: as the addresses say */
	const char *from, *to; /* both IPv4 or both IPv6; NULL: not IP */
	uint8_t protocol;      /* 0: UDP */
	uint16_t from_port, to_port;
	unsigned
		/* behind the UDP header, or behind all other headers if it is not UDP */
		payload_bytes;
	unsigned option_bytes; /* of IPv4, a multiple of 4 */
	const char *
		extensions; /* of IPv6, a letter each: Hop-by-hop, Routing, Destination, Fragment */
	unsigned extension_bytes; /* what the length of each but a fragment header says; 0: 8 */
	uint16_t fragment;	  /* the field of the IPv4 header, or of the IPv6 fragment header */

	/* Lies and damage. */
	uint8_t version;	/* 0: the true one; 16 sends 0 */
	uint8_t ihl;		/* 0: the true one; in words, 16 sends 0 */
	int length_delta;	/* added to IPv4's total length or IPv6's payload length */
	bool length_zero;	/* that length is 0 */
	uint16_t udp_length;	/* 0: the true one */
	unsigned udp_bytes;	/* how much of the UDP header and what follows is there; 0: all */
	unsigned padding_bytes; /* behind the packet, full of what would be UDP to port 53 */
	unsigned cut_bytes;	/* the frame ends after so many; 0: whole */
};

/* Writes the frame into FRAME_BYTES_MAX bytes; how many it takes. */
size_t frame_build(const struct frame_spec *spec, uint8_t *frame);

/* Address as the maps have it: IPv4 as ::ffff:a.b.c.d. `bytes` is 16 bytes. Aborts on a text that
 * is none. */
void address_parse(const char *text, uint8_t *bytes);

#endif
