/* SPDX-License-Identifier: BSD-3-Clause */
/* Results in the order of the probes: each row has the steps, and the results returned. */
#include <stdio.h>
#include <string.h>

#include "control/farm/probe_order.h"
#include "tests/unit/suite.h"

/* Steps: + a probe is sent; a digit: that probe (0 is the first) is answered, its rcode its number;
 * t and a digit: it times out; n and a digit: it is not counted; x: the probes in flight are void.
 * Results: their numbers, or t. */
static const struct {
	const char *what, *steps, *taken;
} rows[] = {
	{"one after the other", "+0+1+2", "012"},
	{"responses out of order", "++10", "01"},
	{"a timeout before a response", "++1t0", "t1"},
	{"every other one", "++1t0++3t2++5t4", "t1t3t5"},
	{"nothing known yet", "+++", ""},
	{"the oldest blocks the others", "+++12", ""},
	{"and releases them", "+++12t0", "t12"},
	{"one that is not counted", "+++12n0", "12"},
	{"void", "+++x012+3", "3"},
	{"void, with one known that waits", "++1x0+2", "2"},
	{"a result twice", "+00+1", "01"},
	{"a result without a probe", "5+0", "0"},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct probe_order order = {0};
		struct health_event taken;
		char got[32] = "";
		size_t used = 0;

		for (const char *step = rows[i].steps; *step != 0; step++) {
			struct health_event event = {.type = HEALTH_RESPONSE};

			if (*step == '+') {
				CU_ASSERT_TRUE(probe_order_room(&order));
				probe_order_begin(&order);
			} else if (*step == 'x') {
				probe_order_void(&order);
			} else if (*step == 't') {
				event.type = HEALTH_TIMEOUT;
				probe_order_end(&order, (uint32_t)(*++step - '0'), &event);
			} else if (*step == 'n') {
				probe_order_end(&order, (uint32_t)(*++step - '0'), NULL);
			} else {
				event.rcode = (uint8_t)(*step - '0');
				probe_order_end(&order, event.rcode, &event);
			}
			while (probe_order_next(&order, &taken))
				got[used++] = taken.type == HEALTH_TIMEOUT
						      ? 't'
						      : (char)('0' + taken.rcode);
		}
		SUITE_ASSERT(strcmp(got, rows[i].taken) == 0, "%s: %s", rows[i].what, got);
	}
}

/* At most three unanswered, none beyond the ring, and serials that wrap. */
static void
test_room(void)
{
	const struct health_event response = {.type = HEALTH_RESPONSE};
	struct probe_order order = {.first = UINT32_MAX - 5};
	struct health_event taken;
	unsigned sent = 1, got = 0;
	uint32_t oldest = probe_order_begin(&order);

	while (probe_order_room(&order)) {
		probe_order_end(&order, probe_order_begin(&order), &response);
		CU_ASSERT_FALSE(probe_order_next(&order, &taken));
		sent++;
	}
	CU_ASSERT_EQUAL(sent, PROBE_ORDER_MAX);
	probe_order_end(&order, oldest, &response);
	while (probe_order_next(&order, &taken))
		got++;
	CU_ASSERT_EQUAL(got, PROBE_ORDER_MAX);
	for (sent = 0; probe_order_room(&order); sent++)
		probe_order_begin(&order);
	CU_ASSERT_EQUAL(sent, PROBE_ORDER_UNANSWERED_MAX);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"order", test_rows}, {"room", test_room}, CU_TEST_INFO_NULL};

	return suite_run("probe_order", tests);
}
