/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats times of CLOCK_MONOTONIC as wall-clock time. */
#include "control/report/report.h"

#include <stdio.h>
#include <time.h>

#include "control/lib/loop.h"

/* RFC 3339, UTC: the text up to the seconds, then `end`. */
static const char *
time_format(uint64_t unix_ms, const char *end, char *text, size_t bytes)
{
	const time_t seconds = (time_t)(unix_ms / 1000);
	struct tm parts;
	size_t used;

	text[0] = 0;
	if (gmtime_r(&seconds, &parts) == NULL)
		return text;
	used = strftime(text, bytes, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + used, bytes - used, "%s", end);
	return text;
}

const char *
report_time(uint64_t monotonic_ns, char text[REPORT_TIME_BYTES])
{
	return time_format(loop_unix_ms(monotonic_ns), "Z", text, REPORT_TIME_BYTES);
}

const char *
report_stamp(uint64_t monotonic_ns, char text[REPORT_STAMP_BYTES])
{
	const uint64_t unix_ms = loop_unix_ms(monotonic_ns);
	char end[8];

	snprintf(end, sizeof(end), ".%03uZ", (unsigned)(unix_ms % 1000));
	return time_format(unix_ms, end, text, REPORT_STAMP_BYTES);
}
