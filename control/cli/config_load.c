/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads a configuration file and collects the messages about it. */
#include "control/cli/config_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/cli/output.h"
#include "control/config/local_ports.h"

int
config_load_lines(const char *path, struct config **config, char **lines)
{
	size_t bytes;
	FILE *stream = open_memstream(lines, &bytes);
	int err;

	if (stream == NULL) {
		output_error("out of memory");
		exit(CLI_REFUSED);
	}
	err = config_load(path, config, stream);
	if (err == 0)
		local_ports_warn(&(*config)->source, path, stream);
	fclose(stream);
	return err;
}

enum cli_exit
config_load_print(const char *path, bool warnings, struct config **config)
{
	char *lines;
	int err = config_load_lines(path, config, &lines);

	if (err != 0 || warnings)
		fputs(lines, stderr);
	free(lines);
	return err == 0 ? CLI_OK : CLI_REFUSED;
}
