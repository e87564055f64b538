/* SPDX-License-Identifier: BSD-3-Clause */
/* Polls the statistics segment four times a second: for upstreams that do not preserve the letter
 * case of questions (case_watch.h), forged responses (alarm.h), links that go down, and passive
 * health (farm_poll()), and to maintain the window of draws (draw_window.h).
 *
 * It stores the result in the farm and asks the publisher for a new snapshot. It is idle while the
 * dataplane is not connected. */
#ifndef EPHEMERA_CONTROL_DAEMON_WATCH_H
#define EPHEMERA_CONTROL_DAEMON_WATCH_H

#include "control/farm/farm.h"
#include "control/lib/loop.h"
#include "control/publish/publisher.h"
#include "control/stats/alarm.h"
#include "control/stats/draw_window.h"

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
	bool link_up[SNAPSHOT_INTERFACES_MAX]; /* as last logged */
	struct stray attack; /* the latest attacked query; question_bytes 0: none yet */
	uint64_t generation; /* of the snapshot that the window's draws belong to */
	uint64_t ports[SNAPSHOT_BITMAP_WORDS];
	struct snapshot_source sources[SNAPSHOT_SOURCES_MAX];
};

/* The parts must outlive struct watch. */
void watch_init(struct watch *watch, struct loop *loop, const struct stats_reader *stats,
		struct farm *farm, struct publisher *publisher);
void watch_fini(struct watch *watch);

/* The statistics are open: of the same dataplane as before, or of another one whose counters start
 * at 0. */
void watch_connected(struct watch *watch);
/* The statistics are about to be closed. */
void watch_lost(struct watch *watch);

/* The name of the upstream that an attacked query was sent to; "?" if it is no longer in the
 * configuration. */
const char *watch_upstream_name(const struct watch *watch, const struct stray *attack);

#endif
