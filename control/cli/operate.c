/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands upstream, drain, undrain and ready: what the operator does at three in the morning. */
#include <stdio.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/cli/client.h"

enum cli_exit
cli_upstream(const struct cli_options *options)
{
	static const char *const actions[] = {"drain", "up", "down", "auto"};
	const char *action = NULL;
	enum cli_exit status;
	json_t *result;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(options->operands[1], actions[i]) == 0)
			action = actions[i];
	if (action == NULL) {
		cli_complain("\"%s\" is not what an upstream can be told: drain, up, down or auto",
			     options->operands[1]);
		return CLI_USAGE;
	}
	status = client_ask(options, "upstream",
			    json_pack("{s:s, s:s}", "name", options->operands[0], "action", action), &result);
	if (status != CLI_OK)
		return status;
	if (options->json)
		client_print(result);
	else
		printf("%s is %s: %s\n", json_text(result, "name"), json_text(result, "state"),
		       json_text(result, "reason"));
	json_decref(result);
	return CLI_OK;
}

enum cli_exit
cli_drain(const struct cli_options *options)
{
	json_t *arguments = NULL, *result;
	enum cli_exit status;

	if (options->timeout_s >= 0)
		arguments = json_pack("{s:I}", "timeout_s", (json_int_t)options->timeout_s);
	status = client_ask(options, "drain", arguments, &result);
	if (status != CLI_OK)
		return status;
	if (options->json)
		client_print(result);
	else
		printf("draining: not ready from now on; the dataplane stops when no more queries come, at "
		       "%s "
		       "at the latest\n",
		       json_text(result, "until"));
	json_decref(result);
	return CLI_OK;
}

enum cli_exit
cli_undrain(const struct cli_options *options)
{
	json_t *result;
	enum cli_exit status = client_ask(options, "undrain", NULL, &result);

	if (status != CLI_OK)
		return status;
	if (options->json)
		client_print(result);
	else
		puts("the drain is called off");
	json_decref(result);
	return CLI_OK;
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
		client_print(result);
	else if (status == CLI_OK)
		puts("ready");
	else
		printf("not ready: %s\n", json_text(result, "reason"));
	json_decref(result);
	return status;
}
