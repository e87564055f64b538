/* SPDX-License-Identifier: BSD-3-Clause */
/* A million draws are uniform in port, ID and address and independent of earlier ones; and the same
 * checks reject draws that are weakened on purpose. Everything is seeded: results are
 * repeatable. */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "dataplane/pipeline/draw.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/pipeline/pipeline_statistics.h"
#include "tests/unit/suite.h"

/* Any rate: it is an argument. */
#define TSC_HZ UINT64_C(2600000000)

#define DRAWS	  1000000
#define SPAN_BINS 256 /* divides every range of these tests; so does 16 */

/* A draw's secrets, split in small parts; the survey has a table for each pair of parts, to test
 * their independence. */
enum {
	PORT_TOP, /* sixteenth of the range */
	PORT_MIDDLE,
	PORT_LOW,
	ID_0,
	ID_4,
	ID_8,
	ID_12,
	ADDRESS,
	PART_COUNT,
};

#define PART_VALUES 16

/* Counts over a million draws. */
struct survey {
	uint32_t ports[65536], ids[65536], sources[SNAPSHOT_SOURCES_MAX];
	uint32_t port_steps[SPAN_BINS],
		id_steps[SPAN_BINS]; /* differences between successive draws, modulo the range */
	uint32_t pairs[PART_COUNT][PART_COUNT][PART_VALUES * PART_VALUES];
};

static struct survey survey;
static struct flow_table flows;
static struct random_stream stream;

static void
seed_stream(uint8_t seed)
{
	const uint8_t key[32] = {seed};

	random_init_seeded(&stream, key);
}

typedef struct draw (*draw_source)(const struct view_space *space);

static struct draw
draw_real(const struct view_space *space)
{
	return draw_from(&stream, space, &flows);
}

/* As in Windows: one of 2,500 ports, chosen once. */
static struct draw
draw_pool_of_2500(const struct view_space *space)
{
	struct draw draw = draw_from(&stream, space, &flows);

	draw.port = be16_from((uint16_t)(PIPELINE_PORT_FIRST +
					 (be16_to(draw.port) - PIPELINE_PORT_FIRST) % 2500 * 6));
	return draw;
}

/* Consecutive ports: perfectly uniform, but predictable. */
static struct draw
draw_port_counter(const struct view_space *space)
{
	static uint32_t next;
	struct draw draw = draw_from(&stream, space, &flows);

	draw.port = be16_from((uint16_t)(PIPELINE_PORT_FIRST + next++ % 16384));
	return draw;
}

static struct draw
draw_id_counter(const struct view_space *space)
{
	static uint16_t next;
	struct draw draw = draw_from(&stream, space, &flows);

	draw.id = be16_from(next++);
	return draw;
}

static struct draw
draw_id_half(const struct view_space *space)
{
	struct draw draw = draw_from(&stream, space, &flows);

	draw.id = be16_from(be16_to(draw.id) & 0x7fff);
	return draw;
}

/* Four bits of the ID depend on the port; each alone is uniform. */
static struct draw
draw_id_from_port(const struct view_space *space)
{
	struct draw draw = draw_from(&stream, space, &flows);

	draw.id = be16_from(
		(uint16_t)((be16_to(draw.id) & 0xff0f) | (be16_to(draw.port) << 4 & 0x00f0)));
	return draw;
}

/* The address depends on the ID. */
static struct draw
draw_address_from_id(const struct view_space *space)
{
	struct draw draw = draw_from(&stream, space, &flows);

	draw.source = be16_to(draw.id) >> 9 & 3;
	return draw;
}

static struct draw
draw_first_address_more(const struct view_space *space)
{
	struct draw draw = draw_from(&stream, space, &flows);

	if (random_u64(&stream) % 100 == 0)
		draw.source = 0;
	return draw;
}

static void
survey_pairs(const struct draw *draw, uint32_t first, uint32_t range)
{
	const uint32_t port = be16_to(draw->port) - first, id = be16_to(draw->id);
	const uint32_t parts[PART_COUNT] = {
		[PORT_TOP] = port * PART_VALUES / range,
		[PORT_MIDDLE] = port >> 4 & 15,
		[PORT_LOW] = port & 15,
		[ID_0] = id & 15,
		[ID_4] = id >> 4 & 15,
		[ID_8] = id >> 8 & 15,
		[ID_12] = id >> 12,
		[ADDRESS] = draw->source,
	};

	if (port >= range || draw->source >= PART_VALUES)
		return; /* counted as outside the range elsewhere */
	for (int a = 0; a < PART_COUNT; a++)
		for (int b = a + 1; b < PART_COUNT; b++)
			survey.pairs[a][b][parts[b] * PART_VALUES + parts[a]]++;
}

static void
survey_take(draw_source source, const struct view_space *space, uint32_t first, uint32_t range)
{
	uint16_t last_port = 0, last_id = 0;

	memset(&survey, 0, sizeof(survey));
	for (uint32_t n = 0; n < DRAWS; n++) {
		const struct draw draw = source(space);
		const uint16_t port = be16_to(draw.port), id = be16_to(draw.id);

		survey.ports[port]++;
		survey.ids[id]++;
		survey.sources[draw.source]++;
		if (n > 0) {
			uint32_t step = (port + range - last_port) % range;

			survey.port_steps[step * SPAN_BINS / range]++;
			survey.id_steps[(uint16_t)(id - last_id) * SPAN_BINS >> 16]++;
		}
		survey_pairs(&draw, first, range);
		last_port = port;
		last_id = id;
	}
}

static bool
say(bool held, bool verbose, const char *what, double p)
{
	if (!held && verbose)
		fprintf(stderr, "  %s: p = %g\n", what, p);
	return held;
}

/* Are all parts of a draw independent of each other? The top of the port against its other bits is
 * left out: they are not exactly independent. */
static bool
pairs_independent(uint32_t sources, bool verbose)
{
	bool independent = true;

	for (int a = 0; a < PART_COUNT; a++) {
		for (int b = a + 1; b < PART_COUNT; b++) {
			const size_t bins = PART_VALUES * (b == ADDRESS ? sources : PART_VALUES);
			const double p = chi_square_uniform_p(survey.pairs[a][b], bins);
			char what[32];

			if (a == PORT_TOP && b <= PORT_LOW)
				continue;
			snprintf(what, sizeof(what), "parts %d and %d", a, b);
			independent &= say(chi_square_plausible(p), verbose, what, p);
		}
	}
	return independent;
}

/* The check that real draws pass and weak ones fail. `verbose`: print which part failed. */
static bool
survey_uniform(uint32_t first, uint32_t range, uint32_t sources, bool verbose)
{
	const struct {
		const char *what;
		double p;
	} rows[] = {
		{"ports", chi_square_uniform_p(survey.ports + first, range)},
		{"IDs", chi_square_uniform_p(survey.ids, 65536)},
		{"addresses", sources > 1 ? chi_square_uniform_p(survey.sources, sources) : 0.5},
		{"steps of the port", chi_square_uniform_p(survey.port_steps, SPAN_BINS)},
		{"steps of the ID", chi_square_uniform_p(survey.id_steps, SPAN_BINS)},
	};
	uint32_t inside = 0;
	bool uniform;

	for (uint32_t i = 0; i < range; i++)
		inside += survey.ports[first + i];
	uniform = say(inside == DRAWS, verbose, "draws outside the range", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		uniform &= say(chi_square_plausible(rows[i].p), verbose, rows[i].what, rows[i].p);
	return pairs_independent(sources, verbose) && uniform;
}

/* Deals the ports again, from the seeded stream. */
static void
seed_deal(struct owners *owners)
{
	for (uint32_t i = 0; i < 65536; i++)
		owners->deal[i] = (uint8_t)(i % owners->worker_count);
	for (uint32_t i = 65535; i > 0; i--) {
		const uint32_t j = (uint32_t)(random_u64(&stream) % (i + 1));
		const uint8_t worker = owners->deal[i];

		owners->deal[i] = owners->deal[j];
		owners->deal[j] = worker;
	}
	memset(owners->map.offset, 0, sizeof(owners->map.offset));
}

static struct view *
view_of(uint32_t workers, struct owners *owners, void (*change)(struct snapshot *))
{
	struct snapshot *s = pipeline_snapshot_new();
	struct view *view = NULL;

	if (change != NULL)
		change(s);
	owners_init(owners, workers);
	seed_deal(owners);
	if (view_make(s, owners, TSC_HZ, &view) != 0)
		abort();
	return view;
}

static void
whole_range(struct snapshot *s)
{
	pipeline_snapshot_ports(s, 1024, 65535);
}

static void
one_address(struct snapshot *s)
{
	s->source_count = 1;
}

/* Numbers of addresses and ports that are no powers of two. */
static void
odd_numbers(struct snapshot *s)
{
	s->source_count = 3;
	pipeline_snapshot_ports(s, 10007, 10007 + 5119);
}

static void
test_uniform(void)
{
	static const struct {
		const char *description;
		void (*change)(struct snapshot *);
		uint32_t first, range, sources;
	} rows[] = {
		{"49152-65535 on four addresses", NULL, 49152, 16384, 4},
		{"1024-65535 on four addresses", whole_range, 1024, 64512, 4},
		{"49152-65535 on one address", one_address, 49152, 16384, 1},
		{"5,120 ports on three addresses", odd_numbers, 10007, 5120, 3},
	};
	static struct owners owners;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view *view = view_of(1, &owners, rows[i].change);

		seed_stream((uint8_t)(i * 5 + 2));
		survey_take(draw_real, view_space(view, 0, FAMILY_IPV4), rows[i].first,
			    rows[i].range);
		SUITE_ASSERT(survey_uniform(rows[i].first, rows[i].range, rows[i].sources, true),
			     "%s", rows[i].description);
		view_free(view);
	}
}

static void
test_weak(void)
{
	static const struct {
		const char *description;
		draw_source source;
	} rows[] = {
		{"a pool of 2,500 ports", draw_pool_of_2500},
		{"a counter as the port", draw_port_counter},
		{"a counter as the ID", draw_id_counter},
		{"IDs of 15 bits", draw_id_half},
		{"an ID that depends on the port", draw_id_from_port},
		{"an address that depends on the ID", draw_address_from_id},
		{"one address one percent more often", draw_first_address_more},
	};
	static struct owners owners;
	struct view *view = view_of(1, &owners, NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		seed_stream((uint8_t)(0x40 + i));
		survey_take(rows[i].source, view_space(view, 0, FAMILY_IPV4), PIPELINE_PORT_FIRST,
			    16384);
		SUITE_ASSERT(!survey_uniform(PIPELINE_PORT_FIRST, 16384, 4, false),
			     "%s passes as random", rows[i].description);
	}
	view_free(view);
}

/* 50000, 60000-60010, the first and the last port. */
static void
exclusions(struct snapshot *s)
{
	for (uint32_t port = 49152; port < 65536; port++)
		if (port == 50000 || (port >= 60000 && port <= 60010) || port == 49152 ||
		    port == 65535)
			s->ports_draw[port >> 6] &= ~(UINT64_C(1) << (port & 63));
}

static void
test_exclusions(void)
{
	static struct owners owners;
	static uint32_t left[16384];
	struct view *view = view_of(1, &owners, exclusions);
	uint32_t count = 0;

	seed_stream(0x80);
	survey_take(draw_real, view_space(view, 0, FAMILY_IPV6), 49152, 16384);
	for (uint32_t port = 0; port < 65536; port++) {
		bool may = bitmap_test(view->snapshot->ports_draw, (uint16_t)port);

		if (may)
			left[count++] = survey.ports[port];
		else
			SUITE_ASSERT(survey.ports[port] == 0, "port %u was drawn", port);
	}
	CU_ASSERT_EQUAL(count, 16384 - 14);
	CU_ASSERT(chi_square_plausible(chi_square_uniform_p(left, count)));
	view_free(view);
}

/* Dealt ports: a worker draws uniformly from its share; shares are disjoint and together are the
 * range. */
static void
test_dealt(void)
{
	static struct owners owners;
	static uint8_t drawn_by[65536];
	struct view *view;
	uint32_t covered = 0;

	seed_stream(0x9f);
	view = view_of(3, &owners, one_address);
	memset(drawn_by, 0, sizeof(drawn_by));
	for (uint32_t w = 0; w < 3; w++) {
		const struct view_space *space = view_space(view, w, FAMILY_IPV4);
		static uint32_t counts[16384];
		uint32_t own = 0;

		CU_ASSERT_EQUAL_FATAL(space->source_count, 1);
		CU_ASSERT(space->sources[0].port_count > 5000 &&
			  space->sources[0].port_count < 5900);
		seed_stream((uint8_t)(0xa0 + w));
		survey_take(draw_real, space, 49152, 16384);
		for (uint32_t port = 49152; port < 65536; port++) {
			if (owner_of(&view->owners, 0, true, (uint16_t)port) == w) {
				counts[own++] = survey.ports[port];
				drawn_by[port] |= (uint8_t)(survey.ports[port] > 0 ? 1u << w : 0);
			} else {
				SUITE_ASSERT(survey.ports[port] == 0,
					     "worker %u drew port %u of another worker", w, port);
			}
		}
		CU_ASSERT_EQUAL(own, space->sources[0].port_count);
		CU_ASSERT(chi_square_plausible(chi_square_uniform_p(counts, own)));
		CU_ASSERT(chi_square_plausible(chi_square_uniform_p(survey.ids, 65536)));
	}
	for (uint32_t port = 49152; port < 65536; port++)
		covered += drawn_by[port] == 1 || drawn_by[port] == 2 || drawn_by[port] == 4;
	CU_ASSERT_EQUAL(covered, 16384);
	view_free(view);
}

/* The slot is that of a response with this port and ID. */
static void
test_slot(void)
{
	static struct owners owners;
	struct view *view = view_of(1, &owners, NULL);

	seed_stream(0xb0);
	for (int n = 0; n < 100000; n++) {
		const struct draw draw = draw_real(view_space(view, 0, FAMILY_IPV6));

		if (draw.flow_slot != flow_slot(&flows, draw.port, draw.id) ||
		    draw.flow_slot > flows.mask || draw.source < PIPELINE_SOURCE_IPV6 ||
		    draw.source >= PIPELINE_SOURCE_COUNT) {
			CU_FAIL("invalid draw");
			break;
		}
	}
	view_free(view);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"uniform", test_uniform},
			       {"weak draws", test_weak},
			       {"exclusions", test_exclusions},
			       {"dealt ports", test_dealt},
			       {"slot", test_slot},
			       CU_TEST_INFO_NULL};

	if (sodium_init() < 0)
		return 1;
	flows.mask = (1 << 20) - 1;
	return suite_run("draw", tests);
}
