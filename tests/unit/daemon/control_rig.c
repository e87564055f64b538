/* SPDX-License-Identifier: BSD-3-Clause */
/* A fake dataplane, and files for tests of ephemerad's parts. */
#include "tests/unit/daemon/control_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bpf/steer.h"
#include "control/state/snapshot_build.h"
#include "control/state/snapshot_file.h"
#include "control/state/state_file.h"

/* Files */

static char directory[] = "/tmp/ephemera-test-XXXXXX";
static uint16_t served_port; /* rig_http_port(), and the socket that reserves it */
static int served_fd;

/* Has the kernel choose a port for HTTP that no other test program gets meanwhile: a socket is
 * bound to it and does not listen, so that the daemon under test, which also binds with
 * SO_REUSEADDR, still can. */
static void
served_port_reserve(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(at);
	const int one = 1;

	served_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (served_fd < 0 ||
	    setsockopt(served_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(served_fd, (struct sockaddr *)&at, bytes) < 0 ||
	    getsockname(served_fd, (struct sockaddr *)&at, &bytes) < 0) {
		perror("a port for HTTP on 127.0.0.1");
		exit(EXIT_FAILURE);
	}
	served_port = ntohs(at.sin_port);
}

uint16_t
rig_http_port(void)
{
	return served_port;
}

void
rig_open(void)
{
	if (mkdtemp(directory) == NULL) {
		perror("mkdtemp");
		exit(EXIT_FAILURE);
	}
	served_port_reserve();
}

const char *
rig_dir(void)
{
	return directory;
}

const char *
rig_path(const char *name)
{
	static char paths[RIG_PATHS][100]; /* short enough for the path of a socket */
	static unsigned turn;
	char *path = paths[turn++ % RIG_PATHS];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

void
rig_close(void)
{
	unlink(rig_path("test.yaml"));
	unlink(rig_path(STATE_FILE_NAME));
	unlink(rig_path(MESSAGE_SOCKET_NAME));
	rmdir(directory);
	close(served_fd);
}

const char *
rig_config(const char *ports, const char *upstreams)
{
	return rig_config_probing(ports, upstreams, 100);
}

const char *
rig_config_probing(const char *ports, const char *upstreams, unsigned interval_ms)
{
	static char path[100];
	FILE *file;

	snprintf(path, sizeof(path), "%s", rig_path("test.yaml"));
	file = fopen(path, "w");
	if (file == NULL)
		abort();
	fprintf(file,
		"runtime_dir: %s\n"
		"dataplane:\n  worker_cores: [1]\n  interfaces: [{xdp: eph-test0}]\n"
		"source:\n  ports: %s\n  addresses: [198.51.100.16-198.51.100.17]\n"
		"service:\n  addresses: [{address: 192.0.2.53}]\n"
		"upstreams:\n  timeout_ms: 100\n"
		"  probe: {name: \".\", type: NS, interval_ms: %u, timeout_ms: 100, rise: 2, fall: "
		"3}\n"
		"  servers:\n%s"
		"http: {port: %u}\n",
		directory, ports, interval_ms, upstreams, served_port);
	fclose(file);
	return path;
}

/* The fake dataplane */

struct rig_message {
	struct message_header header;
	union {
		struct hello_response hello;
		struct snapshot_put put;
		struct snapshot_response snapshot;
		struct port_request port_request;
		struct port_response port;
		struct probe_request probe_request;
		struct probe_response probe;
	} body;
};

/* Sends `fd` `fd_count` times. */
static void
rig_send_fds(struct rig_dataplane *dataplane, const struct rig_message *message, size_t body_bytes,
	     int fd, unsigned fd_count)
{
	struct iovec part = {(void *)message, sizeof(message->header) + body_bytes};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE((1 + STEER_MAP_COUNT) * sizeof(int))];
	} control = {.header = {CMSG_LEN(fd_count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr out = {.msg_iov = &part, .msg_iovlen = 1};

	for (unsigned i = 0; i < fd_count; i++)
		memcpy(CMSG_DATA(&control.header) + i * sizeof(fd), &fd, sizeof(fd));
	if (fd_count > 0) {
		out.msg_control = &control;
		out.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	}
	sendmsg(dataplane->connection.fd, &out, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* `fd` -1: none. */
static void
rig_send(struct rig_dataplane *dataplane, const struct rig_message *message, size_t body_bytes,
	 int fd)
{
	rig_send_fds(dataplane, message, body_bytes, fd, fd >= 0);
}

static void
hello_serve(struct rig_dataplane *dataplane, struct rig_message *message)
{
	dataplane->hellos++;
	message->body.hello = (struct hello_response){
		.boot_id = dataplane->boot_id,
		.worker_count = 1,
		.interface_count = 1,
		.stats_bytes = dataplane->stats->size_bytes,
		.generation = dataplane->snapshot == NULL ? 0 : dataplane->snapshot->generation,
		.interfaces = {{.name = "eph-test0",
				.ifindex = 1,
				.mtu_bytes = 1500,
				.steered = dataplane->strange_maps}},
	};
	rig_send_fds(dataplane, message, sizeof(struct hello_response), dataplane->stats_fd,
		     1 + (dataplane->strange_maps ? STEER_MAP_COUNT : 0));
}

static void
put_serve(struct rig_dataplane *dataplane, struct rig_message *message, int fd)
{
	struct snapshot *snapshot = malloc(build_size_max());
	const char *why = NULL;
	int status = snapshot_file_read(fd, message->body.put.size_bytes, snapshot, &why);

	dataplane->puts++;
	if (status == 0 && dataplane->refuse != NULL) {
		status = -EINVAL;
		why = dataplane->refuse;
	}
	message->header.status = status;
	message->body.snapshot = (struct snapshot_response){0};
	if (status == 0) {
		free(dataplane->snapshot);
		dataplane->snapshot = snapshot;
		message->body.snapshot.generation = snapshot->generation;
		message->body.snapshot.size_bytes = snapshot->size_bytes;
	} else {
		free(snapshot);
		snprintf(message->body.snapshot.why, sizeof(message->body.snapshot.why), "%s",
			 why ? why : "");
	}
	if (!dataplane->mute)
		rig_send(dataplane, message, sizeof(struct snapshot_response), -1);
}

static void
get_serve(struct rig_dataplane *dataplane, struct rig_message *message)
{
	int fd;

	dataplane->gets++;
	if (dataplane->snapshot == NULL) {
		message->header.status = -ENOENT;
		rig_send(dataplane, message, 0, -1);
		return;
	}
	fd = snapshot_file_make(dataplane->snapshot);
	message->body.snapshot =
		(struct snapshot_response){.generation = dataplane->snapshot->generation,
					   .size_bytes = dataplane->snapshot->size_bytes};
	rig_send(dataplane, message, sizeof(struct snapshot_response), fd);
	close(fd);
}

static void
port_serve(struct rig_dataplane *dataplane, struct rig_message *message)
{
	struct port_response *response = &message->body.port;

	memset(response, 0, sizeof(*response));
	response->total = 1;
	response->flow_count = 1;
	response->flows[0].source_address = dataplane->snapshot->sources[0].address;
	response->flows[0].client_address = dataplane->snapshot->services[0].address;
	response->flows[0].client_port = be16_from(4242);
	response->flows[0].question_bytes = 5;
	memcpy(response->flows[0].question, "\0\0\1\0\1", 5);
	rig_send(dataplane, message,
		 offsetof(struct port_response, flows) + sizeof(response->flows[0]), -1);
}

/* Of four probes the first and the third time out; the timeouts are reported after the responses to
 * the second and the fourth. */
static void
probe_flap(struct rig_dataplane *dataplane, struct rig_message *message)
{
	unsigned turn = dataplane->flaps++ % 4;

	if (turn % 2 == 0) {
		dataplane->late[turn / 2] = message->header;
		return;
	}
	message->body.probe = (struct probe_response){.upstream = (uint16_t)dataplane->flapping,
						      .outcome = PROBE_RESPONSE,
						      .rcode = DNS_NOERROR};
	rig_send(dataplane, message, sizeof(struct probe_response), -1);
	for (unsigned i = 0; turn == 3 && i < 2 && !dataplane->unreported; i++) {
		message->header = dataplane->late[i];
		message->body.probe.outcome = PROBE_TIMEOUT;
		rig_send(dataplane, message, sizeof(struct probe_response), -1);
	}
}

static void
probe_serve(struct rig_dataplane *dataplane, struct rig_message *message)
{
	uint16_t slot = message->body.probe_request.upstream;
	bool good = (int)slot == dataplane->answering;

	dataplane->probes++;
	dataplane->probed = slot;
	if ((int)slot == dataplane->flapping) {
		probe_flap(dataplane, message);
		return;
	}
	message->body.probe = (struct probe_response){
		.upstream = slot,
		.outcome = good ? PROBE_RESPONSE : (uint8_t)dataplane->outcome,
		.rcode = good ? DNS_NOERROR : dataplane->rcode,
		.latency_us = 250};
	rig_send(dataplane, message, sizeof(struct probe_response), -1);
}

static void
connection_close(struct rig_dataplane *dataplane)
{
	if (dataplane->connection.fd < 0)
		return;
	loop_watch_remove(dataplane->loop, &dataplane->connection);
	close(dataplane->connection.fd);
	dataplane->connection.fd = -1;
}

static void
connection_ready(void *owner, uint32_t events)
{
	struct rig_dataplane *dataplane = owner;
	struct rig_message message;
	struct iovec part = {&message, sizeof(message)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr in = {.msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(dataplane->connection.fd, &in, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd = -1;

	(void)events;
	if (length <= 0) {
		connection_close(dataplane);
		return;
	}
	if (in.msg_controllen > 0 && control.header.cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	message.header.status = 0;
	switch ((enum message_type)message.header.type) {
	case MESSAGE_HELLO:
		hello_serve(dataplane, &message);
		break;
	case MESSAGE_SNAPSHOT_PUT:
		put_serve(dataplane, &message, fd);
		break;
	case MESSAGE_SNAPSHOT_GET:
		get_serve(dataplane, &message);
		break;
	case MESSAGE_PORT:
		port_serve(dataplane, &message);
		break;
	case MESSAGE_PROBE:
		probe_serve(dataplane, &message);
		break;
	case MESSAGE_STOP:
		dataplane->stops++;
		rig_send(dataplane, &message, 0, -1);
		break;
	case MESSAGE_NEIGHBOUR:
		rig_send(dataplane, &message, 0, -1);
		break;
	}
	if (fd >= 0)
		close(fd);
}

static void
listener_ready(void *owner, uint32_t events)
{
	struct rig_dataplane *dataplane = owner;

	(void)events;
	connection_close(dataplane);
	dataplane->connection = (struct loop_watch){
		accept4(dataplane->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK),
		connection_ready, dataplane};
	loop_watch_add(dataplane->loop, &dataplane->connection, EPOLLIN);
}

static void
stats_segment_make(struct rig_dataplane *dataplane)
{
	size_t bytes = sizeof(struct stats_header) + sizeof(struct worker_stats);

	dataplane->stats_fd = memfd_create("stats", MFD_CLOEXEC);
	if (dataplane->stats_fd < 0 || ftruncate(dataplane->stats_fd, (off_t)bytes) < 0)
		abort();
	dataplane->stats =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, dataplane->stats_fd, 0);
	*dataplane->stats = (struct stats_header){.magic = STATS_MAGIC,
						  .version = STATS_VERSION,
						  .worker_count = 1,
						  .size_bytes = bytes,
						  .boot_id = dataplane->boot_id,
						  .worker_offset = sizeof(struct stats_header),
						  .worker_stride = sizeof(struct worker_stats),
						  .started_ns = loop_now_ns(),
						  .pid = 4711};
}

void
rig_dataplane_start(struct rig_dataplane *dataplane, struct loop *loop, uint64_t boot_id)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};

	*dataplane = (struct rig_dataplane){.loop = loop,
					    .boot_id = boot_id,
					    .answering = -1,
					    .flapping = -1,
					    .outcome = PROBE_RESPONSE,
					    .rcode = DNS_NOERROR,
					    .connection = {.fd = -1}};
	stats_segment_make(dataplane);
	snprintf(path.sun_path, sizeof(path.sun_path), "%s", rig_path(MESSAGE_SOCKET_NAME));
	unlink(path.sun_path);
	dataplane->listener = (struct loop_watch){
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), listener_ready,
		dataplane};
	if (bind(dataplane->listener.fd, (struct sockaddr *)&path, sizeof(path)) < 0 ||
	    listen(dataplane->listener.fd, 4) < 0 ||
	    loop_watch_add(loop, &dataplane->listener, EPOLLIN) < 0)
		abort();
}

void
rig_dataplane_kill(struct rig_dataplane *dataplane)
{
	connection_close(dataplane);
	loop_watch_remove(dataplane->loop, &dataplane->listener);
	close(dataplane->listener.fd);
	munmap(dataplane->stats, dataplane->stats->size_bytes);
	close(dataplane->stats_fd);
	free(dataplane->snapshot);
	dataplane->snapshot = NULL;
}

/* Waiting */

bool
rig_wait(struct loop *loop, bool (*done)(const void *owner), const void *owner)
{
	uint64_t deadline = loop_now_ns() + RIG_DEADLINE_MS * NS_PER_MS;

	while (!done(owner)) {
		if (loop_now_ns() > deadline || loop_turn(loop, 100) != 0)
			return false;
	}
	return true;
}
