/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the route of a name or a type: the longest suffix, in any letter case, with one bucket
 * read per number of labels that routes have. */
#include "dataplane/tables/route_table.h"

#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/pipeline/pipeline_snapshot.h"
#include "tests/unit/suite.h"

struct name {
	size_t bytes;
	uint8_t wire[256];
};

static struct name
name_of(const char *text)
{
	struct name name;

	name.bytes = pipeline_dns_name(name.wire, text);
	return name;
}

/* Sorts suffixes as snapshot.h requires: by size and bytes. */
struct list {
	uint32_t count;
	struct name *names;
	uint8_t *pools;
};

static int
name_compare(const void *a, const void *b)
{
	const struct name *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes < right->bytes ? -1 : 1;
	return memcmp(left->wire, right->wire, left->bytes);
}

/* A snapshot with these suffixes; that of names[i] has pool i % 60 + 1, wherever it is sorted. */
static struct snapshot *
snapshot_with(const struct name *names, uint32_t count)
{
	struct name *sorted = malloc((count + 1) * sizeof(*sorted));
	struct snapshot *s;
	uint32_t bytes = 0, at = 0;
	const char *why;

	if (count > 0)
		memcpy(sorted, names, count * sizeof(*sorted));
	for (uint32_t i = 0; i < count; i++) {
		/* no name in these tests is that long */
		sorted[i].wire[255] = (uint8_t)(i % 60 + 1);
		bytes += (uint32_t)sorted[i].bytes;
	}
	qsort(sorted, count, sizeof(*sorted), name_compare);
	s = pipeline_snapshot_resize(pipeline_snapshot_new(), 2, PIPELINE_UPSTREAM_COUNT, count,
				     bytes);
	for (unsigned i = 0; i < SNAPSHOT_POOLS_MAX; i++)
		s->pools[i].used = 1;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(snapshot_names(s) + at, sorted[i].wire, sorted[i].bytes);
		snapshot_suffixes(s)[i] =
			(struct suffix_route){.name_offset = at,
					      .name_bytes = (uint8_t)sorted[i].bytes,
					      .pool = sorted[i].wire[255]};
		at += (uint32_t)sorted[i].bytes;
	}
	free(sorted);
	snapshot_seal(s);
	if (snapshot_validate(s, s->size_bytes, &why) != 0) {
		fprintf(stderr, "refused: %s\n", why);
		abort();
	}
	return s;
}

static uint8_t
find(const struct routes *routes, const struct snapshot *s, const struct name *name,
     uint32_t *lines)
{
	struct route_probe probes[ROUTE_LABELS_MAX + 1];
	const uint32_t count = route_probes(routes, name->wire, (uint32_t)name->bytes, probes);

	*lines += count;
	for (uint32_t n = 0; n < count; n++) {
		uint8_t pool =
			route_suffix(routes, s, name->wire, (uint32_t)name->bytes, &probes[n]);

		if (pool != ROUTE_NONE)
			return pool;
	}
	return ROUTE_NONE;
}

static const char *const suffixes[] = {
	"example.com", "www.example.com", "com", "a.b.c.d.e.f", "xn--bcher-kva.de",
	"ip6.arpa",    "10.in-addr.arpa",
};

static void
test_matches(void)
{
	static const struct {
		const char *name;
		int suffix; /* index, or -1 */
	} rows[] = {
		{"example.com", 0},
		{"EXAMPLE.com", 0},
		{"mail.ExAmPlE.CoM", 0},
		{"a.b.c.d.e.f.g.example.com", 0},
		{"www.example.com", 1},
		{"WWW.EXAMPLE.COM", 1},
		{"x.www.example.com", 1},
		{"xwww.example.com", 0},
		{"wwww.example.com", 0},
		{"notexample.com", 2},
		{"com", 2},
		{"COM", 2},
		{"com.example", -1},
		{"example.com.example", -1},
		{"example.net", -1},
		{"example", -1},
		{".", -1},
		{"a.b.c.d.e.f", 3},
		{"b.c.d.e.f", -1},
		{"x.a.b.c.d.e.f", 3},
		{"xn--bcher-kva.de", 4},
		{"de", -1},
		{"0.0.IP6.ARPA", 5},
		{"arpa", -1},
		{"1.2.3.10.in-addr.arpa", 6},
		{"1.2.3.110.in-addr.arpa", -1},
		{"11.in-addr.arpa", -1},
	};
	struct name names[sizeof(suffixes) / sizeof(suffixes[0])], name;
	const uint32_t count = sizeof(suffixes) / sizeof(suffixes[0]);
	struct snapshot *s;
	struct routes routes;
	uint32_t lines = 0;

	for (uint32_t i = 0; i < count; i++)
		names[i] = name_of(suffixes[i]);
	s = snapshot_with(names, count);
	CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
	CU_ASSERT_TRUE(routes.any);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t wanted =
			rows[i].suffix < 0 ? ROUTE_NONE : (uint8_t)(rows[i].suffix + 1);
		uint8_t found;

		name = name_of(rows[i].name);
		found = find(&routes, s, &name, &lines);
		SUITE_ASSERT(found == wanted, "%s: pool %u, not %u", rows[i].name, found, wanted);
	}
	routes_free(&routes);
	free(s);
}

/* The root matches all other names; a name of 127 labels is walked to its end. */
static void
test_root_and_longest(void)
{
	struct name names[2] = {{1, {0}}, {255, {0}}}, deep = {255, {0}},
		    plain = name_of("www.example.net");
	struct snapshot *s;
	struct routes routes;
	uint32_t lines = 0;

	for (unsigned at = 0; at < 254; at += 2) {
		deep.wire[at] = 1;
		deep.wire[at + 1] = (uint8_t)('a' + at / 2 % 26);
	}
	names[1] = name_of("x.y");
	memcpy(names[1].wire, deep.wire + 4, 251); /* 125 labels */
	names[1].bytes = 251;
	s = snapshot_with(names, 2);
	CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
	CU_ASSERT_EQUAL(find(&routes, s, &deep, &lines), 2);
	CU_ASSERT_EQUAL(find(&routes, s, &names[1], &lines), 2);
	CU_ASSERT_EQUAL(find(&routes, s, &names[0], &lines), 1);
	CU_ASSERT_EQUAL(find(&routes, s, &plain, &lines), 1);
	deep.wire[253] ^= 1; /* another top-level domain */
	CU_ASSERT_EQUAL(find(&routes, s, &deep, &lines), 1);
	/* One for the match, another if the filter does not reject the other suffix. */
	CU_ASSERT(lines >= 5 && lines <= 2 + 2 + 1 + 1 + 2);
	routes_free(&routes);
	free(s);
}

/* A hash alone never decides: names with the hash of a route, but other bytes or another size, do
 * not match it. */
static void
test_hash_alike(void)
{
	static const char *const others[] = {"example.net", "example.coma", "exampl.com", "com",
					     "a.b.c.d.e.f.g.h.i.j.k"};
	struct name names[1] = {name_of("example.com")}, name;
	struct route_probe probes[ROUTE_LABELS_MAX + 1];
	struct snapshot *s = snapshot_with(names, 1);
	struct routes routes;

	CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
	CU_ASSERT_EQUAL_FATAL(
		route_probes(&routes, names[0].wire, (uint32_t)names[0].bytes, probes), 1);
	CU_ASSERT_EQUAL(
		route_suffix(&routes, s, names[0].wire, (uint32_t)names[0].bytes, &probes[0]), 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		name = name_of(others[i]);
		SUITE_ASSERT(route_suffix(&routes, s, name.wire, (uint32_t)name.bytes,
					  &probes[0]) == ROUTE_NONE,
			     "%s matches %s", others[i], "example.com");
	}
	routes_free(&routes);
	free(s);
}

/* With about one key in a hundred a bucket of a table of this size overflows: another key is used,
 * and no route is lost. */
static void
test_overflow(void)
{
	static struct name names[8192];
	struct snapshot *s;

	for (uint32_t i = 0; i < 8192; i++) {
		char text[32];

		snprintf(text, sizeof(text), "d%u", i);
		names[i] = name_of(text);
	}
	s = snapshot_with(names, 8192);
	for (unsigned n = 0; n < 1000; n++) {
		struct routes routes;
		uint32_t entries = 0;

		CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
		for (uint32_t line = 0; line <= routes.bucket_mask; line++)
			for (unsigned way = 0; way < ROUTE_WAYS; way++)
				entries += routes.buckets[line].entries[way] != 0;
		CU_ASSERT_EQUAL(entries, 8192);
		routes_free(&routes);
	}
	free(s);
}

/* Looks up each route, a name below it and a similar one; returns the number of buckets read. */
static uint32_t
look_for_all(const struct routes *routes, const struct snapshot *s, const struct name *names,
	     uint32_t count)
{
	uint32_t lines = 0, wrong = 0;

	for (uint32_t i = 0; i < count; i++) {
		char text[64];
		struct name name;

		wrong += find(routes, s, &names[i], &lines) != i % 60 + 1;
		snprintf(text, sizeof(text),
			 i % 3 == 0   ? "a.b.D%u.Example"
			 : i % 3 == 1 ? "A.w.d%u.exAmple"
				      : "x.Tld%u",
			 i);
		name = name_of(text);
		wrong += find(routes, s, &name, &lines) != i % 60 + 1;
		snprintf(text, sizeof(text), "a.b.e%u.example", i);
		name = name_of(text);
		wrong += find(routes, s, &name, &lines) != ROUTE_NONE;
	}
	SUITE_ASSERT(wrong == 0, "%u suffixes: %u wrong", count, wrong);
	return lines;
}

/* The largest tables: all routes are found, similar names are not; a look-up reads one bucket for a
 * match and nearly none otherwise, however many routes there are. With one key in twenty the filter
 * passes "example", the suffix of most names here: then another key is used. */
static void
test_many(void)
{
	static struct name names[SNAPSHOT_SUFFIXES_MAX];
	static const uint32_t counts[] = {1, 100, 100000, SNAPSHOT_SUFFIXES_MAX};

	for (size_t row = 0; row < sizeof(counts) / sizeof(counts[0]); row++) {
		const uint32_t count = counts[row];
		uint32_t lines = UINT32_MAX;
		struct snapshot *s;

		for (uint32_t i = 0; i < count; i++) {
			char text[64];

			snprintf(text, sizeof(text),
				 i % 3 == 0   ? "d%u.example"
				 : i % 3 == 1 ? "w.d%u.example"
					      : "tld%u",
				 i);
			names[i] = name_of(text);
		}
		s = snapshot_with(names, count);
		for (unsigned tries = 0; tries < 10 && lines > (uint64_t)3 * count * 9 / 10;
		     tries++) {
			struct routes routes;

			CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
			lines = look_for_all(&routes, s, names, count);
			routes_free(&routes);
		}
		SUITE_ASSERT(lines <= (uint64_t)3 * count * 9 / 10,
			     "%u suffixes: %u buckets for %u look-ups", count, lines, 3 * count);
		free(s);
	}
}

static void
test_types(void)
{
	static const struct {
		uint16_t type;
		uint8_t pool;
	} rows[] = {{1, ROUTE_NONE},   {12, 3},	   {13, ROUTE_NONE}, {28, 4},
		    {255, 5},	       {256, 6},   {257, 7},	     {0, 2},
		    {258, ROUTE_NONE}, {65535, 8}, {300, ROUTE_NONE}};
	static const struct type_route types[] = {
		{.type = 0, .pool = 2},	   {.type = 12, .pool = 3},  {.type = 28, .pool = 4},
		{.type = 255, .pool = 5},  {.type = 256, .pool = 6}, {.type = 257, .pool = 7},
		{.type = 65535, .pool = 8}};
	struct snapshot *s = snapshot_with(NULL, 0);
	struct routes routes;

	CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
	CU_ASSERT_FALSE(routes.any);
	routes_free(&routes);
	memcpy(s->type_routes, types, sizeof(types));
	s->type_route_count = sizeof(types) / sizeof(types[0]);
	CU_ASSERT_EQUAL_FATAL(routes_make(s, &routes), 0);
	CU_ASSERT_TRUE(routes.any);
	CU_ASSERT_PTR_NULL(routes.buckets);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		SUITE_ASSERT(route_type(&routes, s, rows[i].type) == rows[i].pool, "type %u",
			     rows[i].type);
	routes_free(&routes);
	free(s);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"matches", test_matches},
			       {"root and longest", test_root_and_longest},
			       {"equal hashes", test_hash_alike},
			       {"a bucket overflows", test_overflow},
			       {"100,000 suffixes and more", test_many},
			       {"types", test_types},
			       CU_TEST_INFO_NULL};

	return sodium_init() < 0 ? 1 : suite_run("route", tests);
}
