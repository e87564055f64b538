/* SPDX-License-Identifier: BSD-3-Clause */
/* Generates a manual page from a template: replaces each line `@name@` by entries from the tables
 * of the programs, the line `@example@` by the example configuration, and copies all other lines.
 * Run by the build: generate TEMPLATE EXAMPLE > PAGE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/commands.h"
#include "control/config/schema.h"
#include "control/lib/counter_names.h"
#include "control/man/roff.h"

static const char *example_path; /* the example configuration */

/* Begins a list item with its macro and one argument. */
static void
item_begin(const char *macro, const char *text)
{
	printf(".It %s", macro);
	roff_argument(text, stdout);
}

/* Counters, drop reasons, verdicts */

static void
names_write(const struct counter_name *names, unsigned count)
{
	puts(".Bl -tag -width Ds");
	for (unsigned i = 0; i < count; i++) {
		item_begin("Sy", names[i].name);
		putchar('\n');
		roff_sentences(names[i].help, stdout);
	}
	puts(".El");
}

static void
counters_write(void)
{
	names_write(counter_names, WORKER_COUNTER_COUNT);
}

static void
drops_write(void)
{
	names_write(drop_names, DROP_REASON_COUNT);
}

static void
verdicts_write(void)
{
	names_write(verdict_names, STEER_VERDICT_COUNT);
}

/* Options and commands */

static void
options_write(void)
{
	puts(".Bl -tag -width Ds");
	for (const struct command_option *option = command_options; option->name != NULL;
	     option++) {
		printf(".It Fl %c , Fl -%s", option->letter, option->name);
		if (option->argument != NULL)
			printf(" Ar %s", option->argument);
		putchar('\n');
		roff_sentences(option->help, stdout);
	}
	puts(".El");
}

/* Writes the options that a command takes, without those that all take. */
static void
command_options_write(unsigned takes)
{
	for (const struct command_option *option = command_options; option->name != NULL; option++)
		if (option->bit & takes)
			printf(" Oo Fl -%s%s%s Oc", option->name,
			       option->argument != NULL ? " Ar " : "",
			       option->argument != NULL ? option->argument : "");
	putchar('\n');
}

static void
commands_write(void)
{
	puts(".Bl -tag -width Ds");
	for (const struct command *command = commands; command->name != NULL; command++) {
		item_begin("Ic", command->name);
		if (command->operand != NULL) {
			fputs(" Ar", stdout);
			roff_argument(command->operand, stdout);
		}
		command_options_write(command->takes);
		roff_sentences(command->summary, stdout);
		roff_sentences(command->details, stdout);
	}
	puts(".El");
}

/* Keys of the configuration */

static const char *
type_text(const struct schema_key *key)
{
	static const char *const words[] = {
		[SCHEMA_NUMBER] = "a number",
		[SCHEMA_TEXT] = "a text",
		[SCHEMA_CHOICE] = "one of",
		[SCHEMA_SECTION] = "a section",
	};
	static const char *const lists[] = {
		[SCHEMA_NUMBER] = "a list of numbers",
		[SCHEMA_TEXT] = "a list of texts",
		[SCHEMA_CHOICE] = "a list of",
		[SCHEMA_SECTION] = "a list of sections",
	};

	return key->list_max > 0 ? lists[key->type] : words[key->type];
}

static void
key_write(void *owner, const char *path, const struct schema_key *key)
{
	char text[2048], *end = text + sizeof(text), *out = text;

	(void)owner;
	item_begin("Ic", path);
	putchar('\n');
	roff_sentences(key->help, stdout);
	out += snprintf(out, (size_t)(end - out), "Type: %s", type_text(key));
	for (uint32_t i = 0; key->type == SCHEMA_CHOICE && key->choices[i].name != NULL; i++)
		out += snprintf(out, (size_t)(end - out), "%s %s", i > 0 ? "," : "",
				key->choices[i].name);
	if (key->type == SCHEMA_NUMBER)
		out += snprintf(out, (size_t)(end - out), " from %u to %u%s%s", key->min, key->max,
				key->unit != NULL ? " " : "", key->unit != NULL ? key->unit : "");
	if (key->required)
		out += snprintf(out, (size_t)(end - out), "; required");
	else if (key->initial != NULL)
		out += snprintf(out, (size_t)(end - out), "; default %s",
				*key->initial != 0 ? key->initial : "empty");
	roff_sentences(text, stdout);
}

static void
keys_write(void)
{
	puts(".Bl -tag -width Ds");
	schema_each(key_write, NULL);
	puts(".El");
}

/* Writes the lines of the example after the first, its licence, as literal text. */
static void
example_write(void)
{
	FILE *example = fopen(example_path, "r");
	char *line = NULL;
	size_t room = 0;

	if (example == NULL) {
		fprintf(stderr, "cannot open %s\n", example_path);
		exit(EXIT_FAILURE);
	}
	for (unsigned number = 1; getline(&line, &room, example) > 0; number++)
		if (number > 1)
			roff_literal(line, stdout);
	free(line);
	fclose(example);
}

static const struct part {
	const char *name;
	void (*write)(void);
} parts[] = {
	{"@options@\n", options_write}, {"@commands@\n", commands_write},
	{"@keys@\n", keys_write},	{"@counters@\n", counters_write},
	{"@drops@\n", drops_write},	{"@verdicts@\n", verdicts_write},
	{"@example@\n", example_write},
};

/* False: there is no part of that name. */
static bool
part_write(const char *line)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(line, parts[i].name) == 0) {
			parts[i].write();
			return true;
		}
	}
	return false;
}

int
main(int argc, char **argv)
{
	FILE *template = argc == 3 ? fopen(argv[1], "r") : NULL;
	char *line = NULL;
	size_t room = 0;

	if (template == NULL) {
		fputs("usage: generate TEMPLATE EXAMPLE\n", stderr);
		return EXIT_FAILURE;
	}
	example_path = argv[2];
	while (getline(&line, &room, template) > 0) {
		if (line[0] != '@') {
			fputs(line, stdout);
		} else if (!part_write(line)) {
			fprintf(stderr, "%s: unknown part %s", argv[1], line);
			return EXIT_FAILURE;
		}
	}
	free(line);
	fclose(template);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
