/* SPDX-License-Identifier: BSD-3-Clause */
/* Output that all commands share, and access to members of JSON objects. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_OUTPUT_H
#define EPHEMERA_CONTROL_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

/* Prints "ephemeractl: " and the message to stderr. */
void output_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a result to stdout unchanged, for --json. */
void output_json(const json_t *result);

/* A member of a JSON object; if absent or of another type 0, "-", false. */
long long json_number(const json_t *object, const char *key);
const char *json_text(const json_t *object, const char *key);
bool json_truth(const json_t *object, const char *key);
double json_measure(const json_t *object, const char *key);

#endif
