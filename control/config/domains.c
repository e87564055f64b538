/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects the domains of all routes, sorts them and removes duplicates. */
#include "control/config/domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/config/file.h"
#include "control/lib/question.h"

#define LINE_BYTES_MAX (QUESTION_NAME_TEXT_BYTES - 1) /* without spaces and comment */
#define BLANKS	       " \t\r\v\f"

/* Collecting */

static int
room_make(struct domains *domains)
{
	if (domains->count == domains->room) {
		unsigned room = domains->room > 0 ? 2 * domains->room : 256;
		struct domain *rows = reallocarray(domains->rows, room, sizeof(*rows));

		if (rows == NULL)
			return -ENOMEM;
		domains->rows = rows;
		domains->room = room;
	}
	if (domains->names_room - domains->names_bytes < DNS_NAME_BYTES_MAX) {
		uint32_t room = domains->names_room > 0 ? 2 * domains->names_room : 16384;
		uint8_t *names = realloc(domains->names, room);

		if (names == NULL)
			return -ENOMEM;
		domains->names = names;
		domains->names_room = room;
	}
	return 0;
}

/* Why a text cannot be a domain, NULL if it can. Covers what lists made for other programs
 * contain. */
static const char *
text_fault(const char *text)
{
	if (text[0] == '*')
		return "a domain includes all names below it: write it without the *";
	for (const char *c = text; *c != 0; c++) {
		if ((unsigned char)*c >= 0x80)
			return "it has non-ASCII letters: write it in its xn-- form";
		if (*c == '\\' && c[1] != 0)
			c++;
		else if (strchr(BLANKS, *c) != NULL)
			return "it has spaces: write one domain and nothing else";
		else if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
				"\\",
				*c) == NULL)
			return "it has characters other than letters, digits, '-' and '_': write "
			       "them as \\DDD if they are intended";
	}
	return NULL;
}

int
domains_add(struct domains *domains, struct faults *faults, const struct domain_text *written,
	    uint8_t pool)
{
	const char *why = text_fault(written->text);
	char quote[FAULT_QUOTE_BYTES];
	uint16_t bytes = 0;
	uint8_t *name;

	if (domains->full)
		return 0;
	if (domains->count == SNAPSHOT_SUFFIXES_MAX) {
		fault_error(faults, written->line,
			    "%smore than %u domains in all routes together: remove some",
			    written->before, SNAPSHOT_SUFFIXES_MAX);
		domains->full = true;
		return 0;
	}
	if (room_make(domains) != 0)
		return -ENOMEM;
	name = domains->names + domains->names_bytes;
	if (why != NULL || question_name_parse(written->text, name, &bytes, &why) != 0) {
		fault_error(faults, written->line, "%s\"%s\" is not a domain: %s", written->before,
			    fault_quote(written->text, quote), why);
		return 0;
	}
	for (uint16_t i = 0; i < bytes; i++) /* label lengths are below the letters */
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 0x20;
	if (bytes == 1)
		fault_warning(faults, written->line,
			      "%sthe root matches every name, so routes by type and the pools of "
			      "service addresses are never used: remove it unless this is intended",
			      written->before);
	domains->rows[domains->count++] = (struct domain){.name_offset = domains->names_bytes,
							  .line = written->line,
							  .file = (uint16_t)domains->file,
							  .name_bytes = (uint8_t)bytes,
							  .pool = pool};
	domains->names_bytes += bytes;
	return 0;
}

/* A line without comment and surrounding spaces; `end` is its newline or the end of the text. */
static char *
line_trim(char *line, char *end)
{
	char *comment = memchr(line, '#', (size_t)(end - line));

	if (comment != NULL)
		end = comment;
	while (line < end && strchr(BLANKS, *line) != NULL)
		line++;
	while (end > line && strchr(BLANKS, end[-1]) != NULL)
		end--;
	*end = 0;
	return line;
}

static int
lines_add(struct domains *domains, struct faults *faults, char *text, size_t text_bytes,
	  uint8_t pool)
{
	char *end = text + text_bytes, *next;
	unsigned count = domains->count, errors = faults->errors, line = 1;
	int err = 0;

	if (memchr(text, 0, text_bytes) != NULL) {
		fault_error(faults, 0, "contains a NUL byte: save it as plain text");
		return 0;
	}
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		text += 3;
	for (char *at = text; at < end && err == 0 && !domains->full; at = next, line++) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *word;

		next = newline != NULL ? newline + 1 : end;
		word = line_trim(at, newline != NULL ? newline : end);
		if (strlen(word) > LINE_BYTES_MAX)
			fault_error(faults, line,
				    "the line is longer than a domain can be: write one domain per "
				    "line");
		else if (word[0] != 0)
			err = domains_add(domains, faults, &(struct domain_text){word, line, ""},
					  pool);
	}
	if (err == 0 && domains->count == count && faults->errors == errors)
		fault_warning(
			faults, 0,
			"contains no domain: write one per line, or remove routes.domains_file");
	return err;
}

int
domains_file_add(struct domains *domains, struct faults *faults, const char *path, uint8_t pool)
{
	char **paths = reallocarray(domains->paths, domains->path_count + 1, sizeof(*paths)), *text;
	unsigned errors = faults->errors;
	size_t text_bytes;
	int err;

	if (paths == NULL)
		return -ENOMEM;
	domains->paths = paths;
	paths[domains->path_count] = strdup(path);
	if (paths[domains->path_count] == NULL)
		return -ENOMEM;
	faults->path = paths[domains->path_count++];
	domains->file = domains->path_count;
	err = config_file_read(faults, "a list of domains", DOMAINS_FILE_BYTES_MAX, &text,
			       &text_bytes);
	if (err == 0) {
		err = lines_add(domains, faults, text, text_bytes, pool);
		free(text);
	} else if (faults->errors > errors) {
		err = 0; /* reported; go on to find other errors */
	}
	faults->path = domains->config_path;
	domains->file = 0;
	return err;
}

/* Sorting */

/* By length, then by bytes, then in the order read. */
static int
domain_order(const void *a, const void *b, void *names)
{
	const struct domain *left = a, *right = b;
	const uint8_t *bytes = names;
	int order = (int)left->name_bytes - (int)right->name_bytes;

	if (order == 0)
		order = memcmp(bytes + left->name_offset, bytes + right->name_offset,
			       left->name_bytes);
	return order != 0 ? order : left->name_offset < right->name_offset ? -1 : 1;
}

static const char *
domain_path(const struct domains *domains, const struct domain *domain)
{
	return domain->file == 0 ? domains->config_path : domains->paths[domain->file - 1];
}

/* Reports a domain that is listed for two pools. */
static void
duplicate_fault(const struct domains *domains, struct faults *faults, const struct config *config,
		const struct domain *first, const struct domain *second)
{
	char text[QUESTION_NAME_TEXT_BYTES], quote[FAULT_QUOTE_BYTES];

	question_name_format(domains->names + second->name_offset, second->name_bytes, text);
	faults->path = domain_path(domains, second);
	fault_error(faults, second->line,
		    "%s%s goes to pool \"%s\" here, and to \"%s\" at %s:%u: keep one of the two",
		    second->file == 0 ? "routes.domains: " : "", fault_quote(text, quote),
		    config->pools[second->pool].name, config->pools[first->pool].name,
		    domain_path(domains, first), first->line);
	faults->path = domains->config_path;
}

int
domains_build(const struct domains *domains, struct faults *faults, struct config *config)
{
	struct config_routes *routes = &config->routes;
	const struct domain *before = NULL;

	if (domains->count == 0)
		return 0;
	qsort_r(domains->rows, domains->count, sizeof(*domains->rows), domain_order,
		domains->names);
	routes->suffixes = calloc(domains->count, sizeof(*routes->suffixes));
	routes->names = malloc(domains->names_bytes);
	if (routes->suffixes == NULL || routes->names == NULL)
		return -ENOMEM;
	for (const struct domain *d = domains->rows; d < domains->rows + domains->count; d++) {
		const uint8_t *name = domains->names + d->name_offset;

		if (before != NULL && before->name_bytes == d->name_bytes &&
		    memcmp(domains->names + before->name_offset, name, d->name_bytes) == 0) {
			if (before->pool != d->pool)
				duplicate_fault(domains, faults, config, before, d);
			continue;
		}
		before = d;
		routes->suffixes[routes->suffix_count++] =
			(struct config_suffix){.name_offset = routes->names_bytes,
					       .name_bytes = d->name_bytes,
					       .pool = d->pool};
		memcpy(routes->names + routes->names_bytes, name, d->name_bytes);
		routes->names_bytes += d->name_bytes;
	}
	if (routes->names_bytes > SNAPSHOT_NAMES_BYTES_MAX)
		fault_error(faults, 0,
			    "routes: the domains take %u bytes, more than %u: remove some",
			    routes->names_bytes, SNAPSHOT_NAMES_BYTES_MAX);
	return 0;
}

void
domains_free(struct domains *domains)
{
	for (unsigned i = 0; i < domains->path_count; i++)
		free(domains->paths[i]);
	free(domains->paths);
	free(domains->rows);
	free(domains->names);
}
