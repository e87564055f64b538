/* SPDX-License-Identifier: BSD-3-Clause */
/* The workers' statistics of draws, against counts of what the farm received: IDs, addresses,
 * ports, the sums for the serial correlation, letters, flows in flight per port. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#include <ctype.h>

static struct rig rig;

/* The same figures, from frames. */
struct count {
	struct draw_stats draw;
	uint32_t live[65536], drawn[65536];
	uint16_t last_port, last_id;
};

static struct count counts[RIG_WORKERS_MAX];

static uint32_t
source_of(const struct address *address)
{
	const struct snapshot *s = rig.view->snapshot;

	for (uint32_t i = 0; i < s->source_count; i++)
		if (address_equal(&s->sources[i].address, address))
			return i;
	rig_check(&rig, false, "not a source address");
	return 0;
}

static void
sums_add(struct draw_sums *sums, uint64_t x, uint64_t before)
{
	sums->x += x;
	sums->xx += x * x;
	sums->xy += x * before;
}

static void
count_add(struct count *c, const struct pipeline_sent *asked, bool random_case)
{
	const uint16_t id = pipeline_dns_get(asked->frame, asked->dns),
		       port = asked->ends.source_port;

	c->draw.draws++;
	c->draw.id_high[id >> 8]++;
	c->draw.id_low[id & 255]++;
	c->draw.sources[source_of(&asked->ends.source)]++;
	sums_add(&c->draw.port_sums, port, c->last_port);
	sums_add(&c->draw.id_sums, id, c->last_id);
	c->last_port = port;
	c->last_id = id;
	c->drawn[port]++;
	c->live[port]++;
	c->draw.case_queries += random_case;
	for (uint32_t at = asked->dns + 12; random_case && asked->frame[at] != 0;
	     at += asked->frame[at] + 1u)
		for (uint32_t i = 1; i <= asked->frame[at]; i++)
			c->draw.case_letters += isalpha(asked->frame[at + i]) != 0;
}

static void
check_count(uint32_t worker)
{
	const struct worker_stats *stats = &rig.stats[worker];
	const struct count *c = &counts[worker];
	uint32_t live = 0, drawn = 0;

	rig_check(&rig, stats->draw.draws == c->draw.draws, "worker %u: %lu draws, not %lu", worker,
		  stats->draw.draws, c->draw.draws);
	rig_check(&rig, memcmp(&stats->draw, &c->draw, sizeof(c->draw)) == 0,
		  "worker %u: wrong statistics of draws", worker);
	for (uint32_t port = 0; port < 65536; port++) {
		live += stats->ports[port].live != c->live[port];
		drawn += stats->ports[port].drawn != c->drawn[port];
	}
	rig_check(&rig, live == 0, "worker %u: wrong flows in flight on %u ports", worker, live);
	rig_check(&rig, drawn == 0, "worker %u: wrong draws of %u ports", worker, drawn);
}

/* The worker with the flow of this sent query. */
static uint32_t
worker_of(const struct pipeline_sent *asked)
{
	for (uint32_t w = 0; w + 1 < rig.options.workers; w++) {
		const struct flow_table *table = &rig.workers[w]->flows;
		const struct be16 port = be16_from(asked->ends.source_port);
		const struct be16 id = be16_from(pipeline_dns_get(asked->frame, asked->dns));
		const uint32_t index = flow_find(table, flow_slot(table, port, id));

		if (index != FLOW_NONE && table->flows[index].state != FLOW_FREE &&
		    flow_key_equal(&table->flows[index], (uint16_t)source_of(&asked->ends.source),
				   port, id))
			return w;
	}
	return rig.options.workers - 1;
}

/* Queries of a few names to four upstreams of both families, two of which have random_case; some
 * get responses. */
static void
talk(unsigned rounds)
{
	static const char *const names[] = {"a", "wWw.example.NET", "1.0.0.127.in-addr.arpa",
					    "xn--e1afmkfd.example", "."};
	static struct pipeline_sent burst[64];

	for (unsigned n = 0; n < rounds; n++) {
		unsigned count = 0;

		for (unsigned i = 0; i < 20; i++) {
			struct pipeline_ends ends = rig_client_ends(&rig, i & 1);
			struct pipeline_dns query;

			pipeline_dns_query(&query, (uint16_t)i, names[(n + i) % RTE_DIM(names)], 1,
					   1);
			ends.source_port = (uint16_t)(2000 + n + i);
			rig.receive_queue = (uint16_t)(i % rig.options.rx_queues);
			rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
		}
		rig.receive_queue = 0;
		if (n % 7 == 0)
			rig_order_probe(&rig, PIPELINE_UPSTREAM_IPV6_SECOND, 20000, n);
		rig_run(&rig);
		for (const struct pipeline_sent *sent; (sent = rig_take(&rig)) != NULL;) {
			rig_check(&rig, sent->interface == RIG_FARM && count < RTE_DIM(burst),
				  "no query to the farm");
			burst[count] = *sent;
			count_add(&counts[worker_of(sent)], sent,
				  sent->ends.destination.bytes[15] != 0x02 &&
					  sent->ends.destination.bytes[15] != 102);
			count++;
		}
		for (unsigned i = 0; i < count; i += 2) {
			struct pipeline_dns response;

			if (burst[i].dns_bytes == 17 &&
			    pipeline_dns_get(burst[i].frame, burst[i].dns + 13) == 2)
				continue; /* the probe */
			counts[worker_of(&burst[i])].live[burst[i].ends.source_port]--;
			pipeline_dns_response(&response, burst[i].frame + burst[i].dns,
					      burst[i].dns_bytes, 0, 0);
			rig_response(&rig, &burst[i], &response);
			rig_take_from(&rig, RIG_CLIENTS);
		}
		rig.sent_count = rig.sent_taken = 0;
	}
}

static void
play(const char *description, const struct rig_options *options, unsigned rounds)
{
	struct snapshot *s = pipeline_snapshot_new();

	rig_open(&rig, options);
	memset(counts, 0, sizeof(counts));
	pipeline_snapshot_usable(s, 15);
	s->upstreams[PIPELINE_UPSTREAM_IPV4].random_case = 1;
	s->upstreams[PIPELINE_UPSTREAM_IPV6].random_case = 1;
	rig_publish(&rig, s);
	rig_begin(&rig, description);
	talk(rounds);
	for (uint32_t w = 0; w < rig.options.workers; w++) {
		rig_check(&rig, counts[w].draw.draws > 100 && counts[w].draw.case_letters > 100,
			  "worker %u did nothing", w);
		check_count(w);
	}
	/* Queries that fail draw nothing, and ended flows are no longer counted as in flight. */
	rig_expect_drop(&rig, DROP_flow_table_full, rig.stats[0].drops[DROP_flow_table_full]);
	rig_expect_drop(&rig, DROP_probe_unsent, rig.stats[0].drops[DROP_probe_unsent]);
	rig_check(&rig,
		  options == NULL || options->flows == 0 ||
			  rig_counted(&rig, COUNTER_redraws) > 100,
		  "no redraws");
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
	memset(counts[0].live, 0, sizeof(counts[0].live));
	memset(counts[1].live, 0, sizeof(counts[1].live));
	for (uint32_t w = 0; w < rig.options.workers; w++)
		check_count(w);
	SUITE_ASSERT(rig.faults == 0, "%s, idle", description);
	rig_close(&rig);
}

static void
test_figures(void)
{
	play("one worker", NULL, 100);
	play("two workers, a queue each", &(struct rig_options){.workers = 2}, 100);
	play("two workers, one queue",
	     &(struct rig_options){.workers = 2, .rx_queues = 1, .tx_queues = 1}, 100);
}

/* A nearly full table: draws of a taken slot are not counted. */
static void
test_redraws(void)
{
	play("a table nearly full", &(struct rig_options){.flows = 1024}, 95);
	play("a table that overflows", &(struct rig_options){.flows = 1024}, 150);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"figures", test_figures}, {"redraws", test_redraws}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("draws", tests) : 1;
}
