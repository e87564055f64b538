/* SPDX-License-Identifier: BSD-3-Clause */
/* The text that commands print for ephemerad's responses: JSON in, text out, at several widths,
 * with and without colours. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/cli/render.h"
#include "control/cli/table.h"
#include "control/cli/top.h"
#include "tests/unit/suite.h"

enum what {
	DROPS,
	DROPS_ALL,
	LATENCY,
	PORTS,
	PORTS_LIVE,
};

static char *
rendered(enum what what, const char *json, const struct style *style)
{
	json_error_t error;
	json_t *result = json_loads(json, 0, &error);
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);

	if (result == NULL || stream == NULL) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	switch (what) {
	case DROPS:
	case DROPS_ALL:
		drops_render(result, what == DROPS_ALL, stream);
		break;
	case LATENCY:
		latency_render(result, style, stream);
		break;
	case PORTS:
	case PORTS_LIVE:
		ports_render(result, what == PORTS_LIVE, style, stream);
		break;
	}
	fclose(stream);
	json_decref(result);
	return text;
}

#define DROPS_JSON                                                                                 \
	"{\"window_s\": 10.0, \"total\": 1234, \"rate_per_s\": 3.25,"                              \
	" \"drops\": [{\"reason\": \"runt\", \"count\": 0, \"rate_per_s\": 0.0, \"help\": \"too "  \
	"short\"},"                                                                                \
	"             {\"reason\": \"vlan\", \"count\": 1234, \"rate_per_s\": 3.25, \"help\": "    \
	"\"tagged\"}],"                                                                            \
	" \"steer\": [{\"verdict\": \"stray\", \"count\": 0, \"rate_per_s\": 0.0, \"help\": "      \
	"\"dropped\"}]}"

#define HISTOGRAM                                                                                  \
	"{\"count\": 1000, \"mean_us\": 310.4, \"p50_us\": 288, \"p90_us\": 352, \"p99_us\": "     \
	"1280,"                                                                                    \
	" \"p999_us\": 2048, \"max_us\": 1500000,"                                                 \
	" \"buckets\": [[224, 256, 100], [256, 288, 800], [1152, 1280, 99], [1400000, null, 1]]}"

#define NOTHING                                                                                    \
	"{\"count\": 0, \"mean_us\": null, \"p50_us\": null, \"p90_us\": null, \"p99_us\": null,"  \
	" \"p999_us\": null, \"max_us\": null, \"buckets\": []}"

/* Eight columns of cells: ports 1000 to 1031, of which 1000, 1001 and 1024 to 1031 are not
 * drawn. */
#define PORTS_JSON                                                                                 \
	"{\"first\": 1000, \"last\": 1031, \"excluded\": [[1000, 1001], [1024, 1031]], "           \
	"\"window_s\": 61.4,"                                                                      \
	" \"cell_ports\": 1, \"columns\": 8, \"ports\": 22, \"used\": 20, \"draws\": 4000, "       \
	"\"min\": 0,"                                                                              \
	" \"max\": 300, \"mean\": 181.8, \"in_flight\": 1, \"in_flight_ports\": 1,"                \
	" \"in_flight_elsewhere\": 2, \"verdict\": \"uniform\","                                   \
	" \"test\": {\"chi_square\": 20.6, \"degrees\": 21, \"p\": 0.48},"                         \
	" \"drawn\": [0, 0, 9, 9, 9, 9, 9, 9,  9, 9, 9, 0, 9, 9, 0, 9,"                            \
	"             9, 9, 9, 9, 9, 9, 9, 9,  0, 0, 0, 0, 0, 0, 0, 0],"                           \
	" \"live\": [0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 1, 0, 0,"                             \
	"            0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0]}"

#define PORTS_TOTALS                                                                               \
	"\n"                                                                                       \
	"range    1000-1031, 32 ports, 10 of them excluded\n"                                      \
	"window   61 s: 4,000 queries from 20 of 22 ports (90.9%)\n"                               \
	"per port 0 at least, 181.8 on average, 300 at most\n"                                     \
	"now      1 in flight, on 1 port, 2 outside the range\n"                                   \
	"draws    uniform; chi-square of the ports 21 of 21, p 0.4800\n"

static const struct {
	enum what what;
	struct style style;
	const char *json, *text;
} renders[] = {
	{DROPS,
	 {.columns = 80},
	 DROPS_JSON,
	 "packets dropped: 1,234 since the dataplane started, 3.2 per second in the last 10 s\n"
	 "\n"
	 "drops by reason\n"
	 "  reason  packets  per second  meaning\n"
	 "  vlan      1,234         3.2  tagged\n"
	 "\n"
	 "verdicts of the XDP program: none\n"},
	{DROPS_ALL,
	 {.columns = 80},
	 DROPS_JSON,
	 "packets dropped: 1,234 since the dataplane started, 3.2 per second in the last 10 s\n"
	 "\n"
	 "drops by reason\n"
	 "  reason  packets  per second  meaning\n"
	 "  runt          0           0  too short\n"
	 "  vlan      1,234         3.2  tagged\n"
	 "\n"
	 "verdicts of the XDP program\n"
	 "  verdict  packets  per second  meaning\n"
	 "  stray          0           0  dropped\n"},
	{LATENCY,
	 {.columns = 54},
	 "{\"recent\": " NOTHING ", \"total\": " HISTOGRAM
	 ", \"window_s\": 9.8, \"workers\": [" HISTOGRAM
	 "], \"upstreams\": [{\"name\": \"a\", \"address\": \"192.0.2.1\", \"responses\": 7,"
	 " \"mean_us\": 99.7},"
	 " {\"name\": \"b\", \"address\": \"::1\", \"responses\": 0, \"mean_us\": null}]}",
	 "responses        count    mean     p50     p90     p99   p99.9    max\n"
	 "last 10 s            0       -       -       -       -       -      -\n"
	 "since the start  1,000  310 us  288 us  352 us  1.3 ms  2.0 ms  1.5 s\n"
	 "\n"
	 "upstream  address    responses    mean\n"
	 "a         192.0.2.1          7  100 us\n"
	 "b         ::1                0       -\n"
	 "\n"
	 "distribution since the start\n"
	 "  less than   256 us           100   10.0%  ##\n"
	 "  less than   512 us           800   80.0%  ##########\n"
	 "  less than   1.0 ms             0    0.0%  \n"
	 "  less than   2.0 ms            99    9.9%  ##\n"
	 "  less than   4.1 ms             0    0.0%  \n"
	 "  less than   8.2 ms             0    0.0%  \n"
	 "  less than  16.4 ms             0    0.0%  \n"
	 "  less than  32.8 ms             0    0.0%  \n"
	 "  less than  65.5 ms             0    0.0%  \n"
	 "  less than 131.1 ms             0    0.0%  \n"
	 "  less than 262.1 ms             0    0.0%  \n"
	 "  less than 524.3 ms             0    0.0%  \n"
	 "  less than    1.0 s             0    0.0%  \n"
	 "  less than    2.1 s             1    0.1%  #\n"},
	/* Two workers have a row each; without responses there is no distribution. */
	{LATENCY,
	 {.columns = 80},
	 "{\"recent\": " NOTHING ", \"total\": " NOTHING
	 ", \"window_s\": 10, \"workers\": [" NOTHING ", " NOTHING "], \"upstreams\": []}",
	 "responses        count  mean  p50  p90  p99  p99.9  max\n"
	 "last 10 s            0     -    -    -    -      -    -\n"
	 "since the start      0     -    -    -    -      -    -\n"
	 "  worker 0           0     -    -    -    -      -    -\n"
	 "  worker 1           0     -    -    -    -      -    -\n"
	 "\n"},
	/* Rows 1000 and 1008 share characters, as do 1016 and 1024. */
	{PORTS,
	 {.columns = 80},
	 PORTS_JSON,
	 "queries of the last 61 s, by source port\n"
	 "   1000 ..#'##'#\n"
	 "   1016 ''''''''\n"
	 "        queries in: # both squares, ' the upper, . the lower; - excluded; 1 port per "
	 "square\n" PORTS_TOTALS},
	{PORTS,
	 {.columns = 80, .unicode = true},
	 PORTS_JSON,
	 "queries of the last 61 s, by source port\n"
	 "   1000 ▄▄█▀██▀█\n"
	 "   1016 ▀▀▀▀▀▀▀▀\n"
	 "        queries in: █ both squares, ▀ the upper, ▄ the lower; · excluded; 1 port per "
	 "square\n" PORTS_TOTALS},
	{PORTS_LIVE,
	 {.columns = 80},
	 PORTS_JSON,
	 "queries in flight now, by source port\n"
	 "   1000      .  \n"
	 "   1016         \n"
	 "        queries in: # both squares, ' the upper, . the lower; - excluded; 1 port per "
	 "square\n" PORTS_TOTALS},
	/* Half as wide: squares of two by two ports; a character shows both rows of squares. */
	{PORTS,
	 {.columns = 12},
	 PORTS_JSON,
	 "queries of the last 61 s, by source port\n"
	 "   1000 ####\n"
	 "        queries in: # both squares, ' the upper, . the lower; - excluded; 4 ports per "
	 "square\n" PORTS_TOTALS},
	/* No space for columns: one square. */
	{PORTS,
	 {.columns = 5},
	 PORTS_JSON,
	 "queries of the last 61 s, by source port\n"
	 "   1000 '\n"
	 "        queries in: # both squares, ' the upper, . the lower; - excluded; 64 ports per "
	 "square\n" PORTS_TOTALS},
	/* Excluded ports have no colour; the brightest is the fullest. */
	{PORTS,
	 {.columns = 80, .unicode = true, .colour = true, .terminal = true},
	 "{\"first\": 2000, \"last\": 2003, \"excluded\": [[2002, 2003]], \"cell_ports\": 1,"
	 " \"columns\": 2, \"drawn\": [0, 8, 0, 0], \"live\": [0, 0, 0, 0], \"ports\": 2,"
	 " \"used\": 1, \"draws\": 8, \"min\": 0, \"max\": 8, \"mean\": 4.0,"
	 " \"verdict\": \"too few draws\", \"test\": null}",
	 "queries of the last 0 s, by source port\n"
	 "   2000 \033[38;5;236;49m▀\033[38;5;226;49m▀\033[0m\n"
	 "        \033[38;5;236m█\033[0m none  "
	 "\033[38;5;54m█\033[38;5;61m█\033[38;5;67m█\033[38;5;72m█"
	 "\033[38;5;113m█\033[38;5;184m█\033[38;5;226m█\033[0m "
	 "up to 8.0 queries per port; 1 port per square\n"
	 "\n"
	 "range    2000-2003, 4 ports, 2 of them excluded\n"
	 "window   0 s: 8 queries from 1 of 2 ports (50.0%)\n"
	 "per port 0 at least, 4.0 on average, 8 at most\n"
	 "now      0 in flight, on 0 ports\n"
	 "draws    too few draws\n"},
	/* A response without a valid map. */
	{PORTS,
	 {.columns = 80},
	 "{\"first\": 2000, \"last\": 2003, \"cell_ports\": 0, \"columns\": 0,"
	 " \"drawn\": [1, 2, 3]}",
	 "queries of the last 0 s, by source port\n"
	 "\n"
	 "range    2000-2003, 4 ports, 4 of them excluded\n"
	 "window   0 s: 0 queries from 0 of 0 ports (0.0%)\n"
	 "per port 0 at least, 0.0 on average, 0 at most\n"
	 "now      0 in flight, on 0 ports\n"
	 "draws    -\n"},
};

static void
test_renders(void)
{
	for (size_t i = 0; i < sizeof(renders) / sizeof(renders[0]); i++) {
		char *text = rendered(renders[i].what, renders[i].json, &renders[i].style);

		SUITE_ASSERT(strcmp(text, renders[i].text) == 0, "row %zu: expected\n%s\ngot\n%s",
			     i, renders[i].text, text);
		free(text);
	}
}

/* Styles and clipping */

static const struct {
	const char *what;
	struct style style;
	const char *text;
	bool clip;
	const char *printed;
} prints[] = {
	{"no terminal: no escape sequences",
	 {.columns = 80},
	 STYLE_BOLD "a" STYLE_END "b\n",
	 false,
	 "ab\n"},
	{"styles",
	 {.columns = 80, .terminal = true, .colour = true},
	 STYLE_BAD "a" STYLE_END "b\n",
	 false,
	 "\033[1;31ma\033[0mb\n"},
	{"no colours: reverse video for red",
	 {.columns = 80, .terminal = true},
	 STYLE_BAD "a" STYLE_END "\n",
	 false,
	 "\033[7ma\033[0m\n"},
	{"a style ends at the end of the line",
	 {.columns = 80, .terminal = true},
	 STYLE_BOLD "a\nb\n",
	 false,
	 "\033[1ma\033[0m\nb\n"},
	{"a line is clipped",
	 {.columns = 3, .terminal = true},
	 "abcdef\ngh\n",
	 true,
	 "abc\033[K\r\ngh\033[K\r\n"},
	{"marks have no width",
	 {.columns = 3, .terminal = true},
	 STYLE_BOLD "ab" STYLE_END "cd\n",
	 true,
	 "\033[1mab\033[0mc\033[K\r\n"},
	{"multi-byte characters are not split",
	 {.columns = 2, .terminal = true},
	 "\xc3\xa9\xc3\xa9\xc3\xa9",
	 true,
	 "\xc3\xa9\xc3\xa9"},
	{"rows are clipped",
	 {.columns = 9, .rows = 2, .terminal = true},
	 "a\nb\nc\n",
	 true,
	 "a\033[K\r\nb\033[K"},
};

static void
test_prints(void)
{
	for (size_t i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		char *text = NULL;
		size_t bytes;
		FILE *stream = open_memstream(&text, &bytes);

		if (stream == NULL)
			abort();
		style_print(&prints[i].style, prints[i].text, prints[i].clip, stream);
		fclose(stream);
		SUITE_ASSERT(strcmp(text, prints[i].printed) == 0, "%s: %s", prints[i].what, text);
		free(text);
	}
}

static const struct {
	bool unicode;
	double share;
	unsigned columns;
	const char *bar;
} bars[] = {
	{false, 0, 10, ""},	 {false, 1, 10, "##########"}, {false, 0.5, 10, "#####"},
	{false, 0.001, 10, "#"}, {true, 1, 2, "██"},	       {true, 0.5, 1, "▌"},
	{true, 0.0001, 4, "▏"},	 {true, 0.53125, 4, "██▏"},    {true, 0, 4, ""},
};

static void
test_bars(void)
{
	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		const struct style style = {.unicode = bars[i].unicode};
		char text[64];

		SUITE_ASSERT(strcmp(style_bar(&style, bars[i].share, bars[i].columns, text),
				    bars[i].bar) == 0,
			     "%f of %u: %s", bars[i].share, bars[i].columns, text);
	}
}

static const struct {
	const char *text;
	int width;
} widths[] = {{"", 0}, {"abc", 3}, {"\xc3\xa9", 1}, {STYLE_GOOD "up" STYLE_END, 2}};

static void
test_widths(void)
{
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		CU_ASSERT_EQUAL(style_width(widths[i].text), widths[i].width);
}

static const struct {
	double number;
	const char *rate, *share;
} rates[] = {
	{0, "0", "0.0%"},   {0.04, "0.0", "4.0%"},   {1, "1.0", "100.0%"},
	{9.96, "10", NULL}, {1234.5, "1,235", NULL},
};

static void
test_rates(void)
{
	char text[TABLE_NUMBER_BYTES];

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		CU_ASSERT_STRING_EQUAL(rate_format(rates[i].number, text), rates[i].rate);
		if (rates[i].share != NULL)
			CU_ASSERT_STRING_EQUAL(share_format(rates[i].number, text), rates[i].share);
	}
}

/* top's figures */

#define STATS(BOOT, US, QUERIES, DROPS)                                                            \
	"{\"ok\": true, \"result\": {\"boot_id\": \"" BOOT "\", \"monotonic_us\": " US ","         \
	" \"counters\": {\"queries\": " QUERIES                                                    \
	", \"responses\": 0, \"timeouts\": 0, \"coalesced\": 0},"                                  \
	" \"drops\": {\"runt\": " DROPS                                                            \
	"}, \"steer\": {\"query\": 5}, \"interfaces\": [], \"upstreams\": []}}"

static const struct {
	const char *what, *before, *now;
	const char *rate;  /* of queries */
	const char *drops; /* rows */
} figures[] = {
	{"two seconds apart", STATS("a", "1000000", "100", "0"), STATS("a", "3000000", "300", "8"),
	 "100.0", "[{\"reason\": \"runt\", \"count\": 8, \"rate_per_s\": 4.0}]"},
	{"a restarted dataplane", STATS("a", "1000000", "100", "1"),
	 STATS("b", "3000000", "300", "8"), "null",
	 "[{\"reason\": \"runt\", \"count\": 8, \"rate_per_s\": 0.0}]"},
	{"the first round", NULL, STATS("a", "3000000", "300", "0"), "null", "[]"},
	{"no time between the rounds", STATS("a", "3000000", "100", "0"),
	 STATS("a", "3000000", "300", "0"), "null", "[]"},
	{"no statistics", STATS("a", "3000000", "100", "0"),
	 "{\"ok\": false, \"error\": \"not connected\"}", "null", "[]"},
};

static void
test_figures(void)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		struct top_responses responses = {
			.stats_before = figures[i].before == NULL
						? NULL
						: json_loads(figures[i].before, 0, NULL)};
		json_t *result, *rate, *drops = json_loads(figures[i].drops, 0, NULL);

		responses.now[TOP_STATS] = json_loads(figures[i].now, 0, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(responses.now[TOP_STATS]);
		result = top_figures(&responses);
		rate = json_loads(figures[i].rate, JSON_DECODE_ANY, NULL);
		SUITE_ASSERT(
			json_equal(json_object_get(json_object_get(result, "rates"), "queries"),
				   rate),
			"%s: rate", figures[i].what);
		SUITE_ASSERT(json_equal(json_object_get(result, "drops"), drops), "%s: drops",
			     figures[i].what);
		json_decref(responses.now[TOP_STATS]);
		json_decref(responses.stats_before);
		json_decref(result);
		json_decref(rate);
		json_decref(drops);
	}
}

static CU_TestInfo tests[] = {
	{"responses as text", test_renders},
	{"styles and clipping", test_prints},
	{"bars", test_bars},
	{"widths", test_widths},
	{"rates and shares", test_rates},
	{"figures of top", test_figures},
	CU_TEST_INFO_NULL,
};

int
main(void)
{
	return suite_run("cli_render", tests);
}
