/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks that each input of the snapshots' corpus has the expected effect: rejected for that
 * reason, or accepted with that field changed. make_corpus.py has the fields' offsets hard-coded:
 * this test fails if the layout changes.
 *
 * usage: test_snapshot_corpus DIRECTORY */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/snapshot_input.h"

#define INPUT_BYTES_MAX 4096

struct row {
	const char *name;
	const char *why; /* NULL: accepted */
	size_t offset;	 /* value of a field, in host byte order */
	size_t bytes;
	uint64_t value;
};

#define REFUSED(name, why)                                                                         \
	{                                                                                          \
		name, why, 0, 0, 0                                                                 \
	}
#define ACCEPTED(name, field, value)                                                               \
	{                                                                                          \
		name, NULL, offsetof(struct snapshot, field),                                      \
			sizeof(((struct snapshot *)0)->field), value                               \
	}

static const struct row rows[] = {
	ACCEPTED("template", generation, 1),
	ACCEPTED("workers-2", generation, 1),
	ACCEPTED("workers-3", generation, 1),
	REFUSED("generation-0", "generation 0"),
	REFUSED("timeout-49", "timeout out of range"),
	REFUSED("timeout-30001", "timeout out of range"),
	REFUSED("not-allowed-2", "unknown refusal for clients that are not allowed"),
	ACCEPTED("keep-trying", no_upstream, 1),
	REFUSED("no-upstream-2", "unknown action without a usable upstream"),
	ACCEPTED("near-miss", near_misses, 7),
	REFUSED("near-misses-0", "unknown action for near misses"),
	REFUSED("edns-511", "EDNS size below 512"),
	ACCEPTED("counts-most", service_count, 64),
	REFUSED("counts-more", "too many slots"),
	ACCEPTED("counts-none", upstream_count, 0),
	REFUSED("draw-not-accepted", "port that is drawn but not accepted"),
	REFUSED("port-below-1024", "source port below 1024"),
	ACCEPTED("few-ports", ports_draw[768], 0),
	REFUSED("service-state", "service in an unknown state"),
	REFUSED("service-port-0", "service on port 0"),
	REFUSED("service-pool", "service with an unknown pool"),
	ACCEPTED("service-retired-pool", services[0].pool, 1),
	REFUSED("source-state", "source in an unknown state"),
	ACCEPTED("source-retired", sources[0].state, SLOT_RETIRED),
	REFUSED("source-twice", "source address in two slots"),
	ACCEPTED("source-is-service", sources[0].address.bytes[12], 192),
	REFUSED("upstream-state", "upstream in an unknown state"),
	REFUSED("upstream-retired", "pool with a member that is not an active upstream"),
	REFUSED("upstream-port-0", "upstream with port 0"),
	REFUSED("upstream-port-index", "upstream with an interface out of range"),
	REFUSED("upstream-name", "unterminated name of an upstream"),
	ACCEPTED("upstream-is-source", upstreams[0].address.bytes[15], 16),
	ACCEPTED("random-case", upstreams[0].random_case, 1),
	REFUSED("random-case-2", "upstream in an unknown state"),
	ACCEPTED("case-not-kept", upstreams[0].case_not_kept, 1),
	REFUSED("case-drawn-not-kept", "upstream with both random_case and case_not_kept"),
	ACCEPTED("drained", upstreams[0].admin_state, ADMIN_DRAIN),
	REFUSED("admin-state-4", "upstream with an unknown override"),
	REFUSED("allow-backwards", "address range that ends before it starts"),
	REFUSED("allow-out-of-order", "address ranges out of order"),
	ACCEPTED("allow-none", services[2].allow_count, 0),
	REFUSED("allow-beyond", "address ranges beyond the last one"),
	ACCEPTED("allow-many", range_count, 64),
	ACCEPTED("least-outstanding", pools[0].policy, POLICY_LEAST_OUTSTANDING),
	ACCEPTED("random", pools[0].policy, POLICY_RANDOM),
	ACCEPTED("hash", pools[0].load_percent, 150),
	ACCEPTED("hash-of-one", upstreams[1].usable, 1),
	ACCEPTED("first", pools[0].policy, POLICY_FIRST),
	REFUSED("policy-5", "unknown policy"),
	REFUSED("pool-used-2", "pool in an unknown state"),
	REFUSED("pool-name", "unterminated name of a pool"),
	REFUSED("load-99", "bounded load below 100 %"),
	ACCEPTED("members-none", pools[0].member_count, 0),
	REFUSED("members-beyond", "members of a pool beyond the last one"),
	REFUSED("member-unknown", "pool with a member that is not an active upstream"),
	REFUSED("member-twice", "pool with a member twice"),
	REFUSED("weight-0", "weight out of range"),
	REFUSED("weight-10001", "weight out of range"),
	ACCEPTED("suffix", suffix_count, 1),
	ACCEPTED("suffixes", suffix_count, 4),
	REFUSED("suffixes-out-of-order", "suffixes out of order"),
	REFUSED("suffix-upper-case", "suffix that is not a valid name"),
	REFUSED("suffix-no-end", "suffix that is not a valid name"),
	REFUSED("suffix-beyond", "suffix outside the names"),
	REFUSED("suffix-pool", "suffix with an unknown pool"),
	ACCEPTED("types", type_routes[1].type, 12),
	REFUSED("types-out-of-order", "types out of order"),
	REFUSED("types-65", "too many types"),
	REFUSED("type-pool", "type with an unknown pool"),
	ACCEPTED("limit", limit.truncate_every, 3),
	REFUSED("limit-burst-0", "limit out of range"),
	REFUSED("limit-prefix-33", "limit out of range"),
	REFUSED("limit-prefix-129", "limit out of range"),
	REFUSED("limit-refusal-2", "limit out of range"),
	REFUSED("limit-exempt-beyond", "address ranges beyond the last one"),
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct row *
row_find(const char *name)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* Reads the edits of a file, without the first byte, the number of workers. 0 if it can't be
 * read. */
static size_t
input_read(const char *directory, const char *name, uint8_t input[INPUT_BYTES_MAX])
{
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return 0;
	size = fread(input, 1, INPUT_BYTES_MAX, file);
	fclose(file);
	return size;
}

static bool
row_check(const struct row *row, const char *directory)
{
	uint8_t input[INPUT_BYTES_MAX];
	const size_t size = input_read(directory, row->name, input);
	uint64_t value = 0;
	struct snapshot *s;
	const char *why;

	if (size == 0) {
		printf("%s: no such input\n", row->name);
		return false;
	}
	s = snapshot_input_edit(input + 1, size - 1);
	snapshot_input_seal(s);
	snapshot_validate(s, s->size_bytes, &why);
	if ((why == NULL) != (row->why == NULL) || (why != NULL && strcmp(why, row->why) != 0)) {
		printf("%s: %s, not %s\n", row->name, why != NULL ? why : "accepted",
		       row->why != NULL ? row->why : "accepted");
		return false;
	}
	memcpy(&value, (const uint8_t *)s + row->offset, row->bytes);
	if (value != row->value) {
		printf("%s: the field at %zu is %llu, not %llu\n", row->name, row->offset,
		       (unsigned long long)value, (unsigned long long)row->value);
		return false;
	}
	return true;
}

/* Inputs that a fuzzer found have no expected effect. */
static bool
file_known(const struct dirent *file)
{
	if (file->d_name[0] == '.' || strncmp(file->d_name, "found-", 6) == 0 ||
	    row_find(file->d_name) != NULL)
		return true;
	printf("%s: no expected effect is listed\n", file->d_name);
	return false;
}

int
main(int argc, char **argv)
{
	struct dirent **files;
	const int count = argc == 2 ? scandir(argv[1], &files, NULL, alphasort) : -1;
	unsigned bad = 0;

	if (count < 0)
		return EXIT_FAILURE;
	for (int i = 0; i < count; i++) {
		bad += !file_known(files[i]);
		free(files[i]);
	}
	free(files);
	for (size_t i = 0; i < ROW_COUNT; i++)
		bad += !row_check(&rows[i], argv[1]);
	printf("%zu inputs, %u bad\n", ROW_COUNT, bad);
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
