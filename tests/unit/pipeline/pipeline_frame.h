/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes valid and invalid frames for tests, and parses the frames that the pipeline sent.
 *
 * Independent of the code under test: checksums are summed byte by byte and lengths compared
 * exactly, so that an error in one implementation shows. */
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
	struct address source, destination; /* the frame is IPv4 if both are */
	uint16_t source_port, destination_port;
};

enum pipeline_sum {
	PIPELINE_SUM_RIGHT,
	PIPELINE_SUM_ZERO,
	PIPELINE_SUM_WRONG,
};

/* How a frame differs from the plain one; all zero: the plain one. */
struct pipeline_shape {
	bool ipv6; /* even if the addresses are IPv4: an IPv6 packet with mapped addresses */
	uint8_t tag_count;
	uint16_t tags[PIPELINE_TAGS_MAX];      /* TCI */
	uint16_t tag_types[PIPELINE_TAGS_MAX]; /* 0: 0x8100 */
	uint8_t option_bytes;	 /* IPv4 options, no-operations; a multiple of 4 up to 40 */
	uint8_t extension_count; /* IPv6 */
	uint8_t extensions[PIPELINE_EXTENSIONS_MAX]; /* their types */
	uint8_t extension_bytes;		     /* of each; 0: 8 */
	uint16_t inner_padding;			     /* bytes after UDP, inside IP */
	uint16_t outer_padding;			     /* bytes after IP */
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

/* Corrects both checksums after a test changed bytes of a frame with plain headers. */
void pipeline_frame_sum(struct pipeline_frame *frame);

/* A frame that the pipeline sent. */
struct pipeline_sent {
	const char *fault; /* what is wrong with it; NULL: nothing */
	uint8_t interface; /* that it was sent on */
	bool ipv6;
	struct pipeline_ends ends;
	uint32_t bytes;
	uint32_t dns, dns_bytes; /* offset, and size by the UDP header */
	uint8_t frame[PIPELINE_FRAME_MAX];
};

/* Parses and checks a frame whose interface, bytes and frame are set. */
void pipeline_sent_parse(struct pipeline_sent *sent);

/* The ends of a response to a frame. */
struct pipeline_ends pipeline_ends_back(const struct pipeline_ends *ends);
bool pipeline_ends_equal(const struct pipeline_ends *a, const struct pipeline_ends *b);

#endif
