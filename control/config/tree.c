/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the tree of a YAML text from the events of libyaml's parser. */
#include "control/config/tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* The state of the event loop. */
struct builder {
	struct faults *faults;
	yaml_parser_t parser;
	struct tree_node *top;
	struct tree_node *open; /* the list or mapping that the next event belongs to */
	char *key;		/* was read; its value is next */
	unsigned key_line;
	unsigned depth, nodes, documents;
	bool done;
};

static unsigned
mark_line(const yaml_mark_t *mark)
{
	return (unsigned)mark->line + 1;
}

/* Reports an error of libyaml; the hint depends on the character there. */
static int
syntax_fault(struct builder *b, const char *text, size_t text_bytes)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem != NULL ? p->problem : "unknown problem";
	size_t at = p->error == YAML_READER_ERROR ? p->problem_offset : p->problem_mark.index;
	unsigned line = 1;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error != YAML_READER_ERROR) {
		bool tab = at < text_bytes && text[at] == '\t';

		fault_error(b->faults, mark_line(&p->problem_mark), "syntax error: %s: %s", problem,
			    tab ? "indent with spaces, not tabs" : "correct this line");
		return -EINVAL;
	}
	if (at > text_bytes)
		at = text_bytes;
	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	fault_error(b->faults, line, "not UTF-8 text: %s: save the file as plain UTF-8", problem);
	return -EINVAL;
}

static int
tree_fault(struct builder *b, const yaml_event_t *event, const char *what)
{
	fault_error(b->faults, mark_line(&event->start_mark), "%s", what);
	return -EINVAL;
}

static int
key_add(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	char quote[FAULT_QUOTE_BYTES], path[TREE_PATH_BYTES];
	const struct tree_node *duplicate;

	if (event->type != YAML_SCALAR_EVENT)
		return tree_fault(b, event, "a key is not a plain word: write \"key: value\"");
	if (strlen(text) != event->data.scalar.length)
		return tree_fault(b, event, "a key contains a NUL byte: remove it");
	if (b->open->count == TREE_KEYS_MAX)
		return tree_fault(b, event,
				  "too many keys in one section: remove the unknown ones");
	duplicate = tree_find(b->open, text);
	b->key_line = mark_line(&event->start_mark);
	if (duplicate != NULL)
		fault_error(b->faults, b->key_line, "%s: is set twice, first on line %u: keep one",
			    fault_quote(tree_path(duplicate, path), quote), duplicate->line);
	b->key = strdup(text);
	return b->key != NULL ? 0 : -ENOMEM;
}

/* Appends the node that an event starts to the open list or mapping. */
static int
node_add(struct builder *b, const yaml_event_t *event, enum tree_kind kind, const char *text)
{
	struct tree_node *node;

	if (++b->nodes > TREE_NODES_MAX)
		return tree_fault(b, event, "too many values: remove some");
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return -ENOMEM;
	node->kind = kind;
	node->key = b->key;
	node->line = b->key != NULL && (kind != TREE_TEXT || *text == 0)
			     ? b->key_line
			     : mark_line(&event->start_mark);
	node->parent = b->open;
	b->key = NULL;
	if (b->open == NULL)
		b->top = node;
	else if (b->open->last != NULL)
		b->open->last->next = node;
	else
		b->open->first = node;
	if (b->open != NULL) {
		b->open->last = node;
		b->open->count++;
	}
	if (kind != TREE_TEXT) {
		b->open = node;
		return ++b->depth <= TREE_DEPTH_MAX
			       ? 0
			       : tree_fault(b, event, "too many levels of nesting: remove some");
	}
	node->text = strdup(text);
	return node->text != NULL ? 0 : -ENOMEM;
}

static int
scalar_add(struct builder *b, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length)
		return tree_fault(b, event, "a value contains a NUL byte: remove it");
	return node_add(b, event, TREE_TEXT, text);
}

/* Refuses anchors and tags. */
static int
value_add(struct builder *b, const yaml_event_t *event)
{
	bool scalar = event->type == YAML_SCALAR_EVENT,
	     list = event->type == YAML_SEQUENCE_START_EVENT;
	const yaml_char_t *anchor = scalar ? event->data.scalar.anchor
				    : list ? event->data.sequence_start.anchor
					   : event->data.mapping_start.anchor;
	const yaml_char_t *tag = scalar ? event->data.scalar.tag
				 : list ? event->data.sequence_start.tag
					: event->data.mapping_start.tag;

	if (anchor != NULL)
		return tree_fault(
			b, event,
			"an anchor (&name) is not supported: write the value in full each time");
	if (tag != NULL)
		return tree_fault(b, event,
				  "a tag (!name) is not supported: write the value alone");
	return scalar ? scalar_add(b, event)
		      : node_add(b, event, list ? TREE_LIST : TREE_MAPPING, NULL);
}

static int
event_handle(struct builder *b, const yaml_event_t *event)
{
	bool ends = event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT;

	if (event->type == YAML_ALIAS_EVENT)
		return tree_fault(
			b, event,
			"an alias (*name) is not supported: write the value in full each time");
	if (b->open != NULL && b->open->kind == TREE_MAPPING && b->key == NULL && !ends)
		return key_add(b, event);
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ > 0)
			return tree_fault(
				b, event,
				"a second document (---): write one configuration per file");
		return 0;
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return value_add(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->open = b->open->parent;
		b->depth--;
		return 0;
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return 0;
	default:
		return 0;
	}
}

static int
events_read(struct builder *b, const char *text, size_t text_bytes)
{
	yaml_event_t event;
	int err = 0;

	while (err == 0 && !b->done) {
		if (!yaml_parser_parse(&b->parser, &event))
			return syntax_fault(b, text, text_bytes);
		err = event_handle(b, &event);
		yaml_event_delete(&event);
	}
	return err;
}

static int
top_check(struct faults *faults, const struct tree_node *top)
{
	if (top == NULL)
		fault_error(faults, 0, "is empty: start from the sample configuration");
	else if (top->kind != TREE_MAPPING)
		fault_error(faults, top->line,
			    "is not a mapping of keys: start with \"dataplane:\" and its keys");
	return top != NULL && top->kind == TREE_MAPPING ? 0 : -EINVAL;
}

int
tree_build(struct faults *faults, const char *text, size_t text_bytes, struct tree_node **top)
{
	struct builder builder = {.faults = faults};
	int err;

	if (!yaml_parser_initialize(&builder.parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, text_bytes);
	yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
	err = events_read(&builder, text, text_bytes);
	yaml_parser_delete(&builder.parser);
	free(builder.key);
	if (err == 0)
		err = top_check(faults, builder.top);
	if (err != 0) {
		tree_free(builder.top);
		return err;
	}
	*top = builder.top;
	return 0;
}

/* The depth of a tree limits the recursion. */
void
tree_free(struct tree_node *node)
{
	struct tree_node *child, *next;

	if (node == NULL)
		return;
	for (child = node->first; child != NULL; child = next) {
		next = child->next;
		tree_free(child);
	}
	free(node->key);
	free(node->text);
	free(node);
}

const struct tree_node *
tree_find(const struct tree_node *mapping, const char *key)
{
	const struct tree_node *child = mapping != NULL ? mapping->first : NULL;

	while (child != NULL && (child->key == NULL || strcmp(child->key, key) != 0))
		child = child->next;
	return child;
}

unsigned
tree_line(const struct tree_node *mapping, const char *key)
{
	const struct tree_node *node = tree_find(mapping, key);

	return node != NULL ? node->line : mapping->line;
}

const char *
tree_path(const struct tree_node *node, char *path)
{
	const char *keys[TREE_DEPTH_MAX + 2];
	size_t used = 0, room = TREE_PATH_BYTES;
	unsigned depth = 0;

	for (; node != NULL && depth < TREE_DEPTH_MAX + 2; node = node->parent) {
		if (node->key != NULL)
			keys[depth++] = node->key;
	}
	path[0] = 0;
	while (depth-- > 0 && used < room) {
		char quote[FAULT_QUOTE_BYTES];

		used += (size_t)snprintf(path + used, room - used, "%s%s", used > 0 ? "." : "",
					 fault_quote(keys[depth], quote));
	}
	return path;
}
