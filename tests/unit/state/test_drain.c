/* SPDX-License-Identifier: BSD-3-Clause */
/* The drain of the instance: each row is a list of timed events and the state after each. */
#include <errno.h>
#include <stdio.h>

#include "control/state/drain.h"
#include "tests/unit/suite.h"

#define MS UINT64_C(1000000)

/* Events:
 * d  drain with a timeout of `number` ms
 * u  undrain, which fails with errno `number`
 * q  poll with `number` queries
 * f  the request to stop could not be sent
 * l  the dataplane is lost
 * s  the same dataplane is connected again
 * n  another dataplane is connected
 * r  ephemerad is killed and started again
 *
 * States: O off, W waiting, P stopping, X stopped. */
static const struct {
	const char *what;
	struct {
		uint64_t at_ms;
		char what;
		uint64_t number;
		char state;
	} steps[9];
} rows[] = {
	{"queries cease",
	 {{0, 'd', 60000, 'W'},
	  {100, 'q', 10, 'W'},
	  {500, 'q', 20, 'W'},
	  {600, 'q', 20, 'W'},
	  {2499, 'q', 20, 'W'},
	  {2500, 'q', 20, 'P'},
	  {2600, 'l', 0, 'X'}}},
	{"queries never cease",
	 {{0, 'd', 1000, 'W'}, {400, 'q', 1, 'W'}, {999, 'q', 2, 'W'}, {1000, 'q', 3, 'P'}}},
	{"idle from the beginning", {{0, 'd', 60000, 'W'}, {0, 'q', 5, 'W'}, {2000, 'q', 5, 'P'}}},
	{"undrain",
	 {{0, 'd', 60000, 'W'}, {100, 'q', 5, 'W'}, {200, 'u', 0, 'O'}, {9000, 'q', 5, 'O'}}},
	{"undrain, and drain again: the time starts again",
	 {{0, 'd', 60000, 'W'},
	  {100, 'q', 5, 'W'},
	  {200, 'u', 0, 'O'},
	  {9000, 'd', 60000, 'W'},
	  {9100, 'q', 5, 'W'},
	  {11100, 'q', 5, 'P'}}},
	{"undrain without a drain", {{0, 'u', ENOENT, 'O'}}},
	{"too late to undrain", {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {1, 'u', EBUSY, 'P'}}},
	{"undrain after the stop",
	 {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {1, 'l', 0, 'X'}, {2, 'u', 0, 'O'}}},
	{"another timeout",
	 {{0, 'd', 60000, 'W'},
	  {100, 'q', 1, 'W'},
	  {200, 'd', 300, 'W'},
	  {400, 'q', 2, 'W'},
	  {500, 'q', 3, 'P'}}},
	{"drain while stopping", {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {1, 'd', 9000, 'P'}}},
	{"the dataplane is asked once", {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {9000, 'q', 5, 'P'}}},
	{"the request could not be sent",
	 {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {1, 'f', 0, 'W'}, {2, 'q', 5, 'P'}}},
	{"the dataplane dies while waiting",
	 {{0, 'd', 60000, 'W'},
	  {100, 'q', 500, 'W'},
	  {200, 'l', 0, 'W'},
	  {5000, 'n', 0, 'W'},
	  {5100, 'q', 500, 'W'},
	  {7100, 'q', 500, 'P'}}},
	{"the dataplane is started again after the stop",
	 {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {1, 'l', 0, 'X'}, {2, 'n', 0, 'O'}}},
	{"only the connection is lost",
	 {{0, 'd', 0, 'W'},
	  {0, 'q', 5, 'P'},
	  {1, 'l', 0, 'X'},
	  {2, 's', 0, 'P'},
	  {3, 'l', 0, 'X'},
	  {4, 'n', 0, 'O'}}},
	{"ephemerad is killed while waiting",
	 {{0, 'd', 60000, 'W'},
	  {100, 'q', 5, 'W'},
	  {200, 'r', 0, 'W'},
	  {300, 's', 0, 'W'},
	  {400, 'q', 5, 'W'},
	  {2399, 'q', 5, 'W'},
	  {2400, 'q', 5, 'P'}}},
	{"killed while waiting: the timeout still counts",
	 {{0, 'd', 1000, 'W'},
	  {100, 'r', 0, 'W'},
	  {200, 's', 0, 'W'},
	  {999, 'q', 1, 'W'},
	  {1000, 'q', 2, 'P'}}},
	{"killed while waiting, then undrain",
	 {{0, 'd', 1000, 'W'},
	  {100, 'r', 0, 'W'},
	  {200, 's', 0, 'W'},
	  {300, 'u', 0, 'O'},
	  {2000, 'q', 2, 'O'}}},
	{"both are killed while waiting",
	 {{0, 'd', 1000, 'W'}, {100, 'r', 0, 'W'}, {200, 'n', 0, 'W'}, {1000, 'q', 2, 'P'}}},
	{"killed before or after asking: it asks (again)",
	 {{0, 'd', 60000, 'W'},
	  {0, 'q', 5, 'W'},
	  {2000, 'q', 5, 'P'},
	  {2001, 'r', 0, 'X'},
	  {2002, 's', 0, 'W'},
	  {2003, 'q', 5, 'P'},
	  {2004, 'l', 0, 'X'},
	  {2005, 's', 0, 'P'}}},
	{"killed while stopping, and the dataplane is started again",
	 {{0, 'd', 0, 'W'}, {0, 'q', 5, 'P'}, {1, 'r', 0, 'X'}, {2, 'n', 0, 'O'}}},
	{"killed after the stop",
	 {{0, 'd', 0, 'W'},
	  {0, 'q', 5, 'P'},
	  {1, 'l', 0, 'X'},
	  {2, 'r', 0, 'X'},
	  {3, 'n', 0, 'O'}}},
	{"killed without a drain", {{0, 'r', 0, 'O'}, {1, 's', 0, 'O'}, {9000, 'q', 5, 'O'}}},
	{"without a drain, nothing happens",
	 {{0, 'l', 0, 'O'}, {1, 'n', 0, 'O'}, {2, 'q', 7, 'O'}, {9000, 'q', 7, 'O'}}},
};

static void
test_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct drain drain = {0};

		for (unsigned n = 0; n < 9 && rows[i].steps[n].what != 0; n++) {
			uint64_t now_ns = 5000 * MS + rows[i].steps[n].at_ms * MS;
			uint64_t number = rows[i].steps[n].number;
			char before = "OWPX"[drain.state];
			bool stop = false;

			switch (rows[i].steps[n].what) {
			case 'd':
				drain_begin(&drain, number * MS, now_ns);
				break;
			case 'u':
				SUITE_ASSERT(drain_cancel(&drain) == -(int)number, "%s: step %u",
					     rows[i].what, n);
				break;
			case 'q':
				stop = drain_poll(&drain, number, now_ns);
				break;
			case 'f':
				drain_not_asked(&drain);
				break;
			case 'l':
				drain_lost(&drain);
				break;
			case 'r':
				drain_recall(&drain, drain.state, drain.since_ns, drain.until_ns);
				break;
			default:
				drain_connected(&drain, rows[i].steps[n].what == 's');
			}
			SUITE_ASSERT("OWPX"[drain.state] == rows[i].steps[n].state,
				     "%s: step %u: %c", rows[i].what, n, "OWPX"[drain.state]);
			SUITE_ASSERT(stop == (rows[i].steps[n].what == 'q' && before == 'W' &&
					      drain.state == DRAIN_STOPPING),
				     "%s: step %u: stop", rows[i].what, n);
		}
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"states", test_rows}, CU_TEST_INFO_NULL};

	return suite_run("drain", tests);
}
