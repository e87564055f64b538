/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares the configuration in force with the configuration file. */
#include "control/publish/config_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/publish/changes.h"

static void
line_add(void *array, const char *line)
{
	json_array_append_new(array, json_string(line));
}

static json_t *
lines_split(char *text)
{
	json_t *lines = json_array();
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != 0)
			line_add(lines, line);
	return lines;
}

json_t *
config_diff(const struct config *running, const char *path)
{
	const char *keys[CONFIG_STATIC_KEYS_MAX];
	json_t *changes, *fixed, *lines;
	struct config *config = NULL;
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);
	bool good;

	if (stream == NULL)
		return NULL;
	good = config_load(path, &config, stream) == 0;
	fclose(stream);
	changes = json_array();
	fixed = json_array();
	if (good) {
		unsigned count = config_static_differences(running, config, keys);

		for (unsigned i = 0; i < count; i++)
			line_add(fixed, keys[i]);
		changes_describe(running, config, line_add, changes);
	}
	config_free(config);
	lines = lines_split(text);
	free(text);
	return json_pack("{s:o, s:o, s:o, s:o}", "changes", changes, "static", fixed,
			 good ? "warnings" : "errors", lines, good ? "errors" : "warnings",
			 json_array());
}
