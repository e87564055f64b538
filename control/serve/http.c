/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening, connections and their limits, with libmicrohttpd. */
#include "control/serve/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/lib/address.h"
#include "control/serve/http_headers.h"

#define LISTEN_BACKLOG 64

/* Requests */

static bool
address_is_loopback(const struct address *address)
{
	return address_is_ipv4(address) ? address->bytes[12] == 127
					: memcmp(address->bytes, in6addr_loopback.s6_addr, 16) == 0;
}

/* Called when the headers of a request are complete, and again when all of it is. Only a response
 * to the second call leaves the connection open for another request. */
static enum MHD_Result
request_handle(void *owner, struct MHD_Connection *connection, const char *url, const char *method,
	       const char *version, const char *upload, size_t *upload_bytes, void **seen)
{
	struct http *http = owner;
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	const struct http_request request = {.path = url, .accept = accept != NULL ? accept : ""};
	struct http_response response = {.status = MHD_HTTP_OK};

	(void)version, (void)upload, (void)upload_bytes;
	if (http_headers_refuse(address_is_loopback(&http->config.address), connection, method,
				&response))
		return http_headers_response(connection, &response);
	if (*seen == NULL) {
		*seen = http;
		return MHD_YES;
	}
	http->handle(http->owner, &request, &response);
	return http_headers_response(connection, &response);
}

/* Paths are not decoded: those that are served need no escapes, and a decoded NUL would end the
 * path early. */
static size_t
path_keep(void *owner, struct MHD_Connection *connection, char *path)
{
	(void)owner, (void)connection;
	return strlen(path);
}

/* Connections */

static int
connection_fd(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void
connection_changed(void *owner, struct MHD_Connection *connection, void **context,
		   enum MHD_ConnectionNotificationCode what)
{
	struct http *http = owner;
	struct http_connection *slot = *context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (slot != NULL)
			slot->fd = -1;
		return;
	}
	for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		slot = &http->connections[i];
		if (slot->fd >= 0)
			continue;
		*slot = (struct http_connection){connection_fd(connection),
						 loop_now_ns() + HTTP_REQUEST_NS};
		*context = slot;
		return;
	}
}

static void
request_completed(void *owner, struct MHD_Connection *connection, void **seen,
		  enum MHD_RequestTerminationCode how)
{
	struct http_connection *slot =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	(void)owner, (void)seen, (void)how;
	if (slot != NULL)
		slot->due_ns = loop_now_ns() + HTTP_REQUEST_NS;
}

/* Shuts down the sockets of overdue connections; libmicrohttpd then closes them. Returns when the
 * next one is due. */
static uint64_t
connections_cut(struct http *http, uint64_t now_ns)
{
	uint64_t due_ns = LOOP_NEVER;

	for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		struct http_connection *slot = &http->connections[i];

		if (slot->fd < 0 || slot->due_ns == LOOP_NEVER)
			continue;
		if (slot->due_ns <= now_ns) {
			shutdown(slot->fd, SHUT_RDWR);
			slot->due_ns = LOOP_NEVER;
		} else if (slot->due_ns < due_ns) {
			due_ns = slot->due_ns;
		}
	}
	return due_ns;
}

/* The server */

static void
server_turn(struct http *http)
{
	uint64_t now_ns = loop_now_ns(), due_ns = connections_cut(http, now_ns);
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(http->server);
	if (MHD_get_timeout(http->server, &wait_ms) == MHD_YES &&
	    now_ns + wait_ms * NS_PER_MS < due_ns)
		due_ns = now_ns + wait_ms * NS_PER_MS;
	/* A connection that was accepted or completed in this turn is due within that time too. */
	if (due_ns > now_ns + HTTP_REQUEST_NS &&
	    MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
			    ->num_connections > 0)
		due_ns = now_ns + HTTP_REQUEST_NS;
	loop_timer_at(http->loop, &http->timer, due_ns);
}

static void
server_ready(void *owner, uint32_t events)
{
	(void)events;
	server_turn(owner);
}

/* Returns a listening socket, or -errno. */
static int
socket_listen(const struct config_http *config)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(config->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(config->port)};
	const bool is_ipv4 = address_is_ipv4(&config->address);
	const int one = 1;
	int status, fd = socket(is_ipv4 ? AF_INET : AF_INET6,
				SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(&six.sin6_addr, config->address.bytes, 16);
	memcpy(&four.sin_addr, config->address.bytes + 12, 4);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	status = is_ipv4 ? bind(fd, (struct sockaddr *)&four, sizeof(four))
			 : bind(fd, (struct sockaddr *)&six, sizeof(six));
	if (status == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	status = -errno;
	close(fd);
	return status;
}

/* Serves on the socket, which it takes over and closes after an error. 0 or -errno. */
static int
server_start(struct http *http, int socket)
{
	int status;

	for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		http->connections[i].fd = -1;
	http->server = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, request_handle, http, MHD_OPTION_LISTEN_SOCKET,
		socket, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_ADDRESS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(HTTP_REQUEST_NS / NS_PER_S),
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, path_keep, http,
		MHD_OPTION_NOTIFY_CONNECTION, connection_changed, http, MHD_OPTION_NOTIFY_COMPLETED,
		request_completed, http, MHD_OPTION_END);
	if (http->server == NULL) {
		close(socket);
		return -ENOMEM;
	}
	http->watch = (struct loop_watch){
		MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, server_ready,
		http};
	status = loop_watch_add(http->loop, &http->watch, EPOLLIN);
	if (status == 0)
		return 0;
	MHD_stop_daemon(http->server);
	http->server = NULL;
	return status;
}

static void
server_stop(struct http *http)
{
	loop_timer_cancel(http->loop, &http->timer);
	if (http->server == NULL)
		return;
	loop_watch_remove(http->loop, &http->watch);
	MHD_stop_daemon(http->server);
	http->server = NULL;
}

/* Starts the server on `socket`. If that fails, or if `socket` is -errno, it is tried again in a
 * second. */
static void
server_try(struct http *http, int socket)
{
	char address[ADDRESS_PORT_TEXT_BYTES];
	int status = socket < 0 ? socket : server_start(http, socket);

	if (status == 0) {
		log_problem_over(&http->problem, "metrics and the dashboard are now served");
		return;
	}
	log_problem(&http->problem, LEVEL_ERROR,
		    "cannot serve metrics and the dashboard on %s: %s: check that no other program "
		    "uses the port and that the host has the address; trying again every second",
		    address_port_format(&http->config.address, http->config.port, address),
		    strerror(-status));
	loop_timer_at(http->loop, &http->timer, loop_now_ns() + HTTP_RETRY_NS);
}

static void
timer_fired(void *owner, uint64_t now_ns)
{
	struct http *http = owner;

	(void)now_ns;
	if (http->server != NULL)
		server_turn(http);
	else
		server_try(http, socket_listen(&http->config));
}

void
http_init(struct http *http, struct loop *loop, const struct config_http *config,
	  void (*handle)(void *owner, const struct http_request *request,
			 struct http_response *response),
	  void *owner)
{
	*http = (struct http){.loop = loop,
			      .handle = handle,
			      .owner = owner,
			      .config = *config,
			      .next_socket = -1};
	http->timer = (struct loop_timer){.fire = timer_fired, .owner = http};
	if (config->on)
		server_try(http, socket_listen(config));
}

void
http_fini(struct http *http)
{
	http_cancel(http);
	server_stop(http);
}

/* Reload */

/* If one of two sockets has the unspecified address, they cannot listen on the same port. */
static bool
config_overlaps(const struct config_http *a, const struct config_http *b)
{
	static const struct address unspecified;
	const struct address unspecified4 = address_from_ipv4(&(struct in_addr){INADDR_ANY});
	const struct config_http *both[] = {a, b};
	bool any = false;

	for (unsigned i = 0; i < 2; i++)
		any |= address_equal(&both[i]->address, &unspecified) ||
		       address_equal(&both[i]->address, &unspecified4);
	return any && a->port == b->port;
}

static bool
config_same(const struct config_http *a, const struct config_http *b)
{
	return a->on == b->on &&
	       (!a->on || (a->port == b->port && address_equal(&a->address, &b->address)));
}

int
http_prepare(struct http *http, const struct config_http *config)
{
	int socket = -1;

	http_cancel(http);
	if (config_same(config, &http->config))
		return 0;
	if (config->on) {
		socket = socket_listen(config);
		if (socket == -EADDRINUSE && http->server != NULL &&
		    config_overlaps(config, &http->config))
			socket = -1; /* our own socket: opened when that is closed */
		else if (socket < 0)
			return socket;
	}
	http->prepared = true;
	http->next_config = *config;
	http->next_socket = socket;
	return 0;
}

void
http_cancel(struct http *http)
{
	if (http->next_socket >= 0)
		close(http->next_socket);
	http->next_socket = -1;
	http->prepared = false;
}

void
http_commit(struct http *http)
{
	int socket = http->next_socket;

	if (!http->prepared)
		return;
	http->prepared = false;
	http->next_socket = -1;
	server_stop(http);
	log_problem_over(&http->problem, NULL);
	http->config = http->next_config;
	if (http->config.on)
		server_try(http, socket >= 0 ? socket : socket_listen(&http->config));
}

uint16_t
http_port(const struct http *http)
{
	struct sockaddr_in6 address;
	socklen_t bytes = sizeof(address);
	int fd;

	if (http->server == NULL)
		return 0;
	fd = MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd;
	if (getsockname(fd, (struct sockaddr *)&address, &bytes) < 0)
		return 0;
	return ntohs(address.sin6_port); /* at the same offset in struct sockaddr_in */
}
