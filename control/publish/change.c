/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats one change, and finds an upstream in the other configuration. */
#include "control/publish/changes_pvt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "control/lib/address.h"
#include "control/lib/question.h"

void
change(struct changes *changes, const char *format, ...)
{
	char text[256 + QUESTION_TEXT_BYTES];
	va_list arguments;

	if (++changes->count >= CHANGES_LINES_MAX)
		return; /* changes_describe() adds a line with their number */
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	changes->line(changes->owner, text);
}

void
change_number(struct changes *changes, const char *key, uint64_t before, uint64_t after)
{
	if (before != after)
		change(changes, "%s: from %" PRIu64 " to %" PRIu64, key, before, after);
}

void
change_word(struct changes *changes, const char *key, const char *before, const char *after)
{
	if (strcmp(before, after) != 0)
		change(changes, "%s: from %s to %s", key, before, after);
}

void
change_ranges(struct changes *changes, const char *key, const struct config_ranges *before,
	      const struct config_ranges *after)
{
	if (!config_ranges_same(before, after))
		change(changes, "%s: from %u ranges to %u%s", key, before->count, after->count,
		       before->count == after->count ? " different ones" : "");
}

const struct config_upstream *
change_upstream_find(const struct config *config, const struct config_upstream *wanted)
{
	for (unsigned i = 0; i < config->upstream_count; i++)
		if (config->upstreams[i].port == wanted->port &&
		    address_equal(&config->upstreams[i].address, &wanted->address))
			return &config->upstreams[i];
	return NULL;
}
