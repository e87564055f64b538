/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for tests. */
#include "tests/unit/pipeline/pipeline_frame.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define ETHERNET_BYTES 14
#define IPV4_BYTES     20
#define IPV6_BYTES     40
#define UDP_BYTES      8
#define UDP_PROTOCOL   17

static void
set16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* RFC 1071 literally: 16 bits at a time, the carry added at once. */
static uint16_t
sum_add(uint16_t sum, const uint8_t *at, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i += 2) {
		uint32_t word = (uint32_t)at[i] << 8 | (i + 1 < bytes ? at[i + 1] : 0);
		uint32_t wide = sum + word;

		sum = (uint16_t)(wide > 0xffff ? wide - 0xffff : wide);
	}
	return sum;
}

/* The sum over pseudo header and datagram; 0xffff if the checksum is right. `addresses` point into
 * the IP header. */
static uint16_t
udp_sum(const uint8_t *addresses, uint32_t addresses_bytes, const uint8_t *udp, uint32_t bytes)
{
	uint8_t rest[4] = {0, UDP_PROTOCOL, (uint8_t)(bytes >> 8), (uint8_t)bytes};
	uint16_t sum = sum_add(0, addresses, addresses_bytes);

	sum = sum_add(sum, rest, sizeof(rest));
	return sum_add(sum, udp, bytes);
}

struct address
pipeline_address(const char *text)
{
	struct address address;
	uint8_t ipv4[4];

	if (inet_pton(AF_INET, text, ipv4) == 1)
		return address_from_ipv4(ipv4);
	if (inet_pton(AF_INET6, text, address.bytes) != 1)
		abort();
	return address;
}

static uint32_t
put_ethernet(uint8_t *to, const struct pipeline_ends *ends, const struct pipeline_shape *shape,
	     bool ipv6)
{
	uint32_t at = 12;

	memcpy(to, ends->destination_mac.bytes, 6);
	memcpy(to + 6, ends->source_mac.bytes, 6);
	for (int i = 0; i < shape->tag_count; i++, at += 4) {
		set16(to + at, shape->tag_types[i] ? shape->tag_types[i] : 0x8100);
		set16(to + at + 2, shape->tags[i]);
	}
	set16(to + at, ipv6 ? 0x86dd : 0x0800);
	return at + 2;
}

static uint32_t
put_ipv4(uint8_t *to, const struct pipeline_ends *ends, const struct pipeline_shape *shape,
	 uint32_t payload_bytes)
{
	uint32_t header = IPV4_BYTES + shape->option_bytes;

	memset(to, 0, IPV4_BYTES);
	memset(to + IPV4_BYTES, 1, shape->option_bytes);
	to[0] = (uint8_t)(0x40 | header / 4);
	set16(to + 2, header + payload_bytes);
	to[8] = 61;
	to[9] = UDP_PROTOCOL;
	memcpy(to + 12, ends->source.bytes + 12, 4);
	memcpy(to + 16, ends->destination.bytes + 12, 4);
	set16(to + 10, (uint16_t)~sum_add(0, to, header));
	if (shape->ip_sum == PIPELINE_SUM_WRONG)
		to[11] ^= 1;
	return header;
}

static uint32_t
put_ipv6(uint8_t *to, const struct pipeline_ends *ends, const struct pipeline_shape *shape,
	 uint32_t payload_bytes)
{
	const uint32_t each = shape->extension_bytes ? shape->extension_bytes : 8;
	uint32_t at = IPV6_BYTES, extensions = shape->extension_count * each;
	uint8_t *next = to + 6;

	memset(to, 0, IPV6_BYTES);
	to[0] = 0x60;
	set16(to + 4, extensions + payload_bytes);
	to[7] = 61;
	memcpy(to + 8, ends->source.bytes, 16);
	memcpy(to + 24, ends->destination.bytes, 16);
	for (int i = 0; i < shape->extension_count; i++, at += each) {
		*next = shape->extensions[i];
		memset(to + at, 0, each);
		to[at + 1] = (uint8_t)(each / 8 - 1);
		next = to + at;
	}
	*next = UDP_PROTOCOL;
	return at;
}

static void
put_udp(struct pipeline_frame *frame, const struct pipeline_ends *ends, const void *payload,
	uint32_t payload_bytes)
{
	uint8_t *udp = frame->frame + frame->udp;

	set16(udp, ends->source_port);
	set16(udp + 2, ends->destination_port);
	set16(udp + 4, UDP_BYTES + payload_bytes);
	set16(udp + 6, 0);
	if (payload_bytes > 0)
		memcpy(udp + UDP_BYTES, payload, payload_bytes);
}

static void
sum_udp(struct pipeline_frame *frame)
{
	const uint8_t *ip = frame->frame + frame->ip;
	uint8_t *udp = frame->frame + frame->udp;
	uint32_t bytes = get16(udp + 4), room = (uint32_t)sizeof(frame->frame) - frame->udp;
	uint16_t sum;

	set16(udp + 6, 0);
	sum = (uint16_t)~udp_sum(ip + (frame->ipv6 ? 8 : 12), frame->ipv6 ? 32 : 8, udp,
				 bytes < room ? bytes : room);
	set16(udp + 6, sum == 0 ? 0xffff : sum);
}

void
pipeline_frame_sum(struct pipeline_frame *frame)
{
	uint8_t *ip = frame->frame + frame->ip;

	if (!frame->ipv6) {
		set16(ip + 10, 0);
		set16(ip + 10, (uint16_t)~sum_add(0, ip, (ip[0] & 15) * 4u));
	}
	sum_udp(frame);
}

void
pipeline_frame_make(struct pipeline_frame *frame, const struct pipeline_ends *ends,
		    const struct pipeline_shape *shape, const void *payload, uint32_t payload_bytes)
{
	static const struct pipeline_shape plain;
	uint32_t inside, end;

	if (shape == NULL)
		shape = &plain;
	memset(frame, 0, sizeof(*frame));
	inside = UDP_BYTES + payload_bytes + shape->inner_padding;
	frame->ipv6 = shape->ipv6 || !address_is_ipv4(&ends->source) ||
		      !address_is_ipv4(&ends->destination);
	frame->ip = put_ethernet(frame->frame, ends, shape, frame->ipv6);
	frame->udp = frame->ip + (frame->ipv6 ? put_ipv6 : put_ipv4)(frame->frame + frame->ip, ends,
								     shape, inside);
	frame->dns = frame->udp + UDP_BYTES;
	end = frame->dns + payload_bytes + shape->inner_padding;
	frame->bytes = end + shape->outer_padding;
	if (frame->bytes > sizeof(frame->frame))
		abort();
	put_udp(frame, ends, payload, payload_bytes);
	memset(frame->frame + frame->dns + payload_bytes, 0xa5,
	       shape->inner_padding + shape->outer_padding);
	if (shape->udp_sum != PIPELINE_SUM_ZERO)
		sum_udp(frame);
	if (shape->udp_sum == PIPELINE_SUM_WRONG)
		frame->frame[frame->udp + 7] ^= 1;
}

struct pipeline_ends
pipeline_ends_back(const struct pipeline_ends *ends)
{
	return (struct pipeline_ends){
		.source_mac = ends->destination_mac,
		.destination_mac = ends->source_mac,
		.source = ends->destination,
		.destination = ends->source,
		.source_port = ends->destination_port,
		.destination_port = ends->source_port,
	};
}

bool
pipeline_ends_equal(const struct pipeline_ends *a, const struct pipeline_ends *b)
{
	return memcmp(&a->source_mac, &b->source_mac, sizeof(a->source_mac)) == 0 &&
	       memcmp(&a->destination_mac, &b->destination_mac, sizeof(a->destination_mac)) == 0 &&
	       address_equal(&a->source, &b->source) &&
	       address_equal(&a->destination, &b->destination) &&
	       a->source_port == b->source_port && a->destination_port == b->destination_port;
}

/* Checks of each header of a sent frame; they return the fault or NULL. */
static const char *
sent_ipv4(struct pipeline_sent *sent, const uint8_t *ip)
{
	if (sent->bytes < ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES)
		return "short IPv4 frame";
	if (ip[0] != 0x45)
		return "not a plain IPv4 header";
	if (get16(ip + 2) != sent->bytes - ETHERNET_BYTES)
		return "IPv4 total length does not match the frame";
	if (get16(ip + 6) != 0x4000)
		return "flags other than DF";
	if (ip[8] < 32 || ip[9] != UDP_PROTOCOL)
		return "wrong IPv4 TTL or protocol";
	if (sum_add(0, ip, IPV4_BYTES) != 0xffff)
		return "wrong IPv4 header checksum";
	sent->ends.source = address_from_ipv4(ip + 12);
	sent->ends.destination = address_from_ipv4(ip + 16);
	return NULL;
}

static const char *
sent_ipv6(struct pipeline_sent *sent, const uint8_t *ip)
{
	if (sent->bytes < ETHERNET_BYTES + IPV6_BYTES + UDP_BYTES)
		return "short IPv6 frame";
	if (ip[0] != 0x60 || ip[1] != 0 || ip[2] != 0 || ip[3] != 0)
		return "not a plain IPv6 header";
	if (get16(ip + 4) != sent->bytes - ETHERNET_BYTES - IPV6_BYTES)
		return "IPv6 payload length does not match the frame";
	if (ip[6] != UDP_PROTOCOL || ip[7] < 32)
		return "wrong IPv6 next header or hop limit";
	memcpy(sent->ends.source.bytes, ip + 8, 16);
	memcpy(sent->ends.destination.bytes, ip + 24, 16);
	return NULL;
}

static const char *
sent_udp(struct pipeline_sent *sent, const uint8_t *ip, const uint8_t *udp)
{
	uint32_t bytes = sent->bytes - (uint32_t)(udp - sent->frame);

	if (get16(udp + 4) != bytes)
		return "UDP length does not match the frame";
	if (get16(udp + 6) == 0)
		return "UDP checksum 0";
	if (udp_sum(ip + (sent->ipv6 ? 8 : 12), sent->ipv6 ? 32 : 8, udp, bytes) != 0xffff)
		return "wrong UDP checksum";
	sent->ends.source_port = get16(udp);
	sent->ends.destination_port = get16(udp + 2);
	sent->dns = (uint32_t)(udp - sent->frame) + UDP_BYTES;
	sent->dns_bytes = bytes - UDP_BYTES;
	return sent->dns_bytes < 12 ? "no DNS header" : NULL;
}

void
pipeline_sent_parse(struct pipeline_sent *sent)
{
	const uint8_t *ip = sent->frame + ETHERNET_BYTES;
	uint16_t type;

	if (sent->bytes < ETHERNET_BYTES) {
		sent->fault = "shorter than Ethernet";
		return;
	}
	memcpy(sent->ends.destination_mac.bytes, sent->frame, 6);
	memcpy(sent->ends.source_mac.bytes, sent->frame + 6, 6);
	type = get16(sent->frame + 12);
	sent->ipv6 = type == 0x86dd;
	if (type != 0x0800 && type != 0x86dd)
		sent->fault = "neither IPv4 nor IPv6";
	else
		sent->fault = (sent->ipv6 ? sent_ipv6 : sent_ipv4)(sent, ip);
	if (sent->fault == NULL)
		sent->fault = sent_udp(sent, ip, ip + (sent->ipv6 ? IPV6_BYTES : IPV4_BYTES));
}
