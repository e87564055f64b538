/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemeractl: the table of commands, their help, and the reading of options. */
#include "cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum option_bit {
	TAKES_JSON = 1 << 0,
	TAKES_ALL = 1 << 1,
	TAKES_PRINT = 1 << 2,
	TAKES_SOCKET = 1 << 3,
	TAKES_CONFIG = 1 << 4,
	ASKS_DAEMON = TAKES_JSON | TAKES_SOCKET | TAKES_CONFIG,
};

struct command {
	const char *name;    /* one word, or two */
	const char *operand; /* NULL: none */
	unsigned takes;	     /* enum option_bit */
	enum cli_exit (*run)(const struct cli_options *options);
	const char *summary;
	const char *details;
};

static const struct command commands[] = {
	{"status", NULL, ASKS_DAEMON, cli_status, "both daemons, the ports, how many upstreams are up",
	 "Shows whether ephemerad and the dataplane run, since when, on which configuration\n"
	 "and which ports of the machine.\n"},
	{"stats", NULL, ASKS_DAEMON | TAKES_ALL, cli_stats,
	 "queries, answers, drops by reason, latency, workers",
	 "Shows the sums since the dataplane started. Reasons and counters that are 0 are\n"
	 "left out; --all shows them too.\n"},
	{"upstreams", NULL, ASKS_DAEMON, cli_upstreams, "each upstream: up or down, why, and its share", ""},
	{"port", "N", ASKS_DAEMON, cli_port, "what uses source port N right now",
	 "Shows the queries in flight on source port N; or that the port is free, excluded, or\n"
	 "outside the range. No socket is behind a source port, so ss and lsof cannot tell.\n"},
	{"entropy", NULL, ASKS_DAEMON, cli_entropy,
	 "how hard queries are to guess: the bits, and as measured",
	 "Adds up the bits in force and holds what was drawn in the last one or two minutes\n"
	 "against a uniform and independent draw: p is the probability of figures as uneven or\n"
	 "more so by chance, z a serial correlation in standard deviations. The last line is the\n"
	 "verdict: uniform, not uniform and why, or too few draws.\n"},
	{"strays", NULL, ASKS_DAEMON | TAKES_ALL, cli_strays,
	 "the last replies that were not believed, and why",
	 "Shows them newest first, and the queries that saw near misses: replies from their\n"
	 "upstream to their port with a wrong ID or question, as a forger sends them. --all shows\n"
	 "all that are kept.\n"},
	{"reload", NULL, ASKS_DAEMON, cli_reload, "have ephemerad read its configuration again",
	 "Takes the new configuration whole, or keeps the old one and says why.\n"},
	{"config check", "FILE", TAKES_JSON, cli_config_check,
	 "check a configuration file, without any daemon",
	 "Prints one line for each mistake, with file, line, key and mend.\n"},
	{"config keys", NULL, TAKES_JSON, cli_config_keys, "all keys of the configuration file",
	 "Prints each key with its meaning, range and default.\n"},
	{"exec-dataplane", NULL, TAKES_CONFIG | TAKES_PRINT | TAKES_JSON, cli_exec_dataplane,
	 "become ephemera-dataplane, as configured",
	 "Makes DPDK's arguments from the configuration and executes ephemera-dataplane with\n"
	 "them in place of itself. --print shows the command line instead, with\n"
	 "--json as {\"argv\": [...]}.\n"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct option_row {
	const char *text, *help;
	unsigned bit; /* of the commands that take it; 0: all */
} option_rows[] = {
	{"-c, --config FILE", "the configuration file (" CONFIG_PATH_DEFAULT ")", TAKES_CONFIG},
	{"-s, --socket PATH", "ephemerad's socket (/run/ephemera/control.sock)", TAKES_SOCKET},
	{"-j, --json", "print JSON", TAKES_JSON},
	{"-a, --all", "print zeros too, and all that is kept", TAKES_ALL},
	{"-p, --print", "print the command line, do not execute it", TAKES_PRINT},
	{"-h, --help", "print this", 0},
	{"-V, --version", "print the version", 0},
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'}, {"socket", required_argument, NULL, 's'},
	{"json", no_argument, NULL, 'j'},	  {"all", no_argument, NULL, 'a'},
	{"print", no_argument, NULL, 'p'},	  {"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},	  {NULL, 0, NULL, 0},
};

void
cli_complain(const char *format, ...)
{
	va_list arguments;

	fputs("ephemeractl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static void
options_help(unsigned takes)
{
	puts("\nOptions:");
	for (size_t i = 0; i < sizeof(option_rows) / sizeof(option_rows[0]); i++) {
		if (option_rows[i].bit == 0 || (option_rows[i].bit & takes))
			printf("  %-20s %s\n", option_rows[i].text, option_rows[i].help);
	}
	puts("\nExit status: 0 done, 1 refused or a check failed, 2 wrong usage, 3 ephemerad does not "
	     "answer.");
}

static void
overall_help(void)
{
	puts("usage: ephemeractl [OPTIONS] COMMAND\n\nCommands:");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s %s", commands[i].name,
			 commands[i].operand ? commands[i].operand : "");
		printf("  %-20s %s\n", line, commands[i].summary);
	}
	options_help(~0u);
	puts("`ephemeractl COMMAND --help` tells more.");
}

static void
command_help(const struct command *command)
{
	printf("usage: ephemeractl %s%s%s [OPTIONS]\n\n%s: %s.\n%s", command->name,
	       command->operand ? " " : "", command->operand ? command->operand : "", command->name,
	       command->summary, command->details);
	options_help(command->takes);
}

/* The command that `words` begin with, and how many of them it takes; NULL: none. */
static const struct command *
command_find(char *const *words, int count, int *taken)
{
	for (size_t i = 0; i < COMMAND_COUNT && count > 0; i++) {
		const char *name = commands[i].name, *space = strchr(name, ' ');
		size_t first_bytes = space != NULL ? (size_t)(space - name) : strlen(name);
		bool fits = strlen(words[0]) == first_bytes && memcmp(words[0], name, first_bytes) == 0;

		if (!fits || (space != NULL && (count < 2 || strcmp(words[1], space + 1) != 0)))
			continue;
		*taken = space != NULL ? 2 : 1;
		return &commands[i];
	}
	return NULL;
}

struct invocation {
	struct cli_options options;
	unsigned given; /* enum option_bit */
	bool help, version;
};

/* Reads all options, wherever they stand; false after getopt's own line about a wrong one. */
static bool
options_parse(int argc, char **argv, struct invocation *invocation)
{
	struct cli_options *options = &invocation->options;
	int letter;

	while ((letter = getopt_long(argc, argv, "c:s:japhV", long_options, NULL)) != -1) {
		switch (letter) {
		case 'c':
			options->config_path = optarg;
			invocation->given |= TAKES_CONFIG;
			break;
		case 's':
			options->socket_path = optarg;
			invocation->given |= TAKES_SOCKET;
			break;
		case 'j':
			options->json = true;
			invocation->given |= TAKES_JSON;
			break;
		case 'a':
			options->all = true;
			invocation->given |= TAKES_ALL;
			break;
		case 'p':
			options->print = true;
			invocation->given |= TAKES_PRINT;
			break;
		case 'h':
			invocation->help = true;
			break;
		case 'V':
			invocation->version = true;
			break;
		default:
			return false;
		}
	}
	return true;
}

static enum cli_exit
command_run(const struct command *command, struct invocation *invocation, char *const *operands, int count)
{
	int wanted = command->operand != NULL ? 1 : 0;

	if (invocation->given & ~command->takes) {
		cli_complain("%s does not take one of these options: see `ephemeractl %s --help`",
			     command->name, command->name);
		return CLI_USAGE;
	}
	if (count != wanted) {
		cli_complain("usage: ephemeractl %s%s%s", command->name, wanted ? " " : "",
			     wanted ? command->operand : "");
		return CLI_USAGE;
	}
	if (wanted)
		invocation->options.operand = operands[0];
	return command->run(&invocation->options);
}

int
main(int argc, char **argv)
{
	struct invocation invocation = {0};
	const struct command *command;
	enum cli_exit status;
	int taken = 0;

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
		cli_complain("%s%s: see `ephemeractl --help`",
			     optind < argc ? "unknown command " : "no command",
			     optind < argc ? argv[optind] : "");
		return CLI_USAGE;
	}
	status = command_run(command, &invocation, argv + optind + taken, argc - optind - taken);
	if (fflush(stdout) != 0 && status == CLI_OK) {
		cli_complain("cannot write: %m");
		return CLI_REFUSED;
	}
	return status;
}
