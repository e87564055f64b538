/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds snapshots, pushes them to the dataplane, and commits or discards the result; learns the
 * snapshot of a running dataplane. */
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

/* The snapshot that the dataplane runs on, or NULL if it is not known. */
static const struct snapshot *
adopted_or_null(const struct publisher *publisher)
{
	return publisher->adopted->generation > 0 ? publisher->adopted : NULL;
}

/* The end of a try */

/* Reports the result of an offer. The offer has ended before the callback, which may make another
 * one. */
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

/* The tried configuration and slots are in force; starts the next try if anything changed
 * meanwhile. */
static void
commit(struct publisher *publisher)
{
	publisher->slots = publisher->next_slots;
	if (publisher->offered) {
		config_free(publisher->config);
		publisher->config = publisher->offer;
		/* Disabling random case of an upstream clears "case not kept": when it is enabled
		 * again, the upstream is assumed to be fixed. */
		for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
			if (!publisher->slots.upstreams.slots[i].random_case)
				case_watch_init(&publisher->parts.farm->upstreams[i].case_watch,
						false);
	}
	timer_set(publisher);
	if (farm_settle(publisher->parts.farm, &publisher->slots, publisher->config, loop_now_ns()))
		publisher->changed = true;
	if (publisher->state != PUBLISHER_DISCONNECTED) {
		log_problem_over(&publisher->problem,
				 "the dataplane accepts the configuration again");
		farm_enforce(publisher->parts.farm, loop_now_ns());
	}
	publisher->parts.committed(publisher->parts.owner);
	if (publisher->offered)
		offer_end(publisher, 0, "");
	try_next(publisher);
}

/* The try failed: an offer is discarded, anything else is retried in a second. */
static void
reject(struct publisher *publisher, int status, const char *why)
{
	/* After an offer, at once: changes that came meanwhile are not in force yet. */
	uint64_t again_ns = loop_now_ns();

	neighbour_follow(publisher->parts.neighbour, &publisher->slots.upstreams);
	if (publisher->state != PUBLISHER_DISCONNECTED)
		steer_maps_hold(publisher->parts.steer, NULL, adopted_or_null(publisher));
	if (!publisher->offered)
		again_ns += TRY_AGAIN_NS;
	if (!publisher->offered && publisher->state != PUBLISHER_DISCONNECTED)
		log_problem(&publisher->problem, LEVEL_ERROR,
			    "cannot put the configuration into force: %s; retrying every second",
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

/* The dataplane runs on the new snapshot. */
static void
put_adopted(struct publisher *publisher)
{
	struct snapshot *adopted = publisher->next;

	publisher->next = publisher->adopted;
	publisher->adopted = adopted;
	publisher->learnt = true;
	if (steer_maps_hold(publisher->parts.steer, NULL, adopted) != 0)
		publisher->changed = true; /* repaired by the next try */
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
			 (unsigned long long)body->generation, reason);
		put_adopted(publisher);
		return;
	}
	snprintf(why, sizeof(why), "the dataplane refuses it: %s", reason);
	reject(publisher, response->status, why);
	try_next(publisher);
}

static void
put_on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	struct publisher *publisher = owner;

	(void)tag;
	if (publisher->state != PUBLISHER_PUSHING)
		return;
	publisher->state = PUBLISHER_READY;
	if (publisher->parts.dataplane->state != LINK_CONNECTED) {
		publisher->state = PUBLISHER_DISCONNECTED;
		reject(publisher, -ENOTCONN,
		       "the connection to the dataplane was lost before it answered");
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

/* Sends the snapshot that was built; calls reject() if it can't be sent. */
static void
try_push(struct publisher *publisher)
{
	const struct snapshot *adopted = adopted_or_null(publisher);
	const struct snapshot_put put = {.size_bytes = publisher->next->size_bytes};
	struct link_request request = {.type = MESSAGE_SNAPSHOT_PUT,
				       .body = &put,
				       .body_bytes = sizeof(put),
				       .on_response = put_on_response,
				       .owner = publisher};
	char why[PUBLISHER_WHY_BYTES];
	int status = steer_maps_hold(publisher->parts.steer, adopted, publisher->next);

	if (status != 0) {
		snprintf(why, sizeof(why), "cannot write the XDP program's maps: %s",
			 publisher->parts.steer->usable ? strerror(-status) : STEER_MAPS_UNUSABLE);
		reject(publisher, status, why);
		return;
	}
	request.fd = snapshot_file_make(publisher->next);
	status = request.fd < 0 ? request.fd : link_ask(publisher->parts.dataplane, &request);
	if (request.fd >= 0)
		close(request.fd);
	if (status != 0) {
		snprintf(why, sizeof(why), "cannot send it to the dataplane: %s",
			 strerror(-status));
		reject(publisher, status, why);
		return;
	}
	publisher->generation = publisher->next->generation;
	publisher->state = PUBLISHER_PUSHING;
}

/* Assigns slots to the configuration. An offer must fit as a whole. A configuration that is in
 * force already (for example after learning the slots of a dataplane that ran on another one) is
 * applied as far as it fits, and the rest when the first retired slots are free: commit() sets the
 * timer for that. */
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
			 "not enough free slots for all %s beside the removed ones: the rest is "
			 "added within %llu s",
			 full, wait_s);
		return 0;
	}
	snprintf(
		why, PUBLISHER_WHY_BYTES,
		"not enough free slots for the new %s: removed ones keep theirs for %llu s: remove "
		"old ones first and reload, wait %llu s, then add the new ones and reload again",
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
	else if (publisher->state == PUBLISHER_DISCONNECTED)
		commit(publisher);
	else if (adopted != NULL && build_same(publisher->next, adopted) &&
		 publisher->parts.steer->known)
		commit(publisher);
	else
		try_push(publisher);
}

/* Learning */

/* Takes over the slots of the dataplane's snapshot, even if this process built it: changes made
 * while disconnected never reached the dataplane, and its flows use its own slots. */
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
	log_line(LEVEL_NOTICE, "the dataplane runs on generation %llu: continuing from there",
		 (unsigned long long)running->generation);
}

static void
get_on_response(void *owner, uint64_t tag, const struct link_response *response)
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
		/* A dataplane without a snapshot has no flows that use the retired slots. */
		if (status == -ENOENT)
			slots_expire(&publisher->slots, UINT64_MAX);
		else
			log_line(LEVEL_WARNING,
				 "cannot read the dataplane's snapshot (%s): starting without it",
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
					     .on_response = get_on_response,
					     .owner = publisher};
	int status = link_ask(publisher->parts.dataplane, &request);

	if (status == 0)
		return;
	log_line(LEVEL_WARNING, "cannot request the dataplane's snapshot: %s", strerror(-status));
	loop_timer_at(publisher->parts.loop, &publisher->timer, loop_now_ns() + TRY_AGAIN_NS);
}

static void
timer_fired(void *owner, uint64_t now)
{
	struct publisher *publisher = owner;

	(void)now;
	publisher->changed = true;
	if (publisher->state == PUBLISHER_DISCONNECTED)
		publisher_try(publisher);
	else if (publisher->state == PUBLISHER_LEARNING)
		learn_begin(publisher);
	else
		try_next(publisher);
}

/* Interface */

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
	publisher->state = PUBLISHER_DISCONNECTED;
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
	if (publisher->state == PUBLISHER_DISCONNECTED)
		publisher_try(publisher);
	else
		try_next(publisher);
	return 0;
}
