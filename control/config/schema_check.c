/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks the table of keys to check a file, to fill struct written, and to print the reference. The
 * table's depth limits every recursion here. */
#include "control/config/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Check */

static void key_check(struct faults *faults, const struct schema_key *key,
		      const struct tree_node *node);

static const struct schema_choice *
choice_find(const struct schema_key *key, const char *name)
{
	const struct schema_choice *choice = key->choices;

	while (choice->name != NULL && strcmp(choice->name, name) != 0)
		choice++;
	return choice->name != NULL ? choice : NULL;
}

/* The names of a choice, or of a section's keys, "a, b, c". */
static const char *
names_list(const struct schema_key *key, char *text, size_t text_bytes)
{
	bool choice = key->type == SCHEMA_CHOICE;
	size_t used = 0;

	for (unsigned i = 0; used < text_bytes; i++) {
		const char *name = choice ? key->choices[i].name : key->keys[i].name;

		if (name == NULL)
			break;
		used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", i > 0 ? ", " : "",
					 name);
	}
	return text;
}

static void
section_check(struct faults *faults, const struct schema_key *section, const struct tree_node *node,
	      const char *path)
{
	const struct schema_key *key;
	char names[256], below[TREE_PATH_BYTES];

	for (const struct tree_node *n = node->first; n != NULL; n = n->next) {
		for (key = section->keys; key->name != NULL && strcmp(key->name, n->key) != 0;
		     key++)
			;
		if (key->name == NULL)
			fault_error(faults, n->line, "%s: unknown key: use one of %s",
				    tree_path(n, below), names_list(section, names, sizeof(names)));
		else
			key_check(faults, key, n);
	}
	for (key = section->keys; key->name != NULL; key++)
		if (key->required && tree_find(node, key->name) == NULL)
			fault_error(faults, node->line, "%s%s%s: missing: add it (%s)", path,
				    *path != 0 ? "." : "", key->name, key->help);
}

/* Numbers are plain decimals: programs disagree on the meaning of 010 and 0x10. */
static void
number_check(struct faults *faults, const struct schema_key *key, const struct tree_node *node,
	     const char *path)
{
	const char *text = node->text, *unit = key->unit != NULL ? key->unit : "";
	const char *blank = key->unit != NULL ? " " : "";
	size_t digits = strspn(text, "0123456789");
	bool plain = digits > 0 && text[digits] == 0 && (text[0] != '0' || digits == 1);
	unsigned long long number = plain && digits <= 10 ? strtoull(text, NULL, 10) : UINT64_MAX;
	char quote[FAULT_QUOTE_BYTES];

	if (!plain)
		fault_error(faults, node->line,
			    "%s: \"%s\" is not a whole number: write one from %u to %u%s%s", path,
			    fault_quote(text, quote), key->min, key->max, blank, unit);
	else if (number < key->min || number > key->max)
		fault_error(faults, node->line,
			    "%s: %s is out of range: write a number from %u to %u%s%s", path,
			    fault_quote(text, quote), key->min, key->max, blank, unit);
}

static void
text_check(struct faults *faults, const struct schema_key *key, const struct tree_node *node,
	   const char *path)
{
	size_t bytes = strlen(node->text);

	if (bytes == 0)
		fault_error(faults, node->line, "%s: is empty: write a value (%s)", path,
			    key->help);
	else if (bytes > key->max)
		fault_error(faults, node->line, "%s: is %zu characters long: use at most %u", path,
			    bytes, key->max);
}

static void
choice_check(struct faults *faults, const struct schema_key *key, const struct tree_node *node,
	     const char *path)
{
	char quote[FAULT_QUOTE_BYTES], names[256];

	if (choice_find(key, node->text) == NULL)
		fault_error(faults, node->line, "%s: unknown value \"%s\": use one of %s", path,
			    fault_quote(node->text, quote), names_list(key, names, sizeof(names)));
}

/* False after a fault: the node is not of the wanted kind. */
static bool
kind_check(struct faults *faults, const struct tree_node *node, enum tree_kind wanted,
	   const char *path)
{
	static const char *const fixes[] = {
		[TREE_TEXT] = "write one value",
		[TREE_LIST] = "write a list, [a, b] or lines that start with \"- \"",
		[TREE_MAPPING] = "write keys below it, \"key: value\"",
	};
	static const char *const kinds[] = {"a single value", "a list", "a mapping of keys"};
	bool empty = node->kind == TREE_TEXT && node->text[0] == 0;

	if (node->kind != wanted)
		fault_error(faults, node->line, "%s: is %s: %s", path,
			    empty ? "empty" : kinds[node->kind], fixes[wanted]);
	return node->kind == wanted;
}

/* The value of a key that is not a list, or an entry of its list. */
static void
value_check(struct faults *faults, const struct schema_key *key, const struct tree_node *node)
{
	static void (*const checks[])(struct faults *, const struct schema_key *,
				      const struct tree_node *, const char *path) = {
		[SCHEMA_NUMBER] = number_check,
		[SCHEMA_TEXT] = text_check,
		[SCHEMA_CHOICE] = choice_check,
		[SCHEMA_SECTION] = section_check,
	};
	char path[TREE_PATH_BYTES];

	tree_path(node, path);
	if (kind_check(faults, node, key->type == SCHEMA_SECTION ? TREE_MAPPING : TREE_TEXT, path))
		checks[key->type](faults, key, node, path);
}

static void
key_check(struct faults *faults, const struct schema_key *key, const struct tree_node *node)
{
	char path[TREE_PATH_BYTES];

	if (key->list_max == 0) {
		value_check(faults, key, node);
		return;
	}
	tree_path(node, path);
	if (!kind_check(faults, node, TREE_LIST, path))
		return;
	if (node->count == 0)
		fault_error(faults, node->line,
			    "%s: is an empty list: add an entry, or remove the key", path);
	if (node->count > key->list_max) {
		fault_error(faults, node->line, "%s: has %u entries: use at most %u", path,
			    node->count, key->list_max);
		return;
	}
	for (const struct tree_node *n = node->first; n != NULL; n = n->next)
		value_check(faults, key, n);
}

void
schema_check(struct faults *faults, const struct tree_node *top)
{
	value_check(faults, &schema_top, top);
}

/* Fill: values, list pointers and list counts are stored at their offsets in the struct at
 * `section`. */

static int section_fill(const struct schema_key *keys, const struct tree_node *node,
			uint8_t *section);

static void
scalar_fill(const struct schema_key *key, const char *text, uint8_t *at)
{
	uint32_t number;

	if (key->type == SCHEMA_TEXT) {
		memcpy(at, &text, sizeof(text));
		return;
	}
	number = key->type == SCHEMA_CHOICE ? choice_find(key, text)->value
					    : (uint32_t)strtoul(text, NULL, 10);
	memcpy(at, &number, sizeof(number));
}

/* Allocates the list's array, with `more` bytes after it. NULL: no memory. */
static uint8_t *
list_allocate(const struct schema_key *key, uint32_t count, size_t more, uint8_t *section)
{
	uint8_t *entries = calloc(1, (size_t)count * key->entry_size + more);

	if (entries != NULL) {
		memcpy(section + key->offset, &entries, sizeof(entries));
		memcpy(section + key->count_offset, &count, sizeof(count));
	}
	return entries;
}

static int
list_fill(const struct schema_key *key, const struct tree_node *node, uint8_t *section)
{
	uint8_t *entry = list_allocate(key, node->count, 0, section);
	int err = entry != NULL ? 0 : -ENOMEM;

	for (const struct tree_node *n = node->first; n != NULL && err == 0; n = n->next) {
		if (key->type == SCHEMA_SECTION)
			err = section_fill(key->keys, n, entry);
		else
			scalar_fill(key, n->text, entry);
		entry += key->entry_size;
	}
	return err;
}

/* A default list is a text with ", " between its entries. A copy of it, stored after the array, is
 * split into them. */
static int
default_list_fill(const struct schema_key *key, uint8_t *section)
{
	uint32_t count = 1;
	uint8_t *entry;
	char *text;

	for (const char *at = key->initial; (at = strstr(at, ", ")) != NULL; at += 2)
		count++;
	entry = list_allocate(key, count, strlen(key->initial) + 1, section);
	if (entry == NULL)
		return -ENOMEM;
	text = strcpy((char *)entry + count * key->entry_size, key->initial);
	for (; count > 0; count--, entry += key->entry_size) {
		char *end = text + strcspn(text, ",");

		scalar_fill(key, text, entry);
		if (*end != 0) {
			*end = 0;
			text = end + 2;
		}
	}
	return 0;
}

/* `node` NULL: the section is not in the file. */
static int
section_fill(const struct schema_key *keys, const struct tree_node *node, uint8_t *section)
{
	int err = 0;

	for (const struct schema_key *key = keys; key->name != NULL && err == 0; key++) {
		const struct tree_node *n = tree_find(node, key->name);
		uint8_t *at = section + key->offset;

		if (key->list_max > 0) {
			if (n != NULL)
				err = list_fill(key, n, section);
			else if (key->initial != NULL)
				err = default_list_fill(key, section);
		} else if (key->type == SCHEMA_SECTION) {
			err = section_fill(key->keys, n, at);
		} else if (n != NULL || key->initial != NULL) {
			scalar_fill(key, n != NULL ? n->text : key->initial, at);
		}
	}
	return err;
}

int
schema_fill(struct written *written, const struct tree_node *top)
{
	return section_fill(schema_top.keys, top, (uint8_t *)written);
}

static void
section_free(const struct schema_key *keys, uint8_t *section)
{
	for (const struct schema_key *key = keys; key->name != NULL; key++) {
		uint8_t *entries = section + key->offset;
		uint32_t count = 1;

		if (key->list_max > 0) {
			memcpy(&entries, section + key->offset, sizeof(entries));
			memcpy(&count, section + key->count_offset, sizeof(count));
		}
		if (key->type == SCHEMA_SECTION)
			for (uint32_t i = 0; i < count; i++)
				section_free(key->keys, entries + i * key->entry_size);
		if (key->list_max > 0)
			free(entries);
	}
}

void
schema_free(struct written *written)
{
	section_free(schema_top.keys, (uint8_t *)written);
}

/* Print */

static void
row_print(void *owner, const char *path, const struct schema_key *key)
{
	FILE *out = owner;
	char names[256];

	fprintf(out, "%-34s %s", path, key->help);
	if (key->type == SCHEMA_NUMBER && key->list_max == 0)
		fprintf(out, " (%u to %u%s%s)", key->min, key->max, key->unit != NULL ? " " : "",
			key->unit != NULL ? key->unit : "");
	if (key->type == SCHEMA_CHOICE)
		fprintf(out, " (%s)", names_list(key, names, sizeof(names)));
	if (key->required)
		fputs("; required", out);
	else if (key->initial != NULL)
		fprintf(out, "; default %s", key->initial);
	fputc('\n', out);
}

static void
section_each(const struct schema_key *keys, const char *above,
	     void (*row)(void *owner, const char *path, const struct schema_key *key), void *owner)
{
	for (const struct schema_key *key = keys; key->name != NULL; key++) {
		char path[TREE_PATH_BYTES];

		snprintf(path, sizeof(path), "%s%s%s", above, key->name,
			 key->list_max > 0 ? "[]" : "");
		row(owner, path, key);
		strncat(path, ".", sizeof(path) - strlen(path) - 1);
		if (key->type == SCHEMA_SECTION)
			section_each(key->keys, path, row, owner);
	}
}

void
schema_each(void (*row)(void *owner, const char *path, const struct schema_key *key), void *owner)
{
	section_each(schema_top.keys, "", row, owner);
}

void
schema_print(FILE *out)
{
	schema_each(row_print, out);
}
