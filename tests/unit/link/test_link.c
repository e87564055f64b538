/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of the dataplane's socket, with a simulated dataplane on the same loop: not there yet,
 * HELLO, requests and responses, killed, restarted, sending malformed messages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/link/link.h"
#include "tests/unit/daemon/control_rig.h"
#include "tests/unit/suite.h"

struct fixture {
	struct loop loop;
	struct rig_dataplane rig;
	struct link client;
	unsigned connected, lost;
	unsigned responses;
	int status; /* of the last response */
};

static void
on_connected(void *owner)
{
	((struct fixture *)owner)->connected++;
}

static void
on_lost(void *owner)
{
	((struct fixture *)owner)->lost++;
}

static void
on_response(void *owner, uint64_t tag, const struct link_response *response)
{
	struct fixture *f = owner;

	f->responses++;
	f->status = response->status;
	CU_ASSERT_EQUAL(tag, 77);
}

static bool
is_connected(const void *owner)
{
	return ((const struct fixture *)owner)->client.state == LINK_CONNECTED;
}

static bool
is_disconnected(const void *owner)
{
	return ((const struct fixture *)owner)->client.state == LINK_DISCONNECTED;
}

static bool
has_response(const void *owner)
{
	return ((const struct fixture *)owner)->responses > 0;
}

static struct fixture *
fixture_open(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || loop_init(&f->loop) != 0 ||
	    link_init(&f->client, &f->loop, rig_dir(), on_connected, on_lost, f) != 0)
		abort();
	return f;
}

/* With the dataplane running. */
static void
fixture_close(struct fixture *f)
{
	link_fini(&f->client);
	rig_dataplane_kill(&f->rig);
	loop_fini(&f->loop);
	free(f);
}

static int
ask_probe(struct fixture *f)
{
	static const struct probe_request probe = {
		.timeout_ms = 100, .question_bytes = 5, .question = "\0\0\2\0\1"};

	return link_ask(&f->client, &(struct link_request){.type = MESSAGE_PROBE,
							   .body = &probe,
							   .body_bytes = sizeof(probe),
							   .fd = -1,
							   .on_response = on_response,
							   .owner = f,
							   .tag = 77});
}

static void
test_life(void)
{
	struct fixture *f = fixture_open();

	loop_turn(&f->loop, 0); /* no dataplane yet */
	CU_ASSERT_EQUAL(f->client.state, LINK_DISCONNECTED);
	CU_ASSERT_EQUAL(ask_probe(f), -ENOTCONN);
	rig_dataplane_start(&f->rig, &f->loop, 11);
	CU_ASSERT_TRUE_FATAL(rig_wait(&f->loop, is_connected, f));
	CU_ASSERT_EQUAL(f->connected, 1);
	CU_ASSERT_EQUAL(f->client.hello.response.boot_id, 11);
	CU_ASSERT_EQUAL(link_interface_index(&f->client, 1), 0);
	CU_ASSERT_EQUAL(link_interface_index(&f->client, 2), -1);
	CU_ASSERT_EQUAL(link_interface_index(&f->client, 0), -1);
	CU_ASSERT(f->client.hello.stats_fd >= 0);

	CU_ASSERT_EQUAL(ask_probe(f), 0);
	CU_ASSERT_EQUAL(f->responses, 0); /* not before the call returns */
	CU_ASSERT_TRUE(rig_wait(&f->loop, has_response, f));
	CU_ASSERT_EQUAL(f->status, 0);

	f->responses = 0;
	CU_ASSERT_EQUAL(ask_probe(f), 0);
	rig_dataplane_kill(&f->rig);
	CU_ASSERT_TRUE(rig_wait(&f->loop, is_disconnected, f));
	CU_ASSERT_EQUAL(f->responses, 1); /* requests in flight fail, once */
	CU_ASSERT_EQUAL(f->status, -ENOTCONN);
	CU_ASSERT_EQUAL(f->lost, 1);
	CU_ASSERT_EQUAL(f->client.pending_count, 0);

	rig_dataplane_start(&f->rig, &f->loop, 12);
	CU_ASSERT_TRUE(rig_wait(&f->loop, is_connected, f));
	CU_ASSERT_EQUAL(f->client.hello.response.boot_id, 12);
	fixture_close(f);
}

static void
test_full(void)
{
	struct fixture *f = fixture_open();
	unsigned asked = 0;
	int status = 0;

	rig_dataplane_start(&f->rig, &f->loop, 11);
	CU_ASSERT_TRUE_FATAL(rig_wait(&f->loop, is_connected, f));
	/* The dataplane does not run meanwhile. */
	while (status == 0 && asked <= 2 * LINK_PENDING_MAX) {
		status = ask_probe(f);
		asked += status == 0;
	}
	CU_ASSERT(status == -EAGAIN || status == -ENOBUFS);
	CU_ASSERT(asked > 0 && asked <= LINK_PENDING_MAX);
	while (f->responses < asked && loop_turn(&f->loop, 1000) == 0)
		;
	CU_ASSERT_EQUAL(f->responses, asked);
	CU_ASSERT_EQUAL(f->client.pending_count, 0);
	fixture_close(f);
}

/* A peer that sends these bytes is disconnected, and nothing else happens. */
static const struct {
	const char *what;
	struct message_header header;
	size_t bytes;
} malformed[] = {
	{"shorter than a header", {.version = 1, .type = MESSAGE_HELLO}, 7},
	{"another version",
	 {.version = 2, .type = MESSAGE_HELLO, .cookie = 1},
	 sizeof(struct message_header)},
	{"an unknown cookie",
	 {.version = 1, .type = MESSAGE_PROBE, .cookie = 4711},
	 sizeof(struct message_header)},
	{"cookie 0", {.version = 1, .type = MESSAGE_PROBE}, sizeof(struct message_header)},
	{"another type than the request",
	 {.version = 1, .type = MESSAGE_PORT, .cookie = 1},
	 sizeof(struct message_header)},
	{"an unknown type", {.version = 1, .type = 99, .cookie = 1}, sizeof(struct message_header)},
	{"HELLO without a body",
	 {.version = 1, .type = MESSAGE_HELLO, .cookie = 1},
	 sizeof(struct message_header)},
	{"HELLO without descriptors",
	 {.version = 1, .type = MESSAGE_HELLO, .cookie = 1},
	 sizeof(struct message_header) + sizeof(struct hello_response)},
	{"longer than any", {.version = 1, .type = MESSAGE_HELLO, .cookie = 1}, 60000},
};

static void
peer_ready(void *owner, uint32_t events)
{
	struct loop_watch *listener = owner;

	(void)events;
	listener->fd = accept(listener->fd, NULL, NULL); /* from now on: the connection */
}

static void
test_malformed(void)
{
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		struct fixture *f = fixture_open();
		struct loop_watch peer;
		char *message = calloc(1, 65536);
		int listener;

		rig_dataplane_start(&f->rig, &f->loop, 11);
		listener = f->rig.listener.fd;
		loop_watch_remove(&f->loop, &f->rig.listener);
		peer = (struct loop_watch){listener, peer_ready, &peer};
		loop_watch_add(&f->loop, &peer, EPOLLIN);
		while (peer.fd == listener && loop_turn(&f->loop, 1000) == 0)
			;
		CU_ASSERT_EQUAL(f->client.state, LINK_GREETING);
		memcpy(message, &malformed[i].header, sizeof(malformed[i].header));
		CU_ASSERT_EQUAL(send(peer.fd, message, malformed[i].bytes, 0),
				(ssize_t)malformed[i].bytes);
		SUITE_ASSERT(rig_wait(&f->loop, is_disconnected, f), "%s", malformed[i].what);
		SUITE_ASSERT(f->connected == 0 && f->client.pending_count == 0, "%s",
			     malformed[i].what);
		close(peer.fd);
		free(message);
		fixture_close(f);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"connected, lost, connected again", test_life},
			       {"too many requests", test_full},
			       {"malformed responses", test_malformed},
			       CU_TEST_INFO_NULL};
	int status;

	rig_open();
	status = suite_run("link", tests);
	rig_close();
	return status;
}
