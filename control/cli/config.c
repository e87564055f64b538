/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands config check, config diff and config keys. */
#include "control/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/config_load.h"
#include "control/cli/output.h"
#include "control/config/schema.h"

/* The list "errors" includes the warnings; their text says that they are warnings. */
static void
check_print(bool good, char *lines)
{
	json_t *errors = json_array(), *result;

	for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
		json_array_append_new(errors, json_string(line));
	result = json_pack("{s:b, s:o}", "ok", good, "errors", errors);
	output_json(result);
	json_decref(result);
}

enum cli_exit
cli_config_check(const struct cli_options *options)
{
	struct config *config = NULL;
	char *lines;
	int err = config_load_lines(options->operands[0], &config, &lines);

	if (options->json) {
		check_print(err == 0, lines);
	} else {
		fputs(lines, stderr);
		if (err == 0)
			printf("%s: no errors: %u upstreams, %u source addresses, %u source ports, "
			       "%u pools, %u domains\n",
			       options->operands[0], config->upstream_count,
			       config->source.address_count, config->source.port_count,
			       config->pool_count, config->routes.suffix_count);
	}
	free(lines);
	config_free(config);
	return err == 0 ? CLI_OK : CLI_REFUSED;
}

/* min, max and unit are null if they do not apply, default is null if there is none. */
static void
key_add(void *owner, const char *path, const struct schema_key *key)
{
	bool number = key->type == SCHEMA_NUMBER;
	json_t *initial = key->initial == NULL ? json_null()
			  : number	       ? json_integer(strtoll(key->initial, NULL, 10))
					       : json_string(key->initial);

	json_array_append_new(
		owner, json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:s?}", "key", path, "help",
				 key->help, "required", key->required, "default", initial, "min",
				 number ? json_integer(key->min) : json_null(), "max",
				 number ? json_integer(key->max) : json_null(), "unit", key->unit));
}

enum cli_exit
cli_config_keys(const struct cli_options *options)
{
	json_t *keys;

	if (!options->json) {
		schema_print(stdout);
		return CLI_OK;
	}
	keys = json_array();
	schema_each(key_add, keys);
	output_json(keys);
	json_decref(keys);
	return CLI_OK;
}

static void
lines_print(FILE *out, const json_t *lines, const char *after)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) fprintf(out, "%s%s\n", json_string_value(line), after);
}

enum cli_exit
cli_config_diff(const struct cli_options *options)
{
	json_t *result, *changes, *fixed, *errors;
	enum cli_exit status = client_ask(options, "config-diff", NULL, &result);
	bool same;

	if (status != CLI_OK)
		return status;
	changes = json_object_get(result, "changes");
	fixed = json_object_get(result, "static");
	errors = json_object_get(result, "errors");
	same = json_array_size(changes) + json_array_size(fixed) + json_array_size(errors) == 0;
	if (options->json) {
		output_json(result);
	} else {
		lines_print(stderr, errors, "");
		lines_print(stderr, json_object_get(result, "warnings"), "");
		lines_print(stdout, changes, "");
		lines_print(stdout, fixed,
			    ": changed; restart the dataplane, then ephemerad, to apply it");
		if (same)
			puts("no difference");
	}
	json_decref(result);
	return same ? CLI_OK : CLI_REFUSED;
}
