/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of HTTP paths and their handlers. */
#include "control/report/http_routes.h"

#include <microhttpd.h>
#include <string.h>

#include "control/daemon/daemon.h"
#include "control/metrics/metrics.h"
#include "control/report/report.h"
#include "control/web/web_files.h"

#define JSON_TYPE "application/json"

static void
response_constant(struct http_response *response, unsigned status, const char *content_type,
		  const char *text)
{
	*response = (struct http_response){.status = status,
					   .content_type = content_type,
					   .body = text,
					   .body_bytes = strlen(text),
					   .body_is_constant = true};
}

/* Steals the reference to `report`; NULL: out of memory. */
static void
response_json(struct http_response *response, unsigned status, json_t *report)
{
	char *text =
		report == NULL ? NULL : json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(9));

	json_decref(report);
	if (text == NULL) {
		response_constant(response, MHD_HTTP_INTERNAL_SERVER_ERROR, JSON_TYPE,
				  "{\"error\":\"out of memory\"}");
		return;
	}
	*response = (struct http_response){.status = status,
					   .content_type = JSON_TYPE,
					   .body = text,
					   .body_bytes = strlen(text)};
}

/* Monitoring */

static void
metrics_serve(const struct daemon *daemon, const struct http_request *request,
	      struct http_response *response)
{
	const enum metrics_format format = metrics_format_of(request->accept);
	size_t bytes = 0;
	char *page = metrics_page(daemon, format, &bytes);

	if (page == NULL) {
		response_constant(response, MHD_HTTP_INTERNAL_SERVER_ERROR,
				  "text/plain; charset=utf-8", "out of memory\n");
		return;
	}
	*response = (struct http_response){.status = MHD_HTTP_OK,
					   .content_type = metrics_content_type(format),
					   .body = page,
					   .body_bytes = bytes};
}

static void
health_serve(const struct daemon *daemon, const struct http_request *request,
	     struct http_response *response)
{
	const bool connected = daemon->dataplane.state == LINK_CONNECTED;
	const bool healthy = connected && readiness_is_healthy(&daemon->readiness);
	const char *reason = healthy	  ? ""
			     : !connected ? "not connected to the dataplane"
			     : !stats_reader_is_open(&daemon->stats)
				     ? "the dataplane's statistics cannot be read"
				     : "a worker of the dataplane is stalled";

	(void)request;
	response_json(response, healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		      json_pack("{s:b, s:s}", "healthy", healthy, "reason", reason));
}

static void
ready_serve(const struct daemon *daemon, const struct http_request *request,
	    struct http_response *response)
{
	char reason[READINESS_REASON_BYTES];
	bool ready = readiness_is_ready(&daemon->readiness, reason);

	(void)request;
	response_json(response, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		      json_pack("{s:b, s:s}", "ready", ready, "reason", reason));
}

static const struct page {
	const char *path;
	void (*serve)(const struct daemon *daemon, const struct http_request *request,
		      struct http_response *response);
} pages[] = {
	{"/metrics", metrics_serve},
	{"/health", health_serve},
	{"/ready", ready_serve},
};

/* Dashboard */

static json_t *
report_ports(const struct daemon *daemon)
{
	return report_port_map(daemon, false);
}

static const struct api {
	const char *path;
	json_t *(*report)(const struct daemon *daemon);
	bool measures; /* needs the statistics segment, and is NULL without measurements */
} apis[] = {
	{"/api/status", report_status, false},	 {"/api/upstreams", report_upstreams, false},
	{"/api/history", report_history, false}, {"/api/stats", report_stats, true},
	{"/api/latency", report_latency, true},	 {"/api/drops", report_drops, true},
	{"/api/strays", report_strays, true},	 {"/api/ports", report_ports, true},
	{"/api/entropy", report_entropy, true},
};

static void
api_serve(const struct daemon *daemon, const struct api *api, struct http_response *response)
{
	json_t *report =
		api->measures && !stats_reader_is_open(&daemon->stats) ? NULL : api->report(daemon);

	if (report == NULL && api->measures)
		response_constant(
			response, MHD_HTTP_SERVICE_UNAVAILABLE, JSON_TYPE,
			"{\"error\":\"not connected to the dataplane, or no measurements yet\"}");
	else
		response_json(response, MHD_HTTP_OK, report);
}

static void
file_serve(const struct web_file *file, struct http_response *response)
{
	*response = (struct http_response){.status = MHD_HTTP_OK,
					   .content_type = file->content_type,
					   .body = (const char *)file->bytes,
					   .body_bytes = file->size,
					   .body_is_constant = true};
}

void
http_routes_handle(void *owner, const struct http_request *request, struct http_response *response)
{
	const struct daemon *daemon = owner;

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(request->path, pages[i].path) == 0) {
			pages[i].serve(daemon, request, response);
			return;
		}
	for (unsigned i = 0; i < sizeof(apis) / sizeof(apis[0]); i++)
		if (strcmp(request->path, apis[i].path) == 0) {
			api_serve(daemon, &apis[i], response);
			return;
		}
	for (unsigned i = 0; i < web_file_count; i++)
		if (strcmp(request->path, web_files[i].path) == 0) {
			file_serve(&web_files[i], response);
			return;
		}
	response_constant(response, MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8",
			  "not found: use /, /metrics, /health or /ready\n");
}
