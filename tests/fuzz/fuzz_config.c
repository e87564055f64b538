/* SPDX-License-Identifier: BSD-3-Clause */
/* Arbitrary bytes as a configuration file: it must be rejected with lines that name the position,
 * or accepted and give a valid snapshot.
 *
 * The bytes after the first NUL are a list of domains: both texts are files in memory, with
 * descriptors that the configuration can name. `domains_file: "901"` is the list. */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "control/config/fault.h"
#include "control/publish/changes.h"
#include "control/state/snapshot_build.h"
#include "tests/fuzz/fuzz.h"

#define CONFIG_FD   900
#define LIST_FD	    901
#define CONFIG_PATH "/proc/self/fd/900"
#define BYTES_MAX   65536

/* Raises the limit of descriptors, if these numbers are above it. */
static void
fds_allow(void)
{
	struct rlimit limit;

	FUZZ_REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur > LIST_FD)
		return;
	limit.rlim_cur = LIST_FD + 1;
	FUZZ_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void
file_make(int as, const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	FUZZ_REQUIRE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && dup2(fd, as) == as);
	close(fd);
}

/* The lines contain no control characters, and there are not too many. */
static void
lines_check(const char *lines, size_t bytes, int status)
{
	unsigned count = 0;

	FUZZ_REQUIRE(status == 0 || bytes > 0);
	FUZZ_REQUIRE(bytes == 0 || lines[bytes - 1] == '\n');
	for (size_t at = 0; at < bytes; at++) {
		FUZZ_REQUIRE(lines[at] == '\n' || ((uint8_t)lines[at] >= ' ' && lines[at] != 0x7f));
		count += lines[at] == '\n';
	}
	FUZZ_REQUIRE(count <= FAULTS_MAX);
}

static void
no_change(void *owner, const char *text)
{
	fprintf(stderr, "%s\n", text);
	FUZZ_REQUIRE(owner != NULL);
}

static void
any_change(void *owner, const char *text)
{
	*(size_t *)owner += strlen(text);
}

/* The snapshot of a configuration passes the dataplane's validation. */
static void
snapshot_check(const struct config *config)
{
	static const struct build_upstream unknown[SNAPSHOT_UPSTREAMS_MAX];
	static struct snapshot *snapshot;
	static struct slots slots;
	const char *why = NULL;

	if (snapshot == NULL)
		snapshot = malloc(build_size_max());
	FUZZ_REQUIRE(snapshot != NULL);
	slots_init(&slots);
	FUZZ_REQUIRE(slots_apply(&slots, config, 0, &why) == 0);
	build_snapshot(&(struct build_input){config, &slots, unknown, 1}, snapshot);
	if (snapshot_validate(snapshot, snapshot->size_bytes, &why) != 0) {
		fprintf(stderr, "%s\n", why);
		FUZZ_REQUIRE(!"valid");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct config *before; /* the last one accepted */
	const uint8_t *nul = memchr(bytes, 0, size);
	size_t config_bytes = nul != NULL ? (size_t)(nul - bytes) : size, lines_bytes, changed = 0;
	struct config *config = NULL;
	char *lines = NULL;
	FILE *stream;
	int status;

	if (size > BYTES_MAX)
		return 0;
	fds_allow();
	file_make(CONFIG_FD, bytes, config_bytes);
	file_make(LIST_FD, nul != NULL ? nul + 1 : bytes,
		  nul != NULL ? size - config_bytes - 1 : 0);
	stream = open_memstream(&lines, &lines_bytes);
	FUZZ_REQUIRE(stream != NULL);
	status = config_load(CONFIG_PATH, &config, stream);
	fclose(stream);
	FUZZ_REQUIRE((status == 0) == (config != NULL));
	lines_check(lines, lines_bytes, status);
	free(lines);
	if (status != 0)
		return 0;
	snapshot_check(config);
	changes_describe(config, config, no_change, NULL);
	FUZZ_REQUIRE(config_static_difference(config, config) == NULL);
	if (before != NULL)
		changes_describe(before, config, any_change, &changed);
	config_free(before);
	before = config;
	return 0;
}
