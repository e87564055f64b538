/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps one connection to the dataplane and matches responses with requests. */
#include "control/link/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_EVERY_NS   (100 * NS_PER_MS)
#define RESPONSE_WITHIN_NS (5 * NS_PER_S)

static void
pending_finish(struct link *link, struct link_pending *pending,
	       const struct link_response *response)
{
	struct link_pending done = *pending;

	pending->cookie = 0;
	link->pending_count--;
	done.on_response(done.owner, done.tag, response);
}

static void
hello_close(struct link_hello *hello)
{
	if (hello->stats_fd >= 0)
		close(hello->stats_fd);
	for (unsigned interface = 0; interface < SNAPSHOT_INTERFACES_MAX; interface++)
		for (unsigned map = 0; map < STEER_MAP_COUNT; map++)
			if (hello->map_fds[interface][map] >= 0)
				close(hello->map_fds[interface][map]);
	memset(hello, 0, sizeof(*hello));
	hello->stats_fd = -1;
	memset(hello->map_fds, 0xff, sizeof(hello->map_fds)); /* -1 each */
}

static void
connection_end(struct link *link)
{
	const struct link_response gone = {.status = -ENOTCONN};
	enum link_state before = link->state;

	loop_watch_remove(link->loop, &link->watch);
	close(link->watch.fd);
	link->watch.fd = -1;
	link->state = LINK_DISCONNECTED;
	loop_timer_cancel(link->loop, &link->timer);
	for (unsigned i = 0; i < LINK_PENDING_MAX; i++)
		if (link->pending[i].cookie != 0)
			pending_finish(link, &link->pending[i], &gone);
	if (before == LINK_CONNECTED)
		link->lost(link->owner);
	hello_close(&link->hello);
}

/* Ends the connection and tries again; logs `why` unless it was logged last. */
static void
connection_drop(struct link *link, const char *why)
{
	log_problem(&link->problem, LEVEL_WARNING,
		    "not connected to the dataplane: %s; trying again every 100 ms", why);
	connection_end(link);
	loop_timer_at(link->loop, &link->timer, loop_now_ns() + CONNECT_EVERY_NS);
}

/* Stores the response to HELLO and duplicates its descriptors; -EPROTO if their number is not as
 * announced. */
static int
hello_store(struct link_hello *hello, const struct link_response *response)
{
	const struct hello_response *body = response->body;
	unsigned steered = 0, next = 0;

	if (body->interface_count > SNAPSHOT_INTERFACES_MAX)
		return -EPROTO;
	for (unsigned i = 0; i < body->interface_count; i++) {
		if (memchr(body->interfaces[i].name, 0, sizeof(body->interfaces[i].name)) == NULL ||
		    body->interfaces[i].steered > 1)
			return -EPROTO;
		steered += body->interfaces[i].steered;
	}
	if (response->fd_count != 1 + steered * STEER_MAP_COUNT)
		return -EPROTO;
	hello->response = *body;
	hello->stats_fd = fcntl(response->fds[next++], F_DUPFD_CLOEXEC, 0);
	if (hello->stats_fd < 0)
		return -errno;
	for (unsigned interface = 0; interface < body->interface_count; interface++) {
		for (unsigned map = 0; body->interfaces[interface].steered && map < STEER_MAP_COUNT;
		     map++) {
			hello->map_fds[interface][map] =
				fcntl(response->fds[next++], F_DUPFD_CLOEXEC, 0);
			if (hello->map_fds[interface][map] < 0)
				return -errno;
		}
	}
	return 0;
}

static void
hello_on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	struct link *link = owner;
	int status = response->status;

	(void)tag;
	if (link->state != LINK_GREETING)
		return; /* the connection is gone */
	if (status == 0)
		status = hello_store(&link->hello, response);
	if (status != 0) {
		char why[96];

		snprintf(why, sizeof(why),
			 "invalid response to HELLO: %s (do both programs have the same version?)",
			 strerror(-status));
		connection_drop(link, why);
		return;
	}
	link->state = LINK_CONNECTED;
	log_problem_over(&link->problem, NULL);
	log_line(LEVEL_NOTICE,
		 "connected to the dataplane: boot id %016llx, %u workers, %u interfaces",
		 (unsigned long long)link->hello.response.boot_id,
		 link->hello.response.worker_count, link->hello.response.interface_count);
	link->connected(link->owner);
}

int
link_ask(struct link *link, const struct link_request *request)
{
	struct message_header header = {.version = MESSAGE_VERSION,
					.type = (uint16_t)request->type};
	struct link_pending *pending = NULL;
	uint64_t now = loop_now_ns();
	int status;

	if (link->state == LINK_DISCONNECTED ||
	    (link->state == LINK_GREETING && request->type != MESSAGE_HELLO))
		return -ENOTCONN;
	if (link->pending_count == LINK_PENDING_MAX)
		return -ENOBUFS;
	while (pending == NULL) /* the cookie determines the slot: use the next free one */
		if (link->pending[++link->cookies % LINK_PENDING_MAX].cookie == 0)
			pending = &link->pending[link->cookies % LINK_PENDING_MAX];
	header.cookie = link->cookies;
	status = link_wire_send(link->watch.fd, &header, request->body, request->body_bytes,
				request->fd);
	if (status != 0)
		return status;
	*pending = (struct link_pending){
		.cookie = header.cookie,
		.type = request->type,
		.deadline_ns = now + request->extra_timeout_ms * NS_PER_MS + RESPONSE_WITHIN_NS,
		.on_response = request->on_response,
		.owner = request->owner,
		.tag = request->tag,
	};
	link->pending_count++;
	if (!link->timer.armed || pending->deadline_ns < link->timer.due_ns)
		loop_timer_at(link->loop, &link->timer, pending->deadline_ns);
	return 0;
}

static void
message_handle(struct link *link, const struct link_message *message)
{
	const struct message_header *header = &message->header;
	struct link_pending *pending = &link->pending[header->cookie % LINK_PENDING_MAX];
	const struct link_response response = {.status = header->status,
					       .body = &message->body,
					       .body_bytes = message->body_bytes,
					       .fds = message->fds,
					       .fd_count = message->fd_count};

	if (header->cookie == 0 || pending->cookie != header->cookie ||
	    pending->type != header->type)
		connection_drop(link, "it sent a response to no request");
	else if (!link_wire_fits(message))
		connection_drop(link, "its response has an invalid size (do both programs have the "
				      "same version?)");
	else
		pending_finish(link, pending, &response);
}

static void
connection_ready(void *owner, uint32_t events)
{
	struct link *link = owner;
	struct link_message *message = &link->message;
	int status = link_wire_receive(link->watch.fd, message);

	(void)events;
	if (status == -EAGAIN)
		return;
	if (status == -ENODATA) {
		connection_drop(link, "it closed the connection");
	} else if (status != 0) {
		connection_drop(link, strerror(-status));
	} else {
		message_handle(link, message);
		link_wire_close_fds(message);
	}
}

static void
connection_try(struct link *link)
{
	static const struct hello_request hello;
	const struct link_request request = {.type = MESSAGE_HELLO,
					     .body = &hello,
					     .body_bytes = sizeof(hello),
					     .fd = -1,
					     .on_response = hello_on_response,
					     .owner = link};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), status;

	loop_timer_at(link->loop, &link->timer, loop_now_ns() + CONNECT_EVERY_NS);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&link->path, sizeof(link->path)) < 0) {
		log_problem(&link->problem, LEVEL_WARNING,
			    "not connected to the dataplane: cannot connect to %s: %s; trying "
			    "again every 100 ms",
			    link->path.sun_path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	link->watch.fd = fd;
	status = loop_watch_add(link->loop, &link->watch, EPOLLIN);
	link->state = LINK_GREETING;
	loop_timer_cancel(link->loop, &link->timer);
	if (status == 0)
		status = link_ask(link, &request);
	if (status != 0)
		connection_drop(link, strerror(-status));
}

/* A response that is unread because this process was stopped is not late. */
static void
deadlines_check(struct link *link, uint64_t now)
{
	struct pollfd unread = {.fd = link->watch.fd, .events = POLLIN};
	uint64_t first = LOOP_NEVER;

	for (unsigned i = 0; i < LINK_PENDING_MAX; i++)
		if (link->pending[i].cookie != 0 && link->pending[i].deadline_ns < first)
			first = link->pending[i].deadline_ns;
	if (first <= now && poll(&unread, 1, 0) == 1)
		loop_timer_at(link->loop, &link->timer, now + CONNECT_EVERY_NS);
	else if (first <= now)
		connection_drop(link, "it does not respond");
	else
		loop_timer_at(link->loop, &link->timer, first);
}

static void
timer_fired(void *owner, uint64_t now)
{
	struct link *link = owner;

	if (link->state == LINK_DISCONNECTED)
		connection_try(link);
	else
		deadlines_check(link, now);
}

int
link_init(struct link *link, struct loop *loop, const char *runtime_dir,
	  void (*connected)(void *owner), void (*lost)(void *owner), void *owner)
{
	size_t room = sizeof(link->path.sun_path);

	memset(link, 0, sizeof(*link));
	link->loop = loop;
	link->path.sun_family = AF_UNIX;
	link->watch = (struct loop_watch){.fd = -1, .ready = connection_ready, .owner = link};
	link->timer = (struct loop_timer){.fire = timer_fired, .owner = link};
	link->connected = connected;
	link->lost = lost;
	link->owner = owner;
	link->hello.stats_fd = -1;
	memset(link->hello.map_fds, 0xff, sizeof(link->hello.map_fds));
	if ((size_t)snprintf(link->path.sun_path, room, "%s/%s", runtime_dir,
			     MESSAGE_SOCKET_NAME) >= room)
		return -ENAMETOOLONG;
	loop_timer_at(loop, &link->timer, 0);
	return 0;
}

void
link_leave(struct link *link)
{
	if (link->state != LINK_DISCONNECTED)
		connection_end(link);
	loop_timer_cancel(link->loop, &link->timer);
}

void
link_fini(struct link *link)
{
	loop_timer_cancel(link->loop, &link->timer);
	if (link->watch.fd >= 0) {
		loop_watch_remove(link->loop, &link->watch);
		close(link->watch.fd);
	}
	link->watch.fd = -1;
	link->state = LINK_DISCONNECTED;
	hello_close(&link->hello);
}

int
link_interface_index(const struct link *link, uint32_t ifindex)
{
	for (unsigned i = 0; ifindex != 0 && i < link->hello.response.interface_count; i++)
		if (link->hello.response.interfaces[i].ifindex == ifindex)
			return (int)i;
	return -1;
}
