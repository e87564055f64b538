/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the configuration file again and brings it into force: whole, or not at all.
 *
 * The file is checked, the static part must be the same, the place to serve HTTP must be free, and
 * the dataplane must take the snapshot; else the old configuration stays, and the error says
 * why. */
#ifndef EPHEMERA_CONTROL_PUBLISH_RELOAD_H
#define EPHEMERA_CONTROL_PUBLISH_RELOAD_H

#include <jansson.h>
#include <stdbool.h>

#include "control/serve/http.h"
#include "control/publish/publisher.h"
#include "control/serve/server.h"

struct reload {
	const char *path;
	struct publisher *publisher;
	struct http *http;
	uint64_t *loaded_ns; /* set when a configuration comes into force */
	bool failed;	     /* the last one */
	bool busy;	     /* one is under way */
	bool again;	     /* another one was asked for meanwhile, by a signal */
	bool responses;	     /* the one under way came from the socket: `from` waits */
	struct server_request from;
	json_t *changes; /* of the one under way: an array of sentences */
};

void reload_init(struct reload *reload, const char *path, struct publisher *publisher,
		 struct http *http, uint64_t *loaded_ns);
void reload_fini(struct reload *reload);

/* For a signal: the outcome is logged. While one is under way, another one follows it. */
void reload_signalled(struct reload *reload);

/* For the command line: the outcome is logged, and answered: {"generation", "changes":
 * [sentences]}, or an error whose last line says that the old configuration stays in force. */
void reload_requested(struct reload *reload, struct server_request from);

#endif
