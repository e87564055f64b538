/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the test bed. */
#include "tests/bench/pipeline/bed.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <sodium.h>

#include "tests/unit/pipeline/pipeline_frame.h"

#define BED_MBUFS      16383
#define BED_POOL_CACHE 512
#define BED_TIMEOUT_MS 30000
#define BED_WAITERS    64
#define HUGE_BYTES     (2u << 20)

static void *
need(void *made, const char *what)
{
	if (made == NULL) {
		fprintf(stderr, "pipeline: no %s: %s\n", what, rte_strerror(rte_errno));
		abort();
	}
	return made;
}

bool
bed_eal_start(bool huge)
{
	char lcores[32];
	char *argv[16] = {"pipeline", "--lcores", lcores,	 "--no-pci", "--no-telemetry",
			  "-m",	      "192",	  "--log-level", "error"};
	int argc = 9, first = -1, second = -1;
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int core = 0; core < CPU_SETSIZE && second < 0; core++) {
		if (!CPU_ISSET(core, &allowed))
			continue;
		if (first < 0)
			first = core;
		else
			second = core;
	}
	snprintf(lcores, sizeof(lcores), "0@%d,1@%d", first, second < 0 ? first : second);
	if (huge) {
		argv[argc++] = "--in-memory";
	} else { /* EAL rejects the two together */
		argv[argc++] = "--no-huge";
		argv[argc++] = "--no-shconf";
	}
	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "pipeline: EAL did not start: %s%s\n", rte_strerror(rte_errno),
			huge ? "; 192 MiB of huge pages are needed, or --no-huge" : "");
		return false;
	}
	return sodium_init() >= 0;
}

void *
bed_memory(size_t bytes, bool reserved, const char **pages)
{
	const size_t whole = (bytes + HUGE_BYTES - 1) & ~(size_t)(HUGE_BYTES - 1);
	uint8_t *memory;

	*pages = "2 MiB";
	memory = reserved ? mmap(NULL, whole, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0)
			  : MAP_FAILED;
	if (memory != MAP_FAILED)
		return memory;
	/* Room to align to a huge page, so that the kernel can use transparent huge pages. */
	memory = mmap(NULL, whole + HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED)
		need(NULL, "memory");
	memory = (uint8_t *)(((uintptr_t)memory + HUGE_BYTES - 1) & ~(uintptr_t)(HUGE_BYTES - 1));
	*pages = madvise(memory, whole, MADV_HUGEPAGE) == 0 ? "2 MiB, transparent" : "4 KiB";
	memset(memory, 0, whole);
	return memory;
}

struct mac
bed_mac(enum bed_interface interface)
{
	return (struct mac){{2, 0, 0, 0, 0xee, (uint8_t)interface}};
}

struct mac
bed_peer_mac(enum bed_interface interface)
{
	return (struct mac){{2, 0, 0, 0, 0xfe, (uint8_t)interface}};
}

struct address
bed_service(bool ipv6)
{
	return pipeline_address(ipv6 ? "2001:db8:1::53" : "192.0.2.53");
}

struct address
bed_source(bool ipv6, unsigned n)
{
	struct address a = pipeline_address(ipv6 ? "2001:db8:2::10" : "198.51.100.16");

	a.bytes[15] = (uint8_t)(a.bytes[15] + n);
	return a;
}

struct address
bed_upstream(bool ipv6, unsigned n)
{
	struct address a = pipeline_address(ipv6 ? "2001:db8:3::" : "198.18.0.0");

	a.bytes[14] = 1;
	a.bytes[15] = (uint8_t)n;
	return a;
}

static struct rte_ring *
ring_make(const char *what, unsigned interface, unsigned queue, uint32_t size, unsigned flags)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "bed_%s%u_%u", what, interface, queue);
	return need(rte_ring_create(name, size, SOCKET_ID_ANY, flags), name);
}

static void
interface_make(struct bed *bed, unsigned interface)
{
	const struct rte_eth_conf conf = {0};
	char name[32];
	int ethdev;

	for (unsigned q = 0; q < BED_WORKERS; q++) {
		bed->rx[interface][q] = ring_make("rx", interface, q, BED_RING, RING_F_SC_DEQ);
		bed->tx[interface][q] =
			ring_make("tx", interface, q, BED_RING, RING_F_SP_ENQ | RING_F_SC_DEQ);
	}
	snprintf(name, sizeof(name), "bed%u", interface);
	ethdev = rte_eth_from_rings(name, bed->rx[interface], BED_WORKERS, bed->tx[interface],
				    BED_WORKERS, 0);
	if (ethdev < 0 ||
	    rte_eth_dev_configure((uint16_t)ethdev, BED_WORKERS, BED_WORKERS, &conf) != 0)
		need(NULL, "interface of rings");
	for (uint16_t q = 0; q < BED_WORKERS; q++)
		if (rte_eth_rx_queue_setup((uint16_t)ethdev, q, 64, SOCKET_ID_ANY, NULL,
					   bed->pool) != 0 ||
		    rte_eth_tx_queue_setup((uint16_t)ethdev, q, 64, SOCKET_ID_ANY, NULL) != 0)
			need(NULL, "queue");
	if (rte_eth_dev_start((uint16_t)ethdev) != 0)
		need(NULL, "started interface");
	bed->interfaces[interface] =
		(struct worker_interface){.ethdev = (uint16_t)ethdev,
					  .mtu_bytes = 1500,
					  .mac = bed_mac((enum bed_interface)interface)};
}

/* Suffixes of one to four labels: 's' and a number with a fixed number of digits, then fixed
 * labels. */
static void
suffixes_fill(struct snapshot *s, uint32_t count)
{
	static const char *const below[] = {"", "\2ex", "\2ex\2yz", "\2ex\2yz\2de"};
	struct suffix_route *suffixes;
	uint8_t *names;

	s->suffix_count = count;
	suffixes = snapshot_suffixes(s);
	names = snapshot_names(s);
	for (uint32_t i = 0; i < count; i++) {
		const char *rest = below[(uint64_t)i * 4 / count];
		const uint8_t bytes = (uint8_t)(9 + strlen(rest));

		suffixes[i] =
			(struct suffix_route){.name_offset = s->name_bytes, .name_bytes = bytes};
		names[s->name_bytes] = 7;
		snprintf((char *)names + s->name_bytes + 1, 16 + 1, "s%06u%s", i, rest);
		s->name_bytes += bytes;
	}
}

static void
snapshot_fill(struct snapshot *s, const struct bench_case *c)
{
	static const char *const allowed[][2] = {
		/* The default allow list of the configuration; sorted. */
		{"::1", "::1"},
		{"10.0.0.0", "10.255.255.255"},
		{"100.64.0.0", "100.127.255.255"},
		{"127.0.0.0", "127.255.255.255"},
		{"169.254.0.0", "169.254.255.255"},
		{"172.16.0.0", "172.31.255.255"},
		{"192.168.0.0", "192.168.255.255"},
		{"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	s->generation = 1;
	s->timeout_ms = BED_TIMEOUT_MS;
	s->near_misses = 1;
	s->edns_bytes = 1232;
	s->waiters = c->coalesce ? BED_WAITERS : 0;
	s->service_count = 2;
	for (unsigned i = 0; i < 2; i++)
		s->services[i] = (struct snapshot_service){
			.address = bed_service(i), .port = be16_from(53), .state = SLOT_ACTIVE};
	s->source_count = 2 * BED_SOURCES;
	for (unsigned i = 0; i < s->source_count; i++)
		s->sources[i] = (struct snapshot_source){
			.address = bed_source(i >= BED_SOURCES, i % BED_SOURCES),
			.state = SLOT_ACTIVE};
	s->upstream_count = c->upstreams;
	for (unsigned i = 0; i < s->upstream_count; i++) {
		s->upstreams[i] = (struct snapshot_upstream){
			.address = bed_upstream(c->ipv6, i),
			.port = be16_from(53),
			.state = SLOT_ACTIVE,
			.usable = 1,
			.resolved = 1,
			.interface_index = BED_FARM,
			.next_hop = bed_peer_mac(BED_FARM),
			.random_case = c->random_case,
		};
		snprintf(s->upstreams[i].name, sizeof(s->upstreams[i].name), "upstream-%u", i);
	}
	for (uint32_t port = BED_PORT_MIN; port < 65536; port++) {
		bitmap_set(s->ports_draw, (uint16_t)port);
		bitmap_set(s->ports_accept, (uint16_t)port);
	}
	s->range_count = RTE_DIM(allowed);
	for (unsigned i = 0; i < RTE_DIM(allowed); i++)
		s->ranges[i] = (struct address_range){pipeline_address(allowed[i][0]),
						      pipeline_address(allowed[i][1])};
	for (unsigned i = 0; i < s->service_count; i++)
		s->services[i].allow_count = s->range_count;
	s->member_count = s->upstream_count;
	s->pools[0] = (struct snapshot_pool){.name = "default",
					     .used = 1,
					     .policy = c->policy,
					     .load_percent = 150,
					     .member_count = s->member_count};
	for (unsigned i = 0; i < s->member_count; i++)
		snapshot_members(s)[i] = (struct pool_member){.upstream = (uint16_t)i, .weight = 1};
	suffixes_fill(s, c->suffixes);
	if (c->limit)
		s->limit = (struct snapshot_limit){.queries_per_second = 100000000,
						   .burst = 100000000,
						   .prefix4 = 24,
						   .prefix6 = 56};
}

static void
view_publish(struct bed *bed, const struct bench_case *c, uint32_t workers)
{
	struct snapshot *s = calloc(1, snapshot_size_max());
	const char *why;

	need(s, "snapshot");
	snapshot_fill(s, c);
	snapshot_seal(s);
	if (snapshot_validate(s, s->size_bytes, &why) != 0) {
		fprintf(stderr, "pipeline: the snapshot is invalid: %s\n", why);
		abort();
	}
	view_free(bed->view);
	owners_init(&bed->owners, workers);
	if (view_make(s, &bed->owners, rte_get_tsc_hz(), &bed->view) != 0)
		need(NULL, "view");
}

static void
worker_set(struct bed *bed, struct worker *w, uint32_t index, uint32_t workers, void *flows,
	   uint32_t size)
{
	memset(w, 0, sizeof(*w));
	w->index = index;
	w->worker_count = workers;
	w->current = &bed->view;
	w->stats = &bed->stats[index];
	w->tsc_hz = rte_get_tsc_hz();
	w->us_multiplier = worker_us_multiplier(w->tsc_hz);
	w->pool = bed->pool;
	w->peers = bed->workers;
	w->limit = &bed->limit;
	w->draining = &bed->draining;
	w->stop = &bed->stop;
	w->inbox = rte_ring_lookup(index == 0 ? "bed_inbox0_0" : "bed_inbox0_1");
	w->outbox = rte_ring_lookup(index == 0 ? "bed_outbox0_0" : "bed_outbox0_1");
	w->probes = index == 0 ? bed->probes : NULL;
	w->probe_results = index == 0 ? bed->probe_results : NULL;
	w->interface_count = BED_INTERFACE_COUNT;
	w->interfaces = bed->interfaces;
	for (unsigned interface = 0; interface < BED_INTERFACE_COUNT; interface++) {
		w->interface_of_ethdev[bed->interfaces[interface].ethdev] = (uint8_t)interface;
		w->tx[interface].queue = (uint16_t)index;
		w->rx[w->rx_count].ethdev = bed->interfaces[interface].ethdev;
		w->rx[w->rx_count++].queue = (uint16_t)index;
	}
	random_init(&w->random);
	flow_table_init(&w->flows, size, flows, w->stats->ports);
}

void
bed_set(struct bed *bed, const struct bench_case *c, uint32_t workers)
{
	const size_t each = (flow_table_bytes(c->flows) + 4095) & ~(size_t)4095;

	if (each * workers > bed->flow_bytes)
		abort();
	memset(bed->flow_memory, 0, each * workers);
	memset(bed->stats, 0, BED_WORKERS * sizeof(*bed->stats));
	view_publish(bed, c, workers);
	for (uint32_t i = 0; i < workers; i++)
		worker_set(bed, bed->workers[i], i, workers, (uint8_t *)bed->flow_memory + i * each,
			   c->flows);
}

void
bed_open(struct bed *bed, uint32_t flows, bool huge)
{
	memset(bed, 0, sizeof(*bed));
	limit_table_init(&bed->limit,
			 bed_memory(LIMIT_SETS * sizeof(struct limit_set), huge, &bed->pages),
			 LIMIT_SETS);
	bed->pool = need(rte_pktmbuf_pool_create("bed_pool", BED_MBUFS, BED_POOL_CACHE, 0,
						 RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY),
			 "pool");
	bed->stats = mmap(NULL, BED_WORKERS * sizeof(*bed->stats), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (bed->stats == MAP_FAILED)
		need(NULL, "statistics");
	bed->flow_bytes = flow_table_bytes(flows) + BED_WORKERS * 4096;
	bed->flow_memory = bed_memory(bed->flow_bytes, huge, &bed->pages);
	for (unsigned i = 0; i < BED_WORKERS; i++) {
		ring_make("inbox", 0, i, WORKER_RING_SIZE, RING_F_SC_DEQ);
		ring_make("outbox", 0, i, WORKER_RING_SIZE, RING_F_SC_DEQ);
		bed->workers[i] =
			need(rte_zmalloc("worker", sizeof(struct worker), RTE_CACHE_LINE_SIZE),
			     "worker");
	}
	bed->probes = ring_make("probes", 0, 0, WORKER_PROBE_RING, RING_F_SP_ENQ | RING_F_SC_DEQ);
	bed->probe_results = need(rte_ring_create_elem("bed_results", sizeof(struct probe_result),
						       WORKER_PROBE_RING, SOCKET_ID_ANY,
						       RING_F_SP_ENQ | RING_F_SC_DEQ),
				  "ring of probe results");
	for (unsigned interface = 0; interface < BED_INTERFACE_COUNT; interface++)
		interface_make(bed, interface);
}

void
bed_close(struct bed *bed)
{
	view_free(bed->view);
	munmap(bed->stats, BED_WORKERS * sizeof(*bed->stats));
	rte_eal_cleanup();
}
