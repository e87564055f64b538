/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints the result: a table for people, JSON for programs. */
#ifndef PIPELINE_REPORT_H
#define PIPELINE_REPORT_H

#include "result.h"

void report_table(const struct result *result);

/* 0, or -errno when the file can't be written. */
int report_json(const struct result *result, const char *file);

#endif
