/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums, compared with the implementation in pipeline_frame.c and with known
 * values. */
#include "dataplane/packet/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/pipeline/pipeline_frame.h"
#include "tests/unit/suite.h"

/* The sum of the pseudo header (RFC 768, RFC 8200 section 8.1) of a datagram of `bytes` bytes. */
static uint64_t
checksum_pseudo(const struct address *source, const struct address *destination, uint16_t bytes)
{
	uint64_t sum = checksum_add(checksum_address(source), checksum_address(destination));

	return checksum_add(sum, (uint64_t)htobe16(IPPROTO_UDP) + htobe16(bytes));
}

/* The folded sum of pseudo header and `bytes` bytes of datagram; 0xffff if the datagram's own
 * checksum is right. */
static uint16_t
checksum_udp_sum(const struct address *source, const struct address *destination, const void *udp,
		 uint16_t bytes)
{
	return checksum_fold(checksum_add(checksum_pseudo(source, destination, bytes),
					  checksum_bytes(udp, bytes)));
}

static uint16_t
checksum_udp(const struct address *source, const struct address *destination, const void *udp,
	     uint16_t bytes)
{
	return checksum_of(checksum_udp_sum(source, destination, udp, bytes));
}

static void
test_fold(void)
{
	static const struct {
		uint64_t sum;
		uint16_t folded;
	} rows[] = {
		{0, 0},
		{0xffff, 0xffff},
		{0x10000, 1},
		{0x1ffff, 1},
		{0xffff0000, 0xffff},
		{0xffffffff, 0xffff},
		{0x100000000, 1},
		{0x123456789abc, 0x0369}, /* 1234 + 5678 + 9abc = 10368 */
		{UINT64_MAX, 0xffff},
		{0xfffeffff, 0xffff - 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint16_t folded = checksum_fold(rows[i].sum);

		SUITE_ASSERT(folded == rows[i].folded, "%lx: %x", rows[i].sum, folded);
	}
}

/* Every length, odd and even, and every alignment, over both families. */
static void
test_lengths(void)
{
	uint8_t payload[1500], copy[1600];
	uint32_t random = 7;

	for (size_t i = 0; i < sizeof(payload); i++) {
		random = random * 1664525 + 1013904223;
		payload[i] = (uint8_t)(random >> 24);
	}
	for (int family = 0; family < 2; family++) {
		const struct pipeline_ends ends = {
			.source = pipeline_address(family ? "2001:db8:ffff::1" : "203.0.113.255"),
			.destination =
				pipeline_address(family ? "fe80::dead:beef" : "10.255.254.253"),
			.source_port = 65535,
			.destination_port = 53,
		};

		for (uint32_t bytes = 0; bytes <= 1472; bytes++) {
			struct pipeline_frame frame;
			const uint16_t udp_bytes = (uint16_t)(8 + bytes);
			uint8_t *udp = copy + (bytes & 7);

			pipeline_frame_make(&frame, &ends, NULL, payload, bytes);
			memcpy(udp, frame.frame + frame.udp, udp_bytes);
			SUITE_ASSERT(checksum_udp_sum(&ends.source, &ends.destination, udp,
						      udp_bytes) == 0xffff,
				     "%u bytes: right checksum rejected", bytes);
			udp[6] = udp[7] = 0;
			SUITE_ASSERT(htons(checksum_udp(&ends.source, &ends.destination, udp,
							udp_bytes)) ==
					     (frame.frame[frame.udp + 6] << 8 |
					      frame.frame[frame.udp + 7]),
				     "%u bytes", bytes);
		}
	}
}

/* Every flipped bit is detected. */
static void
test_bit_flips(void)
{
	const struct pipeline_ends ends = {.source = pipeline_address("192.0.2.1"),
					   .destination = pipeline_address("192.0.2.2")};
	struct pipeline_frame frame;

	pipeline_frame_make(&frame, &ends, NULL, "some payload", 12);
	for (uint32_t bit = 0; bit < 20 * 8; bit++) {
		frame.frame[frame.udp + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(checksum_udp_sum(&ends.source, &ends.destination,
						     frame.frame + frame.udp, 20),
				    0xffff);
		frame.frame[frame.udp + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* A checksum of 0 is sent as 0xffff (RFC 768), at every alignment of the word that causes it. */
static void
test_zero(void)
{
	const struct address a = pipeline_address("192.0.2.1"), b = pipeline_address("2001:db8::1");
	uint8_t udp[16] = {0, 53, 0, 53, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0};
	const struct address *pairs[][2] = {{&a, &a}, {&b, &b}};

	for (int i = 0; i < 2; i++) {
		uint16_t rest;

		udp[14] = udp[15] = 0;
		rest = checksum_udp(pairs[i][0], pairs[i][1], udp, 16);
		memcpy(udp + 14, &rest, 2);
		CU_ASSERT_EQUAL(checksum_udp_sum(pairs[i][0], pairs[i][1], udp, 16), 0xffff);
		CU_ASSERT_EQUAL(checksum_udp(pairs[i][0], pairs[i][1], udp, 16), 0xffff);
	}
}

/* An IPv4 address in its mapped form adds nothing to the pseudo header: the sum is that of RFC 768.
 * By hand: 10.0.0.1 to 10.0.0.2, protocol 17, 9 bytes, ports 1 and 2, one byte 'A'. */
static void
test_by_hand(void)
{
	const struct address from = pipeline_address("10.0.0.1"), to = pipeline_address("10.0.0.2");
	const uint8_t udp[9] = {0, 1, 0, 2, 0, 9, 0, 0, 'A'};
	const uint32_t sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 9 + 1 + 2 + 9 + 0x4100;

	CU_ASSERT_EQUAL(ntohs(checksum_udp(&from, &to, udp, sizeof(udp))), (uint16_t)~sum);
}

/* Sums are updated for a change of two bytes at every offset, and for bytes removed and added. */
static void
test_changes(void)
{
	uint8_t bytes[64];
	uint32_t random = 3;

	for (uint32_t round = 0; round < 2000; round++) {
		const uint32_t count = 2 + round % 63, offset = round / 63 % (count - 1);
		uint64_t sum, without;
		uint16_t old, new;

		for (uint32_t i = 0; i < count; i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = random & 0x10000 ? (uint8_t)(random >> 24)
						    : (random & 0x20000 ? 0xff : 0);
		}
		sum = checksum_bytes(bytes, count);
		memcpy(&old, bytes + offset, 2);
		new = round & 1 ? (uint16_t)random : (uint16_t)~old;
		memcpy(bytes + offset, &new, 2);
		sum = checksum_change(sum, offset, old, new);
		SUITE_ASSERT(checksum_of(sum) == checksum_of(checksum_bytes(bytes, count)),
			     "%u bytes, change at %u", count, offset);
		without = checksum_subtract(sum, checksum_bytes(bytes, count));
		SUITE_ASSERT(checksum_of(without) == 0xffff, "%u bytes: %lx left after subtraction",
			     count, without);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"fold", test_fold}, {"every length", test_lengths}, {"bit flips", test_bit_flips},
		{"zero", test_zero}, {"by hand", test_by_hand},	     {"changes", test_changes},
		CU_TEST_INFO_NULL};

	return suite_run("checksum", tests);
}
