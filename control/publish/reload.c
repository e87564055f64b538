/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes a new configuration from the file to the publisher, and the result back to the
 * requester. */
#include "control/publish/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/config.h"
#include "control/config/local_ports.h"
#include "control/lib/address.h"
#include "control/lib/log.h"
#include "control/publish/changes.h"

static void reload_begin(struct reload *reload);

void
reload_init(struct reload *reload, const char *path, struct publisher *publisher, struct http *http,
	    uint64_t *loaded_ns)
{
	*reload = (struct reload){
		.path = path, .publisher = publisher, .http = http, .loaded_ns = loaded_ns};
}

void
reload_fini(struct reload *reload)
{
	json_decref(reload->changes);
	reload->changes = NULL;
}

/* Ends a reload; starts another one if a signal came meanwhile. */
static void
reload_end(struct reload *reload)
{
	bool again = reload->again;

	json_decref(reload->changes);
	reload->changes = NULL;
	reload->busy = reload->again = reload->from_socket = false;
	if (again)
		reload_begin(reload);
}

/* `text` is a sentence, or the lines of the configuration's errors. The log has the summary first;
 * the response has it last, so that its first line is the file, line and key of the first error. */
static void
reload_fail(struct reload *reload, const char *text)
{
	reload->failed = true;
	log_line(LEVEL_ERROR, "reload failed, the old configuration stays in force:");
	log_lines(LEVEL_ERROR, text);
	if (reload->from_socket)
		server_refuse(reload->from,
			      "%s\nreload failed: the old configuration stays in force", text);
	reload_end(reload);
}

static void
change_add(void *owner, const char *text)
{
	struct reload *reload = owner;

	json_array_append_new(reload->changes, json_string(text));
}

static void
offer_decided(void *owner, const struct publisher_verdict *verdict)
{
	struct reload *reload = owner;
	const struct publisher *publisher = reload->publisher;
	size_t index;
	json_t *change;

	if (verdict->status != 0) {
		http_cancel(reload->http);
		reload_fail(reload, verdict->why);
		return;
	}
	http_commit(reload->http);
	reload->failed = false;
	*reload->loaded_ns = loop_now_ns();
	log_line(LEVEL_NOTICE, "configuration reloaded%s",
		 json_array_size(reload->changes) == 0 ? ": no changes" : "");
	json_array_foreach(reload->changes, index, change)
		log_line(LEVEL_NOTICE, "reload: %s", json_string_value(change));
	if (publisher->state == PUBLISHER_DISCONNECTED)
		change_add(reload, "not connected to the dataplane: it gets the configuration when "
				   "it connects");
	if (reload->from_socket)
		server_respond(reload->from, json_pack("{s:I, s:O}", "generation",
						       (json_int_t)publisher->generation, "changes",
						       reload->changes));
	reload_end(reload);
}

/* Reads and checks the file. 0 and *config; or -errno. *text (free() it) are the errors or
 * warnings. */
static int
config_reload(const struct reload *reload, struct config **config, char **text)
{
	size_t bytes = 0;
	FILE *errors = open_memstream(text, &bytes);
	const char *key;
	int status;

	if (errors == NULL)
		return -errno;
	status = config_load(reload->path, config, errors);
	if (status == 0) {
		key = config_static_difference(reload->publisher->config, *config);
		if (key != NULL) {
			fprintf(errors,
				"%s: %s cannot be changed while the dataplane runs: restart needed "
				"(the dataplane, then ephemerad), or restore the old value\n",
				reload->path, key);
			config_free(*config);
			status = -EINVAL;
		}
	}
	if (status == 0)
		local_ports_warn(&(*config)->source, reload->path, errors);
	fclose(errors);
	return status;
}

/* Fails the reload if the HTTP server can't listen on the configured address and port. */
static bool
http_refused(struct reload *reload, const struct config *config)
{
	char address[ADDRESS_PORT_TEXT_BYTES], text[256];
	int status = http_prepare(reload->http, &config->http);

	if (status == 0)
		return false;
	snprintf(text, sizeof(text), "%s: http: cannot listen on %s: %s", reload->path,
		 address_port_format(&config->http.address, config->http.port, address),
		 strerror(-status));
	reload_fail(reload, text);
	return true;
}

static void
reload_begin(struct reload *reload)
{
	struct config *config = NULL;
	char *text = NULL;
	int status = config_reload(reload, &config, &text);

	reload->busy = true;
	reload->changes = json_array();
	while (text != NULL && text[0] != 0 && text[strlen(text) - 1] == '\n')
		text[strlen(text) - 1] = 0;
	if (status != 0) {
		reload_fail(reload, text != NULL && text[0] != 0 ? text : strerror(-status));
		free(text);
		return;
	}
	if (text != NULL)
		log_lines(LEVEL_WARNING, text);
	free(text);
	if (http_refused(reload, config)) {
		config_free(config);
		return;
	}
	changes_describe(reload->publisher->config, config, change_add, reload);
	status = publisher_offer(reload->publisher, config, offer_decided, reload);
	if (status != 0) { /* can't happen: only this file offers, one at a time */
		http_cancel(reload->http);
		config_free(config);
		reload_fail(reload, strerror(-status));
	}
}

void
reload_signalled(struct reload *reload)
{
	if (reload->busy) {
		reload->again = true;
		return;
	}
	reload_begin(reload);
}

void
reload_requested(struct reload *reload, struct server_request from)
{
	if (reload->busy) {
		server_refuse(from, "another reload is in progress: try again later");
		return;
	}
	reload->from_socket = true;
	reload->from = from;
	reload_begin(reload);
}
