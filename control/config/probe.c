/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the sections on health: upstreams.probe and upstreams.passive. */
#include "control/config/build.h"

#include "control/lib/question.h"

/* False for meta types (zone transfers, TKEY, TSIG, OPT): their responses say nothing about
 * health. */
static bool
probe_type_fits(uint16_t type)
{
	return type != 0 && type != DNS_TYPE_OPT && !(type >= 249 && type <= 252);
}

/* The response codes of a good response. */
static void
probe_good(struct build *b, const struct tree_node *list)
{
	const struct written_probe *written = &b->written->upstreams.probe;
	const struct tree_node *n = list != NULL ? list->first : NULL;

	for (uint32_t i = 0; i < written->good_count; i++, n = n != NULL ? n->next : NULL) {
		char quote[FAULT_QUOTE_BYTES];
		uint8_t rcode;

		if (question_rcode_parse(written->good[i], &rcode) != 0)
			fault_error(
				b->faults, n != NULL ? n->line : 0,
				"upstreams.probe.good: \"%s\" is not a response code: write a name "
				"like noerror, nxdomain, refused, or a number from 0 to 15",
				fault_quote(written->good[i], quote));
		else
			b->config->probe.good_rcodes |= (uint16_t)(1u << rcode);
	}
}

void
build_probe(struct build *b)
{
	const struct tree_node *upstreams = tree_find(b->top, "upstreams");
	struct config_probe *probe = &b->config->probe;
	const struct written_probe *written = &b->written->upstreams.probe;
	const struct tree_node *node = tree_find(upstreams, "probe"),
			       *mapping = node != NULL ? node : upstreams;
	char quote[FAULT_QUOTE_BYTES];
	const char *why;
	uint16_t type = 0;

	if (question_type_parse(written->type, &type) != 0 || !probe_type_fits(type))
		fault_error(b->faults, tree_line(mapping, "type"),
			    "upstreams.probe.type: \"%s\" cannot be probed: write a type like NS, "
			    "A or TYPE65",
			    fault_quote(written->type, quote));
	if (question_build(written->name, type, probe->question, &probe->question_bytes, &why) != 0)
		fault_error(b->faults, tree_line(mapping, "name"),
			    "upstreams.probe.name: \"%s\" is not a domain name: %s: write one like "
			    "probe.example.",
			    fault_quote(written->name, quote), why);
	if (written->timeout_ms > written->interval_ms)
		fault_warning(
			b->faults,
			tree_line(mapping, node != NULL && tree_find(node, "timeout_ms") != NULL
						   ? "timeout_ms"
						   : "interval_ms"),
			"upstreams.probe.timeout_ms: %u is longer than interval_ms, %u, so probes "
			"overlap: lower it",
			written->timeout_ms, written->interval_ms);
	probe->interval_ms = written->interval_ms;
	probe->timeout_ms = written->timeout_ms;
	probe->rise = written->rise;
	probe->fall = written->fall;
	probe_good(b, tree_find(node, "good"));
}

void
build_passive(struct build *b)
{
	const struct written_passive *written = &b->written->upstreams.passive;
	const struct tree_node *mapping = tree_find(tree_find(b->top, "upstreams"), "passive");

	b->config->passive = (struct config_passive){
		.on = mapping != NULL,
		.responses = written->responses,
		.timeout_percent = written->timeout_percent,
		.servfail_percent = written->servfail_percent,
	};
	if (mapping != NULL && written->timeout_percent == 100 && written->servfail_percent == 100)
		fault_warning(b->faults, mapping->line,
			      "upstreams.passive: timeout_percent and servfail_percent are 100, so "
			      "no server is ever taken out: lower one, or remove the section");
}
