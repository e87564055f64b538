/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's command line: DPDK's EAL arguments, "--", and its own options. Threads: any. */
#ifndef EPHEMERA_CONTROL_CLI_EAL_H
#define EPHEMERA_CONTROL_CLI_EAL_H

#include <stdio.h>

#include "control/config/config.h"

enum {
	EAL_WORDS_MAX = 24 + 2 * SNAPSHOT_INTERFACES_MAX,
};

/* A command line for execv(), with a NULL at the end; free it with eal_free(). */
struct eal_command {
	char *words[EAL_WORDS_MAX + 1];
	unsigned count;
};

/* Builds the words from the configuration. `steer` is the path of the XDP program's object file.
 * 0 or -errno, and nothing to free then:
 *   -EINVAL  `steer` has a comma, which DPDK's device arguments do not allow
 *   -ENOMEM */
int eal_build(const struct config *config, const char *program, const char *steer,
	      struct eal_command *command);

void eal_free(struct eal_command *command);

/* Prints the words on one line, quoted for a shell where needed. */
void eal_print(const struct eal_command *command, FILE *out);

#endif
