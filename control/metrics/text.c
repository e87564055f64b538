/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes both formats. */
#include "control/metrics/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Which format */

/* The quality of an entry of an Accept header, from its parameters; 1 by default. */
static double
quality_of(const char *parameters, size_t bytes)
{
	char text[256], *rest = text, *word;
	double quality = 1;

	if (bytes >= sizeof(text))
		return 0;
	memcpy(text, parameters, bytes);
	text[bytes] = 0;
	while ((word = strsep(&rest, ";")) != NULL) {
		word += strspn(word, " \t");
		if (strncasecmp(word, "q=", 2) == 0)
			quality = strtod(word + 2, NULL);
		else if (strncasecmp(word, "version=", 8) == 0 &&
			 strncmp(word + 8, "0.0.4", 5) != 0 && strncmp(word + 8, "1.0.0", 5) != 0)
			return 0; /* an unsupported version */
	}
	return quality >= 0 && quality <= 1 ? quality : 0;
}

enum metrics_format
metrics_format_of(const char *accept)
{
	double openmetrics = 0, text = 0;

	while (*accept != 0) {
		size_t bytes = strcspn(accept, ","), skip = strspn(accept, " \t"), type;
		double quality;

		type = strcspn(accept + skip, "; \t,");
		quality = skip + type > bytes
				  ? 0
				  : quality_of(accept + skip + type, bytes - skip - type);
		if (type == strlen("application/openmetrics-text") &&
		    strncasecmp(accept + skip, "application/openmetrics-text", type) == 0)
			openmetrics = fmax(openmetrics, quality);
		else if (type == strlen("text/plain") &&
			 strncasecmp(accept + skip, "text/plain", type) == 0)
			text = fmax(text, quality);
		accept += bytes + (accept[bytes] == ',');
	}
	return openmetrics > 0 && openmetrics >= text ? METRICS_OPENMETRICS : METRICS_PROMETHEUS;
}

const char *
metrics_content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* Families */

/* The suffix of the samples of a counter or info. */
static const char *
suffix_of(enum metrics_type type)
{
	return type == METRICS_COUNTER ? "_total" : type == METRICS_INFO ? "_info" : "";
}

/* The 0.0.4 format has no info and no stateset. */
static const char *
type_name(const struct metrics_writer *writer)
{
	const bool openmetrics = writer->format == METRICS_OPENMETRICS;

	switch (writer->type) {
	case METRICS_COUNTER:
		return "counter";
	case METRICS_HISTOGRAM:
		return "histogram";
	case METRICS_SUMMARY:
		return "summary";
	case METRICS_INFO:
		return openmetrics ? "info" : "gauge";
	case METRICS_STATESET:
		return openmetrics ? "stateset" : "gauge";
	case METRICS_GAUGE:
		break;
	}
	return "gauge";
}

static void
text_escape(FILE *out, const char *text, bool quotes)
{
	for (; *text != 0; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || (*text == '"' && quotes))
			fprintf(out, "\\%c", *text);
		else
			putc(*text, out);
	}
}

void
metrics_family(struct metrics_writer *writer, enum metrics_type type, const char *name,
	       const char *unit, const char *help)
{
	const bool openmetrics = writer->format == METRICS_OPENMETRICS;
	const char *suffix = openmetrics ? "" : suffix_of(type);

	writer->name = name;
	writer->type = type;
	fprintf(writer->out, "# HELP %s%s ", name, suffix);
	text_escape(writer->out, help, openmetrics);
	fprintf(writer->out, "\n# TYPE %s%s %s\n", name, suffix, type_name(writer));
	if (openmetrics && unit[0] != 0)
		fprintf(writer->out, "# UNIT %s %s\n", name, unit);
}

/* Samples */

static void
labels_write(FILE *out, va_list labels)
{
	const char *name, *value;
	char before = '{';

	while ((name = va_arg(labels, const char *)) != NULL) {
		value = va_arg(labels, const char *);
		fprintf(out, "%c%s=\"", before, name);
		text_escape(out, value, true);
		putc('"', out);
		before = ',';
	}
	if (before == ',')
		putc('}', out);
}

/* The shortest text with the same value. */
static void
number_write(FILE *out, double value)
{
	char text[40];

	if (isnan(value)) {
		fputs("NaN\n", out);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	fprintf(out, "%s\n", text);
}

void
metrics_count(struct metrics_writer *writer, uint64_t value, ...)
{
	va_list labels;

	fprintf(writer->out, "%s%s", writer->name, suffix_of(writer->type));
	va_start(labels, value);
	labels_write(writer->out, labels);
	va_end(labels);
	fprintf(writer->out, " %llu\n", (unsigned long long)value);
}

void
metrics_value(struct metrics_writer *writer, double value, ...)
{
	va_list labels;

	fprintf(writer->out, "%s%s", writer->name, suffix_of(writer->type));
	va_start(labels, value);
	labels_write(writer->out, labels);
	va_end(labels);
	putc(' ', writer->out);
	number_write(writer->out, value);
}

void
metrics_summary(struct metrics_writer *writer, double sum, uint64_t count, ...)
{
	va_list labels, again;

	va_start(labels, count);
	va_copy(again, labels);
	fprintf(writer->out, "%s_sum", writer->name);
	labels_write(writer->out, labels);
	putc(' ', writer->out);
	number_write(writer->out, sum);
	fprintf(writer->out, "%s_count", writer->name);
	labels_write(writer->out, again);
	fprintf(writer->out, " %llu\n", (unsigned long long)count);
	va_end(again);
	va_end(labels);
}

void
metrics_histogram(struct metrics_writer *writer, const double *edges, const uint64_t *counts,
		  unsigned edge_count, double sum)
{
	unsigned long long total = 0;
	char edge[40];

	for (unsigned i = 0; i < edge_count; i++) {
		/* OpenMetrics requires a decimal point in whole numbers. */
		snprintf(edge, sizeof(edge), edges[i] == floor(edges[i]) ? "%.1f" : "%.10g",
			 edges[i]);
		total += counts[i];
		fprintf(writer->out, "%s_bucket{le=\"%s\"} %llu\n", writer->name, edge, total);
	}
	total += counts[edge_count];
	fprintf(writer->out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", writer->name, total,
		writer->name);
	number_write(writer->out, sum);
	fprintf(writer->out, "%s_count %llu\n", writer->name, total);
}

/* Tables of families */

void
metrics_rows(struct metrics_writer *writer, const struct metrics_row *rows, unsigned row_count,
	     const struct metrics_subject *subjects, unsigned subject_count)
{
	for (unsigned r = 0; r < row_count; r++) {
		metrics_family(writer, rows[r].type, rows[r].name, rows[r].unit, rows[r].help);
		for (unsigned i = 0; i < subject_count; i++) {
			const uint64_t *word =
				(const void *)((const char *)subjects[i].figures + rows[r].offset);

			if (rows[r].sample != NULL)
				rows[r].sample(writer, &subjects[i]);
			else
				metrics_count(writer, __atomic_load_n(word, __ATOMIC_RELAXED),
					      subjects[i].label, subjects[i].name, NULL);
		}
	}
}

void
metrics_end(struct metrics_writer *writer)
{
	if (writer->format == METRICS_OPENMETRICS)
		fputs("# EOF\n", writer->out);
}
