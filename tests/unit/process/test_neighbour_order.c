/* SPDX-License-Identifier: BSD-3-Clause */
/* Which requests for next hops are not even shown to the kernel. */
#include <errno.h>

#include <CUnit/CUnit.h>

#include "dataplane/process/neighbour.h"
#include "tests/unit/suite.h"

static void
test_refused(void)
{
	static const struct interfaces interfaces = {.count = 2,
						     .interface = {{.ifindex = 0}, {.ifindex = 7}}};
	static const struct {
		const char *what;
		struct neighbour_request request;
	} rows[] = {
		{"no interface, as a port without one has it", {.ifindex = 0}},
		{"an interface that is no port of ours", {.ifindex = 1}},
		{"an unknown wish", {.ifindex = 7, .verify = 2}},
		{"something in the gap", {.ifindex = 7, .zero = 1}},
		{"something in the other gap", {.ifindex = 7, .zero_after = 1}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		SUITE_ASSERT(neighbour_order(&interfaces, &rows[i].request) == -EINVAL, "%s",
			     rows[i].what);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"refused", test_refused}, CU_TEST_INFO_NULL};

	return suite_run("neighbour order", tests);
}
