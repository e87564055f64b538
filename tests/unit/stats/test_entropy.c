/* SPDX-License-Identifier: BSD-3-Clause */
/* The verdict on draws: good sources are uniform, each weak one is not, with the reason. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/stats/entropy.h"
#include "tests/unit/suite.h"

#define FIRST	    49152
#define PORTS	    16384
#define WORKERS_MAX 2

static struct snapshot *
snapshot_make(unsigned ipv4, unsigned ipv6)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	s->generation = 1;
	for (unsigned port = FIRST; port < FIRST + PORTS; port++)
		bitmap_set(s->ports_draw, (uint16_t)port);
	s->source_count = ipv4 + ipv6;
	for (unsigned i = 0; i < s->source_count; i++) {
		const uint8_t bytes[4] = {198, 51, 100, (uint8_t)(16 + i)};

		s->sources[i].state = SLOT_ACTIVE;
		s->sources[i].address = address_from_ipv4(bytes);
		if (i >= ipv4)
			s->sources[i].address.bytes[0] = 0x20;
	}
	s->upstream_count = 3;
	for (unsigned i = 0; i < 3; i++) {
		s->upstreams[i].state = SLOT_ACTIVE;
		s->upstreams[i].random_case = i != 1;
	}
	return s;
}

enum weak {
	WEAK_NONE,
	WEAK_POOL,	 /* 2,500 ports, chosen at the start */
	WEAK_PORT_COUNT, /* ports count up */
	WEAK_ID_COUNT,	 /* IDs count up */
	WEAK_ID_SMALL,	 /* IDs of 15 bits */
	WEAK_SLICE,	 /* a worker draws from half of the range */
	WEAK_ADDRESS,	 /* one of eight addresses is never drawn */
	WEAK_PORT_PAIRS, /* the port decides a bit of the next one */
	WEAK_LCG, /* bits 16 to 29 of a linear congruential generator modulo 2^32, its port and ID
			  * from one state */
};

struct source {
	enum weak weak;
	uint64_t random, count;
	uint32_t lcg;
	uint16_t last_port, last_id;
	uint16_t pool[2500];
};

static void
source_open(struct source *source, enum weak weak, uint64_t seed)
{
	*source = (struct source){.weak = weak,
				  .random = seed,
				  .lcg = (uint32_t)seed,
				  .last_port = FIRST + PORTS / 2,
				  .last_id = 32768};
	for (unsigned i = 0; i < 2500; i++)
		source->pool[i] = (uint16_t)(FIRST + suite_random_next(&source->random) % PORTS);
}

static void
draw(struct source *source, unsigned addresses, struct draw_difference *d)
{
	const uint64_t word = suite_random_next(&source->random);
	uint16_t id = (uint16_t)word, port = (uint16_t)(FIRST + (word >> 16) % PORTS);
	unsigned address = (unsigned)((word >> 40) % addresses);

	source->count++;
	switch (source->weak) {
	case WEAK_NONE:
		break;
	case WEAK_POOL:
		port = source->pool[(word >> 16) % 2500];
		break;
	case WEAK_PORT_COUNT:
		port = (uint16_t)(FIRST + source->count % PORTS);
		break;
	case WEAK_ID_COUNT:
		id = (uint16_t)source->count;
		break;
	case WEAK_ID_SMALL:
		id &= 0x7fff;
		break;
	case WEAK_SLICE:
		port = (uint16_t)(FIRST + (word >> 16) % (PORTS / 2));
		break;
	case WEAK_ADDRESS:
		address %= 7;
		break;
	case WEAK_PORT_PAIRS:
		if (word >> 63)
			port = (uint16_t)((port & ~0x2000) | (source->last_port & 0x2000));
		break;
	case WEAK_LCG:
		source->lcg = source->lcg * 1664525 + 1013904223;
		port = (uint16_t)(FIRST + (source->lcg & (PORTS - 1)));
		id = (uint16_t)source->lcg;
		break;
	}
	d->stats.draws++;
	d->stats.id_high[id >> 8]++;
	d->stats.id_low[id & 255]++;
	d->stats.sources[address]++;
	d->stats.port_sums.x += port;
	d->stats.port_sums.xx += (uint64_t)port * port;
	d->stats.port_sums.xy += (uint64_t)port * source->last_port;
	d->stats.id_sums.x += id;
	d->stats.id_sums.xx += (uint64_t)id * id;
	d->stats.id_sums.xy += (uint64_t)id * source->last_id;
	source->last_port = port;
	source->last_id = id;
	d->ports[port]++;
}

static const struct {
	const char *what;
	enum weak weak;
	unsigned draws;
	enum entropy_judgement judgement;
	const char *words;
} rows[] = {
	{"none", WEAK_NONE, 0, ENTROPY_TOO_FEW, "too few draws"},
	{"few", WEAK_NONE, 1000, ENTROPY_TOO_FEW, "too few draws"},
	{"good, 1,500", WEAK_NONE, 1500, ENTROPY_UNIFORM, "uniform"},
	{"good, 100,000", WEAK_NONE, 100000, ENTROPY_UNIFORM, "uniform"},
	{"good, 2,000,000", WEAK_NONE, 2000000, ENTROPY_UNIFORM, "uniform"},
	{"a pool of 2,500 ports, 1,500", WEAK_POOL, 1500, ENTROPY_NOT_UNIFORM, "ports in use"},
	{"a pool of 2,500 ports, 100,000", WEAK_POOL, 100000, ENTROPY_NOT_UNIFORM,
	 "ports (chi-square"},
	{"a counter of ports", WEAK_PORT_COUNT, 20000, ENTROPY_NOT_UNIFORM,
	 "consecutive ports correlate"},
	{"a counter of IDs", WEAK_ID_COUNT, 20000, ENTROPY_NOT_UNIFORM,
	 "consecutive IDs correlate"},
	{"IDs of 15 bits", WEAK_ID_SMALL, 2000, ENTROPY_NOT_UNIFORM, "IDs, high byte"},
	{"half of the range", WEAK_SLICE, 2000, ENTROPY_NOT_UNIFORM, "ports (chi-square"},
	{"an address left out", WEAK_ADDRESS, 2000, ENTROPY_NOT_UNIFORM, "IPv4 addresses"},
	{"ports that depend on the last one", WEAK_PORT_PAIRS, 2000, ENTROPY_NOT_UNIFORM,
	 "consecutive ports correlate"},
	{"low bits of a bad generator", WEAK_LCG, 100000, ENTROPY_NOT_UNIFORM, "ports"},
};

static void
test_rows(void)
{
	struct snapshot *s = snapshot_make(8, 0);
	struct draw_difference *d = malloc(sizeof(*d));
	struct source *source = malloc(sizeof(*source));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct entropy_measure worker, all;

		memset(d, 0, sizeof(*d));
		source_open(source, rows[i].weak, 1000 + i);
		for (unsigned n = 0; n < rows[i].draws; n++)
			draw(source, 8, d);
		entropy_of_worker(s, 1, d, &worker);
		entropy_of_all(s, 1, d, &worker, &all);
		SUITE_ASSERT(worker.judgement == rows[i].judgement &&
				     strstr(worker.verdict, rows[i].words) != NULL,
			     "%s: %s", rows[i].what, worker.verdict);
		SUITE_ASSERT(all.judgement == rows[i].judgement &&
				     strstr(all.verdict, rows[i].words) != NULL,
			     "%s: all: %s", rows[i].what, all.verdict);
	}
	free(source);
	free(d);
	free(s);
}

/* Two workers with their own addresses: unequal load is no fault, but one weak worker shows in the
 * sum. */
static void
test_workers(void)
{
	static const struct {
		const char *what;
		enum weak weak;
		unsigned draws[WORKERS_MAX];
		enum entropy_judgement judgement;
		const char *words;
	} pairs[] = {
		{"equal", WEAK_NONE, {100000, 100000}, ENTROPY_UNIFORM, "uniform"},
		{"one does most", WEAK_NONE, {200000, 3000}, ENTROPY_UNIFORM, "uniform"},
		{"one does all", WEAK_NONE, {200000, 0}, ENTROPY_UNIFORM, "uniform"},
		{"one counts", WEAK_PORT_COUNT, {200000, 2000}, ENTROPY_NOT_UNIFORM, "worker 1"},
		{"one has a pool", WEAK_POOL, {400000, 2000}, ENTROPY_NOT_UNIFORM, "worker 1"},
	};
	struct snapshot *s = snapshot_make(8, 0);
	struct draw_difference *sum = malloc(sizeof(*sum)), *d = calloc(WORKERS_MAX, sizeof(*d));
	struct source *source = malloc(sizeof(*source));

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct entropy_measure workers[WORKERS_MAX], all;

		memset(sum, 0, sizeof(*sum));
		memset(d, 0, WORKERS_MAX * sizeof(*d));
		for (unsigned w = 0; w < WORKERS_MAX; w++) {
			source_open(source, w == 1 ? pairs[i].weak : WEAK_NONE, 77 + i + w);
			for (unsigned n = 0; n < pairs[i].draws[w]; n++)
				draw(source, 4, &d[w]);
			for (unsigned n = 0; n < 4 && w == 1; n++) {
				d[w].stats.sources[4 + n] = d[w].stats.sources[n];
				d[w].stats.sources[n] = 0;
			}
			draw_difference_add(sum, &d[w]);
			entropy_of_worker(s, WORKERS_MAX, &d[w], &workers[w]);
		}
		entropy_of_all(s, WORKERS_MAX, sum, workers, &all);
		SUITE_ASSERT(all.judgement == pairs[i].judgement &&
				     strstr(all.verdict, pairs[i].words) != NULL,
			     "%s: %s; worker 0: %s; worker 1: %s", pairs[i].what, all.verdict,
			     workers[0].verdict, workers[1].verdict);
	}
	free(source);
	free(sum);
	free(d);
	free(s);
}

/* One address for two workers, its ports divided between them: a random division is right; slices
 * and every other port are not. */
static void
test_dealt(void)
{
	static const struct {
		const char *what;
		unsigned kind, draws;
		enum entropy_judgement judgement;
		const char *words;
	} deals[] = {
		{"at random", 0, 400000, ENTROPY_UNIFORM, "uniform"},
		{"at random, too few to tell which ports are the worker's", 0, 20000,
		 ENTROPY_UNIFORM, "uniform"},
		{"slices", 1, 400000, ENTROPY_NOT_UNIFORM, "distribution of the worker's ports"},
		{"every other port", 2, 400000, ENTROPY_NOT_UNIFORM,
		 "distribution of the worker's ports"},
		{"some of them twice as often", 3, 400000, ENTROPY_NOT_UNIFORM,
		 "ports (chi-square"},
	};
	struct snapshot *s = snapshot_make(1, 0);
	struct draw_difference *d = malloc(sizeof(*d));
	uint16_t *own = malloc(PORTS * sizeof(*own));
	struct source *source = malloc(sizeof(*source));

	for (size_t i = 0; i < sizeof(deals) / sizeof(deals[0]); i++) {
		struct entropy_measure measure;
		uint64_t state = 3 + i;
		unsigned count = 0;

		memset(d, 0, sizeof(*d));
		for (unsigned n = 0; n < PORTS; n++) {
			bool mine = deals[i].kind == 1	 ? n < PORTS / 2
				    : deals[i].kind == 2 ? n % 2 == 0
							 : suite_random_next(&state) >> 63;

			if (mine)
				own[count++] = (uint16_t)(FIRST + n);
		}
		source_open(source, WEAK_NONE, state);
		for (unsigned n = 0; n < deals[i].draws; n++) {
			uint16_t x = (uint16_t)(suite_random_next(&state) % count);

			draw(source, 1, d);
			if (deals[i].kind == 3 && x < count / 4 && suite_random_next(&state) >> 63)
				x = (uint16_t)(x + count / 4);
			d->ports[source->last_port]--;
			d->ports[own[x]]++;
		}
		entropy_of_worker(s, 2, d, &measure);
		SUITE_ASSERT(measure.ports_dealt && measure.judgement == deals[i].judgement &&
				     strstr(measure.verdict, deals[i].words) != NULL,
			     "%s: %s", deals[i].what, measure.verdict);
	}
	free(source);
	free(own);
	free(d);
	free(s);
}

static void
test_bits(void)
{
	struct snapshot *s = snapshot_make(8, 3);
	struct entropy_bits bits;

	s->sources[10].state = SLOT_RETIRED;
	s->upstreams[2].state = SLOT_RETIRED;
	entropy_bits(s, 45, 10, &bits);
	CU_ASSERT(bits.ports == PORTS && bits.port_bits == 14 && bits.id_bits == 16);
	CU_ASSERT(bits.addresses[ENTROPY_IPV4] == 8 && bits.address_bits[ENTROPY_IPV4] == 3);
	CU_ASSERT(bits.addresses[ENTROPY_IPV6] == 2 && bits.address_bits[ENTROPY_IPV6] == 1);
	CU_ASSERT(bits.upstreams == 2 && bits.upstreams_random == 1 && bits.case_bits == 4.5);
	CU_ASSERT(bits.total_bits[ENTROPY_IPV4] == 37.5 && bits.total_bits[ENTROPY_IPV6] == 35.5);
	entropy_bits(s, 0, 0, &bits);
	CU_ASSERT(bits.case_bits == 0 && bits.total_bits[ENTROPY_IPV4] == 33);
	s->upstreams[0].random_case = 0; /* no worker draws any more: old draws do not count */
	entropy_bits(s, 45, 10, &bits);
	CU_ASSERT(bits.case_bits == 0);
	s->source_count = 8;
	entropy_bits(s, 45, 10, &bits);
	CU_ASSERT(bits.total_bits[ENTROPY_IPV6] == 0);
	free(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"good and weak sources", test_rows},
			       {"workers", test_workers},
			       {"dealt ports", test_dealt},
			       {"bits", test_bits},
			       CU_TEST_INFO_NULL};

	return suite_run("entropy", tests);
}
