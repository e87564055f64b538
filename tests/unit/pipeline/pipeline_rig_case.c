/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig's cases: frames in, frames out, and the checks at the end of each. */
#include "tests/unit/pipeline/pipeline_rig.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "dataplane/pipeline/pipeline.h"
#include "dataplane/pipeline/probe.h"
#include "dataplane/pipeline/stages.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIG_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RIG_ASAN 1
#endif

#ifdef RIG_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes)   ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

#define RIG_TURNS_MAX 1000 /* bound on turns, to detect frames that loop */

static const char *const counter_names[] = {
#define X(name, help) #name,
	WORKER_COUNTERS(X)
#undef X
};

static const char *const drop_names[] = {
#define X(name, help) #name,
	DROP_REASONS(X)
#undef X
};

bool
rig_check(struct rig *rig, bool held, const char *format, ...)
{
	va_list arguments;

	if (held)
		return true;
	fprintf(stderr, "  [%s] ", rig->description ? rig->description : "");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	rig->faults++;
	return false;
}

static uint64_t
counter_sum(const struct rig *rig, unsigned counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rig->options.workers; i++)
		sum += rig->stats[i].counters[counter];
	return sum;
}

static uint64_t
drop_sum(const struct rig *rig, unsigned reason)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rig->options.workers; i++)
		sum += rig->stats[i].drops[reason];
	return sum;
}

void
rig_begin(struct rig *rig, const char *description)
{
	rig->description = description;
	rig->faults = 0;
	rig->tail_bytes = 0;
	rig->receive_queue = 0;
	rig->receive_flags = 0;
	rig->sent_count = rig->sent_taken = 0;
	for (unsigned i = 0; i < WORKER_COUNTER_COUNT; i++)
		rig->counters_before[i] = counter_sum(rig, i);
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		rig->drops_before[i] = drop_sum(rig, i);
	memset(rig->drops_expected, 0, sizeof(rig->drops_expected));
}

void
rig_expect_drop(struct rig *rig, enum drop_reason reason, uint64_t count)
{
	rig->drops_expected[reason] += count;
}

uint64_t
rig_counted(const struct rig *rig, enum worker_counter counter)
{
	return counter_sum(rig, counter) - rig->counters_before[counter];
}

void
rig_expect_count(struct rig *rig, enum worker_counter counter, uint64_t count)
{
	uint64_t found = rig_counted(rig, counter);

	rig_check(rig, found == count, "counter %s grew by %" PRIu64 ", not %" PRIu64,
		  counter_names[counter], found, count);
}

static struct rte_mbuf *
mbuf_take(struct rig *rig)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->pool);

	if (mbuf == NULL) {
		fprintf(stderr, "rig: the pool is empty\n");
		abort();
	}
	ASAN_UNPOISON_MEMORY_REGION(mbuf->buf_addr, mbuf->buf_len);
	return mbuf;
}

static void
mbuf_unpoison(struct rte_mempool *pool, void *unused, void *object, unsigned index)
{
	const struct rte_mbuf *mbuf = object;

	ASAN_UNPOISON_MEMORY_REGION(mbuf->buf_addr, mbuf->buf_len);
}

void
rig_unpoison(struct rig *rig)
{
	rte_mempool_obj_iter(rig->pool, mbuf_unpoison, NULL);
}

void
rig_inject(struct rig *rig, enum rig_interface interface, const void *frame, uint32_t bytes)
{
	struct rte_mbuf *mbuf = mbuf_take(rig);
	uint8_t *to = rte_pktmbuf_mtod(mbuf, uint8_t *),
		*end = (uint8_t *)mbuf->buf_addr + mbuf->buf_len;

	if (bytes > rte_pktmbuf_tailroom(mbuf))
		abort();
	if (bytes > 0)
		memcpy(to, frame, bytes);
	mbuf->data_len = (uint16_t)bytes;
	mbuf->pkt_len = bytes;
	mbuf->port = rig->interfaces[interface].ethdev; /* as drivers do */
	mbuf->ol_flags = rig->receive_flags;
	ASAN_POISON_MEMORY_REGION(to + bytes + rig->tail_bytes,
				  end - (to + bytes + rig->tail_bytes));
	rig->poisoned[rig->poisoned_count++ % RIG_MBUFS] = mbuf;
	if (rte_ring_enqueue(rig->rx[interface][rig->receive_queue], mbuf) != 0) {
		fprintf(stderr, "rig: the receive queue is full\n");
		abort();
	}
}

void
rig_inject_frame(struct rig *rig, enum rig_interface interface, const struct pipeline_frame *frame)
{
	rig_inject(rig, interface, frame->frame, frame->bytes);
}

static void
probe_put(struct rig *rig, uint16_t upstream, uint16_t timeout_ms, uint64_t cookie,
	  const uint8_t *question, size_t question_bytes)
{
	struct rte_mbuf *mbuf = mbuf_take(rig);
	struct probe_order *order = rte_pktmbuf_mtod(mbuf, struct probe_order *);

	*order = (struct probe_order){.cookie = cookie,
				      .upstream = upstream,
				      .timeout_ms = timeout_ms,
				      .question_bytes = (uint16_t)question_bytes};
	memcpy(order->question, question, question_bytes);
	rig_check(rig, rte_ring_enqueue(rig->probes, mbuf) == 0, "the probe ring is full");
}

void
rig_order_probe(struct rig *rig, uint16_t upstream, uint16_t timeout_ms, uint64_t cookie)
{
	static const uint8_t question[] = {0, 0, 2, 0, 1}; /* . NS IN */

	probe_put(rig, upstream, timeout_ms, cookie, question, sizeof(question));
}

void
rig_order_probe_of(struct rig *rig, uint16_t upstream, uint64_t cookie,
		   const struct pipeline_dns *question)
{
	probe_put(rig, upstream, 1000, cookie, question->message + 12, question->question_bytes);
}

static void
rig_collect(struct rig *rig)
{
	for (unsigned interface = 0; interface < RIG_INTERFACE_COUNT; interface++) {
		for (unsigned q = 0; q < rig->options.tx_queues; q++) {
			struct rte_mbuf *mbuf;

			while (rte_ring_dequeue(rig->tx[interface][q], (void **)&mbuf) == 0) {
				struct pipeline_sent *sent = &rig->sent[rig->sent_count];

				if (rig->sent_count == RIG_SENT_MAX)
					abort();
				rig->sent_count++;
				sent->fault = mbuf->nb_segs != 1 || mbuf->pkt_len != mbuf->data_len
						      ? "wrong mbuf lengths"
						      : NULL;
				sent->interface = (uint8_t)interface;
				sent->bytes = mbuf->data_len;
				ASAN_UNPOISON_MEMORY_REGION(mbuf->buf_addr, mbuf->buf_len);
				memcpy(sent->frame, rte_pktmbuf_mtod(mbuf, void *),
				       RTE_MIN(sent->bytes, PIPELINE_FRAME_MAX));
				rte_pktmbuf_free(mbuf);
				if (sent->fault == NULL)
					pipeline_sent_parse(sent);
			}
		}
	}
}

void
rig_turn(struct rig *rig, uint32_t worker)
{
	pipeline_turn(rig->workers[worker]);
}

void
rig_run(struct rig *rig)
{
	for (unsigned turns = 0, quiet = 0; quiet < 2; turns++) {
		unsigned seen = 0;

		for (uint32_t i = 0; i < rig->options.workers; i++)
			seen += pipeline_turn(rig->workers[i]);
		quiet = seen == 0 ? quiet + 1 : 0;
		if (!rig_check(rig, turns < RIG_TURNS_MAX, "frames loop"))
			break;
	}
	rig_collect(rig);
	for (uint32_t i = 0; i < RTE_MIN(rig->poisoned_count, (uint32_t)RIG_MBUFS); i++)
		ASAN_UNPOISON_MEMORY_REGION(rig->poisoned[i]->buf_addr, rig->poisoned[i]->buf_len);
	rig->poisoned_count = 0;
}

const struct pipeline_sent *
rig_take(struct rig *rig)
{
	const struct pipeline_sent *sent;

	if (rig->sent_taken == rig->sent_count)
		return NULL;
	sent = &rig->sent[rig->sent_taken++];
	rig_check(rig, sent->fault == NULL, "sent frame: %s", sent->fault ? sent->fault : "");
	return sent;
}

const struct pipeline_sent *
rig_take_from(struct rig *rig, enum rig_interface interface)
{
	static const struct pipeline_sent none = {
		.fault = "none", .bytes = 54, .dns = 42, .dns_bytes = 12};
	const struct pipeline_sent *sent = rig_take(rig);

	if (!rig_check(rig, sent != NULL, "no frame sent on interface %u", interface))
		return &none;
	if (!rig_check(rig, sent->interface == interface, "frame sent on interface %u, not %u",
		       sent->interface, interface) ||
	    sent->fault != NULL)
		return &none;
	return sent;
}

void
rig_sweeps(struct worker *w, bool on)
{
	w->sweep_next_tsc = on ? 0 : rte_rdtsc() + (UINT64_C(1) << 62);
}

/* Sweeps the whole table once. */
static void
worker_sweep_all(struct worker *w)
{
	for (uint32_t n = 0; n <= w->flows.used; n++) {
		w->sweep_next_tsc = w->now_tsc;
		sweep(w);
	}
}

void
rig_pass(struct rig *rig, uint64_t ms)
{
	for (uint32_t i = 0; i < rig->options.workers; i++) {
		struct worker *w = rig->workers[i];

		w->view = rig->view;
		w->now_tsc = rte_rdtsc() + ms * (w->tsc_hz / 1000);
		worker_sweep_all(w);
		rig_sweeps(w, false);
	}
}

/* Length of the pool's free list; a list with a loop yields more than there are. */
uint32_t
rig_free_waiters(const struct worker *w)
{
	uint32_t count = 0;

	for (uint32_t i = w->flows.waiter_free; i != FLOW_NONE && count <= w->flows.mask;
	     i = w->flows.waiters[i].next)
		count++;
	return count;
}

/* rx + generated + handoff_in = tx + consumed + handoff_out + drops. */
static void
check_balance(struct rig *rig, const struct worker *w)
{
	const uint64_t *c = w->stats->counters;
	uint64_t in = c[COUNTER_rx] + c[COUNTER_generated] + c[COUNTER_handoff_in];
	uint64_t out = c[COUNTER_tx] + c[COUNTER_consumed] + c[COUNTER_handoff_out];

	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		out += w->stats->drops[i];
	rig_check(rig, in == out, "worker %u: %" PRIu64 " packets in, %" PRIu64 " out", w->index,
		  in, out);
	/* Nothing is in flight now: each client got a response, or its query timed out, or was
	 * counted as lost. */
	in = c[COUNTER_queries] + c[COUNTER_coalesced];
	out = c[COUNTER_responses] + c[COUNTER_timeouts] + c[COUNTER_responses_lost];
	rig_check(rig, in == out || w->stats->drops[DROP_no_headroom] > 0,
		  "worker %u: %" PRIu64 " clients in, %" PRIu64 " out", w->index, in, out);
}

static void
check_empty(struct rig *rig, const struct worker *w)
{
	const uint32_t cells = RTE_MAX((w->flows.mask + 1) / FLOW_CELL_SHARE, 64u);
	const uint32_t waiters = RTE_MAX((w->flows.mask + 1) / FLOW_WAITER_SHARE, 64u);
	uint32_t live = 0, listed = 0, ports = 0, free_waiters;

	for (uint32_t i = 0; i <= w->flows.mask; i++)
		live += w->flows.flows[i].state != FLOW_FREE || (w->flows.flows[i].sequence & 1) ||
			!flow_slot_free(&w->flows, i);
	rig_check(rig, live == 0 && w->flows.in_flight == 0, "worker %u: %u flows left, %u counted",
		  w->index, live, w->flows.in_flight);
	for (uint32_t i = w->flows.free_first; i < w->flows.used && listed <= w->flows.used;
	     listed++)
		i = w->flows.flows[i].next_free;
	rig_check(rig, listed == w->flows.used, "worker %u: %u of %u entries free", w->index,
		  listed, w->flows.used);
	for (uint32_t port = 0; port < 65536; port++)
		ports += w->stats->ports[port].live != 0 || w->stats->ports[port].misses != 0;
	rig_check(rig, ports == 0, "worker %u: %u ports still in use or with near misses", w->index,
		  ports);
	rig_check(rig, w->flows.cell_free_count == cells, "worker %u: %u of %u cells free",
		  w->index, w->flows.cell_free_count, cells);
	free_waiters = rig_free_waiters(w);
	rig_check(rig, free_waiters == waiters, "worker %u: %u of %u waiters free", w->index,
		  free_waiters, waiters);
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		rig_check(rig, w->stats->upstreams[i].in_flight == 0,
			  "worker %u: upstream %u has %" PRId64 " in flight", w->index, i,
			  (int64_t)w->stats->upstreams[i].in_flight);
}

static void
check_drops(struct rig *rig)
{
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++) {
		uint64_t found = drop_sum(rig, i) - rig->drops_before[i];

		rig_check(rig, found == rig->drops_expected[i],
			  "drop %s: %" PRIu64 ", expected %" PRIu64, drop_names[i], found,
			  rig->drops_expected[i]);
	}
}

unsigned
rig_end(struct rig *rig)
{
	struct probe_result result;

	rig_run(rig);
	for (uint32_t i = rig->sent_taken; i < rig->sent_count; i++)
		rig_check(rig, false, "unexpected frame of %u bytes sent on interface %u",
			  rig->sent[i].bytes, rig->sent[i].interface);
	check_drops(rig);
	rig_pass(rig, SNAPSHOT_TIMEOUT_MS_MAX + 1000);
	while (rte_ring_dequeue_elem(rig->probe_results, &result, sizeof(result)) == 0)
		;
	for (uint32_t i = 0; i < rig->options.workers; i++) {
		check_balance(rig, rig->workers[i]);
		check_empty(rig, rig->workers[i]);
	}
	rig_check(rig, rte_mempool_avail_count(rig->pool) == rig->pool_count,
		  "only %u of %u mbufs are free again", rte_mempool_avail_count(rig->pool),
		  rig->pool_count);
	return rig->faults;
}
