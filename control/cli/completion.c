/* SPDX-License-Identifier: BSD-3-Clause */
/* The command completion: scripts for shells, made from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/commands.h"

#define WORD_BYTES 64

/* The operand number `index` of a command, as its row has it; NULL: it has none. */
static const char *
operand_word(const struct command *command, int index, char word[WORD_BYTES])
{
	const char *from = command->operand;

	if (index >= command_operands(command))
		return NULL;
	for (; index > 0; index--)
		from = strchr(from, ' ') + 1;
	snprintf(word, WORD_BYTES, "%.*s", (int)strcspn(from, " "), from);
	return word;
}

static void
options_print(unsigned takes)
{
	const char *between = "";

	for (const struct command_option *option = command_options; option->name != NULL; option++) {
		if (option->bit != 0 && !(option->bit & takes))
			continue;
		printf("%s--%s", between, option->name);
		between = " ";
	}
}

/* The words behind the first word `first` of commands that have two. */
static void
seconds_print(const char *first, size_t bytes)
{
	const char *between = "";

	for (const struct command *command = commands; command->name != NULL; command++) {
		if (strncmp(command->name, first, bytes) != 0 || command->name[bytes] != ' ')
			continue;
		printf("%s%s", between, command->name + bytes + 1);
		between = " ";
	}
}

/* Whether no command before has this one's first word. */
static bool
first_is_new(const struct command *command, size_t bytes)
{
	for (const struct command *other = commands; other != command; other++)
		if (strcspn(other->name, " ") == bytes && strncmp(other->name, command->name, bytes) == 0)
			return false;
	return true;
}

/* The tables as shell functions: what may follow each command, and behind which options a word follows. */
static void
bash_tables_print(void)
{
	puts("_ephemeractl_table()\n{\n\tcase $1 in");
	for (const struct command *command = commands; command->name != NULL; command++) {
		size_t bytes = strcspn(command->name, " ");

		if (command->name[bytes] == ' ' && first_is_new(command, bytes)) {
			printf("\t'%.*s') seconds='", (int)bytes, command->name);
			seconds_print(command->name, bytes);
			puts("' ;;");
		}
		printf("\t'%s') operands='%s' options='", command->name,
		       command->operand != NULL ? command->operand : "");
		options_print(command->takes);
		puts("' ;;");
	}
	fputs("\t'') seconds='", stdout);
	for (const struct command *command = commands; command->name != NULL; command++) {
		size_t bytes = strcspn(command->name, " ");

		if (first_is_new(command, bytes))
			printf("%s%.*s", command == commands ? "" : " ", (int)bytes, command->name);
	}
	fputs("' options='", stdout);
	options_print(~0u);
	puts("' ;;\n\tesac\n}\n\n_ephemeractl_argument()\n{\n\tcase $1 in");
	for (const struct command_option *option = command_options; option->name != NULL; option++)
		if (option->argument != NULL)
			printf("\t-%c | --%s) echo %s ;;\n", option->letter, option->name, option->argument);
	puts("\tesac\n}\n");
}

/* Walks through the words before the cursor: the command, and how many operands it has; `given` are the
 * options that say which ephemerad to ask for names. */
static const char bash_walk[] =
	"_ephemeractl_words()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} word wanted i command='' count=0\n"
	"\tlocal seconds='' operands='' options=''\n"
	"\tlocal -a given=()\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\t_ephemeractl_table ''\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\twanted=$(_ephemeractl_argument \"$word\")\n"
	"\t\t\t[[ -n $wanted ]] || continue\n"
	"\t\t\tif ((i + 1 == COMP_CWORD)); then\n"
	"\t\t\t\t_ephemeractl_offer \"$wanted\"\n"
	"\t\t\t\treturn\n"
	"\t\t\tfi\n"
	"\t\t\tcase $wanted in\n"
	"\t\t\tFILE | PATH) given+=(\"$word\" \"${COMP_WORDS[i + 1]}\") ;;\n"
	"\t\t\tesac\n"
	"\t\t\ti=$((i + 1))\n"
	"\t\telif [[ -n $seconds ]]; then\n"
	"\t\t\tcommand=${command:+$command }$word seconds='' options=''\n"
	"\t\t\t_ephemeractl_table \"$command\"\n"
	"\t\telse\n"
	"\t\t\tcount=$((count + 1))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	"\telif [[ -n $seconds ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$seconds\" -- \"$cur\"))\n"
	"\telse\n"
	"\t\tfor word in $operands; do\n"
	"\t\t\t((count == 0)) && _ephemeractl_offer \"$word\"\n"
	"\t\t\tcount=$((count - 1))\n"
	"\t\tdone\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_ephemeractl_offer()\n"
	"{\n"
	"\tlocal names\n"
	"\n"
	"\tcase $1 in\n"
	"\tFILE | PATH) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	"\tNAME)\n"
	"\t\tnames=$(\"${COMP_WORDS[0]}\" upstreams --names \"${given[@]}\" 2>/dev/null)\n"
	"\t\tCOMPREPLY=($(compgen -W \"$names\" -- \"$cur\"))\n"
	"\t\t;;\n"
	"\t*\\|*) COMPREPLY=($(compgen -W \"${1//|/ }\" -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n";

static void
bash_function_print(void)
{
	bash_tables_print();
	puts(bash_walk);
}

/* zsh runs bash's function by its own emulation; where compinit has loaded this as its function, at once. */
static void
zsh_print(void)
{
	puts("#compdef ephemeractl\n"
	     "autoload -U +X bashcompinit && bashcompinit");
	bash_function_print();
	puts("complete -F _ephemeractl_words ephemeractl\n"
	     "if [[ ${funcstack[1]} == _ephemeractl ]]; then\n"
	     "\t_bash_complete -F _ephemeractl_words\n"
	     "fi");
}

static void
bash_print(void)
{
	puts("# Completion of ephemeractl for bash; made by `ephemeractl completion bash`.");
	bash_function_print();
	puts("complete -F _ephemeractl_words ephemeractl");
}

/* Prints where the cursor is: the command, how many operands it has, and the options that say which ephemerad
 * to ask for names. Between the parts: the options behind which a word follows, and the commands of which a
 * second word follows. */
static const char fish_walk_begin[] =
	"function __ephemeractl_walk\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l command ''\n"
	"\tset -l count 0\n"
	"\tset -l option ''\n"
	"\tset -l given\n"
	"\tset -e words[1]\n"
	"\tfor word in $words\n"
	"\t\tif test -n \"$option\"\n"
	"\t\t\tcontains -- $option -c --config -s --socket; and set -a given $option $word\n"
	"\t\t\tset option ''\n"
	"\t\t\tcontinue\n"
	"\t\tend\n"
	"\t\tswitch $word\n"
	"\t\t\tcase";
static const char fish_walk_middle[] = "\n"
				       "\t\t\t\tset option $word\n"
				       "\t\t\tcase '-*'\n"
				       "\t\t\tcase '*'\n"
				       "\t\t\t\tif contains -- \"$command\" ''";
static const char fish_walk_end[] = "\n"
				    "\t\t\t\t\tset command (string trim \"$command $word\")\n"
				    "\t\t\t\telse\n"
				    "\t\t\t\t\tset count (math $count + 1)\n"
				    "\t\t\t\tend\n"
				    "\t\tend\n"
				    "\tend\n"
				    "\tprintf '%s\\n' \"$command\" $count $given\n"
				    "end\n"
				    "\n"
				    "function __ephemeractl_at\n"
				    "\tset -l here (__ephemeractl_walk)\n"
				    "\ttest \"$here[1]\" = \"$argv[1]\" -a $here[2] = $argv[2]\n"
				    "end\n"
				    "\n"
				    "function __ephemeractl_in\n"
				    "\tset -l here (__ephemeractl_walk)\n"
				    "\tcontains -- \"$here[1]\" $argv\n"
				    "end\n"
				    "\n"
				    "function __ephemeractl_names\n"
				    "\tset -l words (commandline -opc)\n"
				    "\tset -l here (__ephemeractl_walk)\n"
				    "\tset -e here[1..2]\n"
				    "\t$words[1] upstreams --names $here 2>/dev/null\n"
				    "end\n"
				    "\n"
				    "complete -c ephemeractl -f\n";

static void
fish_functions_print(void)
{
	fputs(fish_walk_begin, stdout);
	for (const struct command_option *option = command_options; option->name != NULL; option++)
		if (option->argument != NULL)
			printf(" -%c --%s", option->letter, option->name);
	fputs(fish_walk_middle, stdout);
	for (const struct command *command = commands; command->name != NULL; command++) {
		size_t bytes = strcspn(command->name, " ");

		if (command->name[bytes] == ' ' && first_is_new(command, bytes))
			printf(" %.*s", (int)bytes, command->name);
	}
	fputs(fish_walk_end, stdout);
}

static void
fish_operands_print(const struct command *command)
{
	char word[WORD_BYTES];

	for (int i = 0; operand_word(command, i, word) != NULL; i++) {
		bool file = strcmp(word, "FILE") == 0 || strcmp(word, "PATH") == 0;
		bool name = strcmp(word, "NAME") == 0;

		if (!file && !name && strchr(word, '|') == NULL)
			continue;
		for (char *c = word; (c = strchr(c, '|')) != NULL;)
			*c = ' ';
		printf("complete -c ephemeractl -n '__ephemeractl_at \"%s\" %d' ", command->name, i);
		if (file)
			puts("-F");
		else
			printf("-a '%s'\n", name ? "(__ephemeractl_names)" : word);
	}
}

static void
fish_commands_print(void)
{
	for (const struct command *command = commands; command->name != NULL; command++) {
		int bytes = (int)strcspn(command->name, " ");
		const char *second = command->name[bytes] == ' ' ? command->name + bytes + 1 : NULL;

		if (first_is_new(command, (size_t)bytes))
			printf("complete -c ephemeractl -n '__ephemeractl_at \"\" 0' -a %.*s -d '%s'\n",
			       bytes, command->name, second != NULL ? "" : command->summary);
		if (second != NULL)
			printf("complete -c ephemeractl -n '__ephemeractl_at %.*s 0' -a %s -d '%s'\n", bytes,
			       command->name, second, command->summary);
		fish_operands_print(command);
	}
}

static void
fish_options_print(void)
{
	for (const struct command_option *option = command_options; option->name != NULL; option++) {
		fputs("complete -c ephemeractl -n '__ephemeractl_in \"\"", stdout);
		for (const struct command *command = commands; command->name != NULL; command++)
			if (option->bit == 0 || option->bit & command->takes)
				printf(" \"%s\"", command->name);
		printf("' -s %c -l %s%s -d \"%s\"\n", option->letter, option->name,
		       option->argument == NULL			  ? ""
		       : strcmp(option->argument, "SECONDS") == 0 ? " -x"
								  : " -rF",
		       option->help);
	}
}

static void
fish_print(void)
{
	puts("# Completion of ephemeractl for fish; made by `ephemeractl completion fish`.");
	fish_functions_print();
	fish_commands_print();
	fish_options_print();
}

enum cli_exit
cli_completion(const struct cli_options *options)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", bash_print}, {"zsh", zsh_print}, {"fish", fish_print}};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(options->operands[0], shells[i].name) == 0) {
			shells[i].print();
			return CLI_OK;
		}
	}
	cli_complain("\"%s\" is no shell that is known: give bash, zsh or fish", options->operands[0]);
	return CLI_USAGE;
}
