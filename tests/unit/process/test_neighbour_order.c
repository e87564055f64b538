/* SPDX-License-Identifier: BSD-3-Clause */
/* neighbour_order() refuses invalid requests without a message to the kernel. */
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
		{"ifindex 0, which a device without a kernel interface has", {.ifindex = 0}},
		{"not an interface of the dataplane", {.ifindex = 1}},
		{"unknown value of verify", {.ifindex = 7, .verify = 2}},
		{"padding not zero", {.ifindex = 7, .zero = 1}},
		{"padding at the end not zero", {.ifindex = 7, .zero_after = 1}},
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
