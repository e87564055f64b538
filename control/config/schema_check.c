/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the table of keys in three ways: against a file, for its defaults, and for people. */
#include "control/config/schema.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The schema's depth bounds every recursion here. */
static void place_check(struct faults *faults, const struct schema_place *place);

/* The names of a choice, or of a mapping's keys, "a, b, c". */
static const char *
names_list(const cyaml_schema_value_t *value, char *text, size_t text_bytes)
{
	size_t used = 0;

	text[0] = 0;
	if (value->type == CYAML_ENUM) {
		for (uint32_t i = 0; i < value->enumeration.count && used < text_bytes; i++)
			used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", i > 0 ? ", " : "",
						 value->enumeration.strings[i].str);
		return text;
	}
	for (const cyaml_schema_field_t *f = value->mapping.fields; f->key != NULL && used < text_bytes; f++)
		used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? ", " : "",
					 f->key);
	return text;
}

static void
mapping_check(struct faults *faults, const struct schema_place *place, const char *path)
{
	const cyaml_schema_field_t *fields = place->value->mapping.fields, *f;
	const char *dot = *path != 0 ? "." : "";
	char names[256], below[TREE_PATH_BYTES];

	for (const struct tree_node *n = place->node->first; n != NULL; n = n->next) {
		for (f = fields; f->key != NULL && strcmp(f->key, n->key) != 0; f++)
			;
		if (f->key == NULL) {
			fault_error(faults, n->line, "%s: unknown key: use one of %s", tree_path(n, below),
				    names_list(place->value, names, sizeof(names)));
			continue;
		}
		place_check(faults, &(struct schema_place){&f->value, &place->note->notes[f - fields], n});
	}
	for (f = fields; f->key != NULL; f++) {
		if (!(f->value.flags & CYAML_FLAG_OPTIONAL) && tree_find(place->node, f->key) == NULL)
			fault_error(faults, place->node->line, "%s%s%s: missing: add it, %s", path, dot,
				    f->key, place->note->notes[f - fields].help);
	}
}

static void
list_check(struct faults *faults, const struct schema_place *place, const char *path)
{
	uint32_t min = place->value->sequence.min, max = place->value->sequence.max;

	if (place->node->count < min)
		fault_error(faults, place->node->line, "%s: empty list: add an entry, or take the key out",
			    path);
	if (place->node->count > max) {
		fault_error(faults, place->node->line, "%s: %u entries: at most %u are possible", path,
			    place->node->count, max);
		return;
	}
	for (const struct tree_node *n = place->node->first; n != NULL; n = n->next)
		place_check(faults, &(struct schema_place){place->value->sequence.entry, place->note, n});
}

/* Numbers are plain decimals: libcyaml would read 010 as octal, and 0x10, and spaces. */
static void
number_check(struct faults *faults, const struct schema_place *place, const char *path)
{
	const char *text = place->node->text, *unit = place->note->unit;
	size_t digits = strspn(text, "0123456789");
	bool plain = digits > 0 && text[digits] == 0 && (text[0] != '0' || digits == 1);
	unsigned long long number = plain && digits <= 10 ? strtoull(text, NULL, 10) : UINT64_MAX;
	char quote[FAULT_QUOTE_BYTES];

	if (!plain)
		fault_error(faults, place->node->line,
			    "%s: \"%s\" is not a whole number: write one from %u to %u%s%s", path,
			    fault_quote(text, quote), place->note->min, place->note->max,
			    unit != NULL ? " " : "", unit != NULL ? unit : "");
	else if (number < place->note->min || number > place->note->max)
		fault_error(faults, place->node->line,
			    "%s: %s is out of range: write a number from %u to %u%s%s", path,
			    fault_quote(text, quote), place->note->min, place->note->max,
			    unit != NULL ? " " : "", unit != NULL ? unit : "");
}

static void
choice_check(struct faults *faults, const struct schema_place *place, const char *path)
{
	char quote[FAULT_QUOTE_BYTES], names[256];

	for (uint32_t i = 0; i < place->value->enumeration.count; i++) {
		if (strcmp(place->node->text, place->value->enumeration.strings[i].str) == 0)
			return;
	}
	fault_error(faults, place->node->line, "%s: \"%s\" is not known: use one of %s", path,
		    fault_quote(place->node->text, quote), names_list(place->value, names, sizeof(names)));
}

static void
text_check(struct faults *faults, const struct schema_place *place, const char *path)
{
	size_t bytes = strlen(place->node->text);

	if (bytes < place->value->string.min)
		fault_error(faults, place->node->line, "%s: empty: write %s", path, place->note->help);
	else if (bytes > place->value->string.max)
		fault_error(faults, place->node->line, "%s: %zu characters long: at most %u are possible",
			    path, bytes, place->value->string.max);
}

static void
place_check(struct faults *faults, const struct schema_place *place)
{
	static const char *const mends[] = {
		[TREE_TEXT] = "write one value",
		[TREE_LIST] = "write a list, [a, b] or lines that begin with \"- \"",
		[TREE_MAPPING] = "write keys below it, \"key: value\"",
	};
	static const char *const kinds[] = {"a single value", "a list", "a mapping of keys"};
	enum tree_kind wanted = place->value->type == CYAML_MAPPING    ? TREE_MAPPING
				: place->value->type == CYAML_SEQUENCE ? TREE_LIST
								       : TREE_TEXT;
	char path[TREE_PATH_BYTES];

	tree_path(place->node, path);
	if (place->node->kind != wanted) {
		bool empty = place->node->kind == TREE_TEXT && place->node->text[0] == 0;

		fault_error(faults, place->node->line, "%s: is %s: %s", path,
			    empty ? "empty" : kinds[place->node->kind], mends[wanted]);
		return;
	}
	switch (place->value->type) {
	case CYAML_MAPPING:
		mapping_check(faults, place, path);
		break;
	case CYAML_SEQUENCE:
		list_check(faults, place, path);
		break;
	case CYAML_UINT:
		number_check(faults, place, path);
		break;
	case CYAML_ENUM:
		choice_check(faults, place, path);
		break;
	default:
		text_check(faults, place, path);
		break;
	}
}

void
schema_check(struct faults *faults, const struct tree_node *top)
{
	place_check(faults, &(struct schema_place){&schema_top, &schema_top_note, top});
}

/* The default of a list of texts is written with ", " between the entries. */
static int
texts_fill(const char *initial, char ***texts, uint32_t *count)
{
	uint32_t entries = 1;

	for (const char *at = initial; (at = strstr(at, ", ")) != NULL; at += 2)
		entries++;
	*texts = calloc(entries, sizeof(**texts));
	if (*texts == NULL)
		return -ENOMEM;
	for (*count = 0; *count < entries; (*count)++) {
		size_t bytes = strcspn(initial, ",");

		(*texts)[*count] = strndup(initial, bytes);
		if ((*texts)[*count] == NULL)
			return -ENOMEM;
		initial += bytes + 2;
	}
	return 0;
}

static int
default_fill(const cyaml_schema_field_t *field, const char *initial, uint8_t *at, uint8_t *mapping)
{
	switch (field->value.type) {
	case CYAML_UINT:
		*(uint32_t *)at = (uint32_t)strtoul(initial, NULL, 10);
		return 0;
	case CYAML_ENUM:
		for (uint32_t i = 0; i < field->value.enumeration.count; i++) {
			if (strcmp(initial, field->value.enumeration.strings[i].str) == 0)
				*(uint32_t *)at = (uint32_t)field->value.enumeration.strings[i].val;
		}
		return 0;
	case CYAML_STRING:
		*(char **)at = strdup(initial);
		return *(char **)at != NULL ? 0 : -ENOMEM;
	case CYAML_SEQUENCE:
		return texts_fill(initial, (char ***)at, (uint32_t *)(mapping + field->count_offset));
	default:
		return 0;
	}
}

/* `mapping` is the struct that libcyaml made of place->node. */
static int
mapping_fill(const struct schema_place *place, uint8_t *mapping)
{
	const cyaml_schema_field_t *fields = place->value->mapping.fields;
	int err = 0;

	for (const cyaml_schema_field_t *f = fields; f->key != NULL && err == 0; f++) {
		const struct schema_note *note = &place->note->notes[f - fields];
		const struct tree_node *node = tree_find(place->node, f->key);
		uint8_t *at = mapping + f->data_offset;

		if (f->value.type == CYAML_MAPPING) {
			err = mapping_fill(&(struct schema_place){&f->value, note, node}, at);
		} else if (node == NULL && note->initial != NULL) {
			err = default_fill(f, note->initial, at, mapping);
		} else if (node != NULL && f->value.type == CYAML_SEQUENCE && note->notes != NULL) {
			const cyaml_schema_value_t *entry = f->value.sequence.entry;
			uint8_t *entry_at = *(uint8_t **)at;

			for (const struct tree_node *n = node->first; n != NULL && err == 0; n = n->next) {
				err = mapping_fill(&(struct schema_place){entry, note, n}, entry_at);
				entry_at += entry->data_size;
			}
		}
	}
	return err;
}

int
schema_fill(struct written *written, const struct tree_node *top)
{
	return mapping_fill(&(struct schema_place){&schema_top, &schema_top_note, top}, (uint8_t *)written);
}

static void
default_print(FILE *out, const cyaml_schema_field_t *field, const struct schema_note *note)
{
	char names[256];

	if (field->value.type == CYAML_UINT)
		fprintf(out, " (%u to %u%s%s)", note->min, note->max, note->unit != NULL ? " " : "",
			note->unit != NULL ? note->unit : "");
	if (field->value.type == CYAML_ENUM)
		fprintf(out, " (%s)", names_list(&field->value, names, sizeof(names)));
	if (!(field->value.flags & CYAML_FLAG_OPTIONAL))
		fputs("; required", out);
	else if (note->initial != NULL)
		fprintf(out, "; default %s", note->initial);
}

static void
row_print(void *owner, const char *path, const cyaml_schema_field_t *field, const struct schema_note *note)
{
	FILE *out = owner;

	fprintf(out, "%-34s %s", path, note->help);
	default_print(out, field, note);
	fputc('\n', out);
}

static void
mapping_each(const cyaml_schema_value_t *value, const struct schema_note *notes, const char *above,
	     void (*row)(void *owner, const char *path, const cyaml_schema_field_t *field,
			 const struct schema_note *note),
	     void *owner)
{
	for (const cyaml_schema_field_t *f = value->mapping.fields; f->key != NULL; f++, notes++) {
		bool list = f->value.type == CYAML_SEQUENCE;
		char path[TREE_PATH_BYTES];

		snprintf(path, sizeof(path), "%s%s%s", above, f->key, list ? "[]" : "");
		row(owner, path, f, notes);
		strncat(path, ".", sizeof(path) - strlen(path) - 1);
		if (notes->notes != NULL)
			mapping_each(list ? f->value.sequence.entry : &f->value, notes->notes, path, row,
				     owner);
	}
}

void
schema_each(void (*row)(void *owner, const char *path, const cyaml_schema_field_t *field,
			const struct schema_note *note),
	    void *owner)
{
	mapping_each(&schema_top, schema_top_note.notes, "", row, owner);
}

void
schema_print(FILE *out)
{
	schema_each(row_print, out);
}
