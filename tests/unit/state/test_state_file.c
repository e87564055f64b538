/* SPDX-License-Identifier: BSD-3-Clause */
/* The state file: written and read back, replaced as a whole, and ignored if it differs in any way
 * from the format. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/lib/address.h"
#include "control/lib/loop.h"
#include "control/state/state_file.h"
#include "tests/unit/suite.h"

#define NOW (1000 * NS_PER_S)

static char directory[] = "/tmp/ephemera-state-XXXXXX", path[64], next[80];

static void
text_put(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void
text_get(char *text, size_t bytes)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, bytes - 1);

	CU_ASSERT_FATAL(length > 0);
	text[length] = 0;
	close(fd);
}

static void
state_make(struct state *state, unsigned count)
{
	*state = (struct state){.boot_id = UINT64_C(0xfedcba9876543210),
				.drain = DRAIN_WAITING,
				.drain_since_ns = 900 * NS_PER_S,
				.drain_until_ns = 1060 * NS_PER_S,
				.upstream_count = count};
	for (unsigned i = 0; i < count; i++) {
		struct state_upstream *upstream = &state->upstreams[i];
		char text[ADDRESS_TEXT_BYTES];

		snprintf(text, sizeof(text), i % 2 ? "2001:db8::%x" : "198.51.100.%u", 1 + i / 2);
		if (i >= 500)
			snprintf(text, sizeof(text), "2001:db8:1::%x", i);
		CU_ASSERT_EQUAL(address_parse(text, &upstream->address), 0);
		upstream->port = (uint16_t)(65535 - i);
		upstream->slot = (uint16_t)(SNAPSHOT_UPSTREAMS_MAX - 1 - i);
		upstream->admin_state = i % 4;
		upstream->base = (struct upstream_stats){.queries = i,
							 .responses = UINT64_C(1) << 62,
							 .servfails = 3 * i,
							 .timeouts = 4 * i,
							 .wrong_case = 5 * i,
							 .latency_sum_us = 6 * i,
							 .attacked = 7 * i};
	}
}

static void
test_back(void)
{
	static struct state written, read;
	static const unsigned counts[] = {0, 1, 3, SNAPSHOT_UPSTREAMS_MAX};
	char why[STATE_WHY_BYTES];
	struct stat file;

	CU_ASSERT_EQUAL(state_file_read(path, NOW, &read, why), -ENOENT);
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		state_make(&written, counts[i]);
		CU_ASSERT_EQUAL(state_file_write(path, &written), 0);
		CU_ASSERT_EQUAL(state_file_read(path, NOW, &read, why), 0);
		SUITE_ASSERT(memcmp(&written, &read, sizeof(read)) == 0, "%u upstreams", counts[i]);
	}
	CU_ASSERT_EQUAL(stat(path, &file), 0);
	CU_ASSERT_EQUAL(file.st_mode & 07777, 0600);
	CU_ASSERT(file.st_size < STATE_FILE_BYTES_MAX / 2);
	CU_ASSERT_EQUAL(access(next, F_OK), -1);
	CU_ASSERT_PTR_EQUAL(state_upstream(&read, &written.upstreams[2].address, 65533),
			    &read.upstreams[2]);
	CU_ASSERT_PTR_NULL(state_upstream(&read, &written.upstreams[2].address, 53));
}

/* Changes to a good file that must make it be ignored. `to` NULL: the file is truncated before
 * `from`. */
static const struct {
	const char *what, *from, *to;
	int status;
} rows[] = {
	{"another version", "\"version\":1", "\"version\":2", -EINVAL},
	{"another boot of the kernel", "\"kernel\":\"", "\"kernel\":\"0", -ENOENT},
	{"no kernel", "\"kernel\":\"", "\"colonel\":\"", -EINVAL},
	{"an additional key", "{\"version\"", "{\"more\":1,\"version\"", -EINVAL},
	{"a key twice", "{\"version\"", "{\"version\":1,\"version\"", -EINVAL},
	{"a malformed boot id", "\"fedcba", "\"xedcba", -EINVAL},
	{"a boot id with a sign", "\"fedcba", "\"-edcba", -EINVAL},
	{"a short boot id", "\"fedcba", "\"edcba", -EINVAL},
	{"an unknown drain state", "\"waiting\"", "\"resting\"", -EINVAL},
	{"a drain that begins in the future", "\"since_ns\":900000000000",
	 "\"since_ns\":1000000000001", -EINVAL},
	{"a drain that ends before it begins", "\"until_ns\":1060000000000",
	 "\"until_ns\":899999999999", -EINVAL},
	{"a drain that is too long", "\"until_ns\":1060000000000", "\"until_ns\":87400000000001",
	 -EINVAL},
	{"a time below 0", "\"since_ns\":900000000000", "\"since_ns\":-1", -EINVAL},
	{"a time as text", "\"since_ns\":900000000000", "\"since_ns\":\"9\"", -EINVAL},
	{"upstreams is not a list", "\"upstreams\":[", "\"upstreams\":7,\"x\":[", -EINVAL},
	{"an upstream is not an object", "\"upstreams\":[", "\"upstreams\":[7,", -EINVAL},
	{"a malformed address", "\"198.51.100.1\"", "\"198.51.100.256\"", -EINVAL},
	{"port 0", "\"port\":65535", "\"port\":0", -EINVAL},
	{"port 65536", "\"port\":65535", "\"port\":65536", -EINVAL},
	{"an upstream twice", "\"address\":\"198.51.100.2\",\"port\":65533",
	 "\"address\":\"198.51.100.1\",\"port\":65535", -EINVAL},
	{"a slot below 0", "\"slot\":511", "\"slot\":-1", -EINVAL},
	{"a slot beyond the last", "\"slot\":511", "\"slot\":513", -EINVAL},
	{"an unknown override", "\"admin_state\":\"drain\"", "\"admin_state\":\"rain\"", -EINVAL},
	{"a counter below 0", "\"queries\":2", "\"queries\":-2", -EINVAL},
	{"a counter too large", "\"queries\":2", "\"queries\":92233720368547758080", -EINVAL},
	{"a missing counter", "\"queries\":2,", "", -EINVAL},
	{"an additional counter", "\"queries\":2", "\"queries\":2,\"queried\":2", -EINVAL},
	{"truncated", "\"upstreams\"", NULL, -EINVAL},
	{"empty", "{\"version\"", NULL, -EINVAL},
	{"trailing text", "]}", "]} {}", -EINVAL},
	{"deeply nested", "\"upstreams\":[", "\"upstreams\":[[[[[[[[[[[[[[[[[[[[[", -EINVAL},
};

static void
test_damaged(void)
{
	static struct state state, none;
	static char good[4096], bad[8192];
	char why[STATE_WHY_BYTES];

	state_make(&state, 3);
	CU_ASSERT_EQUAL(state_file_write(path, &state), 0);
	text_get(good, sizeof(good));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *at = strstr(good, rows[i].from);
		size_t before = at == NULL ? 0 : (size_t)(at - good);
		int status;

		SUITE_ASSERT(at != NULL, "%s: nothing to change", rows[i].what);
		if (at == NULL)
			continue;
		snprintf(bad, sizeof(bad), "%.*s%s%s", (int)before, good,
			 rows[i].to == NULL ? "" : rows[i].to,
			 rows[i].to == NULL ? "" : at + strlen(rows[i].from));
		text_put(path, bad);
		state_make(&state, 3);
		status = state_file_read(path, NOW, &state, why);
		SUITE_ASSERT(status == rows[i].status, "%s: %d", rows[i].what, status);
		SUITE_ASSERT(memcmp(&state, &none, sizeof(state)) == 0,
			     "%s: the state is not all 0", rows[i].what);
		SUITE_ASSERT(why[0] != 0, "%s: no reason", rows[i].what);
	}
	text_put(path, good);
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &state, why), 0);
}

/* A file that another user can write, or not a regular file: refused without blocking. */
static void
test_strange(void)
{
	static struct state state, kept;
	char why[STATE_WHY_BYTES];

	state_make(&kept, 1);
	CU_ASSERT_EQUAL(state_file_write(path, &kept), 0);
	CU_ASSERT_EQUAL(chmod(path, 0640), 0);
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &state, why), -EPERM);
	CU_ASSERT_EQUAL(chmod(path, 0600), 0);
	CU_ASSERT_EQUAL(truncate(path, STATE_FILE_BYTES_MAX + 1), 0);
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &state, why), -EPERM);
	CU_ASSERT_EQUAL(rename(path, next), 0);
	CU_ASSERT_EQUAL(symlink(next, path), 0);
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &state, why), -ELOOP);
	unlink(path);
	unlink(next);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0); /* must not wait for a writer */
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &state, why), -EPERM);
	unlink(path);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &state, why), -EPERM);
	rmdir(path);
}

/* A partial file left by a killed process is no obstacle; if writing fails, the outdated file is
 * removed. */
static void
test_writing(void)
{
	static struct state state, read;
	char why[STATE_WHY_BYTES];

	state_make(&state, 2);
	text_put(next, "{\"version\":1,\"ker");
	CU_ASSERT_EQUAL(state_file_write(path, &state), 0);
	text_put(next, "{\"version\":1,\"ker");
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &read, why), 0);
	CU_ASSERT_EQUAL(memcmp(&state, &read, sizeof(read)), 0);
	unlink(next);
	CU_ASSERT_EQUAL(mkdir(next, 0700), 0);
	CU_ASSERT_EQUAL(state_file_write(path, &state), -EISDIR);
	CU_ASSERT_EQUAL(state_file_read(path, NOW, &read, why), -ENOENT);
	rmdir(next);
	CU_ASSERT_EQUAL(state_file_write(path, &state), 0);
	unlink(path);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"written and read", test_back},
		{"malformed files", test_damaged},
		{"files of other users", test_strange},
		{"writing", test_writing},
		CU_TEST_INFO_NULL,
	};
	int status;

	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	snprintf(path, sizeof(path), "%s/" STATE_FILE_NAME, directory);
	snprintf(next, sizeof(next), "%s.new", path);
	status = suite_run("state_file", tests);
	rmdir(directory);
	return status;
}
