/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests that the load program detects wrong responses. Its queries are sent over an interface
 * made of a ring, turned into responses by its own farm, changed in one way, and received again. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#include "dataplane/port/driver.h"
#include "tests/bench/load/device.h"
#include "tests/bench/load/load.h"
#include "tests/unit/suite.h"

#define TSC_HZ 1000000000ull

static struct rte_mempool *pool;
static uint16_t device;

/* Clients with a farm as their peer. */
struct table {
	struct options options;
	struct names names;
	struct clients clients;
	struct farm farm;
};

static void
must(int status, const char *why)
{
	if (status == 0)
		return;
	fprintf(stderr, "the test cannot begin: %s\n", why);
	abort();
}

static void
table_lay_for(struct table *t, const char *family_arguments[4], bool reflect, uint32_t name_bytes,
	      uint32_t edns_bytes)
{
	char service[64], clients[64], delay[] = "--farm-delay=0", farm[] = "--farm-device=0",
				       edns[32], names[32];
	char mirror[] = "--reflect", program[] = "test", line[] = "--", why[256] = "";
	char *argv[] = {program, line, service, clients, edns, names, reflect ? mirror : farm,
			delay,	 NULL};

	snprintf(service, sizeof(service), "--service=%s#5353", family_arguments[0]);
	snprintf(clients, sizeof(clients), "--clients=%s", family_arguments[1]);
	snprintf(edns, sizeof(edns), edns_bytes > 0 ? "--edns=%u" : "--quiet", edns_bytes);
	snprintf(names, sizeof(names), "--name-bytes=%u", name_bytes);
	must(options_read(&t->options, reflect ? 7 : 8, argv, why, sizeof(why)), why);
	t->options.client_device = t->options.farm_device = device;
	must(names_open(&t->names, &t->options, why, sizeof(why)), why);
	must(clients_open(&t->clients, &t->options, &t->names, pool, &(struct mac){{2}},
			  &(struct mac){{2, 1}}, TSC_HZ, why, sizeof(why)),
	     why);
	must(farm_open(&t->farm, &t->options, 256, TSC_HZ, &t->clients.counters), "farm");
	clients_measure(&t->clients);
}

static void
table_lay(struct table *t, const char *family_arguments[4], bool reflect)
{
	table_lay_for(t, family_arguments, reflect, 30, 1232);
}

static void
table_clear(struct table *t)
{
	farm_close(&t->farm);
	clients_close(&t->clients);
	names_close(&t->names);
}

/* The only frame in the ring. */
static struct rte_mbuf *
frame_take(void)
{
	struct rte_mbuf *mbuf = NULL;

	must(rte_eth_rx_burst(device, 0, &mbuf, 1) == 1 ? 0 : -1, "no frame on the ring");
	return mbuf;
}

/* Sends one query and returns the farm's response. */
static struct rte_mbuf *
response_make(struct table *t, struct datagram *d)
{
	struct rte_mbuf *mbuf;

	must(clients_send(&t->clients, 1, 1000) == 1 ? 0 : -1, "no query");
	mbuf = frame_take();
	must((int)datagram_find(mbuf, d), "the query cannot be parsed");
	must(farm_handle(&t->farm, mbuf, d, 1000) ? 0 : -1, "the farm did not accept it");
	farm_send(&t->farm, 1000);
	mbuf = frame_take();
	must((int)datagram_find(mbuf, d), "the response cannot be parsed");
	return mbuf;
}

/* Corrects the checksums after a change. */
static void
checksums_mend(struct datagram *d)
{
	const uint16_t udp_bytes = be16toh(d->udp->dgram_len);

	if (d->is_ipv4) {
		struct rte_ipv4_hdr *ip = frame_ipv4(d->frame);

		ip->hdr_checksum = 0;
		ip->hdr_checksum = (uint16_t)~checksum_fold32(checksum_sum(ip, sizeof(*ip)));
	}
	d->udp->dgram_cksum = 0;
	d->udp->dgram_cksum = checksum_field(datagram_sum(d->udp, udp_bytes, d->is_ipv4));
}

/* A byte that is XORed, in the part that begins with the IP, UDP or DNS header. */
struct spoil {
	enum {
		IP,
		UDP,
		DNS,
	} part;
	uint16_t ipv4, ipv6; /* offset in the part, for either family */
	uint8_t mask;	     /* 0: no change */
};

#define SPOIL(part, offset, mask)                                                                  \
	{                                                                                          \
		part, offset, offset, mask                                                         \
	}

/* The name has 30 bytes: a label of 16 letters in front of eXaMpLe.cOm. */
#define FIRST_LETTER (DNS_HEADER_BYTES + 2)
#define CASE_LETTER  (DNS_HEADER_BYTES + 1 + 16 + 1)
#define RECORD_LAST  (DNS_HEADER_BYTES + 30 + 4 + 16 - 1)

static const struct spoil spoil_case = SPOIL(DNS, CASE_LETTER, 0x20);

static void
spoil(struct datagram *d, const struct spoil *s)
{
	const uint16_t offset = d->is_ipv4 ? s->ipv4 : s->ipv6;
	uint8_t *const parts[] = {
		[IP] = d->frame + FRAME_IP, [UDP] = (uint8_t *)d->udp, [DNS] = (uint8_t *)d->dns};

	parts[s->part][offset] ^= s->mask;
}

#define COUNTED(name) offsetof(struct load_counters, name)

static const struct spoil_row {
	const char *description;
	struct spoil spoils[2];
	size_t counter; /* offset of the counter that must be 1 */
	bool is_answered;
	bool is_wrong; /* it counts as a wrong response */
} rows[] = {
	{"unchanged", {SPOIL(DNS, 0, 0)}, COUNTED(answered), true, false},
	{"another ID", {SPOIL(DNS, 1, 0x01)}, COUNTED(unknown), false, true},
	{"another letter in the name",
	 {SPOIL(DNS, FIRST_LETTER, 0x40)},
	 COUNTED(wrong_question),
	 false,
	 true},
	{"the letter in the other case",
	 {SPOIL(DNS, CASE_LETTER, 0x20)},
	 COUNTED(wrong_question),
	 false,
	 true},
	{"from another port", {SPOIL(UDP, 1, 0x01)}, COUNTED(wrong_source), false, true},
	{"from another address", {{IP, 15, 23, 0x01}}, COUNTED(wrong_source), false, true},
	{"to a port without a client", {SPOIL(UDP, 2, 0x80)}, COUNTED(unknown), false, true},
	{"to an address without a client", {{IP, 19, 24, 0x80}}, COUNTED(unknown), false, true},
	{"another address in the record",
	 {SPOIL(DNS, RECORD_LAST, 0x01)},
	 COUNTED(wrong_record),
	 false,
	 true},
	{"no record", {SPOIL(DNS, 7, 0x01)}, COUNTED(wrong_record), false, true},
	{"another opcode",
	 {SPOIL(DNS, 2, 2 << DNS_OPCODE_SHIFT)},
	 COUNTED(wrong_question),
	 false,
	 true},
	{"SERVFAIL", {SPOIL(DNS, 3, DNS_SERVFAIL)}, COUNTED(failed), false, false},
	{"truncated",
	 {SPOIL(DNS, 2, DNS_TC), SPOIL(DNS, 7, 0x01)},
	 COUNTED(truncated),
	 true,
	 false},
};

static const char *families[][4] = {{"192.0.2.53", "192.0.2.64-192.0.2.65"},
				    {"2001:db8::53", "2001:db8::1:0/120"}};

static uint64_t
counter_of(const struct load_counters *counters, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)counters + offset, sizeof(value));
	return value;
}

static void
test_changed(void)
{
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < RTE_DIM(rows); i++) {
			static struct table t;
			struct datagram d;
			struct rte_mbuf *mbuf;

			table_lay(&t, families[f], false);
			mbuf = response_make(&t, &d);
			spoil(&d, &rows[i].spoils[0]);
			spoil(&d, &rows[i].spoils[1]);
			checksums_mend(&d);
			SUITE_ASSERT(datagram_find(mbuf, &d) == DATAGRAM_DNS, "%s: still DNS",
				     rows[i].description);
			clients_response(&t.clients, &d, 2000);
			SUITE_ASSERT(counter_of(&t.clients.counters, rows[i].counter) == 1,
				     "%s %s: counted", families[f][0], rows[i].description);
			SUITE_ASSERT((t.clients.counters.answered == 1) == rows[i].is_answered,
				     "%s %s: answered", families[f][0], rows[i].description);
			SUITE_ASSERT(load_counters_wrong(&t.clients.counters) ==
					     (rows[i].is_wrong ? 1u : 0u),
				     "%s %s: wrong", families[f][0], rows[i].description);
			rte_pktmbuf_free(mbuf);
			table_clear(&t);
		}
}

/* A wrong response does not end the query: the right one after it counts, a duplicate does not. */
static void
test_after_wrong(void)
{
	static struct table t;
	struct datagram d;
	struct rte_mbuf *mbuf;

	table_lay(&t, families[0], false);
	mbuf = response_make(&t, &d);
	spoil(&d, &spoil_case);
	clients_response(&t.clients, &d, 2000);
	CU_ASSERT_EQUAL(t.clients.counters.answered, 0);
	spoil(&d, &spoil_case);
	clients_response(&t.clients, &d, 3000);
	CU_ASSERT_EQUAL(t.clients.counters.answered, 1);
	CU_ASSERT_EQUAL(t.clients.latency.max_tsc, 2000);
	clients_response(&t.clients, &d, 4000);
	CU_ASSERT_EQUAL(t.clients.counters.answered, 1);
	CU_ASSERT_EQUAL(t.clients.counters.duplicate, 1);
	clients_measure(&t.clients);
	clients_response(&t.clients, &d, 5000);
	CU_ASSERT_EQUAL(t.clients.counters.late, 1);
	rte_pktmbuf_free(mbuf);
	table_clear(&t);
}

/* Any changed byte without a corrected checksum is detected, except in the MAC addresses. */
static void
test_checksum(void)
{
	for (size_t f = 0; f < 2; f++) {
		static struct table t;
		struct datagram d;
		struct rte_mbuf *mbuf;
		/* IPv6 protects neither traffic class and flow label nor the hop limit. */
		const uint32_t first = f == 0 ? FRAME_IP : FRAME_IP + 8;

		table_lay(&t, families[f], false);
		mbuf = response_make(&t, &d);
		for (uint32_t at = first; at < mbuf->data_len; at++) {
			uint8_t *byte = rte_pktmbuf_mtod_offset(mbuf, uint8_t *, at);

			*byte ^= 0x10;
			SUITE_ASSERT(datagram_find(mbuf, &d) != DATAGRAM_DNS, "%s: byte %u changed",
				     families[f][0], at);
			*byte ^= 0x10;
		}
		CU_ASSERT_EQUAL(datagram_find(mbuf, &d), DATAGRAM_DNS);
		rte_pktmbuf_free(mbuf);
		table_clear(&t);
	}
}

/* The farm's response has the right checksums and no extra byte, for questions of odd and even
 * length, with and without EDNS, and with and without a checksum in the query. */
static void
test_farm(void)
{
	for (unsigned i = 0; i < 2 * 8 * 3 * 2; i++) {
		const uint32_t family = i % 2, name_bytes = 27 + i / 2 % 8,
			       edns = i / 16 % 3 * 1232;
		const bool is_bare = i / 48 != 0;
		static struct table t;
		struct datagram d;
		struct rte_mbuf *mbuf;

		if (is_bare && family == 1)
			continue; /* IPv6 always has a checksum */
		table_lay_for(&t, families[family], false, name_bytes, edns);
		must(clients_send(&t.clients, 1, 1000) == 1 ? 0 : -1, "no query");
		mbuf = frame_take();
		if (is_bare)
			((struct rte_udp_hdr *)(rte_pktmbuf_mtod(mbuf, uint8_t *) + FRAME_UDP_IPV4))
				->dgram_cksum = 0;
		SUITE_ASSERT(datagram_find(mbuf, &d) == DATAGRAM_DNS && d.is_summed == !is_bare,
			     "query %u", i);
		must(farm_handle(&t.farm, mbuf, &d, 1000) ? 0 : -1, "the farm did not accept it");
		farm_send(&t.farm, 1000);
		mbuf = frame_take();
		SUITE_ASSERT(datagram_find(mbuf, &d) == DATAGRAM_DNS && d.is_summed,
			     "%s, name of %u bytes, EDNS %u: a right checksum", families[family][0],
			     name_bytes, edns);
		CU_ASSERT_EQUAL(d.dns_bytes, DNS_HEADER_BYTES + name_bytes + 4 + 16);
		clients_response(&t.clients, &d, 2000);
		CU_ASSERT_EQUAL(t.clients.counters.answered, 1);
		rte_pktmbuf_free(mbuf);
		table_clear(&t);
	}
}

/* Truncated frames are not read beyond their end, and do not count as responses. */
static void
test_cut(void)
{
	static struct table t;
	struct datagram d;
	struct rte_mbuf *mbuf;
	uint16_t whole;

	table_lay(&t, families[0], false);
	mbuf = response_make(&t, &d);
	whole = mbuf->data_len;
	for (uint16_t bytes = RTE_ETHER_HDR_LEN; bytes < whole; bytes++) {
		mbuf->data_len = bytes;
		SUITE_ASSERT(datagram_find(mbuf, &d) == DATAGRAM_MALFORMED, "cut to %u bytes",
			     bytes);
	}
	mbuf->data_len = whole;
	rte_pktmbuf_free(mbuf);
	table_clear(&t);
}

/* Client and ID determine the query over several rounds of IDs; every response matches its
 * query. */
static void
test_numbers(void)
{
	static struct table t;
	const uint32_t clients = 2 * 64;

	table_lay(&t, families[0], false);
	t.clients.next = t.clients.period - 3 * clients; /* IDs repeat soon */
	t.clients.round = 65536 - 3;
	t.clients.next_name = (uint32_t)(t.clients.next % t.names.count);
	clients_measure(&t.clients);
	for (unsigned i = 0; i < 6 * clients; i++) {
		struct datagram d;
		struct rte_mbuf *mbuf = response_make(&t, &d);

		clients_response(&t.clients, &d, 2000);
		rte_pktmbuf_free(mbuf);
	}
	CU_ASSERT_EQUAL(t.clients.counters.answered, 6 * clients);
	CU_ASSERT_EQUAL(load_counters_wrong(&t.clients.counters), 0);
	table_clear(&t);
}

/* With --reflect our own frame with addresses and ports swapped is the response; without it, it is
 * not. */
static void
test_reflect(void)
{
	static struct table t;
	struct datagram d;
	struct rte_mbuf *mbuf;
	struct rte_ipv4_hdr *ip;
	uint32_t address;
	uint16_t port;

	table_lay(&t, families[0], true);
	must(clients_send(&t.clients, 1, 1000) == 1 ? 0 : -1, "no query");
	mbuf = frame_take();
	must((int)datagram_find(mbuf, &d), "the query cannot be parsed");
	clients_response(&t.clients, &d, 2000);
	CU_ASSERT_EQUAL(t.clients.counters.answered, 0);
	CU_ASSERT_EQUAL(load_counters_wrong(&t.clients.counters), 1);
	ip = frame_ipv4(d.frame);
	address = ip->src_addr;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = address;
	port = d.udp->src_port;
	d.udp->src_port = d.udp->dst_port;
	d.udp->dst_port = port;
	CU_ASSERT_EQUAL(datagram_find(mbuf, &d), DATAGRAM_DNS);
	clients_response(&t.clients, &d, 2000);
	CU_ASSERT_EQUAL(t.clients.counters.answered, 1);
	rte_pktmbuf_free(mbuf);
	table_clear(&t);
}

/* Software interfaces do not verify checksums, so the dataplane does not enable that offload. */
static void
test_device(void)
{
	struct rte_eth_dev_info about;

	must(rte_eth_dev_info_get(device, &about), "no device");
	CU_ASSERT_FALSE(driver_checks(&about));
}

/* A core that this program may use: in a container it need not be 0. */
static int
first_core(void)
{
	cpu_set_t allowed;
	int core = 0;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	while (core < CPU_SETSIZE - 1 && !CPU_ISSET(core, &allowed))
		core++;
	return core;
}

int
main(void)
{
	char program[] = "test", no_huge[] = "--no-huge", no_pci[] = "--no-pci",
	     no_shconf[] = "--no-shconf";
	char no_telemetry[] = "--no-telemetry", memory[] = "-m256", ring[] = "--vdev=net_ring0",
	     cores[32];
	char log_level[] = "--log-level=warning", why[256] = "";
	char *argv[] = {program, no_huge, no_pci, no_shconf, no_telemetry,
			memory,	 ring,	  cores,  log_level};
	CU_TestInfo tests[] = {
		{"changed responses", test_changed},
		{"after a wrong response", test_after_wrong},
		{"checksums", test_checksum},
		{"the farm's responses", test_farm},
		{"cut frames", test_cut},
		{"numbers of queries", test_numbers},
		{"reflected frames", test_reflect},
		{"device", test_device},
		CU_TEST_INFO_NULL,
	};

	snprintf(cores, sizeof(cores), "--lcores=0@%d", first_core());
	must(rte_eal_init(RTE_DIM(argv), argv) < 0, "EAL did not start");
	pool = rte_pktmbuf_pool_create("test", 4095, 64, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	must(pool == NULL, "no pool");
	must(device_open(device, pool, why, sizeof(why)), why);
	return suite_run("load, responses", tests);
}
