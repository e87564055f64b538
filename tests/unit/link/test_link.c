/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of the dataplane's socket against a dataplane of ours on the same loop: before it is
 * there, HELLO, requests and their responses, killed, restarted, lying. */
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
	struct dataplane client;
	unsigned connected, lost;
	unsigned answered;
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
on_answered(void *owner, uint64_t tag, const struct dataplane_response *response)
{
	struct fixture *f = owner;

	f->answered++;
	f->status = response->status;
	CU_ASSERT_EQUAL(tag, 77);
}

static bool
is_connected(const void *owner)
{
	return ((const struct fixture *)owner)->client.state == DATAPLANE_CONNECTED;
}

static bool
is_away(const void *owner)
{
	return ((const struct fixture *)owner)->client.state == DATAPLANE_AWAY;
}

static bool
has_response(const void *owner)
{
	return ((const struct fixture *)owner)->answered > 0;
}

static struct fixture *
fixture_open(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || loop_init(&f->loop) != 0 ||
	    dataplane_init(&f->client, &f->loop, rig_dir(), on_connected, on_lost, f) != 0)
		abort();
	return f;
}

/* With its dataplane running. */
static void
fixture_close(struct fixture *f)
{
	dataplane_fini(&f->client);
	rig_dataplane_kill(&f->rig);
	loop_fini(&f->loop);
	free(f);
}

static int
ask_probe(struct fixture *f)
{
	static const struct probe_request probe = {
		.timeout_ms = 100, .question_bytes = 5, .question = "\0\0\2\0\1"};

	return dataplane_ask(&f->client, &(struct dataplane_request){.type = MESSAGE_PROBE,
								     .body = &probe,
								     .body_bytes = sizeof(probe),
								     .fd = -1,
								     .answered = on_answered,
								     .owner = f,
								     .tag = 77});
}

static void
test_life(void)
{
	struct fixture *f = fixture_open();

	loop_turn(&f->loop, 0); /* nobody there yet */
	CU_ASSERT_EQUAL(f->client.state, DATAPLANE_AWAY);
	CU_ASSERT_EQUAL(ask_probe(f), -ENOTCONN);
	rig_dataplane_start(&f->rig, &f->loop, 11);
	CU_ASSERT_TRUE_FATAL(rig_wait(&f->loop, is_connected, f));
	CU_ASSERT_EQUAL(f->connected, 1);
	CU_ASSERT_EQUAL(f->client.hello.response.boot_id, 11);
	CU_ASSERT_EQUAL(dataplane_interface_index(&f->client, 1), 0);
	CU_ASSERT_EQUAL(dataplane_interface_index(&f->client, 2), -1);
	CU_ASSERT_EQUAL(dataplane_interface_index(&f->client, 0), -1);
	CU_ASSERT(f->client.hello.stats_fd >= 0);

	CU_ASSERT_EQUAL(ask_probe(f), 0);
	CU_ASSERT_EQUAL(f->answered, 0); /* not before the call returns */
	CU_ASSERT_TRUE(rig_wait(&f->loop, has_response, f));
	CU_ASSERT_EQUAL(f->status, 0);

	f->answered = 0;
	CU_ASSERT_EQUAL(ask_probe(f), 0);
	rig_dataplane_kill(&f->rig);
	CU_ASSERT_TRUE(rig_wait(&f->loop, is_away, f));
	CU_ASSERT_EQUAL(f->answered, 1); /* what was in flight is told, once */
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
	while (status == 0 &&
	       asked <= 2 * DATAPLANE_PENDING_MAX) { /* the dataplane does not get to run */
		status = ask_probe(f);
		asked += status == 0;
	}
	CU_ASSERT(status == -EAGAIN || status == -ENOBUFS);
	CU_ASSERT(asked > 0 && asked <= DATAPLANE_PENDING_MAX);
	while (f->answered < asked && loop_turn(&f->loop, 1000) == 0)
		;
	CU_ASSERT_EQUAL(f->answered, asked);
	CU_ASSERT_EQUAL(f->client.pending_count, 0);
	fixture_close(f);
}

/* A peer that answers with these bytes must lose the connection, and nothing else may happen. */
static const struct {
	const char *what;
	struct message_header header;
	size_t bytes;
} lies[] = {
	{"shorter than a header", {.version = 1, .type = MESSAGE_HELLO}, 7},
	{"another version",
	 {.version = 2, .type = MESSAGE_HELLO, .cookie = 1},
	 sizeof(struct message_header)},
	{"a cookie of nobody",
	 {.version = 1, .type = MESSAGE_PROBE, .cookie = 4711},
	 sizeof(struct message_header)},
	{"cookie 0", {.version = 1, .type = MESSAGE_PROBE}, sizeof(struct message_header)},
	{"another type than asked",
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
liar_ready(void *owner, uint32_t events)
{
	struct loop_watch *listener = owner;

	(void)events;
	listener->fd = accept(listener->fd, NULL, NULL); /* from now on: the connection */
}

static void
test_lies(void)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct fixture *f = fixture_open();
		struct loop_watch liar;
		char *message = calloc(1, 65536);
		int listener;

		rig_dataplane_start(&f->rig, &f->loop, 11);
		listener = f->rig.listener.fd;
		loop_watch_remove(&f->loop, &f->rig.listener);
		liar = (struct loop_watch){listener, liar_ready, &liar};
		loop_watch_add(&f->loop, &liar, EPOLLIN);
		while (liar.fd == listener && loop_turn(&f->loop, 1000) == 0)
			;
		CU_ASSERT_EQUAL(f->client.state, DATAPLANE_GREETING);
		memcpy(message, &lies[i].header, sizeof(lies[i].header));
		CU_ASSERT_EQUAL(send(liar.fd, message, lies[i].bytes, 0), (ssize_t)lies[i].bytes);
		SUITE_ASSERT(rig_wait(&f->loop, is_away, f), "%s", lies[i].what);
		SUITE_ASSERT(f->connected == 0 && f->client.pending_count == 0, "%s", lies[i].what);
		close(liar.fd);
		free(message);
		fixture_close(f);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"before, with, after, again", test_life},
			       {"more than fits", test_full},
			       {"answers that lie", test_lies},
			       CU_TEST_INFO_NULL};
	int status;

	rig_open();
	status = suite_run("dataplane_client", tests);
	rig_close();
	return status;
}
