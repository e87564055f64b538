/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes metrics in the text format of Prometheus 0.0.4 or in OpenMetrics 1.0.0.
 *
 * A family is announced once, and its samples follow before the next family. Only this file knows
 * the differences of the formats (the name of a counter's family, info and stateset, the last
 * line):
 *
 *     metrics_family(&writer, METRICS_COUNTER, "ephemera_drops", "", "packets dropped");
 *     metrics_count(&writer, 17, "worker", "0", "reason", "runt", NULL);
 *
 * Labels are pairs of a name and a value, terminated by NULL; values are escaped. */
#ifndef EPHEMERA_CONTROL_METRICS_TEXT_H
#define EPHEMERA_CONTROL_METRICS_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum metrics_format {
	METRICS_PROMETHEUS,
	METRICS_OPENMETRICS,
};

enum metrics_type {
	METRICS_COUNTER, /* the family's name is without _total, the samples' with it */
	METRICS_GAUGE,
	METRICS_HISTOGRAM,
	METRICS_SUMMARY, /* sum and count, no quantiles */
	METRICS_INFO,	 /* the family's name is without _info, the samples' with it; value 1 */
	METRICS_STATESET,
};

struct metrics_writer {
	FILE *out;
	enum metrics_format format;
	const char *name; /* of the current family */
	enum metrics_type type;
};

/* The format to use for an Accept header: OpenMetrics only if it is listed with at least the
 * quality of the other. */
enum metrics_format metrics_format_of(const char *accept);

const char *metrics_content_type(enum metrics_format format);

/* Starts a family. `unit`: "seconds", "bytes"..., then the name must end with it; "" for none.
 * `name` must stay valid until the next family. */
void metrics_family(struct metrics_writer *writer, enum metrics_type type, const char *name,
		    const char *unit, const char *help);

/* A sample of a counter or gauge, an info (value 1), or one state of a stateset (0 or 1). */
void metrics_count(struct metrics_writer *writer, uint64_t value, ...) __attribute__((sentinel));
void metrics_value(struct metrics_writer *writer, double value, ...) __attribute__((sentinel));

void metrics_summary(struct metrics_writer *writer, double sum, uint64_t count, ...)
	__attribute__((sentinel));

/* A histogram without labels: `counts` of the values up to each of `edges`, in order, not
 * cumulative; the last of the edge_count + 1 counts is of the values above all edges. */
void metrics_histogram(struct metrics_writer *writer, const double *edges, const uint64_t *counts,
		       unsigned edge_count, double sum);

/* The object of a sample, for example a worker. */
struct metrics_subject {
	const char *label, *name; /* both NULL: only one, without a label */
	const void *figures;
};

/* A family as a row of a table: */
struct metrics_row {
	enum metrics_type type;
	const char *name, *unit, *help;
	/* Writes the samples of one subject. NULL: writes the uint64_t at `offset` of its figures,
	 * which another process may be updating, with its one label. */
	void (*sample)(struct metrics_writer *writer, const struct metrics_subject *subject);
	size_t offset;
};

/* Writes each family with the samples of all subjects. */
void metrics_rows(struct metrics_writer *writer, const struct metrics_row *rows, unsigned row_count,
		  const struct metrics_subject *subjects, unsigned subject_count);

/* Writes the last line, if the format has one. */
void metrics_end(struct metrics_writer *writer);

#endif
