/* SPDX-License-Identifier: BSD-3-Clause */
/* The formats of metrics, and their selection by the Accept header. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/metrics/text.h"
#include "tests/unit/suite.h"

static const struct accept_case {
	const char *accept;
	enum metrics_format format;
} accepts[] = {
	{"", METRICS_PROMETHEUS},
	{"*/*", METRICS_PROMETHEUS},
	{"text/html,application/xhtml+xml,*/*;q=0.8", METRICS_PROMETHEUS},
	{"text/plain;version=0.0.4", METRICS_PROMETHEUS},
	{"application/openmetrics-text", METRICS_OPENMETRICS},
	{"application/openmetrics-text; version=1.0.0; charset=utf-8", METRICS_OPENMETRICS},
	{"APPLICATION/OpenMetrics-Text;Version=1.0.0", METRICS_OPENMETRICS},
	/* What Prometheus 2.42 sends. */
	{"application/openmetrics-text;version=1.0.0,application/"
	 "openmetrics-text;version=0.0.1;q=0.75,"
	 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	 METRICS_OPENMETRICS},
	{"text/plain;version=0.0.4;q=0.5 , application/openmetrics-text;version=1.0.0;q=0.4",
	 METRICS_PROMETHEUS},
	{"text/plain;q=0.4,application/openmetrics-text;q=0.4", METRICS_OPENMETRICS},
	{"application/openmetrics-text;q=0", METRICS_PROMETHEUS},
	{"application/openmetrics-text;q=-1", METRICS_PROMETHEUS},
	{"application/openmetrics-text;q=nan", METRICS_PROMETHEUS},
	{"application/openmetrics-text;version=2.0.0",
	 METRICS_PROMETHEUS}, /* an unsupported version */
	{"application/openmetrics-textual", METRICS_PROMETHEUS},
	{"application/openmetrics", METRICS_PROMETHEUS},
	{",,;,", METRICS_PROMETHEUS},
	{",application/openmetrics-text", METRICS_OPENMETRICS},
	{"  ", METRICS_PROMETHEUS},
};

static void
test_accept(void)
{
	for (unsigned i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++)
		SUITE_ASSERT(metrics_format_of(accepts[i].accept) == accepts[i].format,
			     "Accept: %s", accepts[i].accept);
}

/* A header as long as the server allows. */
static void
test_accept_long(void)
{
	char *accept = malloc(10001);

	memset(accept, ';', 10000);
	accept[10000] = 0;
	memcpy(accept, "application/openmetrics-text", 28);
	CU_ASSERT_EQUAL(metrics_format_of(accept), METRICS_PROMETHEUS);
	memset(accept, 'a', 10000);
	CU_ASSERT_EQUAL(metrics_format_of(accept), METRICS_PROMETHEUS);
	free(accept);
}

static void
family_of_each_type(struct metrics_writer *writer)
{
	static const double edges[] = {0.000064, 0.5, 2};
	static const uint64_t counts[] = {1, 0, 20, 300};

	metrics_family(writer, METRICS_COUNTER, "e_drops", "", "dropped \"so\", \\ and\nso");
	metrics_count(writer, 18446744073709551615u, "worker", "0", "reason", "a\"b\\c\nd", NULL);
	metrics_family(writer, METRICS_GAUGE, "e_since_seconds", "seconds", "since");
	metrics_value(writer, 1795434397.192, NULL);
	metrics_value(writer, NAN, "of", "nothing", NULL);
	metrics_value(writer, 0.1, "of", "tenth", NULL);
	metrics_family(writer, METRICS_INFO, "e_build", "", "built");
	metrics_count(writer, 1, "version", "1", NULL);
	metrics_family(writer, METRICS_STATESET, "e_state", "", "state");
	metrics_count(writer, 0, "e_state", "up", NULL);
	metrics_family(writer, METRICS_SUMMARY, "e_wait_seconds", "seconds", "wait");
	metrics_summary(writer, 0.25, 3, "upstream", "a", NULL);
	metrics_family(writer, METRICS_HISTOGRAM, "e_latency_seconds", "seconds", "latency");
	metrics_histogram(writer, edges, counts, 3, 17.5);
	metrics_end(writer);
}

static const struct format_case {
	enum metrics_format format;
	const char *content_type, *text;
} formats[] = {
	{METRICS_PROMETHEUS, "text/plain; version=0.0.4; charset=utf-8",
	 "# HELP e_drops_total dropped \"so\", \\\\ and\\nso\n"
	 "# TYPE e_drops_total counter\n"
	 "e_drops_total{worker=\"0\",reason=\"a\\\"b\\\\c\\nd\"} 18446744073709551615\n"
	 "# HELP e_since_seconds since\n"
	 "# TYPE e_since_seconds gauge\n"
	 "e_since_seconds 1795434397.192\n"
	 "e_since_seconds{of=\"nothing\"} NaN\n"
	 "e_since_seconds{of=\"tenth\"} 0.1\n"
	 "# HELP e_build_info built\n"
	 "# TYPE e_build_info gauge\n"
	 "e_build_info{version=\"1\"} 1\n"
	 "# HELP e_state state\n"
	 "# TYPE e_state gauge\n"
	 "e_state{e_state=\"up\"} 0\n"
	 "# HELP e_wait_seconds wait\n"
	 "# TYPE e_wait_seconds summary\n"
	 "e_wait_seconds_sum{upstream=\"a\"} 0.25\n"
	 "e_wait_seconds_count{upstream=\"a\"} 3\n"
	 "# HELP e_latency_seconds latency\n"
	 "# TYPE e_latency_seconds histogram\n"
	 "e_latency_seconds_bucket{le=\"6.4e-05\"} 1\n"
	 "e_latency_seconds_bucket{le=\"0.5\"} 1\n"
	 "e_latency_seconds_bucket{le=\"2.0\"} 21\n"
	 "e_latency_seconds_bucket{le=\"+Inf\"} 321\n"
	 "e_latency_seconds_sum 17.5\n"
	 "e_latency_seconds_count 321\n"},
	{METRICS_OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8",
	 "# HELP e_drops dropped \\\"so\\\", \\\\ and\\nso\n"
	 "# TYPE e_drops counter\n"
	 "e_drops_total{worker=\"0\",reason=\"a\\\"b\\\\c\\nd\"} 18446744073709551615\n"
	 "# HELP e_since_seconds since\n"
	 "# TYPE e_since_seconds gauge\n"
	 "# UNIT e_since_seconds seconds\n"
	 "e_since_seconds 1795434397.192\n"
	 "e_since_seconds{of=\"nothing\"} NaN\n"
	 "e_since_seconds{of=\"tenth\"} 0.1\n"
	 "# HELP e_build built\n"
	 "# TYPE e_build info\n"
	 "e_build_info{version=\"1\"} 1\n"
	 "# HELP e_state state\n"
	 "# TYPE e_state stateset\n"
	 "e_state{e_state=\"up\"} 0\n"
	 "# HELP e_wait_seconds wait\n"
	 "# TYPE e_wait_seconds summary\n"
	 "# UNIT e_wait_seconds seconds\n"
	 "e_wait_seconds_sum{upstream=\"a\"} 0.25\n"
	 "e_wait_seconds_count{upstream=\"a\"} 3\n"
	 "# HELP e_latency_seconds latency\n"
	 "# TYPE e_latency_seconds histogram\n"
	 "# UNIT e_latency_seconds seconds\n"
	 "e_latency_seconds_bucket{le=\"6.4e-05\"} 1\n"
	 "e_latency_seconds_bucket{le=\"0.5\"} 1\n"
	 "e_latency_seconds_bucket{le=\"2.0\"} 21\n"
	 "e_latency_seconds_bucket{le=\"+Inf\"} 321\n"
	 "e_latency_seconds_sum 17.5\n"
	 "e_latency_seconds_count 321\n"
	 "# EOF\n"},
};

static void
test_formats(void)
{
	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		char *text = NULL;
		size_t bytes = 0;
		struct metrics_writer writer = {.out = open_memstream(&text, &bytes),
						.format = formats[i].format};

		family_of_each_type(&writer);
		fclose(writer.out);
		SUITE_ASSERT(strcmp(text, formats[i].text) == 0, "format %u wrote:\n%s", i, text);
		CU_ASSERT_STRING_EQUAL(metrics_content_type(formats[i].format),
				       formats[i].content_type);
		free(text);
	}
}

struct figures {
	uint64_t seen, lost;
};

static void
share_sample(struct metrics_writer *writer, const struct metrics_subject *subject)
{
	const struct figures *figures = subject->figures;

	metrics_value(writer, (double)figures->lost / (double)figures->seen, subject->label,
		      subject->name, NULL);
}

static void
test_rows(void)
{
	static const struct metrics_row rows[] = {
		{METRICS_COUNTER, "e_lost", "", "lost", NULL, offsetof(struct figures, lost)},
		{METRICS_GAUGE, "e_share", "", "share", share_sample, 0},
	};
	static const struct figures figures[] = {{4, 1}, {8, 4}};
	static const struct metrics_subject subjects[] = {{"worker", "0", &figures[0]},
							  {"worker", "1", &figures[1]}};
	static const struct metrics_subject alone = {NULL, NULL, &figures[0]};
	char *text = NULL;
	size_t bytes = 0;
	struct metrics_writer writer = {.out = open_memstream(&text, &bytes)};

	metrics_rows(&writer, rows, 2, subjects, 2);
	metrics_rows(&writer, rows, 1, &alone, 1);
	fclose(writer.out);
	CU_ASSERT_STRING_EQUAL(text, "# HELP e_lost_total lost\n"
				     "# TYPE e_lost_total counter\n"
				     "e_lost_total{worker=\"0\"} 1\n"
				     "e_lost_total{worker=\"1\"} 4\n"
				     "# HELP e_share share\n"
				     "# TYPE e_share gauge\n"
				     "e_share{worker=\"0\"} 0.25\n"
				     "e_share{worker=\"1\"} 0.5\n"
				     "# HELP e_lost_total lost\n"
				     "# TYPE e_lost_total counter\n"
				     "e_lost_total 1\n");
	free(text);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"which format a scraper gets", test_accept},
		{"a long invalid header", test_accept_long},
		{"each type of family in each format", test_formats},
		{"a table of families", test_rows},
		CU_TEST_INFO_NULL,
	};

	return suite_run("metrics_text", tests);
}
