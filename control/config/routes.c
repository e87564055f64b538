/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the routes: which names and types go to which pool, from the configuration and from domain
 * files. All domains are collected first and then sorted once, in O(n log n). */
#include "control/config/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/domains.h"
#include "control/lib/question.h"

/* The domains listed in the configuration itself. */
static int
route_domains(struct build *b, struct domains *domains, const struct tree_node *list, uint8_t pool)
{
	int err = 0;

	for (const struct tree_node *n = list->first; n != NULL && err == 0; n = n->next)
		err = domains_add(domains, b->faults,
				  &(struct domain_text){n->text, n->line, "routes.domains: "},
				  pool);
	return err;
}

/* A relative path starts at the configuration's directory. */
static char *
domains_path(const char *config_path, const char *name)
{
	const char *slash = strrchr(config_path, '/');
	char *path;

	if (name[0] == '/' || slash == NULL)
		return strdup(name);
	return asprintf(&path, "%.*s/%s", (int)(slash - config_path), config_path, name) >= 0
		       ? path
		       : NULL;
}

/* Messages show the file's name unchanged, so it must not have control characters (C0, DEL, or C1
 * in UTF-8). */
static bool
has_controls(const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c != 0; c++)
		if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
			return true;
	return false;
}

static int
route_domains_file(struct build *b, struct domains *domains, const struct tree_node *node,
		   uint8_t pool)
{
	char quote[FAULT_QUOTE_BYTES], *path;
	int err;

	if (has_controls(node->text)) {
		fault_error(b->faults, node->line,
			    "routes.domains_file: \"%s\" has control characters: rename the file",
			    fault_quote(node->text, quote));
		return 0;
	}
	path = domains_path(b->faults->path, node->text);
	err = path != NULL ? domains_file_add(domains, b->faults, path, pool) : -ENOMEM;
	free(path);
	return err;
}

/* Query types. OPT is not one: it is only a pseudo-RR in the additional section. */
static void
route_types(struct build *b, const struct tree_node *list, uint8_t pool,
	    unsigned lines[SNAPSHOT_TYPE_ROUTES_MAX])
{
	struct config_routes *routes = &b->config->routes;

	for (const struct tree_node *n = list->first; n != NULL; n = n->next) {
		char quote[FAULT_QUOTE_BYTES], name[QUESTION_TYPE_TEXT_BYTES];
		uint16_t type;
		unsigned i = 0;

		if (question_type_parse(n->text, &type) != 0 || type == 0 || type == DNS_TYPE_OPT) {
			fault_error(b->faults, n->line,
				    "routes.types: \"%s\" is not a query type: write one like PTR, "
				    "AAAA or TYPE65",
				    fault_quote(n->text, quote));
			continue;
		}
		while (i < routes->type_count && routes->types[i].type != type)
			i++;
		if (i < routes->type_count && routes->types[i].pool != pool) {
			fault_error(b->faults, n->line,
				    "routes.types: %s already goes to pool \"%s\" on line %u: keep "
				    "one of the two",
				    question_type_format(type, name),
				    b->config->pools[routes->types[i].pool].name, lines[i]);
		} else if (i == SNAPSHOT_TYPE_ROUTES_MAX) {
			fault_error(b->faults, n->line,
				    "routes.types: more than %u types in all routes together: "
				    "remove some",
				    SNAPSHOT_TYPE_ROUTES_MAX);
			return;
		} else if (i == routes->type_count) {
			routes->types[i] = (struct type_route){.type = type, .pool = pool};
			lines[i] = n->line;
			routes->type_count++;
		}
	}
}

static int
type_order(const void *a, const void *b)
{
	const struct type_route *left = a, *right = b;

	return (int)left->type - (int)right->type;
}

static int
route_add(struct build *b, const struct tree_node *n, const struct written_route *written,
	  struct domains *domains, unsigned type_lines[SNAPSHOT_TYPE_ROUTES_MAX])
{
	const struct tree_node *list = tree_find(n, "domains"), *types = tree_find(n, "types");
	uint8_t pool;
	int err = 0;

	if (list == NULL && types == NULL && written->domains_file == NULL) {
		fault_error(
			b->faults, n->line,
			"routes: this route matches no query: add domains, domains_file or types");
		return 0;
	}
	if (!build_pool_find(b, tree_find(n, "pool"), written->pool, &pool))
		return 0;
	if (list != NULL)
		err = route_domains(b, domains, list, pool);
	if (err == 0 && written->domains_file != NULL)
		err = route_domains_file(b, domains, tree_find(n, "domains_file"), pool);
	if (types != NULL)
		route_types(b, types, pool, type_lines);
	return err;
}

int
build_routes(struct build *b)
{
	const struct tree_node *list = tree_find(b->top, "routes"),
			       *n = list != NULL ? list->first : NULL;
	struct config_routes *routes = &b->config->routes;
	unsigned type_lines[SNAPSHOT_TYPE_ROUTES_MAX];
	struct domains domains = {.config_path = b->faults->path};
	int err = 0;

	for (uint32_t i = 0; i < b->written->routes_count && err == 0; i++, n = n->next)
		err = route_add(b, n, &b->written->routes[i], &domains, type_lines);
	qsort(routes->types, routes->type_count, sizeof(routes->types[0]), type_order);
	if (err == 0)
		err = domains_build(&domains, b->faults, b->config);
	domains_free(&domains);
	return err;
}
