/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the configuration file again and puts it into force, as a whole or not at all.
 *
 * The file must be valid, its static part must be unchanged, the HTTP address must be available,
 * and the dataplane must accept the snapshot. Otherwise the old configuration stays in force, and
 * the error says why. */
#ifndef EPHEMERA_CONTROL_PUBLISH_RELOAD_H
#define EPHEMERA_CONTROL_PUBLISH_RELOAD_H

#include <jansson.h>
#include <stdbool.h>

#include "control/publish/publisher.h"
#include "control/serve/http.h"
#include "control/serve/server.h"

struct reload {
	const char *path;
	struct publisher *publisher;
	struct http *http;
	uint64_t *loaded_ns; /* set when a configuration is put into force */
	bool failed;	     /* the last reload failed */
	bool busy;	     /* a reload is in progress */
	bool again;	     /* another one was requested by a signal meanwhile */
	/* it was requested on the control socket: `from` waits for the response */
	bool from_socket;
	struct server_request from;
	json_t *changes; /* of the reload in progress: an array of sentences */
};

void reload_init(struct reload *reload, const char *path, struct publisher *publisher,
		 struct http *http, uint64_t *loaded_ns);
void reload_fini(struct reload *reload);

/* For SIGHUP: logs the result. During a reload it requests another one after it. */
void reload_signalled(struct reload *reload);

/* For the control socket: logs the result and sends it as the response: {"generation", "changes":
 * [sentences]}, or an error whose last line says that the old configuration stays in force. */
void reload_requested(struct reload *reload, struct server_request from);

#endif
