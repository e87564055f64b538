/* SPDX-License-Identifier: BSD-3-Clause */
/* Enforces the query rate limit of each client prefix.
 * Pipeline: admit -> [limit] -> answer_faults
 * Runs:     workers, on one shared table.
 * Never:    sends a response to a malformed message. */
#include "dataplane/pipeline/answer.h"
#include "dataplane/pipeline/stages.h"
#include "dataplane/tables/limit_table.h"
#include "dataplane/tables/ranges.h"

/* Drops the query or answers REFUSED, but answers every Nth with TC=1. Malformed messages are
 * dropped without a response. */
static void
limit_refuse(struct worker *w, struct burst *b, uint8_t i)
{
	const struct snapshot_limit *limit = &w->view->snapshot->limit;
	const bool truncates =
		limit->truncate_every > 0 && ++w->over_limit % limit->truncate_every == 0;

	if (b->packets[i].fault != DNS_NOERROR || (limit->refusal == REFUSAL_DROP && !truncates))
		worker_drop(w, b->mbufs[i], DROP_query_over_limit);
	else
		answer_own(w, b, i, truncates ? DNS_NOERROR : DNS_REFUSED, ANSWER_NO_EDE);
}

void
limit(struct worker *w, struct burst *b)
{
	const struct snapshot *s = w->view->snapshot;
	const struct limit_rule *rule = &w->view->limit;
	uint64_t hashes[BURST_MAX];
	uint32_t kept = 0;

	if (likely(!rule->on))
		return;
	for (uint32_t n = 0; n < b->query_count; n++) {
		hashes[n] = limit_hash(w->limit, rule, &b->packets[b->queries[n]].source);
		rte_prefetch0(&w->limit->sets[(uint32_t)hashes[n] & w->limit->mask]);
	}
	for (uint32_t n = 0; n < b->query_count; n++) {
		const uint8_t i = b->queries[n];
		enum limit_verdict verdict;

		if (ranges_contain(s, s->limit.exempt_first, s->limit.exempt_count,
				   &b->packets[i].source)) {
			b->queries[kept++] = i;
			continue;
		}
		verdict = limit_take(w->limit, rule, hashes[n], w->now_tsc);
		if (verdict == LIMIT_OVER) {
			limit_refuse(w, b, i);
			continue;
		}
		worker_count(w, COUNTER_limit_evicted, verdict == LIMIT_EVICTED);
		b->queries[kept++] = i;
	}
	b->query_count = kept;
}
