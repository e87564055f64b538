/* SPDX-License-Identifier: BSD-3-Clause */
/* What ephemerad does because of the counters: letter case that is not kept, the alarm, the window
 * of draws. In one process with a fake dataplane. The clock is real; the test waits for events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/log.h"
#include "control/report/commands.h"
#include "control/report/report.h"
#include "tests/unit/daemon/daemon_rig.h"
#include "tests/unit/suite.h"

#define MIXED                                                                                      \
	"    - {name: one, address: 198.51.100.101}\n"                                             \
	"    - {name: two, address: 198.51.100.102, random_case: false}\n"

#define BOTH_OFF                                                                                   \
	"    - {name: one, address: 198.51.100.101, random_case: false}\n"                         \
	"    - {name: two, address: 198.51.100.102, random_case: false}\n"

static bool
is_generation(const void *owner)
{
	const struct daemon_rig *f = owner;

	return f->daemon->publisher.state == PUBLISHER_READY && f->rig.snapshot != NULL &&
	       f->rig.snapshot->generation >= f->generation && f->daemon->watch.alarm.watching;
}

static bool
is_not_kept(const void *owner)
{
	const struct daemon_rig *f = owner;

	return is_generation(owner) && f->rig.snapshot->upstreams[0].case_not_kept;
}

static bool
is_random(const void *owner)
{
	return is_generation(owner) &&
	       ((const struct daemon_rig *)owner)->rig.snapshot->upstreams[0].random_case;
}

static bool
is_watching(const void *owner)
{
	return ((const struct daemon_rig *)owner)->daemon->farm.upstreams[0].case_watch.watching;
}

static bool
is_alarm(const void *owner)
{
	return ((const struct daemon_rig *)owner)->daemon->watch.alarm.active;
}

/* The rig's sockets are on the daemon's loop: moves them with their state to the loop of the next
 * daemon. */
static void
daemon_restart(struct daemon_rig *f, const char *path)
{
	struct snapshot *kept = malloc(f->rig.snapshot->size_bytes);

	memcpy(kept, f->rig.snapshot, f->rig.snapshot->size_bytes);
	rig_dataplane_kill(&f->rig);
	rig_wait_for(f, rig_is_disconnected);
	rig_daemon_close(f);
	rig_daemon_again(f, path);
	rig_dataplane_start(&f->rig, &f->daemon->loop, 7);
	f->rig.snapshot = kept;
	f->generation = kept->generation;
}

static const char *
case_of(struct daemon_rig *f, unsigned index, char text[16])
{
	json_t *report = report_upstreams(f->daemon);
	const json_t *one = json_array_get(json_object_get(report, "upstreams"), index);

	snprintf(text, 16, "%s", json_string_value(json_object_get(one, "case")));
	json_decref(report);
	return text;
}

static void
reload_wait(struct daemon_rig *f)
{
	f->generation = f->rig.snapshot->generation + 1;
	reload_signalled(&f->daemon->reload);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(f, is_generation));
}

static void
test_case(void)
{
	struct daemon_rig f = {.generation = 1};
	const char *path = rig_config("49152-65535", MIXED);
	char text[16];

	rig_daemon_open(&f, path);
	rig_dataplane_start(&f.rig, &f.daemon->loop, 7);
	f.rig.outcome = PROBE_TIMEOUT;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_random));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].random_case, 0);
	CU_ASSERT_EQUAL(f.rig.snapshot->waiters, 64);
	CU_ASSERT_EQUAL(f.rig.snapshot->edns_bytes, 1232);
	CU_ASSERT_STRING_EQUAL(case_of(&f, 0, text), "random");
	CU_ASSERT_STRING_EQUAL(case_of(&f, 1, text), "off");

	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_watching));
	rig_worker(&f)->upstreams[0].wrong_case = 4;
	rig_worker(&f)->upstreams[1].wrong_case = 400;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_not_kept));
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].random_case, 0);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[1].case_not_kept, 0);
	CU_ASSERT_STRING_EQUAL(case_of(&f, 0, text), "not kept");
	CU_ASSERT_STRING_EQUAL(case_of(&f, 1, text), "off");

	/* Kept across a restart of ephemerad by the dataplane's snapshot. */
	daemon_restart(&f, path);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_generation));
	CU_ASSERT_TRUE(is_not_kept(&f));
	CU_ASSERT_STRING_EQUAL(case_of(&f, 0, text), "not kept");

	/* Another reload leaves it; one that disables random_case clears it, and one that enables
	 * it tries again. */
	rig_config("50000-65535", MIXED);
	reload_wait(&f);
	CU_ASSERT_TRUE(is_not_kept(&f));
	CU_ASSERT_STRING_EQUAL(case_of(&f, 0, text), "not kept");
	rig_config("50000-65535", BOTH_OFF);
	reload_wait(&f);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].random_case, 0);
	CU_ASSERT_STRING_EQUAL(case_of(&f, 0, text), "off");
	rig_config("50000-65535", MIXED);
	reload_wait(&f);
	CU_ASSERT_EQUAL(f.rig.snapshot->upstreams[0].random_case, 1);
	CU_ASSERT_STRING_EQUAL(case_of(&f, 0, text), "random");
	rig_stop(&f);
}

static bool
is_down(const void *owner)
{
	return !((const struct daemon_rig *)owner)->daemon->farm.upstreams[0].health.up;
}

static bool
is_up(const void *owner)
{
	return ((const struct daemon_rig *)owner)->daemon->farm.upstreams[0].health.up;
}

/* An upstream that is down only because its probes come back in another letter case recovers. */
static void
test_health(void)
{
	struct daemon_rig f = {.generation = 1};

	rig_daemon_open(&f, rig_config("49152-65535", MIXED));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 7);
	f.rig.outcome = PROBE_TIMEOUT;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_random));
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_watching));
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_down));
	rig_worker(&f)->upstreams[0].wrong_case += 4;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_not_kept));
	f.rig.answering = 0;
	CU_ASSERT_TRUE(rig_wait_for(&f, is_up));
	rig_stop(&f);
}

static double
number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static bool
text_is(const json_t *object, const char *key, const char *text)
{
	const char *has = json_string_value(json_object_get(object, key));

	return has != NULL && strcmp(has, text) == 0;
}

static void
attack_note(struct daemon_rig *f, uint8_t last_byte, uint16_t misses)
{
	struct worker_stats *stats = rig_worker(f);
	struct stray *attack = &stats->attacks[stats->attack_count % STATS_ATTACKS];

	*attack = (struct stray){.tsc = stats->attack_count,
				 .source = f->rig.snapshot->upstreams[0].address,
				 .source_port = f->rig.snapshot->upstreams[0].port,
				 .destination_port = be16_from(50000),
				 .near_miss = 1,
				 .misses = misses,
				 .question_bytes = 7};
	memcpy(attack->question, "\1a\0\0\1\0\1", 7);
	attack->question[1] = last_byte;
	stats->counters[COUNTER_near_misses] += misses;
	stats->counters[COUNTER_attacked]++;
	__atomic_store_n(&stats->attack_count, stats->attack_count + 1, __ATOMIC_RELEASE);
}

static void
test_attack(void)
{
	struct daemon_rig f = {.generation = 1};
	json_t *report, *attack;
	struct worker_stats *stats;

	rig_daemon_open(&f, rig_config("49152-65535", MIXED));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 7);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_generation));
	report = report_attack(f.daemon);
	CU_ASSERT(json_is_false(json_object_get(report, "active")) &&
		  json_is_null(json_object_get(report, "since")));
	json_decref(report);

	attack_note(&f, 'A', 3);
	attack_note(&f, 'b', 10);
	attack_note(&f, 'a', 5);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_alarm));
	report = report_status(f.daemon);
	attack = json_object_get(report, "attack");
	CU_ASSERT(json_is_true(json_object_get(attack, "active")) &&
		  json_is_string(json_object_get(attack, "since")));
	CU_ASSERT(number(attack, "queries") == 3 && number(attack, "near_misses") == 18);
	CU_ASSERT(number(attack, "rate_per_s") > 0);
	CU_ASSERT(text_is(attack, "upstream", "one") && text_is(attack, "question", "a. A IN"));
	json_decref(report);

	stats = rig_worker(&f);
	stats->strays[0] = (struct stray){.tsc = 1,
					  .source_port = be16_from(53),
					  .id = be16_from(4711),
					  .reason = DROP_response_late,
					  .question_bytes = 5,
					  .question = {0, 0, 2, 0, 1}};
	stats->stray_count = 1;
	report = report_strays(f.daemon);
	attack = json_array_get(json_object_get(report, "attacks"), 0);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(report, "attacks")), 2);
	CU_ASSERT(text_is(attack, "question", "a. A IN") && number(attack, "count") == 2 &&
		  number(attack, "near_misses") == 8 && text_is(attack, "upstream", "one"));
	attack = json_array_get(json_object_get(report, "strays"), 0);
	CU_ASSERT(text_is(attack, "reason", "response_late") && number(attack, "id") == 4711 &&
		  text_is(attack, "question", ". NS IN") &&
		  json_is_false(json_object_get(attack, "near_miss")));
	json_decref(report);
	rig_stop(&f);
}

static void
test_entropy(void)
{
	struct daemon_rig f = {.generation = 1};
	json_t *report;
	uint64_t state = 1;

	rig_daemon_open(&f, rig_config("49152-65535", MIXED));
	CU_ASSERT_PTR_NULL(report_entropy(f.daemon));
	rig_dataplane_start(&f.rig, &f.daemon->loop, 7);
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_generation));
	/* The window starts with the ports in force. */
	f.generation = f.rig.snapshot->generation;
	while (f.daemon->watch.generation != f.generation)
		loop_turn(&f.daemon->loop, 100);
	report = report_entropy(f.daemon);
	CU_ASSERT_PTR_NOT_NULL_FATAL(report);
	CU_ASSERT(text_is(report, "verdict", "too few draws"));
	CU_ASSERT(number(json_object_get(report, "bits"), "port_bits") == 14);
	CU_ASSERT_EQUAL(
		json_array_size(json_object_get(json_object_get(report, "bits"), "families")), 1);
	json_decref(report);
	for (unsigned n = 0; n < 5000; n++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		rig_worker(&f)->draw.draws++;
		rig_worker(&f)->ports[49152 + (state >> 50) % 2500].drawn++;
	}
	rig_worker(&f)->draw.case_queries = 10;
	rig_worker(&f)->draw.case_letters = 85;
	report = report_entropy(f.daemon);
	CU_ASSERT(number(json_object_get(report, "bits"), "case_bits") == 8.5);
	CU_ASSERT(number(report, "draws") == 5000);
	CU_ASSERT(strncmp(json_string_value(json_object_get(report, "verdict")),
			  "not uniform: ", 13) == 0);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(report, "workers")), 1);
	json_decref(report);
	rig_dataplane_kill(&f.rig);
	CU_ASSERT_TRUE(rig_wait_for(&f, rig_is_disconnected));
	CU_ASSERT_PTR_NULL(report_entropy(f.daemon));
	rig_daemon_close(&f);
}

static bool
is_link_down(const void *owner)
{
	const struct watch *watch = &((const struct daemon_rig *)owner)->daemon->watch;

	return watch->links_known && !watch->link_up[0];
}

static bool
is_link_up(const void *owner)
{
	const struct watch *watch = &((const struct daemon_rig *)owner)->daemon->watch;

	return watch->links_known && watch->link_up[0];
}

/* `link_up` of the only interface in `status`. */
static json_t *
link_shown(const struct daemon_rig *f)
{
	json_t *report = report_status(f->daemon);
	json_t *port = json_array_get(
		json_object_get(json_object_get(report, "dataplane"), "interfaces"), 0);
	json_t *link = json_incref(json_object_get(port, "link_up"));

	json_decref(report);
	return link;
}

static void
test_links(void)
{
	struct daemon_rig f = {.generation = 1};
	json_t *shown;

	rig_start(&f, ONE);
	shown = link_shown(&f);
	CU_ASSERT(json_is_null(shown)); /* the dataplane has not updated its interfaces yet */
	json_decref(shown);
	f.rig.stats->interface_count = 1;
	CU_ASSERT_TRUE_FATAL(rig_wait_for(&f, is_link_down));
	CU_ASSERT_PTR_EQUAL(link_shown(&f), json_false());
	f.rig.stats->interfaces[0].link_up = 1;
	CU_ASSERT_PTR_EQUAL(link_shown(&f), json_true());
	CU_ASSERT_TRUE(rig_wait_for(&f, is_link_up));
	f.rig.stats->interfaces[0].link_up = 0;
	CU_ASSERT_TRUE(rig_wait_for(&f, is_link_down));
	rig_stop(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"letter case that is not kept", test_case},
			       {"links", test_links},
			       {"an upstream down for its letter case", test_health},
			       {"an attack", test_attack},
			       {"entropy", test_entropy},
			       CU_TEST_INFO_NULL};
	int status;

	log_set_level(LEVEL_ERROR);
	rig_open();
	status = suite_run("watch", tests);
	rig_close();
	return status;
}
