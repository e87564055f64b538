/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes frames for tests, good ones and bad ones, and takes the frames apart that the way sent.
 *
 * Both sides are written a second time here, without a line of the code under test: checksums are
 * summed byte by byte, lengths compared exactly, so that a fault in one implementation does not
 * hide itself. */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_FRAME_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"

#define PIPELINE_FRAME_MAX	2048
#define PIPELINE_TAGS_MAX	4
#define PIPELINE_EXTENSIONS_MAX 20

struct pipeline_ends {
	struct mac source_mac, destination_mac;
	struct address source, destination; /* IPv4 frame where both are IPv4 */
	uint16_t source_port, destination_port;
};

enum pipeline_sum {
	PIPELINE_SUM_RIGHT,
	PIPELINE_SUM_ZERO,
	PIPELINE_SUM_WRONG,
};

/* How a frame differs from the plainest one; all zero is the plainest. */
struct pipeline_shape {
	bool ipv6; /* although the addresses are IPv4: an IPv6 packet with mapped addresses */
	uint8_t tag_count;
	uint16_t tags[PIPELINE_TAGS_MAX];      /* TCI */
	uint16_t tag_types[PIPELINE_TAGS_MAX]; /* 0: 0x8100 */
	uint8_t option_bytes;	 /* IPv4 options, no-operations; a multiple of 4 up to 40 */
	uint8_t extension_count; /* IPv6 */
	uint8_t extensions[PIPELINE_EXTENSIONS_MAX]; /* their types */
	uint8_t extension_bytes;		     /* of each; 0: 8 */
	uint16_t inner_padding;			     /* bytes behind UDP, inside IP */
	uint16_t outer_padding;			     /* bytes behind IP */
	enum pipeline_sum udp_sum, ip_sum;
};

struct pipeline_frame {
	uint32_t bytes;
	uint32_t ip, udp, dns; /* offsets */
	bool ipv6;
	uint8_t frame[PIPELINE_FRAME_MAX];
};

/* "192.0.2.1" or "2001:db8::1"; aborts on anything else. */
struct address pipeline_address(const char *text);

void pipeline_frame_make(struct pipeline_frame *frame, const struct pipeline_ends *ends,
			 const struct pipeline_shape *shape, const void *payload,
			 uint32_t payload_bytes);

/* Makes both checksums right again, over what the frame's headers say, after a test changed bytes
 * of a frame with plain headers. */
void pipeline_frame_sum(struct pipeline_frame *frame);

/* A frame that the way sent. */
struct pipeline_sent {
	const char *fault; /* what is wrong with it; NULL: nothing */
	uint8_t port;	   /* of the machine */
	bool ipv6;
	struct pipeline_ends ends;
	uint32_t bytes;
	uint32_t dns, dns_bytes; /* offset, and what UDP says */
	uint8_t frame[PIPELINE_FRAME_MAX];
};

/* Finds and checks everything in a frame whose port, bytes and frame are set. */
void pipeline_sent_parse(struct pipeline_sent *sent);

/* The ends of a response to a frame. */
struct pipeline_ends pipeline_ends_back(const struct pipeline_ends *ends);
bool pipeline_ends_equal(const struct pipeline_ends *a, const struct pipeline_ends *b);

#endif
