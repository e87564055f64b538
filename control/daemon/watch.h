/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at the statistics segment four times a second: for upstreams that do not keep the case of
 * questions (case_watch.h), for forged responses (alarm.h), for links that go down, for passive
 * signs of health (farm_poll()), and to keep a window of draws (draw_window.h).
 *
 * Only looks: what is to be done about a case that is not kept is the farm's state and the
 * publisher's work. It rests while the dataplane is away. */
#ifndef EPHEMERA_CONTROL_DAEMON_WATCH_H
#define EPHEMERA_CONTROL_DAEMON_WATCH_H

#include "control/stats/alarm.h"
#include "control/stats/draw_window.h"
#include "control/farm/farm.h"
#include "control/lib/loop.h"
#include "control/publish/publisher.h"

#define WATCH_EVERY_NS (250 * NS_PER_MS)

struct watch {
	struct loop *loop;
	struct loop_timer timer;
	const struct stats_reader *stats;
	struct farm *farm;
	struct publisher *publisher;
	struct draw_window draws;
	struct alarm alarm;
	bool links_known;
	bool link_up[SNAPSHOT_INTERFACES_MAX]; /* as they were told last */
	struct stray attack; /* the newest attacked query; question_bytes 0: none yet */
	uint64_t generation; /* whose draws the window is of */
	uint64_t ports[SNAPSHOT_BITMAP_WORDS];
	struct snapshot_source sources[SNAPSHOT_SOURCES_MAX];
};

/* The parts outlive it. */
void watch_init(struct watch *watch, struct loop *loop, const struct stats_reader *stats,
		struct farm *farm, struct publisher *publisher);
void watch_fini(struct watch *watch);

/* The statistics are open: of the dataplane seen before, or of another whose counters begin
 * again. */
void watch_connected(struct watch *watch);
/* They are going to be closed. */
void watch_lost(struct watch *watch);

/* The name of the upstream that an attacked query was for; "?" when it is not in the configuration
 * any more. */
const char *watch_upstream_name(const struct watch *watch, const struct stray *attack);

#endif
