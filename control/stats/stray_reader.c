/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies entries from rings that are being written, and sorts them. */
#include "control/stats/stray_reader.h"

#include <stdlib.h>
#include <string.h>

struct stray_ring
stray_ring_of_strays(const struct worker_stats *worker)
{
	return (struct stray_ring){worker->strays, &worker->stray_count, STATS_STRAYS};
}

struct stray_ring
stray_ring_of_attacks(const struct worker_stats *worker)
{
	return (struct stray_ring){worker->attacks, &worker->attack_count, STATS_ATTACKS};
}

unsigned
stray_ring_read(const struct stray_ring *ring, struct stray *to, unsigned room)
{
	/* Pairs with the worker's release store after it wrote an entry. */
	const uint64_t before = __atomic_load_n(ring->count, __ATOMIC_ACQUIRE);
	uint64_t after;
	unsigned wanted = room < ring->size ? room : ring->size, copied;

	if (wanted > before)
		wanted = (unsigned)before;
	for (copied = 0; copied < wanted; copied++)
		to[copied] = ring->entries[(before - 1 - copied) % ring->size];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	after = __atomic_load_n(ring->count, __ATOMIC_RELAXED);
	/* With a count of `after`, the worker may be writing the next entry over entry after -
	 * size; entry before - 1 - i is valid if it is newer than that. The oldest are last. */
	while (copied > 0 && before - copied + ring->size <= after)
		copied--;
	return copied;
}

static int
newer_first(const void *a, const void *b)
{
	const struct stray *left = a, *right = b;

	return (left->tsc < right->tsc) - (left->tsc > right->tsc);
}

/* Merges each ring into the newest `room` entries so far, in an array with room for both. */
unsigned
stray_reader_newest(const struct stats_reader *stats,
		    struct stray_ring (*ring_of)(const struct worker_stats *worker),
		    struct stray *to, unsigned room)
{
	struct stray *both = calloc(room + STATS_STRAYS, sizeof(*both));
	unsigned count = 0;

	if (both == NULL)
		return 0;
	for (unsigned i = 0; i < stats->worker_count; i++) {
		const struct stray_ring ring = ring_of(stats_reader_worker(stats, i));

		count += stray_ring_read(&ring, both + count, STATS_STRAYS);
		qsort(both, count, sizeof(*both), newer_first);
		if (count > room)
			count = room;
	}
	memcpy(to, both, count * sizeof(*to));
	free(both);
	return count;
}

void
stray_lower(struct stray *stray)
{
	const size_t kept = stray->question_bytes < STRAY_QUESTION_BYTES ? stray->question_bytes
									 : STRAY_QUESTION_BYTES;

	/* The type after the name may look like letters. */
	for (size_t at = 0; at < kept && stray->question[at] != 0;) {
		const size_t next = at + 1 + stray->question[at];

		for (at++; at < next && at < kept; at++)
			if (stray->question[at] >= 'A' && stray->question[at] <= 'Z')
				stray->question[at] |= 0x20;
	}
}

uint64_t
stray_time_ns(const struct stats_header *header, uint64_t tsc)
{
	const int64_t ticks = (int64_t)(tsc - header->started_tsc);

	if (header->tsc_hz == 0 || ticks < 0)
		return header->started_ns;
	return header->started_ns +
	       (uint64_t)((unsigned __int128)ticks * 1000000000u / header->tsc_hz);
}

/* Formats the complete labels of a name that was cut off, followed by "...". */
static const char *
name_cut(const uint8_t *question, char *text)
{
	uint8_t name[STRAY_QUESTION_BYTES + 1];
	size_t used = 0;

	while (question[used] != 0 && question[used] < 64 &&
	       used + 1u + question[used] <= STRAY_QUESTION_BYTES - 1u)
		used += 1u + question[used];
	memcpy(name, question, used);
	name[used] = 0;
	if (used == 0 || question_name_format(name, used + 1, text) < 0)
		return strcpy(text, "(malformed)");
	return strcat(text, "...");
}

const char *
stray_question(const struct stray *stray, char *text)
{
	const size_t kept = stray->question_bytes < STRAY_QUESTION_BYTES ? stray->question_bytes
									 : STRAY_QUESTION_BYTES;
	char name[QUESTION_NAME_TEXT_BYTES];
	int name_bytes;

	if (kept == 0)
		return strcpy(text, "(none)");
	name_bytes = question_name_format(stray->question, kept, name);
	if (name_bytes > 0 && (size_t)name_bytes + 4 <= kept)
		return question_format(stray->question, (size_t)name_bytes + 4, text);
	if (stray->question_bytes <= STRAY_QUESTION_BYTES)
		return strcpy(text, "(malformed)");
	return name_cut(stray->question, text);
}
