/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the result: a table for people, JSON for programs. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_REPORT_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_REPORT_H

#include "tests/bench/pipeline/result.h"

void report_table(const struct result *result);

/* 0, or -errno when the file cannot be written. */
int report_json(const struct result *result, const char *file);

#endif
