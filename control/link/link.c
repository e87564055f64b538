/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps one connection to the dataplane and matches answers with requests. */
#include "control/link/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_EVERY_NS (100 * NS_PER_MS)
#define ANSWER_WITHIN_NS (5 * NS_PER_S)

static void
pending_finish(struct dataplane *dataplane, struct dataplane_pending *pending,
	       const struct dataplane_response *response)
{
	struct dataplane_pending done = *pending;

	pending->cookie = 0;
	dataplane->pending_count--;
	done.answered(done.owner, done.tag, response);
}

static void
hello_close(struct dataplane_hello *hello)
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
connection_end(struct dataplane *dataplane)
{
	const struct dataplane_response gone = {.status = -ENOTCONN};
	enum dataplane_state before = dataplane->state;

	loop_watch_remove(dataplane->loop, &dataplane->watch);
	close(dataplane->watch.fd);
	dataplane->watch.fd = -1;
	dataplane->state = DATAPLANE_AWAY;
	loop_timer_cancel(dataplane->loop, &dataplane->timer);
	for (unsigned i = 0; i < DATAPLANE_PENDING_MAX; i++)
		if (dataplane->pending[i].cookie != 0)
			pending_finish(dataplane, &dataplane->pending[i], &gone);
	if (before == DATAPLANE_CONNECTED)
		dataplane->lost(dataplane->owner);
	hello_close(&dataplane->hello);
}

/* Ends the connection and tries again; `why` is logged unless it is what was logged last. */
static void
connection_drop(struct dataplane *dataplane, const char *why)
{
	log_problem(&dataplane->problem, LEVEL_WARNING,
		    "the dataplane is away: %s; trying again every 100 ms", why);
	connection_end(dataplane);
	loop_timer_at(dataplane->loop, &dataplane->timer, loop_now_ns() + CONNECT_EVERY_NS);
}

/* Takes over the descriptors that came with HELLO; -EPROTO when they are not as many as it
 * announces. */
static int
hello_take(struct dataplane_hello *hello, const struct dataplane_response *response)
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
hello_answered(void *owner, uint64_t tag, const struct dataplane_response *response)
{
	struct dataplane *dataplane = owner;
	int status = response->status;

	(void)tag;
	if (dataplane->state != DATAPLANE_GREETING)
		return; /* the connection is gone */
	if (status == 0)
		status = hello_take(&dataplane->hello, response);
	if (status != 0) {
		char why[96];

		snprintf(why, sizeof(why),
			 "its HELLO does not fit: %s (are both of the same version?)",
			 strerror(-status));
		connection_drop(dataplane, why);
		return;
	}
	dataplane->state = DATAPLANE_CONNECTED;
	log_problem_over(&dataplane->problem, NULL);
	log_line(LEVEL_NOTICE, "connected to the dataplane: boot id %016llx, %u workers, %u ports",
		 (unsigned long long)dataplane->hello.response.boot_id,
		 dataplane->hello.response.worker_count, dataplane->hello.response.interface_count);
	dataplane->connected(dataplane->owner);
}

int
dataplane_ask(struct dataplane *dataplane, const struct dataplane_request *request)
{
	struct message_header header = {.version = MESSAGE_VERSION,
					.type = (uint16_t)request->type};
	struct dataplane_pending *pending = NULL;
	uint64_t now = loop_now_ns();
	int status;

	if (dataplane->state == DATAPLANE_AWAY ||
	    (dataplane->state == DATAPLANE_GREETING && request->type != MESSAGE_HELLO))
		return -ENOTCONN;
	if (dataplane->pending_count == DATAPLANE_PENDING_MAX)
		return -ENOBUFS;
	while (pending == NULL) /* the cookie names the place: the next one that is free */
		if (dataplane->pending[++dataplane->cookies % DATAPLANE_PENDING_MAX].cookie == 0)
			pending = &dataplane->pending[dataplane->cookies % DATAPLANE_PENDING_MAX];
	header.cookie = dataplane->cookies;
	status = dataplane_wire_send(dataplane->watch.fd, &header, request->body,
				     request->body_bytes, request->fd);
	if (status != 0)
		return status;
	*pending = (struct dataplane_pending){
		.cookie = header.cookie,
		.type = request->type,
		.deadline_ns = now + request->patience_ms * NS_PER_MS + ANSWER_WITHIN_NS,
		.answered = request->answered,
		.owner = request->owner,
		.tag = request->tag,
	};
	dataplane->pending_count++;
	if (!dataplane->timer.armed || pending->deadline_ns < dataplane->timer.due_ns)
		loop_timer_at(dataplane->loop, &dataplane->timer, pending->deadline_ns);
	return 0;
}

static void
message_handle(struct dataplane *dataplane, const struct dataplane_message *message)
{
	const struct message_header *header = &message->header;
	struct dataplane_pending *pending =
		&dataplane->pending[header->cookie % DATAPLANE_PENDING_MAX];
	const struct dataplane_response response = {.status = header->status,
						    .body = &message->body,
						    .body_bytes = message->body_bytes,
						    .fds = message->fds,
						    .fd_count = message->fd_count};

	if (header->cookie == 0 || pending->cookie != header->cookie ||
	    pending->type != header->type)
		connection_drop(dataplane, "it answered a question that nobody asked");
	else if (!dataplane_wire_fits(message))
		connection_drop(
			dataplane,
			"its response has an impossible size (are both of the same version?)");
	else
		pending_finish(dataplane, pending, &response);
}

static void
connection_ready(void *owner, uint32_t events)
{
	struct dataplane *dataplane = owner;
	struct dataplane_message *message = &dataplane->message;
	int status = dataplane_wire_receive(dataplane->watch.fd, message);

	(void)events;
	if (status == -EAGAIN)
		return;
	if (status == -ENODATA) {
		connection_drop(dataplane, "it closed the connection");
	} else if (status != 0) {
		connection_drop(dataplane, strerror(-status));
	} else {
		message_handle(dataplane, message);
		dataplane_wire_close_fds(message);
	}
}

static void
connection_try(struct dataplane *dataplane)
{
	static const struct hello_request hello;
	const struct dataplane_request request = {.type = MESSAGE_HELLO,
						  .body = &hello,
						  .body_bytes = sizeof(hello),
						  .fd = -1,
						  .answered = hello_answered,
						  .owner = dataplane};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), status;

	loop_timer_at(dataplane->loop, &dataplane->timer, loop_now_ns() + CONNECT_EVERY_NS);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&dataplane->path, sizeof(dataplane->path)) < 0) {
		log_problem(
			&dataplane->problem, LEVEL_WARNING,
			"the dataplane is away: can't connect to %s: %s; trying again every 100 ms",
			dataplane->path.sun_path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	dataplane->watch.fd = fd;
	status = loop_watch_add(dataplane->loop, &dataplane->watch, EPOLLIN);
	dataplane->state = DATAPLANE_GREETING;
	loop_timer_cancel(dataplane->loop, &dataplane->timer);
	if (status == 0)
		status = dataplane_ask(dataplane, &request);
	if (status != 0)
		connection_drop(dataplane, strerror(-status));
}

/* An answer that lies in the socket while we were stopped is not late. */
static void
deadlines_check(struct dataplane *dataplane, uint64_t now)
{
	struct pollfd unread = {.fd = dataplane->watch.fd, .events = POLLIN};
	uint64_t first = LOOP_NEVER;

	for (unsigned i = 0; i < DATAPLANE_PENDING_MAX; i++)
		if (dataplane->pending[i].cookie != 0 && dataplane->pending[i].deadline_ns < first)
			first = dataplane->pending[i].deadline_ns;
	if (first <= now && poll(&unread, 1, 0) == 1)
		loop_timer_at(dataplane->loop, &dataplane->timer, now + CONNECT_EVERY_NS);
	else if (first <= now)
		connection_drop(dataplane, "it does not answer");
	else
		loop_timer_at(dataplane->loop, &dataplane->timer, first);
}

static void
timer_fired(void *owner, uint64_t now)
{
	struct dataplane *dataplane = owner;

	if (dataplane->state == DATAPLANE_AWAY)
		connection_try(dataplane);
	else
		deadlines_check(dataplane, now);
}

int
dataplane_init(struct dataplane *dataplane, struct loop *loop, const char *runtime_dir,
	       void (*connected)(void *owner), void (*lost)(void *owner), void *owner)
{
	size_t room = sizeof(dataplane->path.sun_path);

	memset(dataplane, 0, sizeof(*dataplane));
	dataplane->loop = loop;
	dataplane->path.sun_family = AF_UNIX;
	dataplane->watch =
		(struct loop_watch){.fd = -1, .ready = connection_ready, .owner = dataplane};
	dataplane->timer = (struct loop_timer){.fire = timer_fired, .owner = dataplane};
	dataplane->connected = connected;
	dataplane->lost = lost;
	dataplane->owner = owner;
	dataplane->hello.stats_fd = -1;
	memset(dataplane->hello.map_fds, 0xff, sizeof(dataplane->hello.map_fds));
	if ((size_t)snprintf(dataplane->path.sun_path, room, "%s/%s", runtime_dir,
			     MESSAGE_SOCKET_NAME) >= room)
		return -ENAMETOOLONG;
	loop_timer_at(loop, &dataplane->timer, 0);
	return 0;
}

void
dataplane_leave(struct dataplane *dataplane)
{
	if (dataplane->state != DATAPLANE_AWAY)
		connection_end(dataplane);
	loop_timer_cancel(dataplane->loop, &dataplane->timer);
}

void
dataplane_fini(struct dataplane *dataplane)
{
	loop_timer_cancel(dataplane->loop, &dataplane->timer);
	if (dataplane->watch.fd >= 0) {
		loop_watch_remove(dataplane->loop, &dataplane->watch);
		close(dataplane->watch.fd);
	}
	dataplane->watch.fd = -1;
	dataplane->state = DATAPLANE_AWAY;
	hello_close(&dataplane->hello);
}

int
dataplane_interface_index(const struct dataplane *dataplane, uint32_t ifindex)
{
	for (unsigned i = 0; ifindex != 0 && i < dataplane->hello.response.interface_count; i++)
		if (dataplane->hello.response.interfaces[i].ifindex == ifindex)
			return (int)i;
	return -1;
}
