/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries, pushes, commits or drops snapshots; learns what a running dataplane has. */
#include "control/publish/publisher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/state/snapshot_build.h"
#include "control/state/snapshot_file.h"

#define TRY_AGAIN_NS NS_PER_S

static void publisher_try(struct publisher *publisher);
static void try_next(struct publisher *publisher);

/* What the dataplane is known to run on. */
static const struct snapshot *
adopted_or_null(const struct publisher *publisher)
{
	return publisher->adopted->generation > 0 ? publisher->adopted : NULL;
}

/* The end of a try */

/* Tells whoever offered a configuration. The offer is over before, so that the callback may make
 * another. */
static void
offer_end(struct publisher *publisher, int status, const char *why)
{
	const struct publisher_verdict verdict = {status, why};

	if (publisher->offer == NULL)
		return;
	if (status != 0)
		config_free(publisher->offer);
	publisher->offer = NULL;
	publisher->offer_decided(publisher->offer_owner, &verdict);
}

static void
timer_set(struct publisher *publisher)
{
	loop_timer_at(publisher->parts.loop, &publisher->timer, slots_expiry_ns(&publisher->slots));
}

/* What was tried is in force; on to the next try, if there is something to try. */
static void
commit(struct publisher *publisher)
{
	publisher->slots = publisher->next_slots;
	if (publisher->offered) {
		config_free(publisher->config);
		publisher->config = publisher->offer;
		/* To switch an upstream's random case off, and on again, is to say that it was
		 * mended. */
		for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
			if (!publisher->slots.upstreams.slots[i].random_case)
				case_watch_init(&publisher->parts.farm->upstreams[i].case_watch,
						false);
	}
	timer_set(publisher);
	if (farm_settle(publisher->parts.farm, &publisher->slots, publisher->config, loop_now_ns()))
		publisher->changed = true;
	if (publisher->state != PUBLISHER_AWAY) {
		log_problem_over(&publisher->problem,
				 "the dataplane takes the configuration again");
		farm_enforce(publisher->parts.farm, loop_now_ns());
	}
	publisher->parts.committed(publisher->parts.owner);
	if (publisher->offered)
		offer_end(publisher, 0, "");
	try_next(publisher);
}

/* What was tried is not: an offer is dropped for good, anything else is tried again in a second. */
static void
reject(struct publisher *publisher, int status, const char *why)
{
	uint64_t again_ns =
		loop_now_ns(); /* after an offer: what came up meanwhile is not in force */

	neighbour_follow(publisher->parts.neighbour, &publisher->slots.upstreams);
	if (publisher->state != PUBLISHER_AWAY)
		steer_maps_hold(publisher->parts.steer, NULL, adopted_or_null(publisher));
	if (!publisher->offered)
		again_ns += TRY_AGAIN_NS;
	if (!publisher->offered && publisher->state != PUBLISHER_AWAY)
		log_problem(&publisher->problem, LEVEL_ERROR,
			    "the configuration is not in force: %s; trying again every second",
			    why);
	loop_timer_at(publisher->parts.loop, &publisher->timer, again_ns);
	if (publisher->offered)
		offer_end(publisher, status, why);
}

static void
try_next(struct publisher *publisher)
{
	if (publisher->state == PUBLISHER_READY && (publisher->changed || publisher->offer != NULL))
		publisher_try(publisher);
}

/* The new snapshot is what the dataplane runs on. */
static void
put_adopted(struct publisher *publisher)
{
	struct snapshot *adopted = publisher->next;

	publisher->next = publisher->adopted;
	publisher->adopted = adopted;
	publisher->learnt = true;
	if (steer_maps_hold(publisher->parts.steer, NULL, adopted) != 0)
		publisher->changed = true; /* mended with the next try */
	log_line(LEVEL_DEBUG, "generation %llu is in force",
		 (unsigned long long)adopted->generation);
	commit(publisher);
}

static void
put_refused(struct publisher *publisher, const struct link_response *response)
{
	const struct snapshot_response *body = response->body;
	char reason[sizeof(body->why) + 1] = "", why[PUBLISHER_WHY_BYTES];

	if (response->body_bytes > 0)
		memcpy(reason, body->why, sizeof(body->why));
	if (reason[0] == 0)
		snprintf(reason, sizeof(reason), "%s", strerror(-response->status));
	if (response->body_bytes > 0 && body->generation == publisher->next->generation) {
		log_line(LEVEL_WARNING, "the dataplane runs on generation %llu, but %s",
			 (unsigned long long)body->generation, reason); /* -ETIMEDOUT */
		put_adopted(publisher);
		return;
	}
	snprintf(why, sizeof(why), "the dataplane refuses it: %s", reason);
	reject(publisher, response->status, why);
	try_next(publisher);
}

static void
put_answered(void *owner, uint64_t tag, const struct link_response *response)
{
	struct publisher *publisher = owner;

	(void)tag;
	if (publisher->state != PUBLISHER_PUSHING)
		return;
	publisher->state = PUBLISHER_READY;
	if (publisher->parts.dataplane->state != LINK_CONNECTED) {
		publisher->state = PUBLISHER_AWAY;
		reject(publisher, -ENOTCONN, "the dataplane went away before it answered");
	} else if (response->status != 0) {
		put_refused(publisher, response);
	} else {
		put_adopted(publisher);
	}
}

/* A try */

static void
try_build(struct publisher *publisher, const struct config *config)
{
	const struct farm *farm = publisher->parts.farm;
	struct build_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
	const struct build_input input = {.config = config,
					  .slots = &publisher->next_slots,
					  .upstreams = upstreams,
					  .generation = publisher->generation + 1};

	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++) {
		const struct next_hop *hop = &publisher->parts.neighbour->hops[i];

		upstreams[i] = (struct build_upstream){
			.usable = health_usable(&farm->upstreams[i].health),
			.admin_state = farm->upstreams[i].health.admin_state,
			.resolved = next_hop_resolved(hop),
			.interface_index = (uint8_t)hop->interface_index_last,
			.next_hop = hop->mac,
			.case_not_kept = farm->upstreams[i].case_watch.not_kept};
	}
	build_snapshot(&input, publisher->next);
}

/* Sends the snapshot that was built; reject()s what can't be sent. */
static void
try_push(struct publisher *publisher)
{
	const struct snapshot *adopted = adopted_or_null(publisher);
	const struct snapshot_put put = {.size_bytes = publisher->next->size_bytes};
	struct link_request request = {.type = MESSAGE_SNAPSHOT_PUT,
				       .body = &put,
				       .body_bytes = sizeof(put),
				       .on_response = put_answered,
				       .owner = publisher};
	char why[PUBLISHER_WHY_BYTES];
	int status = steer_maps_hold(publisher->parts.steer, adopted, publisher->next);

	if (status != 0) {
		snprintf(why, sizeof(why), "can't write the XDP program's maps: %s",
			 publisher->parts.steer->usable ? strerror(-status) : STEER_MAPS_UNUSABLE);
		reject(publisher, status, why);
		return;
	}
	request.fd = snapshot_file_make(publisher->next);
	status = request.fd < 0 ? request.fd : link_ask(publisher->parts.dataplane, &request);
	if (request.fd >= 0)
		close(request.fd);
	if (status != 0) {
		snprintf(why, sizeof(why), "can't hand it to the dataplane: %s", strerror(-status));
		reject(publisher, status, why);
		return;
	}
	publisher->generation = publisher->next->generation;
	publisher->state = PUBLISHER_PUSHING;
}

/* Gives the configuration its slots. What was offered has to fit as a whole; what is to be in force
 * anyway (a running dataplane's slots were learnt, say, and hardly any of them is configured) comes
 * into force as far as it fits, and the rest when the first retired slots are empty: commit() sets
 * the timer. */
static int
try_slots(struct publisher *publisher, const struct config *config, uint64_t now,
	  char why[PUBLISHER_WHY_BYTES])
{
	struct slots *before = &publisher->slots, *after = &publisher->next_slots;
	unsigned long long wait_s;
	const char *full;

	*after = *before;
	slots_expire(after, now);
	if (slots_apply(after, config, now, &full) == 0)
		return 0;
	wait_s = (slots_linger_ns(before->timeout_ms > after->timeout_ms ? before->timeout_ms
									 : after->timeout_ms) +
		  NS_PER_S - 1) /
		 NS_PER_S;
	if (!publisher->offered) {
		log_line(LEVEL_WARNING,
			 "no room for all %s beside those removed: the rest follows within %llu s",
			 full, wait_s);
		return 0;
	}
	snprintf(why, PUBLISHER_WHY_BYTES,
		 "no room for the new %s beside the old ones, which keep their places for %llu s: "
		 "take old ones out first and reload, wait %llu s, then add the new ones and "
		 "reload again",
		 full, wait_s, wait_s);
	return -ENOSPC;
}

static void
publisher_try(struct publisher *publisher)
{
	const struct config *config =
		publisher->offer != NULL ? publisher->offer : publisher->config;
	const struct snapshot *adopted = adopted_or_null(publisher);
	uint64_t now = loop_now_ns();
	char no_room[PUBLISHER_WHY_BYTES];
	const char *why = NULL;

	publisher->offered = publisher->offer != NULL;
	if (try_slots(publisher, config, now, no_room) != 0) {
		reject(publisher, -ENOSPC, no_room);
		return;
	}
	farm_admit(publisher->parts.farm, &publisher->slots, &publisher->next_slots, config, now);
	neighbour_follow(publisher->parts.neighbour, &publisher->next_slots.upstreams);
	publisher->changed = false;
	try_build(publisher, config);
	if (snapshot_validate(publisher->next, publisher->next->size_bytes, &why) != 0)
		reject(publisher, -EINVAL, why);
	else if (publisher->state == PUBLISHER_AWAY)
		commit(publisher);
	else if (adopted != NULL && build_same(publisher->next, adopted) &&
		 publisher->parts.steer->known)
		commit(publisher);
	else
		try_push(publisher);
}

/* Learning */

/* Goes on where the dataplane's snapshot is, also when it is our own: what came into force here
 * while the dataplane was away never reached it, and its flows name its slots. */
static void
learn(struct publisher *publisher, const struct snapshot *running)
{
	uint64_t now = loop_now_ns();

	slots_seed(&publisher->next_slots, running, now);
	farm_seed(publisher->parts.farm, &publisher->slots, &publisher->next_slots, running,
		  publisher->learnt, now);
	publisher->slots = publisher->next_slots;
	neighbour_follow(publisher->parts.neighbour, &publisher->slots.upstreams);
	neighbour_seed(publisher->parts.neighbour, running);
	memcpy(publisher->adopted, running, running->size_bytes);
	publisher->learnt = true;
	log_line(LEVEL_NOTICE, "the dataplane runs on generation %llu: going on from there",
		 (unsigned long long)running->generation);
}

static void
get_answered(void *owner, uint64_t tag, const struct link_response *response)
{
	struct publisher *publisher = owner;
	const struct snapshot_response *body = response->body;
	const char *why = NULL;
	int status = response->status;

	(void)tag;
	if (publisher->state != PUBLISHER_LEARNING || status == -ENOTCONN)
		return;
	if (status == 0)
		status = snapshot_file_read(response->fds[0], body->size_bytes, publisher->next,
					    &why);
	if (status == 0) {
		learn(publisher, publisher->next);
	} else {
		publisher->adopted->generation = 0;
		if (status == -ENOENT)
			slots_expire(&publisher->slots,
				     UINT64_MAX); /* it has no flows that name them */
		else
			log_line(LEVEL_WARNING,
				 "can't learn what the dataplane runs on (%s): starting afresh",
				 why != NULL ? why : strerror(-status));
	}
	if (publisher->adopted->generation > publisher->generation)
		publisher->generation = publisher->adopted->generation;
	publisher->state = PUBLISHER_READY;
	publisher_try(publisher);
}

static void
learn_begin(struct publisher *publisher)
{
	const struct link_request request = {.type = MESSAGE_SNAPSHOT_GET,
					     .fd = -1,
					     .on_response = get_answered,
					     .owner = publisher};
	int status = link_ask(publisher->parts.dataplane, &request);

	if (status == 0)
		return;
	log_line(LEVEL_WARNING, "can't ask the dataplane what it runs on: %s", strerror(-status));
	loop_timer_at(publisher->parts.loop, &publisher->timer, loop_now_ns() + TRY_AGAIN_NS);
}

static void
timer_fired(void *owner, uint64_t now)
{
	struct publisher *publisher = owner;

	(void)now;
	publisher->changed = true;
	if (publisher->state == PUBLISHER_AWAY)
		publisher_try(publisher);
	else if (publisher->state == PUBLISHER_LEARNING)
		learn_begin(publisher);
	else
		try_next(publisher);
}

/* From outside */

int
publisher_init(struct publisher *publisher, const struct publisher_parts *parts,
	       struct config *config)
{
	memset(publisher, 0, sizeof(*publisher));
	publisher->parts = *parts;
	publisher->config = config;
	publisher->timer = (struct loop_timer){.fire = timer_fired, .owner = publisher};
	slots_init(&publisher->slots);
	publisher->adopted = calloc(1, build_size_max());
	publisher->next = calloc(1, build_size_max());
	if (publisher->adopted == NULL || publisher->next == NULL)
		return -ENOMEM;
	publisher_try(publisher);
	return 0;
}

void
publisher_fini(struct publisher *publisher)
{
	loop_timer_cancel(publisher->parts.loop, &publisher->timer);
	config_free(publisher->offer);
	config_free(publisher->config);
	free(publisher->adopted);
	free(publisher->next);
}

void
publisher_connected(struct publisher *publisher)
{
	uint64_t running = publisher->parts.dataplane->hello.response.generation;

	if (running > publisher->generation)
		publisher->generation = running;
	publisher->state = PUBLISHER_LEARNING;
	loop_timer_cancel(publisher->parts.loop, &publisher->timer);
	neighbour_interfaces_changed(publisher->parts.neighbour);
	learn_begin(publisher);
}

void
publisher_lost(struct publisher *publisher)
{
	publisher->state = PUBLISHER_AWAY;
	farm_suspend(publisher->parts.farm);
	if (publisher->offer != NULL)
		publisher_try(publisher);
}

void
publisher_touch(struct publisher *publisher)
{
	publisher->changed = true;
	try_next(publisher);
}

int
publisher_offer(struct publisher *publisher, struct config *config,
		void (*decided)(void *owner, const struct publisher_verdict *verdict), void *owner)
{
	if (publisher->offer != NULL)
		return -EBUSY;
	publisher->offer = config;
	publisher->offer_decided = decided;
	publisher->offer_owner = owner;
	if (publisher->state == PUBLISHER_AWAY)
		publisher_try(publisher);
	else
		try_next(publisher);
	return 0;
}
