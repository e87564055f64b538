/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operator does, and what must not undo it: words on upstreams, readiness, drain of the box, a
 * reload that the dataplane refuses; and what health does by itself about clients' queries. Whole ephemerad,
 * a dataplane of ours, the real clock; waiting is for events. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/daemon.h"
#include "control/log.h"
#include "control_rig.h"
#include "way_suite.h"

#define ONE   "    - {name: one, address: 198.51.100.101}\n"
#define TWO   ONE "    - {name: two, address: 198.51.100.102}\n"
#define THREE TWO "    - {name: three, address: 198.51.100.103}\n"

struct fixture {
	struct daemon *daemon;
	struct rig_dataplane rig;
	uint64_t generation; /* more than this is waited for */
	unsigned probes;     /* as many are waited for */
	unsigned slot;	     /* the upstream that is waited for */
	int client;
	char line[65536];
	size_t line_bytes;
};

static void
daemon_open(struct fixture *f, const char *path)
{
	struct config *config = NULL;

	f->daemon = calloc(1, sizeof(*f->daemon));
	if (f->daemon == NULL || config_load(path, &config, stderr) != 0 ||
	    daemon_init(f->daemon, path, config) != 0)
		abort();
}

static void
daemon_close(struct fixture *f)
{
	daemon_fini(f->daemon);
	free(f->daemon);
}

/* The dataplane outlives the daemon: it moves to the loop of the next one. */
static void
daemon_replace(struct fixture *f, const char *path)
{
	loop_watch_remove(f->rig.loop, &f->rig.listener);
	loop_watch_remove(f->rig.loop, &f->rig.connection);
	close(f->rig.connection.fd);
	f->rig.connection.fd = -1;
	daemon_close(f);
	daemon_open(f, path);
	f->rig.loop = &f->daemon->loop;
	loop_watch_add(f->rig.loop, &f->rig.listener, EPOLLIN);
}

static struct worker_stats *
worker(struct fixture *f)
{
	return (struct worker_stats *)(void *)(f->rig.stats + 1);
}

/* Waiting */

static bool
is_ready(const void *owner)
{
	const struct fixture *f = owner;

	return f->daemon->publisher.state == PUBLISHER_READY && f->rig.snapshot != NULL &&
	       !f->daemon->publisher.changed;
}

static bool
is_newer(const void *owner)
{
	const struct fixture *f = owner;

	return is_ready(f) && f->rig.snapshot->generation > f->generation;
}

static bool
is_away(const void *owner)
{
	return ((const struct fixture *)owner)->daemon->publisher.state == PUBLISHER_AWAY;
}

static bool
is_probed(const void *owner)
{
	const struct fixture *f = owner;

	return f->rig.probes >= f->probes;
}

static bool
is_unusable(const void *owner)
{
	const struct fixture *f = owner;

	return is_ready(f) && !f->rig.snapshot->upstreams[f->slot].usable;
}

static bool
is_kept(const void *owner)
{
	const struct fixture *f = owner;

	return f->daemon->farm.upstreams[f->slot].health.kept;
}

static bool
is_looked_at(const void *owner)
{
	const struct fixture *f = owner;

	return f->daemon->farm.upstreams[f->slot].passive.watching;
}

static bool
is_asked_to_stop(const void *owner)
{
	return ((const struct fixture *)owner)->rig.stops > 0;
}

static bool
is_counted(const void *owner)
{
	const struct worker_stats *stats = worker((struct fixture *)owner);
	const struct drain *drain = &((const struct fixture *)owner)->daemon->box.drain;

	return drain->counted &&
	       drain->queries == stats->counters[COUNTER_queries] + stats->counters[COUNTER_own_servfail];
}

static bool
is_line(const void *owner)
{
	struct fixture *f = (struct fixture *)owner;
	ssize_t length =
		recv(f->client, f->line + f->line_bytes, sizeof(f->line) - 1 - f->line_bytes, MSG_DONTWAIT);

	if (length > 0)
		f->line_bytes += (size_t)length;
	f->line[f->line_bytes] = 0;
	return length == 0 || strchr(f->line, '\n') != NULL;
}

static bool
wait_for(struct fixture *f, bool (*done)(const void *owner))
{
	return rig_wait(&f->daemon->loop, done, f);
}

/* Asking */

static json_t *
ask(struct fixture *f, const char *request)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	json_t *answer;

	f->client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(path.sun_path, sizeof(path.sun_path), "%s", rig_path(SERVER_SOCKET_NAME));
	if (f->client < 0 || connect(f->client, (struct sockaddr *)&path, sizeof(path)) < 0)
		abort();
	f->line_bytes = 0;
	CU_ASSERT_EQUAL(send(f->client, request, strlen(request), MSG_DONTWAIT), (ssize_t)strlen(request));
	CU_ASSERT_TRUE(wait_for(f, is_line));
	close(f->client);
	answer = json_loads(f->line, 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
	return answer;
}

static const char *
text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

/* Has that upstream told something, and waits until the dataplane knows it. Returns "STATE: REASON" of the
 * answer, or its error. */
static const char *
tell(struct fixture *f, const char *name, const char *action)
{
	static char said[256];
	char request[128];
	json_t *answer, *result;

	snprintf(request, sizeof(request),
		 "{\"command\": \"upstream\", \"name\": \"%s\", \"action\": \"%s\"}\n", name, action);
	answer = ask(f, request);
	result = json_object_get(answer, "result");
	if (result != NULL)
		snprintf(said, sizeof(said), "%s: %s", text_at(result, "state"), text_at(result, "reason"));
	else
		snprintf(said, sizeof(said), "%s", text_at(answer, "error"));
	json_decref(answer);
	CU_ASSERT_TRUE(wait_for(f, is_ready));
	return said;
}

/* Its row of `upstreams`, as "STATE: REASON". */
static const char *
row(struct fixture *f, unsigned index)
{
	static char said[512];
	json_t *answer = ask(f, "{\"command\": \"upstreams\"}\n"), *upstream;

	upstream = json_array_get(json_object_get(json_object_get(answer, "result"), "upstreams"), index);
	snprintf(said, sizeof(said), "%s: %s", text_at(upstream, "state"), text_at(upstream, "reason"));
	json_decref(answer);
	return said;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "" when ready, else why not. */
static const char *
unready(struct fixture *f)
{
	static char reason[256];
	json_t *answer = ask(f, "{\"command\": \"ready\"}\n"), *result = json_object_get(answer, "result");

	snprintf(reason, sizeof(reason), "%s", text_at(result, "reason"));
	CU_ASSERT_EQUAL(json_is_true(json_object_get(result, "ready")), reason[0] == 0);
	json_decref(answer);
	return reason;
}

static const char *
failure(struct fixture *f, const char *request)
{
	static char error[256];
	json_t *answer = ask(f, request);

	snprintf(error, sizeof(error), "%s", text_at(answer, "error"));
	json_decref(answer);
	return error;
}

static void
reload(struct fixture *f, const char *upstreams)
{
	json_t *answer;

	rig_config("50000-59999", upstreams);
	answer = ask(f, "{\"command\": \"reload\"}\n");
	CU_ASSERT_TRUE(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
}

static void
open_with(struct fixture *f, const char *upstreams)
{
	daemon_open(f, rig_config("50000-59999", upstreams));
	rig_dataplane_start(&f->rig, &f->daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(f, is_ready));
}

static void
fixture_close(struct fixture *f)
{
	rig_dataplane_kill(&f->rig);
	daemon_close(f);
}

/* Words */

static void
test_words(void)
{
	struct fixture f = {0};
	const struct snapshot_upstream *one;

	open_with(&f, TWO);
	CU_ASSERT_TRUE(begins(tell(&f, "one", "drain"), "draining: by the operator; nothing in flight"));
	one = &f.rig.snapshot->upstreams[0];
	CU_ASSERT(!one->usable && one->operator_word == OPERATOR_DRAIN && one->state == SLOT_ACTIVE);
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	worker(&f)->upstreams[0].in_flight = 7;
	CU_ASSERT_TRUE(begins(row(&f, 0), "draining: by the operator; 7 in flight"));
	worker(&f)->upstreams[0].in_flight = 0;

	f.probes = f.rig.probes + 8; /* good ones of both */
	CU_ASSERT_TRUE(wait_for(&f, is_probed));
	CU_ASSERT_TRUE(begins(row(&f, 0), "draining: by the operator; nothing in flight"));
	reload(&f, "    - {name: another, address: 198.51.100.101}\n    - {name: two, address: "
		   "198.51.100.102}\n");
	CU_ASSERT_TRUE(begins(row(&f, 0), "draining: by the operator; nothing in flight"));
	CU_ASSERT_TRUE(begins(tell(&f, "another", "up"), "forced-up: by the operator"));
	CU_ASSERT_TRUE(begins(tell(&f, "another", "down"), "forced-down: by the operator"));

	/* Not forgotten by an ephemerad that starts anew, nor by a second one. */
	for (unsigned i = 0; i < 2; i++) {
		daemon_replace(&f, rig_path("test.yaml"));
		CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
		CU_ASSERT_TRUE(begins(row(&f, 0), "forced-down: by the operator, before ephemerad started"));
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].operator_word, OPERATOR_DOWN);
	}
	f.probes = f.rig.probes + 8;
	CU_ASSERT_TRUE(wait_for(&f, is_probed));
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_TRUE(begins(tell(&f, "another", "auto"), "up: "));
	CU_ASSERT(f.rig.snapshot->upstreams[0].usable && f.rig.snapshot->upstreams[0].operator_word == 0);
	fixture_close(&f);
}

/* A new dataplane gets the words of an ephemerad that stayed; who leaves the configuration leaves his word.
 */
static void
test_words_stay(void)
{
	struct fixture f = {0};

	open_with(&f, TWO);
	tell(&f, "two", "down");
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away));
	CU_ASSERT_TRUE(begins(row(&f, 1), "forced-down: by the operator"));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 22);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].operator_word, OPERATOR_DOWN);
	CU_ASSERT_FALSE(f.rig.snapshot->upstreams[1].usable);
	reload(&f, ONE);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].operator_word, OPERATOR_AUTO);
	reload(&f, TWO);
	CU_ASSERT_TRUE(begins(row(&f, 1), "up: "));
	fixture_close(&f);
}

static const struct {
	const char *request, *error;
} refused[] = {
	{"{\"command\": \"upstream\"}\n", "\"name\" has to be"},
	{"{\"command\": \"upstream\", \"name\": \"one\"}\n", "\"name\" has to be"},
	{"{\"command\": \"upstream\", \"name\": 1, \"action\": \"up\"}\n", "\"name\" has to be"},
	{"{\"command\": \"upstream\", \"name\": \"none\", \"action\": \"up\"}\n",
	 "no upstream is called none"},
	{"{\"command\": \"upstream\", \"name\": \"one\", \"action\": \"halt\"}\n", "an upstream can be told"},
	{"{\"command\": \"drain\", \"timeout_s\": -1}\n", "\"timeout_s\" has to be"},
	{"{\"command\": \"drain\", \"timeout_s\": 86401}\n", "\"timeout_s\" has to be"},
	{"{\"command\": \"drain\", \"timeout_s\": \"1\"}\n", "\"timeout_s\" has to be"},
	{"{\"command\": \"undrain\"}\n", "the box is not being drained"},
};

static void
test_refused(void)
{
	struct fixture f = {0};

	open_with(&f, TWO);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		WAY_ASSERT(begins(failure(&f, refused[i].request), refused[i].error), "%s",
			   refused[i].request);
	CU_ASSERT_EQUAL(f.daemon->box.drain.state, DRAIN_OFF);
	fixture_close(&f);
}

/* Readiness */

static void
test_ready(void)
{
	struct fixture f = {0};

	daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_STRING_EQUAL(unready(&f), "the dataplane is away");
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	CU_ASSERT_STRING_EQUAL(unready(&f), "worker 0 has no configuration yet");
	worker(&f)->generation = f.rig.snapshot->generation;
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	f.rig.stats->draining = 1;
	CU_ASSERT_STRING_EQUAL(unready(&f), "the dataplane is stopping");
	f.rig.stats->draining = 0;

	tell(&f, "one", "down");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	tell(&f, "two", "drain");
	CU_ASSERT_STRING_EQUAL(unready(&f), "no upstream of pool default is usable");
	tell(&f, "one", "up");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");

	/* A heartbeat that was the same a long time ago. */
	f.daemon->box.pulse.worker_count = 1;
	f.daemon->box.pulse.heartbeats[0] = worker(&f)->heartbeat;
	f.daemon->box.pulse.moved_ns[0] = loop_now_ns() - PULSE_STILL_NS - 1;
	CU_ASSERT_STRING_EQUAL(unready(&f), "worker 0 stands still");
	CU_ASSERT_FALSE(box_lives(&f.daemon->box));
	worker(&f)->heartbeat++;
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	CU_ASSERT_TRUE(box_lives(&f.daemon->box));
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away));
	CU_ASSERT_STRING_EQUAL(unready(&f), "the dataplane is away");
	CU_ASSERT_FALSE(box_lives(&f.daemon->box));
	daemon_close(&f);
}

/* A pool that no service address leads to does not count; one that one leads to does. */
static void
test_ready_pools(void)
{
	struct fixture f = {0};
	char path[256], command[600];

	open_with(&f, THREE "pools:\n  - {name: aside, servers: [three]}\n");
	worker(&f)->generation = 1;
	tell(&f, "three", "down");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	snprintf(path, sizeof(path), "%s", rig_path("test.yaml"));
	snprintf(command, sizeof(command),
		 "sed -i 's/{address: 192.0.2.53}/{address: 192.0.2.53, pool: aside}/' %s", path);
	CU_ASSERT_EQUAL(system(command), 0);
	json_decref(ask(&f, "{\"command\": \"reload\"}\n"));
	CU_ASSERT_STRING_EQUAL(unready(&f), "no upstream of pool aside is usable");
	fixture_close(&f);
}

/* Drain */

static const char *
drain_state(struct fixture *f)
{
	static char state[32];
	json_t *answer = ask(f, "{\"command\": \"status\"}\n");
	json_t *drain = json_object_get(json_object_get(answer, "result"), "drain");

	snprintf(state, sizeof(state), "%s", json_is_null(drain) ? "off" : text_at(drain, "state"));
	json_decref(answer);
	return state;
}

static void
test_drain(void)
{
	struct fixture f = {0};
	json_t *answer;

	open_with(&f, TWO);
	worker(&f)->generation = 1;
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "off");
	answer = ask(&f, "{\"command\": \"drain\"}\n");
	CU_ASSERT_TRUE(json_is_true(json_object_get(json_object_get(answer, "result"), "draining")));
	CU_ASSERT_EQUAL(strlen(text_at(json_object_get(answer, "result"), "until")), 20);
	json_decref(answer);
	CU_ASSERT_STRING_EQUAL(unready(&f), "draining");
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "waiting");
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[0].usable); /* all else goes on */
	CU_ASSERT_STRING_EQUAL(failure(&f, "{\"command\": \"undrain\"}\n"), "");
	CU_ASSERT_STRING_EQUAL(unready(&f), "");

	/* Queries come for longer than two seconds, and then none; probes do not count. */
	json_decref(ask(&f, "{\"command\": \"drain\", \"timeout_s\": 60}\n"));
	for (unsigned turn = 0; turn < 12; turn++) { /* seen a quarter of a second after each other */
		worker(&f)->counters[turn % 2 ? COUNTER_queries : COUNTER_own_servfail]++;
		CU_ASSERT_TRUE(wait_for(&f, is_counted));
	}
	CU_ASSERT_EQUAL(f.rig.stops, 0);
	CU_ASSERT_TRUE(wait_for(&f, is_asked_to_stop));
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "stopping");
	CU_ASSERT_TRUE(begins(failure(&f, "{\"command\": \"undrain\"}\n"), "too late"));
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_away));
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "stopped");
	CU_ASSERT_STRING_EQUAL(unready(&f), "drained: the dataplane was stopped");
	CU_ASSERT_EQUAL(f.rig.stops, 1);

	rig_dataplane_start(&f.rig, &f.daemon->loop, 22); /* started again: in service again */
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	worker(&f)->generation = 1;
	CU_ASSERT_STRING_EQUAL(unready(&f), "");
	CU_ASSERT_STRING_EQUAL(drain_state(&f), "off");
	fixture_close(&f);
}

/* Queries never stop: the timeout does. Without a dataplane there is nothing to drain. */
static void
test_drain_timeout(void)
{
	struct fixture f = {0};

	daemon_open(&f, rig_config("50000-59999", TWO));
	CU_ASSERT_TRUE(begins(failure(&f, "{\"command\": \"drain\"}\n"), "the dataplane is away"));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 21);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_ready));
	json_decref(ask(&f, "{\"command\": \"drain\", \"timeout_s\": 1}\n"));
	for (uint64_t until = loop_now_ns() + 5 * NS_PER_S; f.rig.stops == 0 && loop_now_ns() < until;) {
		worker(&f)->counters[COUNTER_queries]++;
		loop_turn(&f.daemon->loop, 50);
	}
	CU_ASSERT_EQUAL(f.rig.stops, 1);
	CU_ASSERT(loop_now_ns() >= f.daemon->box.drain.until_ns);
	CU_ASSERT_EQUAL(f.daemon->box.drain.until_ns, f.daemon->box.drain.since_ns + NS_PER_S);
	fixture_close(&f);
}

/* Health */

#define PASSIVE "  passive: {answers: 100, timeout_percent: 50, servfail_percent: 20}\n"

static void
test_passive(void)
{
	struct fixture f = {0};

	open_with(&f, TWO PASSIVE);
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_looked_at));
	worker(&f)->upstreams[0].answers += 40;
	worker(&f)->upstreams[0].timeouts += 60;
	worker(&f)->upstreams[1].answers += 60;
	worker(&f)->upstreams[1].timeouts += 40;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_unusable));
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[1].usable);
	f.generation = f.rig.snapshot->generation;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_newer)); /* its probes are good: they bring it back */
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[0].usable);
	CU_ASSERT_TRUE(begins(row(&f, 0), "up: 2 good probes in a row"));
	f.slot = 1;
	worker(&f)->upstreams[1].answers += 1000;
	worker(&f)->upstreams[1].servfails += 300;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_unusable));
	CU_ASSERT_EQUAL(f.daemon->farm.upstreams[1].health.decided.type, HEALTH_SERVFAILS);
	fixture_close(&f);
}

/* All three die; the floor keeps the last two in use. One comes back: the one that was kept longest may go.
 */
static void
test_floor(void)
{
	struct fixture f = {0};
	unsigned usable = 0, kept = 0;

	open_with(&f, THREE "  healthy_min_percent: 60\n");
	f.rig.outcome = PROBE_TIMEOUT;
	f.probes = f.rig.probes + 15;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_probed));
	for (unsigned i = 0; i < 3; i++) {
		usable += f.rig.snapshot->upstreams[i].usable;
		kept += f.daemon->farm.upstreams[i].health.kept;
		f.slot = f.daemon->farm.upstreams[i].health.kept ? i : f.slot;
	}
	CU_ASSERT_EQUAL(usable, 2);
	CU_ASSERT_EQUAL(kept, 2);
	CU_ASSERT_TRUE(begins(row(&f, f.slot), "up: kept: floor of pool default; 3 bad probes in a row"));

	for (unsigned i = 0; i < 3; i++) /* the one that is out comes back: one of the others goes */
		f.rig.answering = !f.rig.snapshot->upstreams[i].usable ? (int)i : f.rig.answering;
	f.generation = f.rig.snapshot->generation;
	CU_ASSERT_TRUE_FATAL(wait_for(&f, is_newer));
	CU_ASSERT_TRUE(f.rig.snapshot->upstreams[f.rig.answering].usable);
	usable = 0;
	for (unsigned i = 0; i < 3; i++)
		usable += f.rig.snapshot->upstreams[i].usable;
	CU_ASSERT_EQUAL(usable, 2);

	/* A floor that the file lowers lets go at once. */
	reload(&f, THREE);
	CU_ASSERT_TRUE(wait_for(&f, is_ready));
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[i].usable, (int)i == f.rig.answering);
	f.slot = 0;
	CU_ASSERT_FALSE(is_kept(&f));
	fixture_close(&f);
}

/* Rolling back */

/* A reload that the dataplane refuses leaves no trace: the old upstreams are probed, the new one is not, the
 * ways are those of the old ones, words and health stay, and what happens then is pushed. */
static void
test_rollback(void)
{
	struct fixture f = {0};
	const struct snapshot_upstream *two;

	open_with(&f, TWO);
	tell(&f, "two", "drain");
	f.generation = f.rig.snapshot->generation;
	f.rig.refuse = "not on a Monday";
	rig_config("50000-50999", "    - {name: one, address: 198.51.100.101}\n"
				  "    - {name: three, address: 198.51.100.103}\n");
	CU_ASSERT_STRING_EQUAL(failure(&f, "{\"command\": \"reload\"}\n"),
			       "the dataplane refuses it: not on a Monday");
	CU_ASSERT_EQUAL(f.rig.snapshot->generation, f.generation);
	CU_ASSERT_EQUAL(f.daemon->publisher.config->source.last_port, 59999);
	CU_ASSERT_EQUAL(slots_upstream_named(&f.daemon->publisher.slots, "two"), 1);
	CU_ASSERT_EQUAL(slots_upstream_named(&f.daemon->publisher.slots, "three"), -1);
	CU_ASSERT(f.daemon->neighbour.followed[0] && f.daemon->neighbour.followed[1] &&
		  !f.daemon->neighbour.followed[2]);
	CU_ASSERT(f.daemon->farm.upstreams[1].active && !f.daemon->farm.upstreams[2].active);
	CU_ASSERT_TRUE(begins(row(&f, 1), "draining: by the operator; nothing in flight"));
	for (unsigned i = 0; i < 8; i++) {
		f.probes = f.rig.probes + 1;
		CU_ASSERT_TRUE(wait_for(&f, is_probed));
		CU_ASSERT(f.rig.probed < 2);
	}

	f.rig.refuse = NULL;
	tell(&f, "two", "auto");
	two = &f.rig.snapshot->upstreams[1];
	CU_ASSERT(f.rig.snapshot->generation > f.generation && two->usable && two->state == SLOT_ACTIVE);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstream_count, 2);
	CU_ASSERT_TRUE(bitmap_test(f.rig.snapshot->ports_draw, 55000));
	CU_ASSERT_STRING_EQUAL(failure(&f, "{\"command\": \"reload\"}\n"),
			       ""); /* and the same file is taken */
	CU_ASSERT_FALSE(bitmap_test(f.rig.snapshot->ports_draw, 55000));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].state, SLOT_RETIRED);
	CU_ASSERT_EQUAL(slots_upstream_named(&f.daemon->publisher.slots, "three"), 2);
	fixture_close(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"words on upstreams", test_words},
		{"words stay with who is told", test_words_stay},
		{"requests that are refused", test_refused},
		{"ready", test_ready},
		{"ready: pools", test_ready_pools},
		{"drain", test_drain},
		{"drain: the timeout", test_drain_timeout},
		{"passive signs", test_passive},
		{"the floor", test_floor},
		{"a refused reload leaves no trace", test_rollback},
		CU_TEST_INFO_NULL,
	};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = way_suite_run("operate", tests);
	rig_close();
	return status;
}
