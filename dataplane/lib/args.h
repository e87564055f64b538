/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: EAL's arguments, then `--`, then the dataplane's.
 *
 *   ephemera-dataplane [EAL arguments] -- [--runtime-dir DIR] [--flows N]
 *
 * EAL parses its own arguments. Those that are needed before EAL starts are read here as well: the
 * interfaces of AF_XDP devices, the amount of memory, whether hugepages are used, and whether a log
 * level is given. */
#ifndef EPHEMERA_DATAPLANE_LIB_ARGS_H
#define EPHEMERA_DATAPLANE_LIB_ARGS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/shared/snapshot.h"

#define ARGS_RUNTIME_DIR_DEFAULT "/run/ephemera"
#define ARGS_FLOWS_DEFAULT	 (1u << 20)
#define ARGS_FLOWS_MIN		 1024u
#define ARGS_FLOWS_MAX		 (1u << 26)

enum args_action {
	ARGS_RUN,
	ARGS_HELP,
	ARGS_VERSION,
};

struct args {
	enum args_action action;
	const char *runtime_dir;
	uint32_t flows_per_worker; /* a power of two */

	int eal_argc; /* argv[0] and the arguments before `--` */
	uint32_t xdp_count;
	char xdp[SNAPSHOT_INTERFACES_MAX][IF_NAMESIZE]; /* interfaces of the AF_XDP devices */
	uint64_t memory_mb;				/* -m; 0: not given */
	bool no_huge;
	bool log_level_given;
};

/* Parses the command line. 0, or -EINVAL with the reason in `why`. argv must outlive *args.
 * [main] */
int args_parse(struct args *args, int argc, char **argv, char *why, size_t why_bytes);

/* The text for --help. */
extern const char args_usage[];

#endif
