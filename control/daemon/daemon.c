/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts, connects and stops the parts of ephemerad. */
#include "control/daemon/daemon.h"

#include <errno.h>
#include <string.h>

#include "control/lib/log.h"
#include "dataplane/shared/runtime_dir.h"

/* Callbacks between the parts */

static void
state_changed(void *owner)
{
	struct daemon *daemon = owner;

	publisher_touch(&daemon->publisher);
}

static void
persist_on_change(void *owner)
{
	struct daemon *daemon = owner;

	persist_save(&daemon->persist);
}

static void
dataplane_connected(void *owner)
{
	struct daemon *daemon = owner;
	const struct link_hello *hello = &daemon->dataplane.hello;
	const bool same = daemon->boot_id == hello->response.boot_id;
	const char *why = NULL;
	int status;

	if (daemon->boot_id != 0 && !same)
		farm_forget_base(&daemon->farm);
	daemon->boot_id = hello->response.boot_id;
	if (stats_reader_open(&daemon->stats, hello->stats_fd, &why) != 0)
		log_line(LEVEL_ERROR, "cannot read the dataplane's statistics segment: %s", why);
	status = steer_maps_connected(&daemon->steer);
	if (status != 0)
		log_line(LEVEL_ERROR, "cannot use the XDP program's maps: %s: " STEER_MAPS_UNUSABLE,
			 strerror(-status));
	watch_connected(&daemon->watch);
	readiness_connected(&daemon->readiness, same);
	recent_connected(&daemon->recent);
	publisher_connected(&daemon->publisher);
}

static void
dataplane_lost(void *owner)
{
	struct daemon *daemon = owner;

	watch_lost(&daemon->watch);
	readiness_lost(&daemon->readiness);
	recent_lost(&daemon->recent);
	stats_reader_close(&daemon->stats);
	publisher_lost(&daemon->publisher);
}

/* The parts, in start order */

static int
loop_start(struct daemon *daemon, struct config *config)
{
	(void)config;
	return loop_init(&daemon->loop);
}

static void
loop_end(struct daemon *daemon)
{
	loop_fini(&daemon->loop);
}

static void
server_log_error(const char *runtime_dir, const char *path, int status)
{
	if (status == -EADDRINUSE)
		log_line(LEVEL_ERROR,
			 "another ephemerad listens on %s: stop it first, or set another "
			 "runtime_dir",
			 path);
	else if (status == -ENAMETOOLONG)
		log_line(LEVEL_ERROR,
			 "runtime_dir %s is too long for the path of a Unix socket: use a shorter "
			 "one",
			 runtime_dir);
	else if (status == -EEXIST)
		log_line(LEVEL_ERROR, "%s exists and is not a socket: remove it", path);
	else
		log_line(LEVEL_ERROR, "cannot listen on %s: %s: %s", path, strerror(-status),
			 runtime_dir_hint(-status));
}

static int
server_start(struct daemon *daemon, struct config *config)
{
	int status = server_init(&daemon->server, &daemon->loop, config->runtime_dir,
				 daemon->handlers.command, daemon);

	if (status != 0)
		server_log_error(config->runtime_dir, daemon->server.path.sun_path, status);
	return status;
}

static void
server_end(struct daemon *daemon)
{
	server_fini(&daemon->server);
}

static int
dataplane_start(struct daemon *daemon, struct config *config)
{
	steer_maps_init(&daemon->steer, &daemon->dataplane);
	return link_init(&daemon->dataplane, &daemon->loop, config->runtime_dir,
			 dataplane_connected, dataplane_lost, daemon);
}

static void
dataplane_end(struct daemon *daemon)
{
	link_fini(&daemon->dataplane);
	stats_reader_close(&daemon->stats);
}

static int
neighbour_start(struct daemon *daemon, struct config *config)
{
	(void)config;
	return neighbour_init(&daemon->neighbour, &daemon->loop, &daemon->dataplane, state_changed,
			      daemon);
}

static void
neighbour_end(struct daemon *daemon)
{
	neighbour_fini(&daemon->neighbour);
}

static int
persist_start(struct daemon *daemon, struct config *config)
{
	const struct persist_parts parts = {.boot_id = &daemon->boot_id,
					    .farm = &daemon->farm,
					    .publisher = &daemon->publisher,
					    .readiness = &daemon->readiness};

	persist_init(&daemon->persist, config->runtime_dir, &parts);
	daemon->boot_id = daemon->persist.state.boot_id;
	return 0;
}

static void
persist_end(struct daemon *daemon)
{
	(void)daemon; /* the file stays for the next process */
}

static int
farm_start(struct daemon *daemon, struct config *config)
{
	const struct farm_parts parts = {.loop = &daemon->loop,
					 .dataplane = &daemon->dataplane,
					 .neighbour = &daemon->neighbour,
					 .stats = &daemon->stats,
					 .state = &daemon->persist.state,
					 .changed = state_changed,
					 .owner = daemon};

	(void)config;
	farm_init(&daemon->farm, &parts);
	return 0;
}

static void
farm_end(struct daemon *daemon)
{
	farm_fini(&daemon->farm);
}

static int
publisher_start(struct daemon *daemon, struct config *config)
{
	const struct publisher_parts parts = {.loop = &daemon->loop,
					      .dataplane = &daemon->dataplane,
					      .steer = &daemon->steer,
					      .neighbour = &daemon->neighbour,
					      .farm = &daemon->farm,
					      .committed = persist_on_change,
					      .owner = daemon};

	return publisher_init(&daemon->publisher, &parts, config);
}

static void
publisher_end(struct daemon *daemon)
{
	publisher_fini(&daemon->publisher);
}

static int
watch_start(struct daemon *daemon, struct config *config)
{
	(void)config;
	watch_init(&daemon->watch, &daemon->loop, &daemon->stats, &daemon->farm,
		   &daemon->publisher);
	return 0;
}

static void
watch_end(struct daemon *daemon)
{
	watch_fini(&daemon->watch);
}

static int
readiness_start(struct daemon *daemon, struct config *config)
{
	const struct readiness_parts parts = {.loop = &daemon->loop,
					      .dataplane = &daemon->dataplane,
					      .stats = &daemon->stats,
					      .farm = &daemon->farm,
					      .publisher = &daemon->publisher,
					      .drain_changed = persist_on_change,
					      .owner = daemon};

	(void)config;
	readiness_init(&daemon->readiness, &parts, &daemon->persist.state);
	return 0;
}

static void
readiness_end(struct daemon *daemon)
{
	readiness_fini(&daemon->readiness);
}

static int
recent_start(struct daemon *daemon, struct config *config)
{
	(void)config;
	recent_init(&daemon->recent, &daemon->loop, &daemon->stats, &daemon->steer);
	return 0;
}

static void
recent_end(struct daemon *daemon)
{
	recent_fini(&daemon->recent);
}

static int
reload_start(struct daemon *daemon, struct config *config)
{
	(void)config;
	reload_init(&daemon->reload, daemon->config_path, &daemon->publisher, &daemon->http,
		    &daemon->config_loaded_ns);
	return 0;
}

static void
reload_end(struct daemon *daemon)
{
	reload_fini(&daemon->reload);
}

static int
history_start(struct daemon *daemon, struct config *config)
{
	(void)config;
	history_init(&daemon->history, &daemon->loop, &daemon->stats);
	return 0;
}

static void
history_end(struct daemon *daemon)
{
	history_fini(&daemon->history);
}

static int
http_start(struct daemon *daemon, struct config *config)
{
	http_init(&daemon->http, &daemon->loop, &config->http, daemon->handlers.http, daemon);
	return 0;
}

static void
http_end(struct daemon *daemon)
{
	http_fini(&daemon->http);
}

static const struct daemon_part {
	const char *name; /* NULL: init logs its errors itself */
	int (*init)(struct daemon *daemon, struct config *config);
	void (*fini)(struct daemon *daemon);
} parts[] = {
	{"event loop", loop_start, loop_end},
	{NULL, server_start, server_end},
	{"dataplane's socket", dataplane_start, dataplane_end},
	{"netlink", neighbour_start, neighbour_end},
	{"state file", persist_start, persist_end},
	{"health", farm_start, farm_end},
	{"readiness", readiness_start, readiness_end},
	{"publisher", publisher_start, publisher_end}, /* restores health from the state file */
	{"watch", watch_start, watch_end},
	{"samples", recent_start, recent_end},
	{"reload", reload_start, reload_end},
	{"history", history_start, history_end},
	{"HTTP", http_start, http_end},
};

enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

int
daemon_init(struct daemon *daemon, const struct daemon_handlers *handlers, const char *config_path,
	    struct config *config)
{
	memset(daemon, 0, sizeof(*daemon));
	daemon->handlers = *handlers;
	daemon->config_path = config_path;
	daemon->started_ns = daemon->config_loaded_ns = loop_now_ns();
	for (unsigned i = 0; i < PART_COUNT; i++) {
		int status = parts[i].init(daemon, config);

		if (status == 0)
			continue;
		if (parts[i].name != NULL)
			log_line(LEVEL_ERROR, "cannot start (%s): %s", parts[i].name,
				 strerror(-status));
		if (daemon->publisher.config == NULL)
			config_free(config);
		while (i-- > 0)
			parts[i].fini(daemon);
		return status;
	}
	return 0;
}

void
daemon_fini(struct daemon *daemon)
{
	/* Completes pending requests with -ENOTCONN while their owners still exist. */
	link_leave(&daemon->dataplane);
	for (unsigned i = PART_COUNT; i-- > 0;)
		parts[i].fini(daemon);
}
