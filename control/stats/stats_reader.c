/* SPDX-License-Identifier: BSD-3-Clause */
/* Maps, checks and sums the statistics segment. */
#include "control/stats/stats_reader.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char *
header_fault(const struct stats_header *header, size_t size)
{
	if (header->magic != STATS_MAGIC)
		return "not a statistics segment";
	if (header->version != STATS_VERSION)
		return "unsupported version";
	if (header->worker_count == 0 || header->worker_count > STATS_READER_WORKERS_MAX)
		return "invalid number of workers";
	if (header->size_bytes > size)
		return "shorter than the size in its header";
	if (header->worker_offset < sizeof(*header) || header->worker_offset > header->size_bytes ||
	    header->worker_offset % 8 != 0)
		return "invalid offset of the workers";
	if (header->worker_stride < sizeof(struct worker_stats) || header->worker_stride % 8 != 0 ||
	    header->worker_stride >
		    (header->size_bytes - header->worker_offset) / header->worker_count)
		return "invalid size of the workers";
	return NULL;
}

int
stats_reader_open(struct stats_reader *reader, int fd, const char **why)
{
	const struct stats_header *header;
	struct stat file;
	void *segment;

	*reader = (struct stats_reader){0};
	*why = "cannot read its size";
	if (fstat(fd, &file) < 0)
		return -errno;
	*why = "shorter than its header";
	if (file.st_size < (off_t)sizeof(*header))
		return -EINVAL;
	*why = "cannot map it";
	segment = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (segment == MAP_FAILED)
		return -errno;
	*reader = (struct stats_reader){.segment = segment, .size_bytes = (size_t)file.st_size};
	header = segment;
	*why = header_fault(header, reader->size_bytes);
	if (*why != NULL) {
		stats_reader_close(reader);
		return -EINVAL;
	}
	reader->worker_count = header->worker_count;
	reader->worker_offset = header->worker_offset;
	reader->worker_stride = header->worker_stride;
	return 0;
}

void
stats_reader_close(struct stats_reader *reader)
{
	if (reader->segment != NULL)
		munmap((void *)reader->segment, reader->size_bytes);
	*reader = (struct stats_reader){0};
}

bool
stats_reader_is_open(const struct stats_reader *reader)
{
	return reader->segment != NULL;
}

const struct stats_header *
stats_reader_header(const struct stats_reader *reader)
{
	return (const void *)reader->segment;
}

const struct worker_stats *
stats_reader_worker(const struct stats_reader *reader, unsigned worker)
{
	return (const void *)(reader->segment + reader->worker_offset +
			      worker * reader->worker_stride);
}

static uint64_t
word_read(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* The sum of the word at `offset` over all workers. */
static uint64_t
words_sum(const struct stats_reader *reader, size_t offset)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < reader->worker_count; i++)
		sum += word_read(
			(const void *)((const char *)stats_reader_worker(reader, i) + offset));
	return sum;
}

uint64_t
stats_reader_counter(const struct stats_reader *reader, enum worker_counter counter)
{
	return words_sum(reader, offsetof(struct worker_stats, counters[counter]));
}

uint64_t
stats_reader_drop(const struct stats_reader *reader, enum drop_reason reason)
{
	return words_sum(reader, offsetof(struct worker_stats, drops[reason]));
}

uint64_t
stats_reader_in_flight(const struct stats_reader *reader)
{
	return words_sum(reader, offsetof(struct worker_stats, flows_in_flight));
}

struct upstream_stats
stats_reader_upstream(const struct stats_reader *reader, unsigned slot)
{
	struct upstream_stats sum = {0};

	for (unsigned i = 0; i < reader->worker_count; i++) {
		const struct upstream_stats *one = &stats_reader_worker(reader, i)->upstreams[slot];

		sum.queries += word_read(&one->queries);
		sum.responses += word_read(&one->responses);
		sum.servfails += word_read(&one->servfails);
		sum.timeouts += word_read(&one->timeouts);
		sum.wrong_case += word_read(&one->wrong_case);
		sum.in_flight += word_read(&one->in_flight);
		sum.latency_sum_us += word_read(&one->latency_sum_us);
		sum.attacked += word_read(&one->attacked);
	}
	return sum;
}

static void
histogram_add(struct stats_histogram *sum, const struct worker_stats *worker)
{
	for (unsigned i = 0; i < STATS_LATENCY_BUCKETS; i++) {
		uint64_t count = word_read(&worker->latency[i]);

		sum->buckets[i] += count;
		sum->count += count;
	}
	sum->sum_us += word_read(&worker->latency_sum_us);
}

struct stats_histogram
stats_reader_histogram_of(const struct stats_reader *reader, unsigned worker)
{
	struct stats_histogram histogram = {0};

	histogram_add(&histogram, stats_reader_worker(reader, worker));
	return histogram;
}

struct stats_histogram
stats_reader_histogram(const struct stats_reader *reader)
{
	struct stats_histogram sum = {0};

	for (unsigned i = 0; i < reader->worker_count; i++)
		histogram_add(&sum, stats_reader_worker(reader, i));
	return sum;
}

uint64_t
stats_histogram_quantile(const struct stats_histogram *histogram, unsigned thousandths)
{
	/* count * thousandths could overflow. */
	uint64_t rank = histogram->count / 1000 * thousandths +
			(histogram->count % 1000 * thousandths + 999) / 1000,
		 seen = 0;

	if (histogram->count == 0)
		return 0;
	for (uint32_t i = 0; i + 1 < STATS_LATENCY_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank)
			return latency_bucket_us(i + 1);
	}
	return latency_bucket_us(STATS_LATENCY_BUCKETS - 1);
}

double
stats_histogram_mean_us(const struct stats_histogram *histogram)
{
	return histogram->count == 0 ? 0 : (double)histogram->sum_us / (double)histogram->count;
}

void
stats_histogram_subtract(struct stats_histogram *now, const struct stats_histogram *before)
{
	for (unsigned i = 0; i < STATS_LATENCY_BUCKETS; i++)
		now->buckets[i] -= before->buckets[i];
	now->count -= before->count;
	now->sum_us -= before->sum_us;
}

struct stats_latency
stats_reader_latency(const struct stats_reader *reader)
{
	const struct stats_histogram histogram = stats_reader_histogram(reader);

	return (struct stats_latency){.p50_us = stats_histogram_quantile(&histogram, 500),
				      .p99_us = stats_histogram_quantile(&histogram, 990),
				      .p999_us = stats_histogram_quantile(&histogram, 999),
				      .mean_us = stats_histogram_mean_us(&histogram)};
}
