/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads the configuration file: read, parse into a tree, check against the schema, fill struct
 * written, build. Each step runs only if the steps before it found no fault. */
#include "control/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/build.h"
#include "control/config/fault.h"
#include "control/config/file.h"
#include "control/config/schema.h"
#include "control/config/tree.h"

static int
config_make(struct faults *faults, const struct written *written, const struct tree_node *top,
	    struct config **config)
{
	struct build build = {.faults = faults, .written = written, .top = top};
	int err;

	build.config = calloc(1, sizeof(*build.config));
	err = build.config != NULL ? config_build(&build) : -ENOMEM;
	if (err == 0 && faults->errors > 0)
		err = -EINVAL;
	if (err != 0)
		config_free(build.config);
	else
		*config = build.config;
	return err;
}

static int
text_load(struct faults *faults, const char *text, size_t text_bytes, struct config **config)
{
	struct tree_node *top;
	struct written written = {0};
	int err = tree_build(faults, text, text_bytes, &top);

	if (err != 0)
		return err;
	schema_check(faults, top);
	err = faults->errors > 0 ? -EINVAL : schema_fill(&written, top);
	if (err == 0)
		err = config_make(faults, &written, top, config);
	schema_free(&written);
	tree_free(top);
	return err;
}

int
config_load(const char *path, struct config **config, FILE *errors)
{
	struct faults faults = {.out = errors, .path = path};
	size_t text_bytes;
	char *text;
	int err = config_file_read(&faults, "a configuration", CONFIG_FILE_BYTES_MAX, &text,
				   &text_bytes);

	if (err == 0) {
		err = text_load(&faults, text, text_bytes, config);
		free(text);
	}
	if (err != 0 && faults.errors == 0)
		fault_error(&faults, 0, "cannot be loaded: %s: try again", strerror(-err));
	return err;
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (unsigned i = 0; i < config->dataplane.interface_count; i++)
		free(config->dataplane.interfaces[i].xdp);
	for (unsigned i = 0; i < config->service.listen_count; i++)
		free(config->service.listen[i].allow.ranges);
	free(config->limit.exempt.ranges);
	for (unsigned i = 0; i < config->pool_count; i++)
		free(config->pools[i].members);
	free(config->routes.suffixes);
	free(config->routes.names);
	free(config->runtime_dir);
	free(config);
}

static bool
interfaces_differ(const struct config_dataplane *a, const struct config_dataplane *b)
{
	if (a->interface_count != b->interface_count)
		return true;
	for (unsigned i = 0; i < a->interface_count; i++)
		if (strcmp(a->interfaces[i].xdp, b->interfaces[i].xdp) != 0 ||
		    a->interfaces[i].queues != b->interfaces[i].queues)
			return true;
	return false;
}

unsigned
config_static_differences(const struct config *a, const struct config *b,
			  const char *keys[CONFIG_STATIC_KEYS_MAX])
{
	const struct config_dataplane *left = &a->dataplane, *right = &b->dataplane;
	const struct {
		const char *key;
		bool differs;
	} rows[CONFIG_STATIC_KEYS_MAX] = {
		{"runtime_dir", strcmp(a->runtime_dir, b->runtime_dir) != 0},
		{"dataplane.main_core", left->main_core != right->main_core},
		{"dataplane.worker_cores", left->worker_count != right->worker_count ||
						   memcmp(left->worker_cores, right->worker_cores,
							  sizeof(left->worker_cores)) != 0},
		{"dataplane.memory_mb", left->memory_mb != right->memory_mb},
		{"dataplane.flows_per_worker", left->flows_per_worker != right->flows_per_worker},
		{"dataplane.interfaces", interfaces_differ(left, right)},
	};
	unsigned count = 0;

	for (unsigned i = 0; i < CONFIG_STATIC_KEYS_MAX; i++)
		if (rows[i].differs)
			keys[count++] = rows[i].key;
	return count;
}

const char *
config_static_difference(const struct config *a, const struct config *b)
{
	const char *keys[CONFIG_STATIC_KEYS_MAX];

	return config_static_differences(a, b, keys) > 0 ? keys[0] : NULL;
}
