/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the tests of one program under CUnit: one suite, one line of result, exit status. */
#ifndef EPHEMERA_TESTS_UNIT_SUITE_H
#define EPHEMERA_TESTS_UNIT_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include <CUnit/CUnit.h>

/* `tests` ends with CU_TEST_INFO_NULL. Returns what main() returns: 0 if all held. */
int suite_run(const char *name, CU_TestInfo *tests);

/* Asserts with a sentence of its own, so that a table's row can be told from its neighbours. */
void suite_assert(bool held, unsigned line, const char *file, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define SUITE_ASSERT(held, ...) suite_assert((held), __LINE__, __FILE__, __VA_ARGS__)

/* splitmix64: as random as a test of statistics needs, and the same in each run. */
uint64_t suite_random_next(uint64_t *state);

#endif
