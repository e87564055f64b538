/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects the state of the parts and writes it to the state file. */
#include "control/daemon/persist.h"

#include <errno.h>
#include <string.h>

void
persist_init(struct persist *persist, const char *runtime_dir, const struct persist_parts *parts)
{
	char why[STATE_WHY_BYTES];
	int status;

	memset(persist, 0, sizeof(*persist));
	persist->parts = *parts;
	snprintf(persist->path, sizeof(persist->path), "%s/" STATE_FILE_NAME, runtime_dir);
	status = state_file_read(persist->path, loop_now_ns(), &persist->state, why);
	if (status != 0 && status != -ENOENT)
		log_line(LEVEL_WARNING,
			 "ignoring the state file %s: %s; a drain, and overrides that are not in "
			 "the dataplane's snapshot, are lost",
			 persist->path, why);
}

/* False if there is nothing to save. Before the dataplane's slots are learnt, entries of the
 * earlier ephemerad are kept unchanged, and of other upstreams only overrides are saved: the
 * dataplane's snapshot takes precedence over this process's initial assumptions. */
static bool
upstream_collect(const struct persist *persist, unsigned index, struct state_upstream *upstream)
{
	const struct slot *slot = &persist->parts.publisher->slots.upstreams.slots[index];
	const struct farm_upstream *farm = &persist->parts.farm->upstreams[index];
	const struct state_upstream *earlier =
		state_upstream(&persist->state, &slot->address, slot->port);
	bool learnt = persist->parts.publisher->learnt;

	if (slot->state != SLOT_ACTIVE || (!learnt && earlier == NULL && !farm->health.overridden))
		return false;
	if (!learnt && earlier != NULL) {
		*upstream = *earlier;
	} else {
		upstream->address = slot->address;
		upstream->port = slot->port;
		upstream->slot = learnt ? (uint16_t)index : STATE_SLOT_NONE;
	}
	if (learnt)
		upstream->base = farm->base;
	upstream->base.in_flight = 0; /* a gauge has no base */
	upstream->admin_state = (uint8_t)farm->health.admin_state;
	return true;
}

static void
collect(const struct persist *persist, struct state *state)
{
	const struct publisher *publisher = persist->parts.publisher;
	const struct drain *drain = &persist->parts.readiness->drain;

	memset(state, 0, sizeof(*state));
	state->boot_id = publisher->learnt ? *persist->parts.boot_id : persist->state.boot_id;
	state->drain = drain->state;
	state->drain_since_ns = drain->since_ns;
	state->drain_until_ns = drain->until_ns;
	for (unsigned i = 0; i < SNAPSHOT_UPSTREAMS_MAX; i++)
		if (upstream_collect(persist, i, &state->upstreams[state->upstream_count]))
			state->upstream_count++;
}

void
persist_save(struct persist *persist)
{
	int status;

	collect(persist, &persist->next);
	if (!persist->unwritten &&
	    memcmp(&persist->state, &persist->next, sizeof(persist->state)) == 0)
		return;
	persist->state = persist->next;
	status = state_file_write(persist->path, &persist->state);
	persist->unwritten = status != 0;
	if (status != 0)
		log_problem(&persist->problem, LEVEL_WARNING,
			    "cannot write %s: %s; a restart loses a drain, and a restart of both "
			    "daemons also the overrides of upstreams",
			    persist->path, strerror(-status));
	else
		log_problem_over(&persist->problem, "the state file is written again");
}
