/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the dataplane's command line. */
#include "control/cli/eal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHELL_PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

/* Appends a word, NULL if out of memory; eal_build() checks for NULL once at the end. */
static void __attribute__((format(printf, 2, 3)))
word_add(struct eal_command *command, const char *format, ...)
{
	va_list arguments;
	char *word;

	va_start(arguments, format);
	if (vasprintf(&word, format, arguments) < 0)
		word = NULL;
	va_end(arguments);
	command->words[command->count++] = word;
}

/* lcore IDs are positions: 0 is the main lcore, 1 and up are the workers. */
static void
cores_add(struct eal_command *command, const struct config_dataplane *dataplane)
{
	char cores[16 * (CONFIG_WORKERS_MAX + 1)];
	size_t used = (size_t)snprintf(cores, sizeof(cores), "0@%u", dataplane->main_core);

	for (unsigned i = 0; i < dataplane->worker_count; i++)
		used += (size_t)snprintf(cores + used, sizeof(cores) - used, ",%u@%u", i + 1,
					 dataplane->worker_cores[i]);
	word_add(command, "--lcores");
	word_add(command, "%s", cores);
	word_add(command, "--main-lcore");
	word_add(command, "0");
}

static void
interfaces_add(struct eal_command *command, const struct config_dataplane *dataplane,
	       const char *steer)
{
	for (unsigned i = 0; i < dataplane->interface_count; i++) {
		word_add(command, "--vdev");
		word_add(command, "net_af_xdp%u,iface=%s,start_queue=0,queue_count=%u,xdp_prog=%s",
			 i, dataplane->interfaces[i].xdp, dataplane->interfaces[i].queues, steer);
	}
}

int
eal_build(const struct config *config, const char *program, const char *steer,
	  struct eal_command *command)
{
	const struct config_dataplane *dataplane = &config->dataplane;

	*command = (struct eal_command){0};
	if (strchr(steer, ',') != NULL)
		return -EINVAL;
	word_add(command, "%s", program);
	cores_add(command, dataplane);
	word_add(command, "--in-memory");
	word_add(command, "--no-telemetry");
	word_add(command, "--no-pci");
	word_add(command, "-m");
	word_add(command, "%u", dataplane->memory_mb);
	word_add(command, "--log-level=warning");
	interfaces_add(command, dataplane, steer);
	word_add(command, "--");
	word_add(command, "--runtime-dir");
	word_add(command, "%s", config->runtime_dir);
	word_add(command, "--flows");
	word_add(command, "%u", dataplane->flows_per_worker);
	for (unsigned i = 0; i < command->count; i++) {
		if (command->words[i] == NULL) {
			eal_free(command);
			return -ENOMEM;
		}
	}
	return 0;
}

void
eal_free(struct eal_command *command)
{
	for (unsigned i = 0; i < command->count; i++)
		free(command->words[i]);
}

/* Inside single quotes every character but the quote is literal. */
static void
word_print(const char *word, FILE *out)
{
	if (*word != 0 && word[strspn(word, SHELL_PLAIN)] == 0) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word != 0; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

void
eal_print(const struct eal_command *command, FILE *out)
{
	for (unsigned i = 0; i < command->count; i++) {
		if (i > 0)
			fputc(' ', out);
		word_print(command->words[i], out);
	}
	fputc('\n', out);
}
