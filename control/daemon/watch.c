/* SPDX-License-Identifier: BSD-3-Clause */
/* Acts on the dataplane's counters. */
#include "control/daemon/watch.h"

#include <string.h>

#include "control/lib/address.h"
#include "control/lib/log.h"
#include "control/stats/stray_reader.h"

/* Letter case */

static void
case_log(const struct watch *watch, unsigned slot)
{
	const struct slot *named = &watch->publisher->slots.upstreams.slots[slot];
	const struct case_sample *seen = &watch->farm->upstreams[slot].case_watch.last;
	char address[ADDRESS_PORT_TEXT_BYTES];

	log_line(LEVEL_WARNING,
		 "upstream %s (%s) does not preserve the letter case of questions (%llu of %llu "
		 "responses): random case is off for it until its random_case is set to false and "
		 "back to true; fix the server, or leave random_case: false",
		 named->name, address_port_format(&named->address, named->port, address),
		 (unsigned long long)seen->wrong_case,
		 (unsigned long long)(seen->responses + seen->wrong_case));
}

static void
cases_watch(struct watch *watch, uint64_t now_ns)
{
	const struct snapshot *adopted = watch->publisher->adopted;
	bool found = false;

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		struct case_watch *of = &watch->farm->upstreams[i].case_watch;
		struct upstream_stats stats;

		if (!watch->farm->upstreams[i].active || i >= adopted->upstream_count ||
		    !adopted->upstreams[i].random_case) {
			case_watch_forget(of);
			continue;
		}
		stats = stats_reader_upstream(watch->stats, i);
		if (!case_watch_on_sample(
			    of, &(struct case_sample){stats.responses, stats.wrong_case}, now_ns))
			continue;
		case_log(watch, i);
		farm_reset_failures(watch->farm, i, now_ns);
		found = true;
	}
	if (found)
		publisher_touch(watch->publisher);
}

/* Attacks */

const char *
watch_upstream_name(const struct watch *watch, const struct stray *attack)
{
	const struct slot_set *upstreams = &watch->publisher->slots.upstreams;

	for (unsigned i = 0; i < upstreams->limit; i++) {
		const struct slot *slot = &upstreams->slots[i];

		if (slot->state != SLOT_EMPTY && slot->port == be16_to(attack->source_port) &&
		    address_equal(&slot->address, &attack->source))
			return slot->name;
	}
	return "?";
}

static void
attack_log(const struct watch *watch)
{
	const struct alarm *alarm = &watch->alarm;
	const struct stray *newest = &watch->attack;
	char address[ADDRESS_PORT_TEXT_BYTES], question[STRAY_TEXT_BYTES];

	log_line(LEVEL_WARNING,
		 "ALARM: forged responses: %llu queries had %llu near misses, %.0f per second; "
		 "latest: upstream %s (%s), question %s",
		 (unsigned long long)alarm->reported.attacked,
		 (unsigned long long)alarm->reported.near_misses, alarm->reported_rate_per_s,
		 watch_upstream_name(watch, newest),
		 address_port_format(&newest->source, be16_to(newest->source_port), address),
		 stray_question(newest, question));
}

static void
attacks_watch(struct watch *watch, uint64_t now_ns)
{
	const struct alarm_sample sample = {
		.attacked = stats_reader_counter(watch->stats, COUNTER_attacked),
		.near_misses = stats_reader_counter(watch->stats, COUNTER_near_misses),
	};
	const bool grew = watch->alarm.watching && sample.attacked != watch->alarm.seen.attacked;
	const struct alarm *alarm = &watch->alarm;
	struct stray newest;

	if (grew && stray_reader_newest(watch->stats, stray_ring_of_attacks, &newest, 1) == 1) {
		watch->attack = newest;
		stray_lower(&watch->attack);
	}
	switch (alarm_on_sample(&watch->alarm, &sample, now_ns)) {
	case ALARM_NOTHING:
		break;
	case ALARM_REPORT:
		attack_log(watch);
		break;
	case ALARM_OVER:
		log_line(LEVEL_NOTICE,
			 "alarm over: no forged responses for %llu s; %llu queries had %llu near "
			 "misses in %llu s",
			 (unsigned long long)(ALARM_QUIET_NS / NS_PER_S),
			 (unsigned long long)alarm->queries, (unsigned long long)alarm->near_misses,
			 (unsigned long long)((alarm->last_ns - alarm->since_ns) / NS_PER_S));
		break;
	}
}

/* Draws */

/* A window must not mix draws from different sets of ports or addresses: another set starts a new
 * window. */
static void
draws_watch(struct watch *watch, uint64_t now_ns)
{
	const struct snapshot *adopted = watch->publisher->adopted;

	if (adopted->generation != watch->generation) {
		bool same = memcmp(watch->ports, adopted->ports_draw, sizeof(watch->ports)) == 0 &&
			    memcmp(watch->sources, adopted->sources, sizeof(watch->sources)) == 0;

		watch->generation = adopted->generation;
		memcpy(watch->ports, adopted->ports_draw, sizeof(watch->ports));
		memcpy(watch->sources, adopted->sources, sizeof(watch->sources));
		if (!same) {
			draw_window_begin(&watch->draws, now_ns);
			return;
		}
	}
	draw_window_turn(&watch->draws, now_ns);
}

/* Links */

/* Logs each change of a link; initially every link counts as up. */
static void
links_watch(struct watch *watch)
{
	const struct stats_header *header = stats_reader_header(watch->stats);

	for (unsigned i = 0; i < header->interface_count && i < SNAPSHOT_INTERFACES_MAX; i++) {
		const struct interface_stats *interface = &header->interfaces[i];
		const bool was_up = !watch->links_known || watch->link_up[i];
		const int bytes = (int)sizeof(interface->name);

		watch->link_up[i] = interface->link_up != 0;
		if (was_up && !watch->link_up[i])
			log_line(LEVEL_WARNING,
				 "interface %.*s: link is down: no packets are received or sent",
				 bytes, interface->name);
		else if (!was_up && watch->link_up[i])
			log_line(LEVEL_NOTICE, "interface %.*s: link is up again", bytes,
				 interface->name);
	}
	watch->links_known = true;
}

static void
timer_fired(void *owner, uint64_t now_ns)
{
	struct watch *watch = owner;

	if (!stats_reader_is_open(watch->stats))
		return;
	loop_timer_at(watch->loop, &watch->timer, now_ns + WATCH_EVERY_NS);
	links_watch(watch);
	attacks_watch(watch, now_ns);
	draws_watch(watch, now_ns);
	cases_watch(watch, now_ns);
	farm_poll(watch->farm, now_ns);
}

void
watch_init(struct watch *watch, struct loop *loop, const struct stats_reader *stats,
	   struct farm *farm, struct publisher *publisher)
{
	*watch = (struct watch){.loop = loop,
				.stats = stats,
				.farm = farm,
				.publisher = publisher,
				.timer = {.fire = timer_fired}};
	watch->timer.owner = watch;
	draw_window_init(&watch->draws, stats);
}

void
watch_fini(struct watch *watch)
{
	loop_timer_cancel(watch->loop, &watch->timer);
	draw_window_fini(&watch->draws);
}

void
watch_connected(struct watch *watch)
{
	alarm_forget(&watch->alarm);
	watch->links_known = false;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		case_watch_forget(&watch->farm->upstreams[i].case_watch);
	watch->generation = 0;
	if (stats_reader_is_open(watch->stats)) {
		draw_window_begin(&watch->draws, loop_now_ns());
		loop_timer_at(watch->loop, &watch->timer, 0);
	}
}

void
watch_lost(struct watch *watch)
{
	loop_timer_cancel(watch->loop, &watch->timer);
	draw_window_fini(&watch->draws);
}
