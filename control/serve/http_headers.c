/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks request headers and sets response headers. */
#include "control/serve/http_headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control/lib/address.h"

/* On each response: no content from other sites, no framing, no MIME sniffing, no caching. */
static const char *const headers[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src "
	 "'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Referrer-Policy", "no-referrer"},
	{"Cache-Control", "no-store"},
};

bool
http_headers_host_is_local(const char *host)
{
	char name[ADDRESS_TEXT_BYTES + 16], *end;
	struct address address;
	size_t length;

	if (strlen(host) >= sizeof(name))
		return false;
	strcpy(name, host);
	if (name[0] == '[') {
		end = strchr(name, ']');
		if (end == NULL)
			return false;
		*end = 0;
		return address_parse(name + 1, &address) == 0;
	}
	name[strcspn(name, ":")] = 0;
	length = strlen(name);
	if (length > 0 && name[length - 1] == '.')
		name[length - 1] = 0;
	return strcasecmp(name, "localhost") == 0 || address_parse(name, &address) == 0;
}

static void
response_text(struct http_response *response, unsigned status, const char *text)
{
	*response = (struct http_response){.status = status,
					   .content_type = "text/plain; charset=utf-8",
					   .body = text,
					   .body_bytes = strlen(text),
					   .body_is_constant = true};
}

enum MHD_Result
http_headers_response(struct MHD_Connection *connection, const struct http_response *response)
{
	struct MHD_Response *mhd_response = MHD_create_response_from_buffer(
		response->body_bytes, (void *)(uintptr_t)response->body,
		response->body_is_constant ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
	enum MHD_Result queued;

	if (mhd_response == NULL) {
		if (!response->body_is_constant)
			free((void *)(uintptr_t)response->body);
		return MHD_NO;
	}
	for (unsigned i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(mhd_response, headers[i][0], headers[i][1]);
	MHD_add_response_header(mhd_response, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
	if (response->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(mhd_response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	queued = MHD_queue_response(connection, response->status, mhd_response);
	MHD_destroy_response(mhd_response);
	return queued;
}

static const char *
header_value(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool
request_has_body(struct MHD_Connection *connection)
{
	const char *length = header_value(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header_value(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
	       (length != NULL && strcmp(length, "0") != 0);
}

bool
http_headers_refuse(bool on_loopback, struct MHD_Connection *connection, const char *method,
		    struct http_response *response)
{
	const char *host = header_value(connection, MHD_HTTP_HEADER_HOST);

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		response_text(response, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "only GET and HEAD are supported\n");
	else if (request_has_body(connection))
		response_text(response, MHD_HTTP_CONTENT_TOO_LARGE,
			      "requests must not have a body\n");
	else if (host != NULL && on_loopback && !http_headers_host_is_local(host))
		response_text(response, MHD_HTTP_MISDIRECTED_REQUEST,
			      "this server listens on a loopback address: use the address or "
			      "localhost as the host name\n");
	else
		return false;
	return true;
}
