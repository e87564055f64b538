/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands upstream, drain, undrain and ready. */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"

static void
upstream_show(const struct cli_options *options, const json_t *result)
{
	(void)options;
	printf("%s is %s: %s\n", json_text(result, "name"), json_text(result, "state"),
	       json_text(result, "reason"));
}

enum cli_exit
cli_upstream(const struct cli_options *options)
{
	static const char *const actions[] = {"drain", "up", "down", "auto"};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(options->operands[1], actions[i]) == 0)
			return client_show(options, "upstream",
					   json_pack("{s:s, s:s}", "name", options->operands[0],
						     "action", actions[i]),
					   upstream_show);
	output_error("unknown action \"%s\": use drain, up, down or auto", options->operands[1]);
	return CLI_USAGE;
}

static void
drain_show(const struct cli_options *options, const json_t *result)
{
	(void)options;
	printf("draining: not ready from now on; the dataplane stops when no more queries arrive, "
	       "at %s at the latest\n",
	       json_text(result, "until"));
}

enum cli_exit
cli_drain(const struct cli_options *options)
{
	json_t *arguments = NULL;

	if (options->timeout_s >= 0)
		arguments = json_pack("{s:I}", "timeout_s", (json_int_t)options->timeout_s);
	return client_show(options, "drain", arguments, drain_show);
}

static void
undrain_show(const struct cli_options *options, const json_t *result)
{
	(void)options;
	(void)result;
	puts("drain cancelled");
}

enum cli_exit
cli_undrain(const struct cli_options *options)
{
	return client_show(options, "undrain", NULL, undrain_show);
}

enum cli_exit
cli_ready(const struct cli_options *options)
{
	json_t *result;
	enum cli_exit status = client_ask(options, "ready", NULL, &result);

	if (status != CLI_OK)
		return status;
	if (!json_truth(result, "ready"))
		status = CLI_REFUSED;
	if (options->json)
		output_json(result);
	else if (status == CLI_OK)
		puts("ready");
	else
		printf("not ready: %s\n", json_text(result, "reason"));
	json_decref(result);
	return status;
}
