/* SPDX-License-Identifier: BSD-3-Clause */
/* The command exec-dataplane: finds the dataplane, builds its command line and executes it. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/cli/cli.h"
#include "control/cli/config_load.h"
#include "control/cli/eal.h"
#include "control/cli/output.h"

/* Finds an Ephemera file: relative to this program in a build tree, or where it is installed. If it
 * is in neither, `path` is the installed path. */
static void
file_find(const char *built, const char *installed, char path[PATH_MAX])
{
	char program[PATH_MAX], beside[PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", program, sizeof(program) - 1);

	snprintf(path, PATH_MAX, "%s", installed);
	if (bytes <= 0)
		return;
	program[bytes] = 0;
	if (snprintf(beside, sizeof(beside), "%s/%s", dirname(program), built) <
		    (int)sizeof(beside) &&
	    access(beside, F_OK) == 0 && realpath(beside, path) == NULL)
		snprintf(path, PATH_MAX, "%s", installed);
}

/* Checked here because the EAL's messages about missing cores are hard to read. */
static enum cli_exit
cores_check(const struct config_dataplane *dataplane)
{
	long cores = sysconf(_SC_NPROCESSORS_CONF);

	if (dataplane->main_core >= cores) {
		output_error("dataplane.main_core: this machine has no core %u: use one from 0 "
			     "to %ld",
			     dataplane->main_core, cores - 1);
		return CLI_REFUSED;
	}
	for (unsigned i = 0; i < dataplane->worker_count; i++) {
		if (dataplane->worker_cores[i] >= cores) {
			output_error("dataplane.worker_cores: this machine has no core %u: use "
				     "cores from 0 to %ld",
				     dataplane->worker_cores[i], cores - 1);
			return CLI_REFUSED;
		}
	}
	return CLI_OK;
}

/* Returns only if it fails. */
static enum cli_exit
dataplane_become(const struct config *config, struct eal_command *command, const char *steer)
{
	enum cli_exit status = cores_check(&config->dataplane);

	if (status != CLI_OK)
		return status;
	if (access(steer, R_OK) != 0) {
		output_error("cannot read %s: %s: install or build Ephemera", steer,
			     strerror(errno));
		return CLI_REFUSED;
	}
	execv(command->words[0], command->words);
	output_error("cannot execute %s: %s: install or build Ephemera", command->words[0],
		     strerror(errno));
	return CLI_REFUSED;
}

static void
command_print(const struct eal_command *command, bool json)
{
	json_t *words, *result;

	if (!json) {
		eal_print(command, stdout);
		return;
	}
	words = json_array();
	for (unsigned i = 0; i < command->count; i++)
		json_array_append_new(words, json_string(command->words[i]));
	result = json_pack("{s:o}", "argv", words);
	output_json(result);
	json_decref(result);
}

enum cli_exit
cli_exec_dataplane(const struct cli_options *options)
{
	const char *path =
		options->config_path != NULL ? options->config_path : CONFIG_PATH_DEFAULT;
	char program[PATH_MAX], steer[PATH_MAX];
	struct eal_command command;
	struct config *config;
	enum cli_exit status;
	int err;

	if (options->json && !options->print) {
		output_error("exec-dataplane: --json needs --print");
		return CLI_USAGE;
	}
	status = config_load_print(path, true, &config);
	if (status != CLI_OK)
		return status;
	file_find("../dataplane/ephemera-dataplane", EPHEMERA_SBINDIR "/ephemera-dataplane",
		  program);
	file_find("../bpf/steer.bpf.o", EPHEMERA_LIBDIR "/steer.bpf.o", steer);
	err = eal_build(config, program, steer, &command);
	if (err != 0) {
		output_error("%s: %s", steer,
			     err == -EINVAL
				     ? "DPDK does not accept a comma in this path: move the file"
				     : strerror(-err));
		status = CLI_REFUSED;
	} else if (options->print) {
		command_print(&command, options->json);
	} else {
		status = dataplane_become(config, &command, steer);
	}
	if (err == 0)
		eal_free(&command);
	config_free(config);
	return status;
}
