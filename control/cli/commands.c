/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of commands and options. */
#include "control/cli/commands.h"

#include <string.h>

#include "control/config/config.h"

const struct command commands[] = {
	{"status", NULL, ASKS_DAEMON, cli_status,
	 "both daemons, the ports, how many upstreams are up",
	 "Shows whether ephemerad and the dataplane run, since when, on which configuration\n"
	 "and which ports of the machine; whether clients may be sent here, and how far a drain "
	 "is.\n"},
	{"top", NULL, ASKS_DAEMON | TAKES_ONCE | TAKES_INTERVAL, cli_top,
	 "a live screen of rates, upstreams and drops",
	 "Shows, each second or as --interval says, what both daemons do: rates, the upstreams,\n"
	 "the reasons of drops, how uniform the draws are, forged responses. Keys: q quits, p "
	 "stops and\n"
	 "goes on; n, c, f, l, s, t sort the upstreams by name, queries, in flight, latency,\n"
	 "SERVFAILs, timeouts; the arrows scroll them. It goes on while a daemon is away, and says "
	 "so.\n"
	 "Where the output is not a terminal, or with --once, it prints one screen and ends.\n"},
	{"stats", NULL, ASKS_DAEMON | TAKES_ALL, cli_stats,
	 "queries, answers, drops by reason, latency, workers",
	 "Shows the sums since the dataplane started. Reasons and counters that are 0 are\n"
	 "left out; --all shows them too.\n"},
	{"upstreams", NULL, ASKS_DAEMON | TAKES_NAMES, cli_upstreams,
	 "each upstream: its state, why, and its share",
	 "State: up and down by its probes (and by passive signs, where they are configured); "
	 "draining,\n"
	 "forced-up and forced-down by the operator; the last column says since when, and why. "
	 "Case:\n"
	 "whether the letter case of questions to it is drawn. Via: the port towards it, or that "
	 "its\n"
	 "next hop does not answer. Queries, answers and timeouts are those of clients, since it "
	 "is in\n"
	 "the configuration or the dataplane started; in flight has probes too. Probe: how long "
	 "its\n"
	 "last good one took. --names prints the names alone, one a line.\n"},
	{"upstream", "NAME drain|up|down|auto", ASKS_DAEMON, cli_upstream,
	 "tell ephemerad to drain an upstream, or to force it up or down",
	 "drain and down: it gets no new queries, and those in flight are still answered; a "
	 "draining\n"
	 "one shows how many. up: it gets queries whatever its probes say. The word stays in "
	 "force,\n"
	 "through reloads and restarts of either daemon, until auto gives the upstream back to "
	 "its\n"
	 "probes, it leaves the configuration, or the machine is restarted.\n"},
	{"latency", NULL, ASKS_DAEMON, cli_latency, "how long upstreams take to answer",
	 "Shows quantiles since the dataplane's start and of the last seconds, those of each "
	 "worker,\n"
	 "the mean of each upstream, and the distribution. A quantile is the upper edge of the "
	 "bucket\n"
	 "that it falls into; buckets are an eighth wide or less.\n"},
	{"drops", NULL, ASKS_DAEMON | TAKES_ALL, cli_drops,
	 "packets that went no further, by reason, with rates",
	 "Shows each reason with its sum since the dataplane's start, its rate over the last "
	 "seconds,\n"
	 "and its meaning; packets that the XDP program drops are counted apart. Reasons that are "
	 "0\n"
	 "are left out; --all shows them too.\n"},
	{"ports", NULL, ASKS_DAEMON | TAKES_LIVE | TAKES_WINDOW, cli_ports,
	 "the range of source ports as a map",
	 "Shows how many queries each port carried in the last one or two minutes, or with --live\n"
	 "how many are in flight on each now. The map has 128 columns, or fewer where the terminal "
	 "is\n"
	 "narrower; one cell is one port of the range 49152-65535, and several ports of larger\n"
	 "ranges or on narrower terminals. --json has the counts of every single port.\n"},
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
	 "the last responses that were not believed, and why",
	 "Shows them newest first, and the queries that saw near misses: responses from their\n"
	 "upstream to their port with a wrong ID or question, as a forger sends them. --all shows\n"
	 "all that are kept.\n"},
	{"reload", NULL, ASKS_DAEMON, cli_reload, "have ephemerad read its configuration again",
	 "Takes the new configuration whole and says what has changed; or keeps the old one, in "
	 "force as\n"
	 "it was, and says why: exit status 1.\n"},
	{"drain", NULL, ASKS_DAEMON | TAKES_TIMEOUT, cli_drain,
	 "take this box out of service: not ready, then stop",
	 "From now on `ready` says no, so that BGP or a load balancer withdraws this box. Queries "
	 "are\n"
	 "answered until none came for two seconds or the timeout is over; then the dataplane is\n"
	 "stopped in good order. ephemerad stays; a restart of it does not end the drain. The\n"
	 "dataplane's next start does.\n"},
	{"undrain", NULL, ASKS_DAEMON, cli_undrain,
	 "call a drain off, before the dataplane has stopped", ""},
	{"ready", NULL, ASKS_DAEMON, cli_ready,
	 "whether clients may be sent here, for health checkers",
	 "Exit status 0: ready. 1: not ready, and the reason is printed: the box is being drained, "
	 "the\n"
	 "dataplane is away or stopping, a worker has no configuration or stands still, or a pool "
	 "that\n"
	 "a service address leads to has no usable upstream. 3: ephemerad does not answer.\n"},
	{"config check", "FILE", TAKES_JSON, cli_config_check,
	 "check a configuration file, without any daemon",
	 "Prints one line for each mistake, with file, line, key and mend.\n"},
	{"config diff", NULL, ASKS_DAEMON, cli_config_diff,
	 "what a reload would change: the configuration in force against its file",
	 "ephemerad reads its file again and says what differs, one line each; what is mistaken "
	 "in\n"
	 "the file; and which keys have changed that need a restart of the dataplane, and then of\n"
	 "ephemerad: with these a reload is refused. Nothing is put into force. Exit status 0: no\n"
	 "difference; 1: differences or mistakes.\n"},
	{"config keys", NULL, TAKES_JSON, cli_config_keys, "all keys of the configuration file",
	 "Prints each key with its meaning, range and default.\n"},
	{"exec-dataplane", NULL, TAKES_CONFIG | TAKES_PRINT | TAKES_JSON, cli_exec_dataplane,
	 "become ephemera-dataplane, as configured",
	 "Makes DPDK's arguments from the configuration and executes ephemera-dataplane with\n"
	 "them in place of itself. --print shows the command line instead, with\n"
	 "--json as {\"argv\": [...]}.\n"},
	{NULL, NULL, 0, NULL, NULL, NULL},
};

const struct command_option command_options[] = {
	{'c', "config", "FILE", "the configuration file (" CONFIG_PATH_DEFAULT ")", TAKES_CONFIG},
	{'s', "socket", "PATH", "ephemerad's socket (/run/ephemera/control.sock)", TAKES_SOCKET},
	{'j', "json", NULL, "print JSON", TAKES_JSON},
	{'a', "all", NULL, "print zeros too, and all that is kept", TAKES_ALL},
	{'n', "names", NULL, "print the names alone", TAKES_NAMES},
	{'l', "live", NULL, "show the queries in flight now", TAKES_LIVE},
	{'w', "window", NULL, "show the queries of the last one or two minutes (the default)",
	 TAKES_WINDOW},
	{'i', "interval", "SECONDS", "from one look to the next, 0.1 to 60 (1)", TAKES_INTERVAL},
	{'1', "once", NULL, "print one screen and end", TAKES_ONCE},
	{'t', "timeout", "SECONDS", "the longest to wait for the last query, 0 to 86400 (60)",
	 TAKES_TIMEOUT},
	{'p', "print", NULL, "print the command line, do not execute it", TAKES_PRINT},
	{'h', "help", NULL, "print this", 0},
	{'V', "version", NULL, "print the version", 0},
	{0, NULL, NULL, NULL, 0},
};

const struct command *
command_find(char *const *words, int count, int *taken)
{
	for (const struct command *command = commands; command->name != NULL && count > 0;
	     command++) {
		const char *name = command->name, *space = strchr(name, ' ');
		size_t first_bytes = space != NULL ? (size_t)(space - name) : strlen(name);
		bool fits =
			strlen(words[0]) == first_bytes && memcmp(words[0], name, first_bytes) == 0;

		if (!fits || (space != NULL && (count < 2 || strcmp(words[1], space + 1) != 0)))
			continue;
		*taken = space != NULL ? 2 : 1;
		return command;
	}
	return NULL;
}

int
command_operands(const struct command *command)
{
	int count = command->operand != NULL ? 1 : 0;

	for (const char *word = command->operand; count > 0 && (word = strchr(word, ' ')) != NULL;
	     word++)
		count++;
	return count;
}
