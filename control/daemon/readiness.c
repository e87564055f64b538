/* SPDX-License-Identifier: BSD-3-Clause */
/* Polls the workers' heartbeats and the number of queries, and stops the dataplane at the end of a
 * drain. */
#include "control/daemon/readiness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/lib/log.h"

/* Workers */

static void
heartbeat_poll(const struct readiness *readiness, struct heartbeat *heartbeat, uint64_t now_ns)
{
	const struct stats_reader *stats = readiness->parts.stats;
	uint64_t heartbeats[STATS_READER_WORKERS_MAX];

	for (unsigned i = 0; i < stats->worker_count; i++)
		heartbeats[i] = __atomic_load_n(&stats_reader_worker(stats, i)->heartbeat,
						__ATOMIC_RELAXED);
	heartbeat_on_sample(heartbeat, heartbeats, stats->worker_count, now_ns);
}

/* The first stalled worker, or -1. Samples the heartbeats now, so that a pause of ephemerad itself
 * does not count against a worker. */
static int
worker_stalled(const struct readiness *readiness)
{
	struct heartbeat heartbeat = readiness->heartbeat;
	uint64_t now_ns = loop_now_ns();

	heartbeat_poll(readiness, &heartbeat, now_ns);
	return heartbeat_stalled(&heartbeat, now_ns);
}

static int
worker_without_snapshot(const struct stats_reader *stats)
{
	for (unsigned i = 0; i < stats->worker_count; i++)
		if (stats_reader_worker(stats, i)->generation == 0)
			return (int)i;
	return -1;
}

bool
readiness_is_healthy(const struct readiness *readiness)
{
	return stats_reader_is_open(readiness->parts.stats) && worker_stalled(readiness) < 0;
}

/* Upstreams */

static bool
pool_usable(const struct readiness *readiness, const struct config_pool *pool)
{
	const struct publisher *publisher = readiness->parts.publisher;

	for (unsigned i = 0; i < pool->member_count; i++) {
		const struct config_upstream *member =
			&publisher->config->upstreams[pool->members[i]];
		int slot = slots_upstream(&publisher->slots, &member->address, member->port);

		if (slot >= 0 && health_usable(&readiness->parts.farm->upstreams[slot].health))
			return true;
	}
	return false;
}

/* The first pool of a service address that has no usable upstream, or NULL. */
static const struct config_pool *
pool_unusable(const struct readiness *readiness)
{
	const struct config *config = readiness->parts.publisher->config;

	for (unsigned i = 0; i < config->service.listen_count; i++) {
		const struct config_pool *pool = &config->pools[config->service.listen[i].pool];

		if (!pool_usable(readiness, pool))
			return pool;
	}
	return NULL;
}

bool
readiness_is_ready(const struct readiness *readiness, char reason[READINESS_REASON_BYTES])
{
	const struct stats_reader *stats = readiness->parts.stats;
	const struct config_pool *pool;
	int worker;

	reason[0] = 0;
	if (readiness->drain.state == DRAIN_STOPPED)
		snprintf(reason, READINESS_REASON_BYTES, "drained: the dataplane was stopped");
	else if (readiness->drain.state != DRAIN_OFF)
		snprintf(reason, READINESS_REASON_BYTES, "draining");
	else if (readiness->parts.dataplane->state != LINK_CONNECTED)
		snprintf(reason, READINESS_REASON_BYTES, "not connected to the dataplane");
	else if (!stats_reader_is_open(stats))
		snprintf(reason, READINESS_REASON_BYTES,
			 "the dataplane's statistics cannot be read");
	else if (stats_reader_header(stats)->draining != 0)
		snprintf(reason, READINESS_REASON_BYTES, "the dataplane is stopping");
	else if ((worker = worker_without_snapshot(stats)) >= 0)
		snprintf(reason, READINESS_REASON_BYTES, "worker %d has no configuration yet",
			 worker);
	else if ((worker = worker_stalled(readiness)) >= 0)
		snprintf(reason, READINESS_REASON_BYTES, "worker %d is stalled", worker);
	else if ((pool = pool_unusable(readiness)) != NULL)
		snprintf(reason, READINESS_REASON_BYTES, "no upstream of pool %s is usable",
			 pool->name);
	return reason[0] == 0;
}

/* Draining */

/* Client queries so far, forwarded or answered here. Dropped queries do not count. */
static uint64_t
queries_count(const struct stats_reader *stats)
{
	static const enum worker_counter counters[] = {
		COUNTER_queries,       COUNTER_coalesced,    COUNTER_own_formerr,
		COUNTER_own_notimp,    COUNTER_own_servfail, COUNTER_own_refused,
		COUNTER_own_truncated,
	};
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		sum += stats_reader_counter(stats, counters[i]);
	return sum;
}

static void
stop_on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	struct readiness *readiness = owner;

	(void)tag;
	if (response->status == 0) {
		log_line(LEVEL_NOTICE, "drain: the dataplane is stopping");
		/* else the dataplane is gone: see readiness_lost() */
	} else if (response->status != -ENOTCONN) {
		log_line(LEVEL_ERROR, "drain: the dataplane refused to stop: %s; retrying",
			 strerror(-response->status));
		drain_not_asked(&readiness->drain);
	}
}

static void
stop_ask(struct readiness *readiness)
{
	const struct link_request request = {.type = MESSAGE_STOP,
					     .fd = -1,
					     .on_response = stop_on_response,
					     .owner = readiness};
	int status = link_ask(readiness->parts.dataplane, &request);

	if (status == 0)
		return;
	log_line(LEVEL_WARNING, "drain: cannot send the stop request: %s; retrying",
		 strerror(-status));
	drain_not_asked(&readiness->drain);
}

static void
timer_fired(void *owner, uint64_t now_ns)
{
	struct readiness *readiness = owner;
	bool open = stats_reader_is_open(readiness->parts.stats);
	/* Without statistics the number of queries is unknown: assume that there are some. */
	uint64_t queries = open ? queries_count(readiness->parts.stats) : now_ns;

	loop_timer_at(readiness->parts.loop, &readiness->timer, now_ns + READINESS_EVERY_NS);
	if (open)
		heartbeat_poll(readiness, &readiness->heartbeat, now_ns);
	if (!drain_poll(&readiness->drain, queries, now_ns))
		return;
	log_line(LEVEL_NOTICE, "drain: %s: stopping the dataplane",
		 now_ns < readiness->drain.until_ns ? "no more queries arrive"
						    : "the timeout has expired");
	readiness->parts.drain_changed(readiness->parts.owner);
	stop_ask(readiness);
}

int
readiness_drain(struct readiness *readiness, uint32_t timeout_s)
{
	if (readiness->drain.state == DRAIN_STOPPING)
		return -EBUSY;
	if (readiness->drain.state != DRAIN_WAITING &&
	    readiness->parts.dataplane->state != LINK_CONNECTED)
		return -ENOTCONN;
	drain_begin(&readiness->drain, timeout_s * NS_PER_S, loop_now_ns());
	log_line(LEVEL_NOTICE,
		 "draining: not ready from now on; the dataplane is stopped after %llu s without a "
		 "query, or in %u s",
		 (unsigned long long)(DRAIN_IDLE_NS / NS_PER_S), timeout_s);
	readiness->parts.drain_changed(readiness->parts.owner);
	return 0;
}

int
readiness_undrain(struct readiness *readiness)
{
	int status = drain_cancel(&readiness->drain);

	if (status != 0)
		return status;
	log_line(LEVEL_NOTICE, "drain cancelled");
	readiness->parts.drain_changed(readiness->parts.owner);
	return 0;
}

/* Start and stop */

void
readiness_init(struct readiness *readiness, const struct readiness_parts *parts,
	       const struct state *state)
{
	*readiness = (struct readiness){.parts = *parts, .timer = {.fire = timer_fired}};
	readiness->timer.owner = readiness;
	drain_recall(&readiness->drain, state->drain, state->drain_since_ns, state->drain_until_ns);
	if (readiness->drain.state != DRAIN_OFF)
		log_line(LEVEL_NOTICE,
			 "continuing the drain that was in progress when ephemerad stopped");
}

void
readiness_fini(struct readiness *readiness)
{
	loop_timer_cancel(readiness->parts.loop, &readiness->timer);
}

void
readiness_connected(struct readiness *readiness, bool same)
{
	if (readiness->drain.state == DRAIN_STOPPED && !same)
		log_line(LEVEL_NOTICE, "drain ended: the dataplane has been restarted");
	drain_connected(&readiness->drain, same);
	heartbeat_forget(&readiness->heartbeat);
	loop_timer_at(readiness->parts.loop, &readiness->timer, 0);
}

void
readiness_lost(struct readiness *readiness)
{
	loop_timer_cancel(readiness->parts.loop, &readiness->timer);
	if (readiness->drain.state == DRAIN_STOPPING)
		log_line(LEVEL_NOTICE, "drained: the dataplane has stopped");
	drain_lost(&readiness->drain);
	heartbeat_forget(&readiness->heartbeat);
}
