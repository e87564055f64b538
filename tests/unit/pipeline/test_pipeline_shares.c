/* SPDX-License-Identifier: BSD-3-Clause */
/* Which queries share an upstream query: only those whose responses can't differ. Each pair is sent
 * in both orders, in one burst and in two, to upstreams with and without random_case. */
#include "dataplane/tables/coalesce_table.h"
#include "tests/unit/pipeline/pipeline_clients.h"
#include "tests/unit/pipeline/pipeline_pairs.h"
#include "tests/unit/suite.h"

#include <rte_cycles.h>

static struct rig rig;

static void
play(const struct pipeline_pair *pair, bool swapped, bool burst)
{
	static struct pipeline_client clients[2];
	static struct pipeline_sent asked[2];
	struct pipeline_dns query, response;
	unsigned queries;

	rig_begin(&rig, pair->description);
	for (unsigned i = 0; i < 2; i++) {
		pipeline_dns_make(&query, 1, i == swapped ? pair->first : pair->second);
		pipeline_client_make(&rig, &clients[i], 7 + i, swapped && i == 1, &query);
		pipeline_client_ask(&rig, &clients[i]);
		if (!burst)
			rig_run(&rig);
	}
	rig_run(&rig);
	queries = pipeline_clients_collect(&rig, clients, 2, asked, 2);
	rig_check(&rig, queries == (pair->shares ? 1 : 2), "%u upstream queries", queries);
	rig_expect_count(&rig, COUNTER_queries, pair->shares ? 1 : 2);
	rig_expect_count(&rig, COUNTER_coalesced, pair->shares ? 1 : 0);
	rig_expect_count(&rig, COUNTER_consumed, pair->shares ? 1 : 0);
	for (unsigned i = 0; i < queries; i++) {
		pipeline_dns_response(&response, asked[i].frame + asked[i].dns, asked[i].dns_bytes,
				      0, 0);
		rig_response(&rig, &asked[i], &response);
	}
	pipeline_clients_collect(&rig, clients, 2, asked, 0);
	pipeline_clients_expect(&rig, clients, 2, 1);
	rig_expect_count(&rig, COUNTER_responses, 2);
	rig_expect_count(&rig, COUNTER_generated, pair->shares ? 1 : 0);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s%s, %s", pair->description,
		     swapped ? ", in reverse order" : "", burst ? "in one burst" : "in two");
}

static void
test_pairs(void)
{
	rig_open(&rig, NULL);
	for (int random_case = 0; random_case < 2; random_case++) {
		struct snapshot *s = pipeline_snapshot_new();

		s->waiters = 8;
		s->upstreams[PIPELINE_UPSTREAM_IPV4].random_case = (uint8_t)random_case;
		rig_publish(&rig, s);
		for (size_t i = 0; i < pipeline_pair_count; i++)
			for (int mode = 0; mode < 4; mode++)
				play(&pipeline_pairs[i], mode & 1, mode & 2);
	}
	rig_close(&rig);
}

/* The index entry of the one flow in flight; NULL: none, it can't be shared. */
static uint32_t *
entry_of_flow(void)
{
	const struct flow_table *table = &rig.workers[0]->flows;

	for (uint32_t i = 0; i <= table->bucket_mask; i++) {
		for (unsigned way = 0; way < COALESCE_WAYS; way++) {
			uint32_t *entry = &table->buckets[i].flows[way];

			if (*entry != COALESCE_NONE &&
			    table->flows[*entry & table->mask].state != FLOW_FREE)
				return entry;
		}
	}
	return NULL;
}

static void
client_asks(unsigned number, const struct pipeline_message *message)
{
	static struct pipeline_client client;
	struct pipeline_dns query;

	pipeline_dns_make(&query, 1, message);
	pipeline_client_make(&rig, &client, number, false, &query);
	pipeline_client_ask(&rig, &client);
}

/* The index entry of this query. */
static uint32_t *
entry_of(const struct pipeline_message *message)
{
	uint32_t *entry;

	/* Entries of earlier queries may name the flow, too. */
	for (uint32_t i = 0; i <= rig.workers[0]->flows.bucket_mask; i++)
		for (unsigned way = 0; way < COALESCE_WAYS; way++)
			rig.workers[0]->flows.buckets[i].flows[way] = COALESCE_NONE;
	client_asks(0, message);
	rig_run(&rig);
	entry = entry_of_flow();
	rig_pass(&rig, 31000);
	return entry;
}

/* Makes it a current entry. */
static void
entry_renew(uint32_t *entry)
{
	struct coalesce_bucket *bucket =
		(struct coalesce_bucket *)((uintptr_t)entry & ~(uintptr_t)(sizeof(*bucket) - 1));

	bucket->times[entry - bucket->flows] = (uint16_t)(rte_rdtsc() >> COALESCE_TIME_SHIFT);
}

/* Hash collisions: the index leads the second query of a pair to the first, which must not be
 * joined. The test makes the second's entry name the first. False: one of them can't be shared and
 * is not in the index, or both have the same entry already. */
static bool
play_collision(const struct pipeline_pair *pair, bool burst)
{
	uint32_t *entry, *first;
	bool apart;

	rig_begin(&rig, pair->description);
	entry = entry_of(pair->second);
	first = entry_of(pair->first);
	apart = entry != NULL && first != NULL && entry != first;
	if (apart) {
		client_asks(1, pair->first);
		if (!burst)
			rig_run(&rig);
		entry_renew(entry);
		*entry = burst ? COALESCE_PENDING | 0 : *first;
		client_asks(2, pair->second);
		rig_run(&rig);
		rig_expect_count(&rig, COUNTER_queries, 4);
		rig_expect_count(&rig, COUNTER_coalesced, 0);
	}
	rig.sent_taken = rig.sent_count;
	SUITE_ASSERT(rig_end(&rig) == 0, "%s, hashes that collide, in %s", pair->description,
		     burst ? "a burst" : "two");
	return apart;
}

static void
test_collisions(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	unsigned played = 0;

	rig_open(&rig, NULL);
	s->waiters = 8;
	rig_publish(&rig, s);
	for (size_t i = 0; i < pipeline_pair_count; i++) {
		struct pipeline_pair swapped = pipeline_pairs[i];

		if (pipeline_pairs[i].shares)
			continue;
		swapped.first = pipeline_pairs[i].second;
		swapped.second = pipeline_pairs[i].first;
		for (int burst = 0; burst < 2; burst++)
			played += play_collision(&pipeline_pairs[i], burst) +
				  play_collision(&swapped, burst);
	}
	SUITE_ASSERT(played > 60, "%u pairs collided", played);
	rig_close(&rig);
}

/* Off: nothing is shared. */
static void
test_off(void)
{
	rig_open(&rig, NULL);
	for (size_t i = 0; i < pipeline_pair_count; i++) {
		struct pipeline_pair pair = pipeline_pairs[i];

		pair.shares = false;
		play(&pair, false, true);
		play(&pair, false, false);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"pairs", test_pairs},
			       {"collisions", test_collisions},
			       {"off", test_off},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("shares", tests) : 1;
}
