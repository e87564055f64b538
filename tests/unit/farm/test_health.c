/* SPDX-License-Identifier: BSD-3-Clause */
/* The states of an upstream: each row has an initial state, a sequence of events, and the state
 * after each event. */
#include <stdio.h>
#include <string.h>

#include "control/farm/health.h"
#include "tests/unit/suite.h"

#define GOOD_RCODES (1 << 0 | 1 << 3)

/* Events: of probes g NOERROR, n NXDOMAIN, s SERVFAIL, r REFUSED, t timeout, u unsent; of clients'
 * queries T timeouts, S SERVFAILs; k kept by a pool, l released; overrides d drain, ^ up, v down, a
 * auto. States: U up, D down, K up because kept, d draining, ^ forced up, v forced down. */
static const struct {
	const char *what;
	enum health_origin origin;
	bool up;
	uint32_t rise, fall;
	const char *events, *states, *reason;
} rows[] = {
	/* probes */
	{"untouched", HEALTH_ASSUMED, true, 2, 3, "", "", "assumed up until probed"},
	{"proven by probes", HEALTH_ASSUMED, true, 2, 3, "g", "U", "its probes have been good"},
	{"falls after three", HEALTH_ASSUMED, true, 2, 3, "ttt", "UUD",
	 "3 bad probes in a row, the last: no response"},
	{"a good one in between", HEALTH_ASSUMED, true, 2, 3, "ttgttt", "UUUUUD", NULL},
	{"NXDOMAIN is good", HEALTH_ASSUMED, true, 2, 3, "ttnttt", "UUUUUD", NULL},
	{"SERVFAIL is bad", HEALTH_ASSUMED, true, 2, 3, "sss", "UUD",
	 "3 bad probes in a row, the last: answered SERVFAIL"},
	{"REFUSED is bad", HEALTH_ASSUMED, true, 2, 1, "r", "D",
	 "1 bad probe, the last: answered REFUSED"},
	{"all kinds of bad count together", HEALTH_ASSUMED, true, 2, 3, "tsu", "UUD",
	 "3 bad probes in a row, the last: could not be sent"},
	{"rises after two", HEALTH_ASSUMED, true, 2, 3, "tttgg", "UUDDU", "2 good probes in a row"},
	{"a bad one in between", HEALTH_ASSUMED, true, 2, 3, "tttgtgg", "UUDDDDU", NULL},
	{"flapping each time", HEALTH_ASSUMED, true, 2, 2, "tgtgtgtg", "UUUUUUUU", NULL},
	{"every other one never rises", HEALTH_KEPT, false, 2, 3, "gtgtgtgt", "DDDDDDDD", NULL},
	{"new: one good probe", HEALTH_NEW, false, 5, 3, "g", "U", "1 good probe"},
	{"new: waits through bad ones", HEALTH_NEW, false, 5, 3, "tttg", "DDDU", NULL},
	{"new: waits", HEALTH_NEW, false, 5, 3, "t", "D", "new: waiting for its first good probe"},
	{"new: later rises are as configured", HEALTH_NEW, false, 2, 1, "gtgg", "UDDU", NULL},
	{"kept up: no flapping", HEALTH_KEPT, true, 2, 3, "tt", "UU",
	 "as it was before ephemerad started"},
	{"kept down: needs all of rise", HEALTH_KEPT, false, 2, 3, "gg", "DU", NULL},
	{"rise and fall of one", HEALTH_KEPT, true, 1, 1, "tgtg", "DUDU", NULL},
	/* passive health */
	{"timeouts take it out at once", HEALTH_ASSUMED, true, 2, 3, "gT", "UD",
	 "60 of its last 100 queries were not answered"},
	{"SERVFAILs too", HEALTH_ASSUMED, true, 2, 3, "gS", "UD",
	 "30 of its last 100 queries were answered SERVFAIL"},
	{"and probes bring it back", HEALTH_ASSUMED, true, 2, 3, "Tgg", "DDU",
	 "2 good probes in a row"},
	{"not before rise", HEALTH_ASSUMED, true, 2, 3, "Tgtgg", "DDDDU", NULL},
	{"half a fall does not count on", HEALTH_ASSUMED, true, 2, 3, "ttTggtt", "UUDDUUU", NULL},
	{"a good row before does not count", HEALTH_ASSUMED, true, 2, 3, "ggggTg", "UUUUDD", NULL},
	{"nothing to take out", HEALTH_ASSUMED, true, 2, 1, "tTS", "DDD",
	 "1 bad probe, the last: no response"},
	{"new: proven bad by clients", HEALTH_NEW, false, 2, 3, "gTg", "UDD", NULL},
	/* healthy_min_percent */
	{"kept", HEALTH_ASSUMED, true, 2, 1, "tk", "DK",
	 "kept: healthy_min_percent of pool default; 1 bad probe, the last: no response"},
	{"kept through more bad ones", HEALTH_ASSUMED, true, 2, 1, "tktttt", "DKKKKK", NULL},
	{"kept, then released", HEALTH_ASSUMED, true, 2, 1, "tkl", "DKD",
	 "1 bad probe, the last: no response"},
	{"kept, then up by itself", HEALTH_ASSUMED, true, 2, 1, "tkggl", "DKKUU",
	 "2 good probes in a row"},
	{"one that is up is not kept", HEALTH_ASSUMED, true, 2, 1, "kt", "UD", NULL},
	{"kept although clients suffer", HEALTH_ASSUMED, true, 2, 3, "TkT", "DKK",
	 "kept: healthy_min_percent of pool default; 60 of its last 100 queries were not answered"},
	/* overrides */
	{"drained", HEALTH_ASSUMED, true, 2, 3, "d", "d", "by the operator"},
	{"drained, probes go on", HEALTH_ASSUMED, true, 2, 1, "dttggt", "dddddd",
	 "by the operator"},
	{"auto is what probes say: up", HEALTH_ASSUMED, true, 2, 1, "dta", "ddD", NULL},
	{"auto is what probes say: down", HEALTH_KEPT, false, 2, 1, "^gga", "^^^U", NULL},
	{"forced down", HEALTH_ASSUMED, true, 2, 3, "vgggg", "vvvvv", "by the operator"},
	{"forced up", HEALTH_KEPT, false, 2, 3, "^ttt", "^^^^", "by the operator; health is down"},
	{"forced up, clients suffer", HEALTH_ASSUMED, true, 2, 3, "^Ta", "^^D", NULL},
	{"forced up and good", HEALTH_ASSUMED, true, 2, 3, "^g", "^^", "by the operator"},
	{"one override after the other", HEALTH_ASSUMED, true, 2, 3, "d^vda", "d^vdU", NULL},
	{"an override goes before healthy_min_percent", HEALTH_ASSUMED, true, 2, 1, "tkv", "DKv",
	 "by the operator"},
	{"kept again after auto", HEALTH_ASSUMED, true, 2, 1, "tkvlak", "DKvvDK", NULL},
	{"auto without an override", HEALTH_ASSUMED, true, 2, 3, "a", "U", NULL},
};

static struct health_event
event_of(char letter)
{
	switch (letter) {
	case 'g':
		return (struct health_event){.type = HEALTH_RESPONSE, .latency_us = 100};
	case 'n':
		return (struct health_event){
			.type = HEALTH_RESPONSE, .rcode = 3, .latency_us = 100};
	case 's':
		return (struct health_event){
			.type = HEALTH_RESPONSE, .rcode = 2, .latency_us = 100};
	case 'r':
		return (struct health_event){
			.type = HEALTH_RESPONSE, .rcode = 5, .latency_us = 100};
	case 'u':
		return (struct health_event){.type = HEALTH_UNSENT};
	case 'T':
		return (struct health_event){.type = HEALTH_TIMEOUTS, .seen = {40, 0, 60}};
	case 'S':
		return (struct health_event){.type = HEALTH_SERVFAILS, .seen = {90, 30, 10}};
	case 'k':
		return (struct health_event){.type = HEALTH_KEEP, .pool = "default"};
	case 'l':
		return (struct health_event){.type = HEALTH_RELEASE};
	case 'd':
		return (struct health_event){.type = HEALTH_OVERRIDE, .admin_state = ADMIN_DRAIN};
	case '^':
		return (struct health_event){.type = HEALTH_OVERRIDE, .admin_state = ADMIN_UP};
	case 'v':
		return (struct health_event){.type = HEALTH_OVERRIDE, .admin_state = ADMIN_DOWN};
	case 'a':
		return (struct health_event){.type = HEALTH_OVERRIDE, .admin_state = ADMIN_AUTO};
	default:
		return (struct health_event){.type = HEALTH_TIMEOUT};
	}
}

static char
letter_of(const struct health *health)
{
	switch (health_state(health)) {
	case HEALTH_UP:
		return health->kept ? 'K' : 'U';
	case HEALTH_DOWN:
		return 'D';
	case HEALTH_DRAINING:
		return 'd';
	case HEALTH_FORCED_UP:
		return '^';
	case HEALTH_FORCED_DOWN:
		return 'v';
	}
	return '?';
}

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct health_rule rule = {rows[i].rise, rows[i].fall, GOOD_RCODES};
		char reason[HEALTH_REASON_BYTES];
		struct health health;

		health_init(&health, rows[i].origin, rows[i].up, ADMIN_AUTO, 1000);
		CU_ASSERT_EQUAL(strlen(rows[i].events), strlen(rows[i].states));
		for (size_t n = 0; rows[i].events[n] != 0; n++) {
			struct health_event event = event_of(rows[i].events[n]);
			char before = letter_of(&health), after = rows[i].states[n];
			uint64_t since_ns = health.since_ns;
			bool changed = health_handle(&health, &event, &rule, 2000 + n);

			SUITE_ASSERT(letter_of(&health) == after, "%s: event %zu: %c", rows[i].what,
				     n, letter_of(&health));
			SUITE_ASSERT(changed == (before != after), "%s: event %zu is reported",
				     rows[i].what, n);
			SUITE_ASSERT(health.since_ns == (changed ? 2000 + n : since_ns),
				     "%s: event %zu: since", rows[i].what, n);
			SUITE_ASSERT(health_usable(&health) == (strchr("UK^", after) != NULL),
				     "%s: event %zu: usable", rows[i].what, n);
		}
		if (rows[i].reason != NULL)
			SUITE_ASSERT(strcmp(health_reason(&health, reason), rows[i].reason) == 0,
				     "%s: reason %s", rows[i].what, reason);
	}
}

static void
test_latency(void)
{
	const struct health_rule rule = {2, 3, GOOD_RCODES};
	struct health_event bad = {.type = HEALTH_RESPONSE, .rcode = 2, .latency_us = 999};
	struct health_event good = {.type = HEALTH_RESPONSE, .latency_us = 123};
	struct health health;

	health_init(&health, HEALTH_ASSUMED, true, ADMIN_AUTO, 0);
	health_handle(&health, &bad, &rule, 1);
	CU_ASSERT_FALSE(health.latency_known);
	health_handle(&health, &good, &rule, 2);
	CU_ASSERT_TRUE(health.latency_known);
	CU_ASSERT_EQUAL(health.latency_us, 123);
}

/* The configuration decides which rcodes are good. */
static void
test_good(void)
{
	static const struct {
		uint16_t good_rcodes;
		uint8_t rcode;
		bool good;
	} responses[] = {
		{1 << 0, 0, true},   {1 << 0, 3, false},	 {1 << 5, 5, true},
		{1 << 5, 0, false},  {1 << 0 | 1 << 2, 2, true}, {0xffff, 15, true},
		{0xffff, 16, false}, {1 << 0, 32, false},	 {0xffff, 255, false},
	};

	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
		const struct health_rule rule = {1, 1, responses[i].good_rcodes};
		const struct health_event event = {.type = HEALTH_RESPONSE,
						   .rcode = responses[i].rcode};

		SUITE_ASSERT(health_event_good(&event, &rule) == responses[i].good, "row %zu", i);
	}
}

/* An override read from the dataplane's snapshot is in force, and the reason says that it is
 * older. */
static void
test_override_kept(void)
{
	static const struct {
		enum admin_state admin_state;
		enum health_state state;
		const char *reason;
	} kept[] = {
		{ADMIN_AUTO, HEALTH_UP, "as it was before ephemerad started"},
		{ADMIN_DRAIN, HEALTH_DRAINING, "by the operator, before ephemerad started"},
		{ADMIN_UP, HEALTH_FORCED_UP, "by the operator, before ephemerad started"},
		{ADMIN_DOWN, HEALTH_FORCED_DOWN, "by the operator, before ephemerad started"},
	};
	char reason[HEALTH_REASON_BYTES];
	struct health health;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		health_init(&health, HEALTH_KEPT, true, kept[i].admin_state, 1);
		SUITE_ASSERT(health_state(&health) == kept[i].state, "row %zu", i);
		SUITE_ASSERT(strcmp(health_reason(&health, reason), kept[i].reason) == 0,
			     "row %zu: %s", i, reason);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"events and states", test_rows},
			       {"latency of good probes", test_latency},
			       {"good responses", test_good},
			       {"an override of an earlier process", test_override_kept},
			       CU_TEST_INFO_NULL};

	return suite_run("health", tests);
}
