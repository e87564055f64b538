/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives a dataplane its snapshot without ephemerad, for benchmarks and tests of drivers; prints as JSON the
 * generation that it runs on then, and its ports. Without --service it only prints. Exit status: 0, 1
 * refused, 2 usage, 3 no dataplane.
 *
 *   push --runtime-dir DIR --service ADDRESS#PORT --source ADDRESS --ports FIRST-LAST \
 *        --upstream NAME=ADDRESS#PORT@MAC,PORT-INDEX [--policy round-robin] [--random-case] [--waiters N]
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "dataplane/shared/message.h"
#include "dataplane/shared/snapshot.h"
#include "range.h"

#define TIMEOUT_MS 2000
#define EDNS_BYTES 1232

static const char *const policies[] = {
	[POLICY_ROUND_ROBIN] = "round-robin",
	[POLICY_LEAST_OUTSTANDING] = "least-outstanding",
};

/* ---- the snapshot ---- */

static int
ports_read(struct snapshot *s, const char *value)
{
	uint16_t first, last;

	if (port_range_read(value, &first, &last) != 0)
		return -EINVAL;
	for (uint32_t port = first; port <= last; port++) {
		bitmap_set(s->ports_draw, (uint16_t)port);
		bitmap_set(s->ports_accept, (uint16_t)port);
	}
	return 0;
}

static int
service_read(struct snapshot *s, const char *value)
{
	struct snapshot_service *service = &s->services[s->service_count];
	uint16_t port = 53;

	if (s->service_count++ == SNAPSHOT_SERVICES_MAX ||
	    address_port_read(value, &service->address, &port) != 0)
		return -EINVAL;
	service->port = be16_from(port);
	service->state = SLOT_ACTIVE;
	return 0;
}

static int
source_read(struct snapshot *s, const char *value)
{
	struct snapshot_source *source = &s->sources[s->source_count];

	if (s->source_count++ == SNAPSHOT_SOURCES_MAX)
		return -EINVAL;
	source->state = SLOT_ACTIVE;
	return address_read(value, &source->address);
}

/* NAME=ADDRESS#PORT@MAC,PORT-INDEX */
static int
upstream_read(struct snapshot *s, char *value)
{
	struct snapshot_upstream *u = &s->upstreams[s->upstream_count];
	char *address = strchr(value, '='), *mac, *index;
	uint16_t port = 53;

	if (s->upstream_count++ == SNAPSHOT_UPSTREAMS_MAX || address == NULL)
		return -EINVAL;
	*address++ = '\0';
	mac = strchr(address, '@');
	index = mac != NULL ? strchr(mac, ',') : NULL;
	if (index == NULL || strlen(value) >= sizeof(u->name))
		return -EINVAL;
	*mac++ = '\0';
	*index++ = '\0';
	strcpy(u->name, value);
	u->state = SLOT_ACTIVE;
	u->usable = 1;
	u->resolved = 1;
	u->port_index = (uint8_t)atoi(index);
	if (address_port_read(address, &u->address, &port) != 0 || mac_read(mac, &u->next_hop) != 0)
		return -EINVAL;
	u->port = be16_from(port);
	return 0;
}

static int
policy_read(struct snapshot *s, const char *value)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (strcmp(policies[i], value) == 0) {
			s->pools[0].policy = (uint8_t)i;
			return 0;
		}
	return -EINVAL;
}

/* Everybody may ask. */
static void
allow_all(struct snapshot *s)
{
	s->range_count = 1;
	memset(s->ranges[0].last.bytes, 0xff, sizeof(s->ranges[0].last.bytes));
	for (uint32_t i = 0; i < s->service_count; i++)
		s->services[i].allow_count = 1;
}

/* One pool of all upstreams. */
static void
pool_make(struct snapshot *s)
{
	struct snapshot_pool *pool = &s->pools[0];

	strcpy(pool->name, "default");
	pool->used = 1;
	pool->member_count = s->member_count = s->upstream_count;
	for (uint32_t i = 0; i < s->upstream_count; i++)
		snapshot_members(s)[i] = (struct pool_member){.upstream = (uint16_t)i, .weight = 1};
}

static struct snapshot *
snapshot_new(void)
{
	struct timespec now;
	struct snapshot *s = calloc(1, snapshot_size(1, SNAPSHOT_UPSTREAMS_MAX, 0, 0));

	if (s == NULL)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	s->generation =
		(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec; /* grows from push to push */
	s->timeout_ms = TIMEOUT_MS;
	s->near_misses = 1;
	s->edns_bytes = EDNS_BYTES;
	return s;
}

/* ---- the socket ---- */

static int
dataplane_connect(const char *directory)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;

	if (fd < 0)
		return -errno;
	if ((size_t)snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", directory, MESSAGE_SOCKET_NAME) >=
	    sizeof(to.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	status = -errno;
	close(fd);
	return status;
}

/* Asks, with a descriptor beside it if `passed` >= 0, and takes the answer; descriptors in it are closed. The
 * status of the answer, or -errno. */
static int
dataplane_ask(int fd, uint16_t type, const void *request, size_t request_bytes, int passed, void *answer,
	      size_t answer_bytes)
{
	struct message_header header = {.version = MESSAGE_VERSION, .type = type};
	struct iovec out[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)request, request_bytes}};
	struct iovec in[2] = {{&header, sizeof(header)}, {answer, answer_bytes}};
	union {
		char bytes[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};
	struct cmsghdr *beside;

	if (passed >= 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int));
		beside = CMSG_FIRSTHDR(&message);
		beside->cmsg_level = SOL_SOCKET;
		beside->cmsg_type = SCM_RIGHTS;
		beside->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(beside), &passed, sizeof(passed));
	}
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		return -errno;
	message = (struct msghdr){
		.msg_iov = in, .msg_iovlen = 2, .msg_control = &control, .msg_controllen = sizeof(control)};
	if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < (ssize_t)sizeof(header))
		return errno != 0 ? -errno : -EPROTO;
	for (beside = CMSG_FIRSTHDR(&message); beside != NULL; beside = CMSG_NXTHDR(&message, beside))
		for (size_t at = CMSG_LEN(0); beside->cmsg_type == SCM_RIGHTS && at < beside->cmsg_len;
		     at += sizeof(int)) {
			int received;

			memcpy(&received, (char *)beside + at, sizeof(received));
			close(received);
		}
	return header.status;
}

static int
snapshot_put(int fd, const struct snapshot *s, struct snapshot_answer *answer)
{
	const struct snapshot_put request = {.size_bytes = s->size_bytes};
	int memory = memfd_create("snapshot", MFD_CLOEXEC), status;

	if (memory < 0)
		return -errno;
	status = write(memory, s, s->size_bytes) == (ssize_t)s->size_bytes ? 0 : -EIO;
	if (status == 0)
		status = dataplane_ask(fd, MESSAGE_SNAPSHOT_PUT, &request, sizeof(request), memory, answer,
				       sizeof(*answer));
	close(memory);
	return status;
}

static void
state_print(const struct hello_answer *hello, uint64_t generation)
{
	json_t *state = json_object(), *ports = json_array();

	json_object_set_new(state, "generation", json_integer((json_int_t)generation));
	json_object_set_new(state, "workers", json_integer(hello->worker_count));
	for (uint32_t i = 0; i < hello->port_count && i < SNAPSHOT_PORTS_MAX; i++) {
		const uint8_t *m = hello->ports[i].mac.bytes;

		json_array_append_new(ports, json_pack("{s:s, s:o, s:i}", "name", hello->ports[i].name, "mac",
						       json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0],
								    m[1], m[2], m[3], m[4], m[5]),
						       "mtu", (int)hello->ports[i].mtu_bytes));
	}
	json_object_set_new(state, "ports", ports);
	json_dumpf(state, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(state);
}

/* ---- the command line ---- */

static const struct option options[] = {
	{"runtime-dir", required_argument, NULL, 'd'},
	{"service", required_argument, NULL, 's'},
	{"source", required_argument, NULL, 'f'},
	{"ports", required_argument, NULL, 'p'},
	{"upstream", required_argument, NULL, 'u'},
	{"policy", required_argument, NULL, 'y'},
	{"random-case", no_argument, NULL, 'c'},
	{"waiters", required_argument, NULL, 'w'},
	{NULL, 0, NULL, 0},
};

static int
option_take(struct snapshot *s, int option, char *value, bool *random_case)
{
	switch (option) {
	case 's':
		return service_read(s, value);
	case 'f':
		return source_read(s, value);
	case 'p':
		return ports_read(s, value);
	case 'u':
		return upstream_read(s, value);
	case 'y':
		return policy_read(s, value);
	case 'c':
		*random_case = true;
		return 0;
	case 'w':
		s->waiters = (uint8_t)atoi(value);
		return 0;
	default:
		return -EINVAL;
	}
}

int
main(int argc, char **argv)
{
	struct snapshot_answer answer = {.generation = 0};
	struct snapshot *s = snapshot_new();
	const struct hello_request request = {0};
	static struct hello_answer hello;
	const char *directory = "/run/ephemera", *why = "";
	bool random_case = false;
	int option, fd, status;

	while (s != NULL && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd') {
			directory = optarg;
		} else if (option_take(s, option, optarg, &random_case) != 0) {
			fprintf(stderr, "push: can't read %s\n", argv[optind - 1]);
			return 2;
		}
	}
	if (s == NULL)
		return 2;
	for (uint32_t i = 0; i < s->upstream_count; i++)
		s->upstreams[i].random_case = random_case;
	allow_all(s);
	pool_make(s);
	snapshot_seal(s);
	if (snapshot_validate(s, s->size_bytes, &why) != 0) {
		fprintf(stderr, "push: %s\n", why);
		return 2;
	}
	fd = dataplane_connect(directory);
	status = fd < 0 ? fd
			: dataplane_ask(fd, MESSAGE_HELLO, &request, sizeof(request), -1, &hello,
					sizeof(hello));
	if (status != 0) {
		fprintf(stderr, "push: %s/%s: %s\n", directory, MESSAGE_SOCKET_NAME, strerror(-status));
		return 3;
	}
	answer.generation = hello.generation;
	if (s->service_count > 0)
		status = snapshot_put(fd, s, &answer);
	if (status != 0) {
		fprintf(stderr, "push: refused: %s (%s)\n", answer.why, strerror(-status));
		return 1;
	}
	state_print(&hello, answer.generation);
	free(s);
	close(fd);
	return 0;
}
