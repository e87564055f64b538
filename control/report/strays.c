/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `strays`, and the part of `status` about an attack. */
#include "control/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "control/daemon/daemon.h"
#include "control/lib/address.h"
#include "control/lib/counter_names.h"
#include "control/stats/stray_reader.h"

#define STRAYS_REPORTED	 256
#define ATTACKS_REPORTED 256

/* Its time with milliseconds; not later than now, although the clocks of both processes differ. */
static const char *
stamp_write(const struct stats_header *header, const struct stray *stray,
	    char text[REPORT_STAMP_BYTES])
{
	const uint64_t now_ns = loop_now_ns(), came_ns = stray_time_ns(header, stray->tsc);

	return report_stamp(came_ns < now_ns ? came_ns : now_ns, text);
}

static json_t *
report_stray(const struct stats_header *header, const struct stray *stray)
{
	char from[ADDRESS_PORT_TEXT_BYTES], to[ADDRESS_PORT_TEXT_BYTES], question[STRAY_TEXT_BYTES];
	char stamp[REPORT_STAMP_BYTES];

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:i, s:s, s:b}", "time", stamp_write(header, stray, stamp),
		"reason", stray->reason < DROP_REASON_COUNT ? drop_names[stray->reason].name : "?",
		"from", address_port_format(&stray->source, be16_to(stray->source_port), from),
		"to",
		address_port_format(&stray->destination, be16_to(stray->destination_port), to),
		"id", (int)be16_to(stray->id), "question", stray_question(stray, question),
		"near_miss", stray->near_miss);
}

/* True if both attacks are on the same question to the same upstream. */
static bool
attack_same(const struct stray *a, const struct stray *b)
{
	const size_t kept =
		a->question_bytes < STRAY_QUESTION_BYTES ? a->question_bytes : STRAY_QUESTION_BYTES;

	return address_equal(&a->source, &b->source) &&
	       be16_equal(a->source_port, b->source_port) &&
	       a->question_bytes == b->question_bytes &&
	       memcmp(a->question, b->question, kept) == 0;
}

/* Removes all attacks on the question of the first one from the list, and reports them as one. */
static json_t *
attack_merge(const struct watch *watch, const struct stats_header *header, struct stray *attacks,
	     unsigned *count)
{
	const struct stray first = attacks[0];
	char address[ADDRESS_PORT_TEXT_BYTES], question[STRAY_TEXT_BYTES],
		stamp[REPORT_STAMP_BYTES];
	unsigned kept = 0, queries = 0, misses = 0;

	for (unsigned i = 0; i < *count; i++) {
		if (!attack_same(&first, &attacks[i])) {
			attacks[kept++] = attacks[i];
			continue;
		}
		queries++;
		misses += attacks[i].misses;
	}
	*count = kept;
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "time",
			 stamp_write(header, &first, stamp), "upstream",
			 watch_upstream_name(watch, &first), "upstream_address",
			 address_port_format(&first.source, be16_to(first.source_port), address),
			 "question", stray_question(&first, question), "count", (json_int_t)queries,
			 "near_misses", (json_int_t)misses);
}

json_t *
report_strays(const struct daemon *daemon)
{
	const struct stats_header *header = stats_reader_header(&daemon->stats);
	struct stray *entries = calloc(STRAYS_REPORTED + ATTACKS_REPORTED, sizeof(*entries));
	json_t *strays = json_array(), *attacks = json_array();
	unsigned count;

	if (entries == NULL) {
		json_decref(strays);
		json_decref(attacks);
		return NULL;
	}
	count = stray_reader_newest(&daemon->stats, stray_ring_of_strays, entries, STRAYS_REPORTED);
	for (unsigned i = 0; i < count; i++)
		json_array_append_new(strays, report_stray(header, &entries[i]));
	count = stray_reader_newest(&daemon->stats, stray_ring_of_attacks, entries,
				    ATTACKS_REPORTED);
	for (unsigned i = 0; i < count; i++)
		stray_lower(&entries[i]);
	while (count > 0)
		json_array_append_new(attacks,
				      attack_merge(&daemon->watch, header, entries, &count));
	free(entries);
	return json_pack("{s:o, s:o, s:o}", "strays", strays, "attacks", attacks, "attack",
			 report_attack(daemon));
}

json_t *
report_attack(const struct daemon *daemon)
{
	const struct alarm *alarm = &daemon->watch.alarm;
	const struct stray *newest = &daemon->watch.attack;
	char since[REPORT_TIME_BYTES], question[STRAY_TEXT_BYTES];
	bool any = newest->question_bytes > 0 && alarm->last_ns > 0;

	return json_pack("{s:b, s:s?, s:I, s:I, s:f, s:s?, s:s?}", "active", alarm->active, "since",
			 any ? report_time(alarm->since_ns, since) : NULL, "queries",
			 (json_int_t)alarm->queries, "near_misses", (json_int_t)alarm->near_misses,
			 "rate_per_s", alarm->rate_per_s, "upstream",
			 any ? watch_upstream_name(&daemon->watch, newest) : NULL, "question",
			 any ? stray_question(newest, question) : NULL);
}
