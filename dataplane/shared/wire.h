/* SPDX-License-Identifier: BSD-3-Clause */
/* Types and constants of the wire formats that both processes use: addresses, network-order values,
 * the DNS header (RFC 1035, 6891, 8914). All are values. */
#ifndef EPHEMERA_DATAPLANE_SHARED_WIRE_H
#define EPHEMERA_DATAPLANE_SHARED_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A 16-bit value in network order; the wrapper prevents arithmetic and comparison with host-order
 * numbers. */
struct be16 {
	uint16_t raw;
};

static inline struct be16
be16_from(uint16_t host)
{
	return (struct be16){htobe16(host)};
}

static inline uint16_t
be16_to(struct be16 value)
{
	return be16toh(value.raw);
}

static inline bool
be16_equal(struct be16 a, struct be16 b)
{
	return a.raw == b.raw;
}

/* An IPv6 address, or an IPv4 address as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct address {
	union {
		uint8_t bytes[16];
		uint32_t quarters[4];
		uint64_t words[2];
	};
};

static inline bool
address_equal(const struct address *a, const struct address *b)
{
	return ((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1])) == 0;
}

static inline bool
address_is_ipv4(const struct address *a)
{
	return a->words[0] == 0 && a->quarters[2] == htobe32(0x0000ffff);
}

/* `ipv4` points at 4 bytes in network order. */
static inline struct address
address_from_ipv4(const void *ipv4)
{
	struct address address = {.words = {0, htobe64(UINT64_C(0x0000ffff00000000))}};

	memcpy(address.bytes + 12, ipv4, 4);
	return address;
}

struct mac {
	uint8_t bytes[6];
};

/* The DNS header, RFC 1035 section 4.1.1, as in a packet (alignment 1). */
struct dns_header {
	struct be16 id;
	uint8_t flags1; /* QR, opcode, AA, TC, RD */
	uint8_t flags2; /* RA, Z, AD, CD, RCODE */
	struct be16 qdcount;
	struct be16 ancount;
	struct be16 nscount;
	struct be16 arcount;
} __attribute__((packed, aligned(1)));

enum {
	DNS_HEADER_BYTES = 12,
	DNS_QR = 0x80,	   /* flags1 */
	DNS_OPCODE = 0x78, /* flags1, mask */
	DNS_OPCODE_SHIFT = 3,
	DNS_AA = 0x04,
	DNS_TC = 0x02,
	DNS_RD = 0x01,
	DNS_RA = 0x80, /* flags2 */
	DNS_AD = 0x20,
	DNS_CD = 0x10,
	DNS_RCODE = 0x0f, /* flags2, mask */

	DNS_OPCODE_QUERY = 0,
	DNS_OPCODE_NOTIFY = 4,

	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,

	DNS_LABEL_BYTES_MAX = 63,
	DNS_NAME_BYTES_MAX = 255, /* including length bytes and the root, RFC 1035 section 3.1 */
	DNS_QUESTION_BYTES_MAX = DNS_NAME_BYTES_MAX + 4, /* name, type, class */

	DNS_TYPE_SIG = 24, /* SIG(0), RFC 2931 */
	DNS_TYPE_OPT = 41,
	DNS_TYPE_TSIG = 250,		    /* RFC 8945 */
	DNS_OPTION_EDE = 15,		    /* RFC 8914 */
	DNS_EDE_PROHIBITED = 18,	    /* RFC 8914 section 4.19 */
	DNS_EDE_NO_REACHABLE_AUTHORITY = 22 /* RFC 8914 section 4.23 */
};

#endif
