/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads and writes the state file. */
#include "control/state/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/lib/address.h"
#include "control/lib/drain_timeout.h"
#include "control/lib/loop.h"

#define STATE_VERSION	   1
#define KERNEL_BOOT_FILE   "/proc/sys/kernel/random/boot_id"
#define KERNEL_BOOT_BYTES  37 /* a UUID and the terminating 0 */
#define MALFORMED	   "it is not in the format that ephemerad writes"
#define DRAIN_STATES	   4
#define ADMIN_STATES	   4
#define BASE_FORMAT	   "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}"
#define BASE_FORMAT_STRICT "{s:I, s:I, s:I, s:I, s:I, s:I, s:I !}"

static const char *const drain_names[DRAIN_STATES] = {
	[DRAIN_OFF] = "off",
	[DRAIN_WAITING] = "waiting",
	[DRAIN_STOPPING] = "stopping",
	[DRAIN_STOPPED] = "stopped",
};

static const char *const admin_state_names[ADMIN_STATES] = {
	[ADMIN_AUTO] = "auto",
	[ADMIN_DRAIN] = "drain",
	[ADMIN_UP] = "up",
	[ADMIN_DOWN] = "down",
};

const struct state_upstream *
state_upstream(const struct state *state, const struct address *address, uint16_t port)
{
	for (unsigned i = 0; i < state->upstream_count; i++)
		if (state->upstreams[i].port == port &&
		    address_equal(&state->upstreams[i].address, address))
			return &state->upstreams[i];
	return NULL;
}

static int
kernel_boot_read(char text[KERNEL_BOOT_BYTES])
{
	int fd = open(KERNEL_BOOT_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, KERNEL_BOOT_BYTES - 1);
	close(fd);
	text[KERNEL_BOOT_BYTES - 1] = 0;
	return length == KERNEL_BOOT_BYTES - 1 ? 0 : -EIO;
}

/* From JSON: each returns false for input that ephemerad would not write */

static bool
name_find(const char *name, const char *const *names, unsigned count, unsigned *index)
{
	for (*index = 0; *index < count; ++*index)
		if (strcmp(name, names[*index]) == 0)
			return true;
	return false;
}

static bool
base_parse(json_t *json, struct upstream_stats *base)
{
	json_int_t queries, responses, servfails, timeouts, wrong_case, latency_sum_us, attacked;

	if (json_unpack(json, BASE_FORMAT_STRICT, "queries", &queries, "responses", &responses,
			"servfails", &servfails, "timeouts", &timeouts, "wrong_case", &wrong_case,
			"latency_sum_us", &latency_sum_us, "attacked", &attacked) != 0 ||
	    (queries | responses | servfails | timeouts | wrong_case | latency_sum_us | attacked) <
		    0)
		return false;
	base->queries = (uint64_t)queries;
	base->responses = (uint64_t)responses;
	base->servfails = (uint64_t)servfails;
	base->timeouts = (uint64_t)timeouts;
	base->wrong_case = (uint64_t)wrong_case;
	base->latency_sum_us = (uint64_t)latency_sum_us;
	base->attacked = (uint64_t)attacked;
	return true;
}

static bool
upstream_parse(json_t *json, struct state *state)
{
	struct state_upstream *upstream = &state->upstreams[state->upstream_count];
	const char *address, *admin_state;
	unsigned index;
	json_t *base;
	int port, slot;

	if (state->upstream_count == SNAPSHOT_UPSTREAMS_MAX ||
	    json_unpack(json, "{s:s, s:i, s:i, s:s, s:o !}", "address", &address, "port", &port,
			"slot", &slot, "admin_state", &admin_state, "base", &base) != 0 ||
	    address_parse(address, &upstream->address) != 0 || port < 1 || port > UINT16_MAX ||
	    slot < 0 || slot > STATE_SLOT_NONE ||
	    !name_find(admin_state, admin_state_names, ADMIN_STATES, &index) ||
	    !base_parse(base, &upstream->base) ||
	    state_upstream(state, &upstream->address, (uint16_t)port) != NULL)
		return false;
	upstream->port = (uint16_t)port;
	upstream->slot = (uint16_t)slot;
	upstream->admin_state = (uint8_t)index;
	state->upstream_count++;
	return true;
}

static bool
drain_parse(json_t *json, uint64_t now_ns, struct state *state)
{
	const uint64_t longest_ns = DRAIN_TIMEOUT_S_MAX * NS_PER_S;
	json_int_t since_ns, until_ns;
	const char *name;
	unsigned index;

	if (json_unpack(json, "{s:s, s:I, s:I !}", "state", &name, "since_ns", &since_ns,
			"until_ns", &until_ns) != 0 ||
	    !name_find(name, drain_names, DRAIN_STATES, &index) || since_ns < 0 ||
	    until_ns < since_ns || (uint64_t)since_ns > now_ns ||
	    (uint64_t)until_ns > now_ns + longest_ns)
		return false;
	state->drain = (enum drain_state)index;
	state->drain_since_ns = (uint64_t)since_ns;
	state->drain_until_ns = (uint64_t)until_ns;
	return true;
}

/* 0, or
 * -ENOENT  from another boot
 * -EINVAL  malformed */
static int
state_parse(json_t *json, uint64_t now_ns, struct state *state)
{
	char boot[KERNEL_BOOT_BYTES], dataplane_again[17];
	const char *kernel, *dataplane;
	json_t *drain, *upstreams;
	int version;

	if (json_unpack(json, "{s:i, s:s, s:s, s:o, s:o !}", "version", &version, "kernel", &kernel,
			"dataplane", &dataplane, "drain", &drain, "upstreams", &upstreams) != 0 ||
	    version != STATE_VERSION || !json_is_array(upstreams))
		return -EINVAL;
	if (kernel_boot_read(boot) != 0 || strcmp(boot, kernel) != 0)
		return -ENOENT;
	state->boot_id = strtoull(dataplane, NULL, 16);
	snprintf(dataplane_again, sizeof(dataplane_again), "%016llx",
		 (unsigned long long)state->boot_id);
	if (strcmp(dataplane, dataplane_again) != 0 || !drain_parse(drain, now_ns, state))
		return -EINVAL;
	for (size_t i = 0; i < json_array_size(upstreams); i++)
		if (!upstream_parse(json_array_get(upstreams, i), state))
			return -EINVAL;
	return 0;
}

/* Reads the file only if another user cannot have written it. 0 and *text, freed by the caller; or
 * -errno. */
static int
text_read(const char *path, char **text, size_t *bytes, char why[STATE_WHY_BYTES])
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), status;
	struct stat file;
	ssize_t length = -1;

	*text = NULL;
	if (fd < 0) {
		status = -errno;
		snprintf(why, STATE_WHY_BYTES, "%s", strerror(errno));
		return status;
	}
	status = -EPERM;
	snprintf(why, STATE_WHY_BYTES,
		 "it is not a regular file that only this user can read and write");
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
	    (file.st_mode & 077) == 0 && file.st_size <= STATE_FILE_BYTES_MAX) {
		*text = malloc(STATE_FILE_BYTES_MAX);
		length = *text == NULL ? -1 : read(fd, *text, STATE_FILE_BYTES_MAX);
		status = length < 0 ? -errno : 0;
		snprintf(why, STATE_WHY_BYTES, "%s", strerror(-status));
	}
	close(fd);
	*bytes = length < 0 ? 0 : (size_t)length;
	return status;
}

int
state_file_read(const char *path, uint64_t now_ns, struct state *state, char why[STATE_WHY_BYTES])
{
	char *text;
	size_t bytes = 0;
	int status = text_read(path, &text, &bytes, why);
	json_error_t error;
	json_t *json;

	memset(state, 0, sizeof(*state));
	json = status == 0 ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error) : NULL;
	free(text);
	if (status != 0)
		return status;
	if (json == NULL) {
		snprintf(why, STATE_WHY_BYTES, "%s", error.text);
		return -EINVAL;
	}
	status = state_parse(json, now_ns, state);
	json_decref(json);
	if (status == 0)
		return 0;
	snprintf(why, STATE_WHY_BYTES, MALFORMED);
	memset(state, 0, sizeof(*state));
	return status;
}

/* To JSON */

static json_t *
upstream_format(const struct state_upstream *upstream)
{
	const struct upstream_stats *base = &upstream->base;
	char address[ADDRESS_TEXT_BYTES];

	return json_pack("{s:s, s:i, s:i, s:s, s:" BASE_FORMAT "}", "address",
			 address_format(&upstream->address, address), "port", (int)upstream->port,
			 "slot", (int)upstream->slot, "admin_state",
			 admin_state_names[upstream->admin_state], "base", "queries",
			 (json_int_t)base->queries, "responses", (json_int_t)base->responses,
			 "servfails", (json_int_t)base->servfails, "timeouts",
			 (json_int_t)base->timeouts, "wrong_case", (json_int_t)base->wrong_case,
			 "latency_sum_us", (json_int_t)base->latency_sum_us, "attacked",
			 (json_int_t)base->attacked);
}

/* NULL: no memory, or the kernel's boot id cannot be read. */
static json_t *
state_format(const struct state *state)
{
	char boot[KERNEL_BOOT_BYTES], dataplane[17];
	json_t *upstreams = json_array();

	if (kernel_boot_read(boot) != 0) {
		json_decref(upstreams);
		return NULL;
	}
	snprintf(dataplane, sizeof(dataplane), "%016llx", (unsigned long long)state->boot_id);
	for (unsigned i = 0; i < state->upstream_count; i++)
		json_array_append_new(upstreams, upstream_format(&state->upstreams[i]));
	return json_pack("{s:i, s:s, s:s, s:{s:s, s:I, s:I}, s:o}", "version", STATE_VERSION,
			 "kernel", boot, "dataplane", dataplane, "drain", "state",
			 drain_names[state->drain], "since_ns", (json_int_t)state->drain_since_ns,
			 "until_ns", (json_int_t)state->drain_until_ns, "upstreams", upstreams);
}

static int
text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600),
	    status = 0;
	const size_t bytes = strlen(text);

	if (fd < 0)
		return -errno;
	errno = ENOSPC; /* the reason of a short write */
	if (fchmod(fd, 0600) < 0 || write(fd, text, bytes) != (ssize_t)bytes)
		status = -errno;
	if (close(fd) < 0 && status == 0)
		status = -errno;
	return status;
}

int
state_file_write(const char *path, const struct state *state)
{
	json_t *json = state_format(state);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	int status = text == NULL ? -ENOMEM : 0;
	char next[PATH_MAX];

	if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
		status = -ENAMETOOLONG;
	if (status == 0)
		status = text_write(next, text);
	if (status == 0 && rename(next, path) < 0)
		status = -errno;
	free(text);
	json_decref(json);
	if (status == 0)
		return 0;
	unlink(next);
	unlink(path);
	return status;
}
