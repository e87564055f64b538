/* SPDX-License-Identifier: BSD-3-Clause */
/* The window of draws: its counts, and how it advances. */
#include <stdlib.h>
#include <string.h>

#include "control/stats/draw_window.h"
#include "control/stats/uniformity.h"
#include "tests/unit/suite.h"

#define S UINT64_C(1000000000)

struct fixture {
	uint8_t *segment;
	struct worker_stats *workers;
	struct stats_reader reader;
	struct draw_window window;
	struct draw_difference *difference;
};

static struct fixture
fixture_open(void)
{
	const size_t bytes = sizeof(struct stats_header) + 2 * sizeof(struct worker_stats);
	struct fixture f = {.segment = calloc(1, bytes),
			    .difference = malloc(sizeof(*f.difference))};

	f.reader = (struct stats_reader){.segment = f.segment,
					 .size_bytes = bytes,
					 .worker_count = 2,
					 .worker_offset = sizeof(struct stats_header),
					 .worker_stride = sizeof(struct worker_stats)};
	f.workers = (struct worker_stats *)(void *)(f.segment + sizeof(struct stats_header));
	return f;
}

static void
fixture_close(struct fixture *f)
{
	draw_window_fini(&f->window);
	free(f->segment);
	free(f->difference);
}

static void
draw(struct worker_stats *worker, uint16_t port, uint16_t id, unsigned source)
{
	worker->draw.draws++;
	worker->draw.id_high[id >> 8]++;
	worker->draw.id_low[id & 255]++;
	worker->draw.sources[source]++;
	worker->draw.port_sums.x += port;
	worker->draw.port_sums.xx += (uint64_t)port * port;
	worker->draw.id_sums.xy += id;
	worker->draw.case_queries++;
	worker->draw.case_letters += 7;
	worker->ports[port].drawn++;
}

static void
test_difference(void)
{
	struct fixture f = fixture_open();
	struct draw_difference *d = f.difference, *sum = calloc(1, sizeof(*sum));

	draw_window_init(&f.window, &f.reader);
	CU_ASSERT_FALSE(draw_window_is_open(&f.window));
	f.workers[1].ports[60000].drawn = UINT32_MAX; /* it wraps */
	f.workers[1].draw.port_sums.xx = UINT64_MAX - 5;
	draw(&f.workers[0], 50000, 1, 0);
	draw_window_turn(&f.window, 10 * S);
	CU_ASSERT_TRUE(draw_window_is_open(&f.window));
	draw(&f.workers[0], 50001, 0x1234, 3);
	draw(&f.workers[1], 60000, 0xffff, 255);
	draw(&f.workers[1], 60000, 0, 255);
	draw_window_read(&f.window, 0, d);
	CU_ASSERT(d->stats.draws == 1 && d->ports[50000] == 0 && d->ports[50001] == 1);
	CU_ASSERT(d->stats.id_high[0x12] == 1 && d->stats.id_low[0x34] == 1 &&
		  d->stats.id_high[0] == 0);
	CU_ASSERT(d->stats.sources[3] == 1 && d->stats.sources[0] == 0);
	CU_ASSERT(d->stats.port_sums.x == 50001 && d->stats.id_sums.xy == 0x1234);
	draw_difference_add(sum, d);
	draw_window_read(&f.window, 1, d);
	CU_ASSERT(d->stats.draws == 2 && d->ports[60000] == 2);
	CU_ASSERT(d->stats.port_sums.xx == UINT64_C(7200000000));
	draw_difference_add(sum, d);
	CU_ASSERT(sum->stats.draws == 3 && sum->stats.case_queries == 3 &&
		  sum->stats.case_letters == 21);
	CU_ASSERT(sum->ports[50001] == 1 && sum->ports[60000] == 2 && sum->stats.id_low[255] == 1);
	free(sum);
	fixture_close(&f);
}

/* One draw per second: the window is 60 to 120 seconds long once it has run for 60. */
static void
test_moves_on(void)
{
	struct fixture f = fixture_open();

	draw_window_init(&f.window, &f.reader);
	for (unsigned second = 1000; second < 1500; second++) {
		uint64_t length;

		draw_window_turn(&f.window, second * S);
		draw(&f.workers[0], 50000, 1, 0);
		draw_window_read(&f.window, 0, f.difference);
		length = second + 1 - f.window.base_ns / S;
		SUITE_ASSERT(f.difference->stats.draws == length, "second %u: %llu draws in %llu s",
			     second, (unsigned long long)f.difference->stats.draws,
			     (unsigned long long)length);
		SUITE_ASSERT(length <= 121 && (second < 1060 || length > 60),
			     "second %u: %llu s long", second, (unsigned long long)length);
	}
	draw_window_begin(&f.window, 1500 * S);
	draw_window_read(&f.window, 0, f.difference);
	CU_ASSERT_EQUAL(f.difference->stats.draws, 0);
	fixture_close(&f);
}

/* The very first draw has no predecessor: it must not look like a correlation. */
static void
test_first(void)
{
	struct fixture f = fixture_open();
	struct draw_stats *stats = &f.workers[0].draw;
	struct uniformity_serial serial;
	uint64_t state = 9, last = 0;

	draw_window_init(&f.window, &f.reader);
	draw_window_turn(&f.window, 1 * S);
	for (unsigned n = 0; n < 1100; n++) {
		uint64_t x;

		state = state * 6364136223846793005u + 1442695040888963407u;
		x = 49152 + (state >> 50);
		stats->draws++;
		stats->port_sums.x += x;
		stats->port_sums.xx += x * x;
		stats->port_sums.xy += x * last;
		last = x;
	}
	draw_window_read(&f.window, 0, f.difference);
	stats = &f.difference->stats;
	serial = uniformity_serial(stats->draws, &(struct uniformity_sums){stats->port_sums.x,
									   stats->port_sums.xx,
									   stats->port_sums.xy});
	SUITE_ASSERT(serial.z > -3 && serial.z < 3, "z %.2f", serial.z);
	fixture_close(&f);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"differences", test_difference},
			       {"it advances", test_moves_on},
			       {"the first draw", test_first},
			       CU_TEST_INFO_NULL};

	return suite_run("draw_window", tests);
}
