/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints errors and JSON, and reads members of JSON objects. */
#include "control/cli/output.h"

#include <stdarg.h>
#include <stdio.h>

void
output_error(const char *format, ...)
{
	va_list arguments;

	fputs("ephemeractl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void
output_json(const json_t *result)
{
	json_dumpf(result, stdout, JSON_INDENT(2));
	putchar('\n');
}

long long
json_number(const json_t *object, const char *key)
{
	return (long long)json_number_value(json_object_get(object, key));
}

const char *
json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

bool
json_truth(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

double
json_measure(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}
