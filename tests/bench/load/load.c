/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop: receives responses, passes queries to the farm, sends its responses and new queries;
 * and the phases of a measurement. Runs: the main core. Never: allocates, or makes a system call,
 * while it measures (except for a line of progress a second, and in drivers of kernel
 * interfaces). */
#include "tests/bench/load/load.h"

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "tests/bench/load/device.h"

#define CREDIT_SHIFT   48  /* fractional bits: a rate of 1 a second is precise, too */
#define CREDIT_US      500 /* queries missed for up to this long are sent later */
#define CREDIT_MIN     256.0
#define CREDIT_MAX     ((double)DEVICE_DESCRIPTORS) /* but no more than a ring of the peer holds */
#define KNOCK_RATE     1000.0
#define PROGRESS_S     1.0
#define TURNS_PER_LOOK 64 /* for the progress line and the stop flag */
#define TURN_BURSTS    4  /* received from each interface per turn, at most */

/* ---- one turn ---- */

/* One burst; returns whether there may be more. */
static bool
device_receive(struct load *l, struct neighbours *side, bool is_client, bool is_farm)
{
	struct rte_mbuf *mbufs[CLIENT_BURST], *done[CLIENT_BURST];
	struct load_counters *counters = &l->clients.counters;
	const uint16_t count = rte_eth_rx_burst(side->device, 0, mbufs, CLIENT_BURST);
	const bool is_reflected = l->options->reflect;
	const uint64_t now_tsc = rte_rdtsc();
	unsigned done_count = 0;

	if (count == 0)
		return false;
	for (uint16_t i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (uint16_t i = 0; i < count; i++) {
		struct datagram d;
		const enum datagram_kind kind = datagram_find(mbufs[i], &d);
		bool is_taken = false;

		if (likely(kind == DATAGRAM_DNS)) {
			if (is_client && (d.dns->flags1 & DNS_QR || is_reflected))
				clients_response(&l->clients, &d, now_tsc);
			else if (is_farm && !(d.dns->flags1 & DNS_QR))
				is_taken = farm_handle(&l->farm, mbufs[i], &d, now_tsc);
			else
				counters->other++;
		} else if (kind == DATAGRAM_OTHER) {
			is_taken = neighbours_handle(side, mbufs[i], counters);
			counters->other += !is_taken;
		} else if (kind == DATAGRAM_CHECKSUM) {
			counters->bad_checksum++;
		} else {
			counters->malformed++;
		}
		if (!is_taken)
			done[done_count++] = mbufs[i];
	}
	if (done_count > 0)
		rte_pktmbuf_free_bulk(done, done_count);
	return count > CLIENT_BURST / 2;
}

/* Handles what has arrived, then sends `wanted` new queries. While more arrives than a turn
 * handles, no queries are sent: if this program is slower than the peer, it offers less instead of
 * losing responses. */
static void
load_turn(struct load *l, uint32_t wanted)
{
	const struct options *o = l->options;
	const bool is_shared = o->has_farm && o->farm_device == o->client_device;
	bool is_behind = true;

	for (unsigned burst = 0; burst < TURN_BURSTS && is_behind; burst++) {
		is_behind = device_receive(l, &l->client_side, true, is_shared);
		if (!o->has_farm)
			continue;
		if (!is_shared)
			is_behind |= device_receive(l, &l->farm_side, false, true);
		farm_send(&l->farm, rte_rdtsc());
	}
	clients_send(&l->clients, is_behind ? 0 : wanted, rte_rdtsc());
}

/* ---- pacing ---- */

struct pace {
	uint64_t last_tsc;
	uint64_t credit;       /* queries due, with CREDIT_SHIFT fractional bits */
	uint64_t credit_a_tsc; /* likewise; 0: no limit */
	uint32_t credit_max;   /* queries */
};

static struct pace
pace_make(const struct load *l, double rate, uint64_t now_tsc)
{
	return (struct pace){
		.last_tsc = now_tsc,
		.credit_a_tsc = (uint64_t)(rate / (double)l->tsc_hz *
					   (double)(UINT64_C(1) << CREDIT_SHIFT)),
		.credit_max =
			(uint32_t)RTE_MIN(RTE_MAX(rate * CREDIT_US / 1e6, CREDIT_MIN), CREDIT_MAX),
	};
}

/* How many queries are due now. Queries missed for longer than the limits are not made up for in a
 * burst. */
static uint32_t
pace_due(struct pace *p, uint64_t now_tsc, struct load_counters *counters)
{
	unsigned __int128 earned;

	if (p->credit_a_tsc == 0)
		return CLIENT_BURST;
	earned = (unsigned __int128)(now_tsc - p->last_tsc) * p->credit_a_tsc + p->credit;
	p->last_tsc = now_tsc;
	if (unlikely(earned >> CREDIT_SHIFT > p->credit_max)) {
		counters->skipped += (uint64_t)(earned >> CREDIT_SHIFT) - p->credit_max;
		earned = (unsigned __int128)p->credit_max << CREDIT_SHIFT;
	}
	p->credit = (uint64_t)earned;
	return (uint32_t)RTE_MIN(p->credit >> CREDIT_SHIFT, (uint64_t)CLIENT_BURST);
}

static void
pace_spend(struct pace *p, uint64_t sent)
{
	if (p->credit_a_tsc != 0)
		p->credit -= sent << CREDIT_SHIFT;
}

/* ---- phases ---- */

static uint64_t
tsc_of(const struct load *l, double seconds)
{
	return (uint64_t)(seconds * (double)l->tsc_hz);
}

static void
progress(const struct load *l, double seconds, double of_seconds)
{
	const struct load_counters *c = &l->clients.counters;

	if (!l->options->quiet && !l->options->search)
		fprintf(stderr,
			"ephemera-load: %3.0f of %.0f s: %lu sent, %lu answered, %lu wrong\n",
			seconds, of_seconds, c->sent, c->answered, load_counters_wrong(c));
}

/* Offers queries for that long; returns the time that it took, and the number of turns. */
static uint64_t
load_offer(struct load *l, double rate, double seconds, bool is_measured, uint64_t *turns)
{
	const uint64_t start_tsc = rte_rdtsc(), length_tsc = tsc_of(l, seconds);
	uint64_t now_tsc = start_tsc, said_tsc = start_tsc;
	struct pace pace = pace_make(l, rate, start_tsc);

	for (*turns = 0; now_tsc - start_tsc < length_tsc; (*turns)++) {
		const uint64_t before = l->clients.next;

		load_turn(l, pace_due(&pace, now_tsc, &l->clients.counters));
		pace_spend(&pace, l->clients.next - before);
		now_tsc = rte_rdtsc();
		if (*turns % TURNS_PER_LOOK != 0)
			continue;
		if (l->stop)
			break;
		if (is_measured && now_tsc - said_tsc > tsc_of(l, PROGRESS_S)) {
			progress(l, (double)(now_tsc - start_tsc) / (double)l->tsc_hz, seconds);
			said_tsc = now_tsc;
		}
	}
	return now_tsc - start_tsc;
}

static bool
all_is_answered(const struct load *l)
{
	const struct load_counters *c = &l->clients.counters;

	return c->answered + c->failed >= c->sent;
}

/* Waits for the responses to the queries sent. */
static void
load_drain(struct load *l)
{
	const double seconds = (l->options->timeout_ms / 1000) + l->options->farm_delay_us / 1e6;
	const uint64_t end_tsc = rte_rdtsc() + tsc_of(l, seconds);

	while (!all_is_answered(l) && !l->stop && rte_rdtsc() < end_tsc)
		load_turn(l, 0);
}

int
load_knock(struct load *l)
{
	const uint64_t end_tsc = rte_rdtsc() + tsc_of(l, l->options->wait_s);
	uint64_t now_tsc = rte_rdtsc();
	struct pace pace = pace_make(l, KNOCK_RATE, now_tsc);

	clients_measure(&l->clients);
	while (l->clients.counters.answered == 0) {
		const uint64_t before = l->clients.next;

		if (l->stop)
			return -EINTR;
		if (now_tsc > end_tsc)
			return -ETIMEDOUT;
		load_turn(l, pace_due(&pace, now_tsc, &l->clients.counters));
		pace_spend(&pace, l->clients.next - before);
		now_tsc = rte_rdtsc();
	}
	load_drain(l);
	return 0;
}

void
load_measure(struct load *l, double rate, struct measured *m)
{
	uint64_t took_tsc;

	if (l->options->warm_up_s > 0)
		load_offer(l, rate, l->options->warm_up_s, false, &m->turns);
	clients_measure(&l->clients);
	took_tsc = load_offer(l, rate, l->options->seconds, true, &m->turns);
	load_drain(l);
	m->target = rate;
	m->seconds = (double)took_tsc / (double)l->tsc_hz;
	m->counters = l->clients.counters;
	m->latency = l->clients.latency;
	m->lost = m->counters.sent -
		  RTE_MIN(m->counters.sent, m->counters.answered + m->counters.failed);
}
