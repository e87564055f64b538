/* SPDX-License-Identifier: BSD-3-Clause */
/* Shell completion from the tables of commands and options. The scripts in completion/ run it as
 * `ephemeractl __complete WORD...`. */
#include <stdio.h>
#include <string.h>

#include "control/cli/client.h"
#include "control/cli/commands.h"
#include "control/cli/output.h"

#define WORD_BYTES 64

/* The words before the cursor, and the one at the cursor. */
struct typed {
	char *const *words; /* without options and their arguments */
	int word_count;
	struct cli_options options;	   /* only those that select the socket */
	const struct command_option *open; /* its argument is at the cursor; NULL: none */
	const char *prefix;		   /* the word at the cursor */
};

static void
offer(const struct typed *typed, const char *candidate, const char *description)
{
	if (strncmp(candidate, typed->prefix, strlen(typed->prefix)) == 0)
		printf("%s%s%s\n", candidate, *description != 0 ? "\t" : "", description);
}

/* The option of a word, "-c" or "--config"; NULL: none. */
static const struct command_option *
option_find(const char *word)
{
	for (const struct command_option *option = command_options; option->name != NULL; option++)
		if ((word[1] == option->letter && word[2] == 0) ||
		    (word[1] == '-' && strcmp(word + 2, option->name) == 0))
			return option;
	return NULL;
}

/* Moves the words that are not options to the front of `words`. */
static void
typed_read(struct typed *typed, char **words, int count)
{
	typed->words = words;
	for (int i = 0; i < count; i++) {
		const struct command_option *option =
			words[i][0] == '-' ? option_find(words[i]) : NULL;

		if (words[i][0] != '-')
			words[typed->word_count++] = words[i];
		if (option == NULL || option->argument == NULL)
			continue;
		if (++i == count)
			typed->open = option;
		else if (option->bit == TAKES_CONFIG)
			typed->options.config_path = words[i];
		else if (option->bit == TAKES_SOCKET)
			typed->options.socket_path = words[i];
	}
}

static void
options_offer(const struct typed *typed, unsigned takes)
{
	for (const struct command_option *option = command_options; option->name != NULL;
	     option++) {
		char word[WORD_BYTES];

		snprintf(word, sizeof(word), "--%s", option->name);
		if (option->bit == 0 || option->bit & takes)
			offer(typed, word, option->help);
	}
}

/* Offers the first words of commands, or the words that may follow `first`. */
static void
commands_offer(const struct typed *typed, const char *first)
{
	char before[WORD_BYTES] = "";

	for (const struct command *command = commands; command->name != NULL; command++) {
		const char *second = strchr(command->name, ' ');
		char word[WORD_BYTES];

		snprintf(word, sizeof(word), "%.*s", (int)strcspn(command->name, " "),
			 command->name);
		if (first != NULL && second != NULL && strcmp(word, first) == 0)
			offer(typed, second + 1, command->summary);
		/* Commands with the same first word are adjacent in the table. */
		if (first == NULL && strcmp(word, before) != 0)
			offer(typed, word, second == NULL ? command->summary : "");
		strcpy(before, word);
	}
}

/* Offers the names of the upstreams that ephemerad has. */
static void
names_offer(const struct typed *typed)
{
	const json_t *upstream;
	json_t *result;
	size_t i;

	if (client_ask(&typed->options, "upstreams", NULL, &result) != CLI_OK)
		return;
	json_array_foreach(json_object_get(result, "upstreams"), i, upstream)
		offer(typed, json_text(upstream, "name"), "");
	json_decref(result);
}

/* `argument`: NULL, or in the form that commands.h gives for operands. */
static enum cli_exit
argument_offer(const struct typed *typed, const char *argument)
{
	char words[WORD_BYTES], *rest = words, *word;

	snprintf(words, sizeof(words), "%s", argument != NULL ? argument : "");
	if (strcmp(words, "FILE") == 0 || strcmp(words, "PATH") == 0)
		return CLI_REFUSED;
	if (strcmp(words, "NAME") == 0)
		names_offer(typed);
	else if (strchr(words, '|') != NULL)
		while ((word = strsep(&rest, "|")) != NULL)
			offer(typed, word, "");
	return CLI_OK;
}

/* Offers words for the operand number `index` of a command. */
static enum cli_exit
operand_offer(const struct typed *typed, const struct command *command, int index)
{
	char words[WORD_BYTES], *rest = words, *word = NULL;

	snprintf(words, sizeof(words), "%s", command->operand != NULL ? command->operand : "");
	for (; index >= 0; index--)
		word = strsep(&rest, " ");
	return argument_offer(typed, word);
}

enum cli_exit
cli_complete(int count, char **words)
{
	struct typed typed = {.prefix = count > 0 ? words[count - 1] : ""};
	const struct command *command;
	int taken = 0;

	typed_read(&typed, words, count - 1);
	command = command_find(typed.words, typed.word_count, &taken);
	if (typed.open != NULL)
		return argument_offer(&typed, typed.open->argument);
	if (typed.prefix[0] == '-' && (command != NULL || typed.word_count == 0))
		options_offer(&typed, command != NULL ? command->takes : ~0u);
	else if (command != NULL)
		return operand_offer(&typed, command, typed.word_count - taken);
	else if (typed.word_count < 2)
		commands_offer(&typed, typed.word_count > 0 ? typed.words[0] : NULL);
	return CLI_OK;
}
