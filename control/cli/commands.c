/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of commands and options. */
#include "control/cli/commands.h"

#include <string.h>

#include "control/config/config.h"

const struct command commands[] = {
	{"status", NULL, ASKS_DAEMON, cli_status,
	 "both daemons, the interfaces, readiness, how many upstreams are up",
	 "Shows whether ephemerad and the dataplane run, since when, with which\n"
	 "configuration and which interfaces; whether the instance is ready for clients; and\n"
	 "the progress of a drain.\n"},
	{"top", NULL, ASKS_DAEMON | TAKES_ONCE | TAKES_INTERVAL, cli_top,
	 "a live screen of rates, upstreams and drops",
	 "Updates every second, or as --interval says: rates, upstreams, drop reasons, whether\n"
	 "the draws are uniform, forged responses. Keys: q quits, p pauses and resumes; n, c, f,\n"
	 "l, s, t sort the upstreams by name, queries, in flight, latency, SERVFAILs, timeouts;\n"
	 "the arrow keys scroll them. It keeps running while a daemon is not connected, and\n"
	 "shows that. With --once, or if the output is not a terminal, it prints one screen and\n"
	 "exits.\n"},
	{"stats", NULL, ASKS_DAEMON | TAKES_ALL, cli_stats,
	 "queries, responses, drops by reason, latency, workers",
	 "Shows the totals since the dataplane started. Reasons and counters that are 0 are\n"
	 "left out; --all shows them too.\n"},
	{"upstreams", NULL, ASKS_DAEMON | TAKES_NAMES, cli_upstreams,
	 "each upstream: its state, the reason, and its traffic",
	 "State: up and down by its probes (and by passive checks, if configured); draining,\n"
	 "forced-up and forced-down by the operator; the last column shows since when, and the\n"
	 "reason. Case: whether the letter case of its questions is randomized. Interface: the\n"
	 "one that leads to it, or that its next hop does not resolve. Queries, responses and\n"
	 "timeouts are those of clients, since it was added to the configuration or the\n"
	 "dataplane started; in flight includes probes. Probe: the response time of its last\n"
	 "good probe. --names prints only the names, one per line.\n"},
	{"upstream", "NAME drain|up|down|auto", ASKS_DAEMON, cli_upstream,
	 "drain an upstream, or force it up or down",
	 "drain and down: it gets no new queries, and those in flight are still answered; the\n"
	 "reason of a draining upstream shows how many. up: it gets queries whatever its probes\n"
	 "report. auto: its probes decide again. The override is kept across reloads and\n"
	 "restarts of either daemon, until auto, until the upstream is removed from the\n"
	 "configuration, or until the machine reboots.\n"},
	{"latency", NULL, ASKS_DAEMON, cli_latency, "response times of the upstreams",
	 "Shows quantiles since the dataplane started and of the last seconds, those of each\n"
	 "worker, the mean of each upstream, and the distribution. A quantile is the upper edge\n"
	 "of its histogram bucket; a bucket is at most an eighth wide.\n"},
	{"drops", NULL, ASKS_DAEMON | TAKES_ALL, cli_drops, "dropped packets by reason, with rates",
	 "Shows each reason with its total since the dataplane started, its rate over the last\n"
	 "seconds, and its meaning. The packets that the XDP program drops are listed\n"
	 "separately. Reasons that are 0 are left out; --all shows them too.\n"},
	{"ports", NULL, ASKS_DAEMON | TAKES_LIVE | TAKES_WINDOW, cli_ports,
	 "a map of the source port range",
	 "Shows how many queries each port carried in the last one or two minutes, or with\n"
	 "--live how many are in flight on each port now. The map has 128 columns, or fewer on\n"
	 "a narrower terminal. One cell is one port of the range 49152-65535, and several ports\n"
	 "if the range is larger or the terminal narrower. --json prints the count of each\n"
	 "port.\n"},
	{"port", "N", ASKS_DAEMON, cli_port, "which queries use source port N right now",
	 "Shows the queries in flight on source port N; or that the port is free, excluded, or\n"
	 "outside the range. A source port has no socket, so ss and lsof do not show it.\n"},
	{"entropy", NULL, ASKS_DAEMON, cli_entropy,
	 "how hard queries are to guess: the bits, and whether the draws are uniform",
	 "Adds up the configured bits, and compares the draws of the last one or two minutes\n"
	 "with a uniform and independent draw: p is the probability that chance gives figures\n"
	 "at least as uneven, z a serial correlation in standard deviations. The last line is\n"
	 "the verdict: uniform, not uniform and why, or too few draws.\n"},
	{"strays", NULL, ASKS_DAEMON | TAKES_ALL, cli_strays,
	 "the last rejected responses, and why",
	 "Lists them newest first, and the queries that saw near misses: responses from their\n"
	 "upstream to their port with a wrong ID or question, as a forger sends them. --all\n"
	 "lists all that are kept.\n"},
	{"reload", NULL, ASKS_DAEMON, cli_reload, "make ephemerad read its configuration again",
	 "Applies the whole new configuration and prints what changed. If anything in it is\n"
	 "wrong, the configuration in force stays, the errors are printed, and the exit status\n"
	 "is 1.\n"},
	{"drain", NULL, ASKS_DAEMON | TAKES_TIMEOUT, cli_drain,
	 "take this instance out of service: not ready, then stop",
	 "From now on `ready` reports not ready, so that BGP or a load balancer withdraws this\n"
	 "instance. Queries are answered until none arrives for two seconds or the timeout\n"
	 "expires; then the dataplane stops gracefully. ephemerad keeps running; restarting it\n"
	 "does not end the drain. The next start of the dataplane does.\n"},
	{"undrain", NULL, ASKS_DAEMON, cli_undrain,
	 "cancel a drain before the dataplane has stopped", ""},
	{"ready", NULL, ASKS_DAEMON, cli_ready,
	 "whether the instance is ready for clients, for health checks",
	 "Exit status 0: ready. 1: not ready, and the reason is printed: the instance is\n"
	 "draining, the dataplane is not connected or is stopping, a worker has no configuration\n"
	 "or is stalled, or the pool of a service address has no usable upstream. 3: ephemerad\n"
	 "cannot be reached.\n"},
	{"config check", "FILE", TAKES_JSON, cli_config_check,
	 "check a configuration file, without any daemon",
	 "Prints one line per error: file, line, key, and how to fix it.\n"},
	{"config diff", NULL, ASKS_DAEMON, cli_config_diff,
	 "what a reload would change: the configuration in force against its file",
	 "ephemerad reads its file again and prints each difference on a line, the errors in the\n"
	 "file, and the changed keys that need a restart of the dataplane, then of ephemerad: a\n"
	 "reload with those is refused. Nothing is applied. Exit status 0: no difference;\n"
	 "1: differences or errors.\n"},
	{"config keys", NULL, TAKES_JSON, cli_config_keys, "all keys of the configuration file",
	 "Prints each key with its meaning, range and default.\n"},
	{"exec-dataplane", NULL, TAKES_CONFIG | TAKES_PRINT | TAKES_JSON, cli_exec_dataplane,
	 "run ephemera-dataplane, as configured",
	 "Builds DPDK's arguments from the configuration and replaces itself with\n"
	 "ephemera-dataplane, as exec(3) does. --print prints the command line instead, and\n"
	 "--print --json prints it as {\"argv\": [...]}.\n"},
	{NULL, NULL, 0, NULL, NULL, NULL},
};

const struct command_option command_options[] = {
	{'c', "config", "FILE", "the configuration file (" CONFIG_PATH_DEFAULT ")", TAKES_CONFIG},
	{'s', "socket", "PATH", "ephemerad's socket (/run/ephemera/control.sock)", TAKES_SOCKET},
	{'j', "json", NULL, "print JSON", TAKES_JSON},
	{'a', "all", NULL, "print zeros too, and all entries that are kept", TAKES_ALL},
	{'n', "names", NULL, "print only the names", TAKES_NAMES},
	{'l', "live", NULL, "show the queries in flight now", TAKES_LIVE},
	{'w', "window", NULL, "show the queries of the last one or two minutes (the default)",
	 TAKES_WINDOW},
	{'i', "interval", "SECONDS", "time between two updates, 0.1 to 60 (1)", TAKES_INTERVAL},
	{'1', "once", NULL, "print one screen and exit", TAKES_ONCE},
	{'t', "timeout", "SECONDS", "how long to wait for queries to end, 0 to 86400 (60)",
	 TAKES_TIMEOUT},
	{'p', "print", NULL, "print the command line instead of running it", TAKES_PRINT},
	{'h', "help", NULL, "print this help", 0},
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
