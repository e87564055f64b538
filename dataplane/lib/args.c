/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses the command line.
 * Runs:  the main thread, before anything else.
 * Never: makes a system call. */
#include "dataplane/lib/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char args_usage[] =
	"usage: ephemera-dataplane [EAL arguments] -- [arguments]\n"
	"\n"
	"  --runtime-dir DIR  directory of dataplane.sock (default " ARGS_RUNTIME_DIR_DEFAULT ")\n"
	"  --flows N          flow table entries per worker, a power of two (default 1048576)\n"
	"  --help, --version\n"
	"\n"
	"Usually started by `ephemeractl exec-dataplane -c FILE`, which derives the EAL arguments\n"
	"from the configuration; with `--print` it prints them. EAL's main lcore runs the main\n"
	"thread, each other lcore runs a worker.\n";

static int
flows_parse(struct args *args, const char *value, char *why, size_t why_bytes)
{
	unsigned long long flows;
	char *end;

	errno = 0;
	flows = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 ||
	    flows < ARGS_FLOWS_MIN || flows > ARGS_FLOWS_MAX || (flows & (flows - 1)) != 0) {
		snprintf(why, why_bytes, "--flows %s: must be a power of two from %u to %u", value,
			 ARGS_FLOWS_MIN, ARGS_FLOWS_MAX);
		return -EINVAL;
	}
	args->flows_per_worker = (uint32_t)flows;
	return 0;
}

static int
runtime_dir_parse(struct args *args, const char *value, char *why, size_t why_bytes)
{
	if (value[0] != '/') {
		snprintf(why, why_bytes, "--runtime-dir %s: must be an absolute path", value);
		return -EINVAL;
	}
	args->runtime_dir = value;
	return 0;
}

static int
help_parse(struct args *args, const char *value, char *why, size_t why_bytes)
{
	args->action = ARGS_HELP;
	return 0;
}

static int
version_parse(struct args *args, const char *value, char *why, size_t why_bytes)
{
	args->action = ARGS_VERSION;
	return 0;
}

static const struct option_row {
	const char *name;
	bool has_value;
	int (*parse)(struct args *args, const char *value, char *why, size_t why_bytes);
} option_rows[] = {
	{"--runtime-dir", true, runtime_dir_parse},
	{"--flows", true, flows_parse},
	{"--help", false, help_parse},
	{"--version", false, version_parse},
};

/* The value of option `name` at argv[*i], either after = or in the next argument (then *i is
 * incremented); NULL if argv[*i] is another option or has no value. */
static const char *
option_value(const char *name, int argc, char **argv, int *i)
{
	size_t length = strlen(name);

	if (strncmp(argv[*i], name, length) != 0)
		return NULL;
	if (argv[*i][length] == '=')
		return argv[*i] + length + 1;
	if (argv[*i][length] == '\0' && *i + 1 < argc)
		return argv[++*i];
	return NULL;
}

static int
own_parse(struct args *args, int argc, char **argv, char *why, size_t why_bytes)
{
	for (int i = 0; i < argc; i++) {
		const struct option_row *row = NULL;
		const char *value = NULL;
		int status;

		for (size_t r = 0; r < sizeof(option_rows) / sizeof(option_rows[0]) && row == NULL;
		     r++) {
			size_t length = strlen(option_rows[r].name);

			if (strncmp(argv[i], option_rows[r].name, length) == 0 &&
			    (argv[i][length] == '\0' ||
			     (argv[i][length] == '=' && option_rows[r].has_value)))
				row = &option_rows[r];
		}
		if (row == NULL) {
			snprintf(why, why_bytes, "unknown argument %s: --help lists them", argv[i]);
			return -EINVAL;
		}
		if (row->has_value) {
			value = option_value(row->name, argc, argv, &i);
			if (value == NULL) {
				snprintf(why, why_bytes, "%s needs a value", row->name);
				return -EINVAL;
			}
		}
		status = row->parse(args, value, why, why_bytes);
		if (status != 0)
			return status;
	}
	return 0;
}

/* Stores the interface of an AF_XDP device, given as "net_af_xdp0,iface=eth0,...". */
static int
vdev_parse(struct args *args, const char *vdev, char *why, size_t why_bytes)
{
	const char *iface;
	size_t length;

	if (strncmp(vdev, "net_af_xdp", strlen("net_af_xdp")) != 0)
		return 0;
	iface = strstr(vdev, ",iface=");
	if (iface == NULL)
		return 0; /* the driver reports the error */
	iface += strlen(",iface=");
	length = strcspn(iface, ",");
	if (length == 0 || length >= IF_NAMESIZE) {
		snprintf(why, why_bytes, "--vdev %s: iface= is not a valid interface name", vdev);
		return -EINVAL;
	}
	if (args->xdp_count == SNAPSHOT_INTERFACES_MAX) {
		snprintf(why, why_bytes, "more than %u interfaces", SNAPSHOT_INTERFACES_MAX);
		return -EINVAL;
	}
	snprintf(args->xdp[args->xdp_count], IF_NAMESIZE, "%.*s", (int)length, iface);
	for (uint32_t i = 0; i < args->xdp_count; i++)
		if (strcmp(args->xdp[i], args->xdp[args->xdp_count]) == 0) {
			snprintf(why, why_bytes, "interface %s is given twice: remove one --vdev",
				 args->xdp[i]);
			return -EINVAL;
		}
	args->xdp_count++;
	return 0;
}

static int
eal_arguments_read(struct args *args, char **argv, char *why, size_t why_bytes)
{
	for (int i = 1; i < args->eal_argc; i++) {
		const char *value = option_value("--vdev", args->eal_argc, argv, &i);

		if (value != NULL) {
			int status = vdev_parse(args, value, why, why_bytes);

			if (status != 0)
				return status;
			continue;
		}
		value = option_value("-m", args->eal_argc, argv, &i);
		if (value != NULL)
			args->memory_mb = strtoull(value, NULL, 10);
		else if (strcmp(argv[i], "--no-huge") == 0)
			args->no_huge = true;
		else if (strncmp(argv[i], "--log-level", strlen("--log-level")) == 0)
			args->log_level_given = true;
	}
	return 0;
}

int
args_parse(struct args *args, int argc, char **argv, char *why, size_t why_bytes)
{
	*args = (struct args){.runtime_dir = ARGS_RUNTIME_DIR_DEFAULT,
			      .flows_per_worker = ARGS_FLOWS_DEFAULT};

	for (args->eal_argc = 1; args->eal_argc < argc; args->eal_argc++)
		if (strcmp(argv[args->eal_argc], "--") == 0)
			break;
	if (args->eal_argc == argc && argc == 2 &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "--version") == 0))
		return own_parse(args, 1, argv + 1, why, why_bytes);
	if (args->eal_argc < argc) {
		int after = args->eal_argc + 1;
		int status = own_parse(args, argc - after, argv + after, why, why_bytes);

		if (status != 0)
			return status;
	}
	return eal_arguments_read(args, argv, why, why_bytes);
}
