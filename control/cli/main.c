/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemeractl: parses the options and prints the help. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/commands.h"
#include "control/cli/output.h"
#include "control/lib/drain_timeout.h"

#define OPTIONS_MAX 32
#define COLUMN	    22 /* width of commands and options in the help */

static void
options_help(unsigned takes)
{
	puts("\nOptions:");
	for (const struct command_option *option = command_options; option->name != NULL;
	     option++) {
		char text[64];

		if (option->bit != 0 && !(option->bit & takes))
			continue;
		snprintf(text, sizeof(text), "-%c, --%s%s%s", option->letter, option->name,
			 option->argument != NULL ? " " : "",
			 option->argument != NULL ? option->argument : "");
		printf("  %-*s %s\n", COLUMN, text, option->help);
	}
	puts("\nExit status: 0 success, 1 refused or a check failed, 2 wrong usage, 3 cannot reach "
	     "ephemerad.");
}

static void
overall_help(void)
{
	puts("usage: ephemeractl [OPTIONS] COMMAND\n\nCommands:");
	for (const struct command *command = commands; command->name != NULL; command++) {
		char line[64];

		snprintf(line, sizeof(line), "%s %s", command->name,
			 command->operand ? command->operand : "");
		if (strlen(line) > COLUMN) /* the summary goes on the next line */
			printf("  %s\n%*s", line, COLUMN + 3, "");
		else
			printf("  %-*s ", COLUMN, line);
		puts(command->summary);
	}
	options_help(~0u);
	puts("See `ephemeractl COMMAND --help` for a command.");
}

static void
command_help(const struct command *command)
{
	printf("usage: ephemeractl %s%s%s [OPTIONS]\n\n%s: %s.\n%s", command->name,
	       command->operand ? " " : "", command->operand ? command->operand : "", command->name,
	       command->summary, command->details);
	options_help(command->takes);
}

struct invocation {
	struct cli_options options;
	unsigned given; /* enum command_takes */
	bool help, version;
};

/* Parses seconds such as "0.5"; false after an error message. */
static bool
interval_parse(const char *text, unsigned *interval_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end != 0 || !(seconds >= 0.1 && seconds <= 60)) {
		output_error("--interval: invalid value \"%s\": use 0.1 to 60 seconds", text);
		return false;
	}
	*interval_ms = (unsigned)(seconds * 1000 + 0.5);
	return true;
}

static bool
timeout_parse(const char *text, long *timeout_s)
{
	size_t digits = strspn(text, "0123456789");

	*timeout_s = digits > 0 && digits <= 5 && text[digits] == 0 ? strtol(text, NULL, 10) : -1;
	if (*timeout_s >= 0 && *timeout_s <= DRAIN_TIMEOUT_S_MAX)
		return true;
	output_error("--timeout: invalid value \"%s\": use 0 to %d seconds", text,
		     DRAIN_TIMEOUT_S_MAX);
	return false;
}

static bool
option_handle(struct invocation *invocation, int letter)
{
	struct cli_options *options = &invocation->options;

	switch (letter) {
	case 'c':
		options->config_path = optarg;
		break;
	case 's':
		options->socket_path = optarg;
		break;
	case 'j':
		options->json = true;
		break;
	case 'a':
		options->all = true;
		break;
	case 'n':
		options->names = true;
		break;
	case 'l':
		options->live = true;
		break;
	case 'w':
		options->window = true;
		break;
	case 'i':
		return interval_parse(optarg, &options->interval_ms);
	case 't':
		return timeout_parse(optarg, &options->timeout_s);
	case '1':
		options->once = true;
		break;
	case 'p':
		options->print = true;
		break;
	case 'h':
		invocation->help = true;
		break;
	case 'V':
		invocation->version = true;
		break;
	default:
		return false; /* getopt printed an error */
	}
	return true;
}

/* Parses all options, anywhere on the command line; false after an error message. */
static bool
options_parse(int argc, char **argv, struct invocation *invocation)
{
	struct option longs[OPTIONS_MAX + 1] = {0};
	char letters[2 * OPTIONS_MAX + 1] = "", *out = letters;
	int letter, index = 0;

	for (const struct command_option *option = command_options; option->name != NULL;
	     option++) {
		longs[index++] = (struct option){
			option->name, option->argument != NULL ? required_argument : no_argument,
			NULL, option->letter};
		*out++ = option->letter;
		if (option->argument != NULL)
			*out++ = ':';
	}
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (!option_handle(invocation, letter))
			return false;
		for (const struct command_option *option = command_options; option->name != NULL;
		     option++)
			if (option->letter == letter)
				invocation->given |= option->bit;
	}
	return true;
}

static enum cli_exit
command_run(const struct command *command, struct invocation *invocation, char *const *operands,
	    int count)
{
	int wanted = command_operands(command);

	if (invocation->given & ~command->takes) {
		output_error("%s does not take all of these options: see `ephemeractl %s --help`",
			     command->name, command->name);
		return CLI_USAGE;
	}
	if (count != wanted) {
		output_error("usage: ephemeractl %s%s%s", command->name, wanted ? " " : "",
			     wanted ? command->operand : "");
		return CLI_USAGE;
	}
	for (int i = 0; i < wanted; i++)
		invocation->options.operands[i] = operands[i];
	return command->run(&invocation->options);
}

int
main(int argc, char **argv)
{
	struct invocation invocation = {.options = {.interval_ms = 1000, .timeout_s = -1}};
	const struct command *command;
	enum cli_exit status;
	int taken = 0;

	/* Before getopt: the words after it may look like options. */
	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		return cli_complete(argc - 2, argv + 2);
	if (!options_parse(argc, argv, &invocation))
		return CLI_USAGE;
	if (invocation.version) {
		puts("ephemeractl " EPHEMERA_VERSION);
		return CLI_OK;
	}
	command = command_find(argv + optind, argc - optind, &taken);
	if (invocation.help && (command != NULL || optind == argc)) {
		if (command != NULL)
			command_help(command);
		else
			overall_help();
		return CLI_OK;
	}
	if (command == NULL) {
		output_error("%s%s: see `ephemeractl --help`",
			     optind < argc ? "unknown command " : "no command",
			     optind < argc ? argv[optind] : "");
		return CLI_USAGE;
	}
	status = command_run(command, &invocation, argv + optind + taken, argc - optind - taken);
	if (fflush(stdout) != 0 && status == CLI_OK) {
		output_error("cannot write: %m");
		return CLI_REFUSED;
	}
	return status;
}
