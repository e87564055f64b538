/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's socket: refused requests, clients and descriptors, and the socket's file. */
#include "dataplane/process/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/process/requests.h"
#include "tests/unit/suite.h"

/* ---- the table ---- */

struct check_row {
	const char *description;
	uint16_t version, type;
	size_t body_bytes;
	int status;
};

static const struct check_row check_rows[] = {
	{"hello", MESSAGE_VERSION, MESSAGE_HELLO, sizeof(struct hello_request), 0},
	{"put", MESSAGE_VERSION, MESSAGE_SNAPSHOT_PUT, sizeof(struct snapshot_put), 0},
	{"get", MESSAGE_VERSION, MESSAGE_SNAPSHOT_GET, 0, 0},
	{"port", MESSAGE_VERSION, MESSAGE_PORT, sizeof(struct port_request), 0},
	{"probe", MESSAGE_VERSION, MESSAGE_PROBE, sizeof(struct probe_request), 0},
	{"another version", MESSAGE_VERSION + 1, MESSAGE_HELLO, sizeof(struct hello_request),
	 -EPROTO},
	{"another version and an unknown type", 0, 99, 0, -EPROTO},
	{"type 0", MESSAGE_VERSION, 0, 0, -EOPNOTSUPP},
	{"neighbour", MESSAGE_VERSION, MESSAGE_NEIGHBOUR, sizeof(struct neighbour_request), 0},
	{"unknown type", MESSAGE_VERSION, MESSAGE_STOP + 1, 0, -EOPNOTSUPP},
	{"one byte short", MESSAGE_VERSION, MESSAGE_PORT, sizeof(struct port_request) - 1,
	 -EMSGSIZE},
	{"one byte long", MESSAGE_VERSION, MESSAGE_PORT, sizeof(struct port_request) + 1,
	 -EMSGSIZE},
	{"a body where there is none", MESSAGE_VERSION, MESSAGE_SNAPSHOT_GET, 1, -EMSGSIZE},
};

static void
test_requests(void)
{
	for (size_t i = 0; i < sizeof(check_rows) / sizeof(check_rows[0]); i++) {
		const struct check_row *row = &check_rows[i];
		const struct message_header header = {.version = row->version, .type = row->type};
		const struct socket_row *found = NULL;
		int status = socket_check(requests_rows, REQUESTS_ROWS, &header,
					  sizeof(header) + row->body_bytes, &found);

		SUITE_ASSERT(status == row->status, "%s: %d", row->description, status);
		SUITE_ASSERT(status != 0 || found->type == row->type, "%s: another row",
			     row->description);
	}
}

static void
test_table(void)
{
	for (unsigned i = 0; i < REQUESTS_ROWS; i++) {
		CU_ASSERT(requests_rows[i].request_bytes + sizeof(struct message_header) <=
			  SOCKET_REQUEST_BYTES);
		CU_ASSERT_PTR_NOT_NULL(requests_rows[i].handle);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT_NOT_EQUAL(requests_rows[i].type, requests_rows[j].type);
	}
}

/* ---- a server in this thread ---- */

struct echo {
	uint64_t word;
};

/* Adds 1 to the word of the request; refuses 7, and 8 with a body; leaves the response to 9 for
 * later. A descriptor adds 1000 for each byte of its file. */
static int
echo_handle(void *owner, const struct socket_request *request, struct socket_response *response)
{
	const struct echo *in = request->body;
	struct echo *out = response->body;
	uint64_t *late_client = owner;
	struct stat stat;

	out->word = in->word + 1;
	if (request->fd >= 0 && fstat(request->fd, &stat) == 0)
		out->word += 1000 * (uint64_t)stat.st_size;
	if (in->word == 9) {
		*late_client = request->client;
		response->later = 1;
	}
	if (in->word == 8)
		response->refusal_bytes = sizeof(*out);
	return in->word == 7 || in->word == 8 ? -EBUSY : 0;
}

static const struct socket_row echo_rows[] = {
	{1, sizeof(struct echo), sizeof(struct echo), echo_handle},
};

struct bench {
	char directory[64];
	char path[100];
	struct loop loop;
	struct socket_server server;
	uint64_t late_client;
};

static void
bench_open(struct bench *bench)
{
	snprintf(bench->directory, sizeof(bench->directory), "/tmp/ephemera-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(bench->directory));
	snprintf(bench->path, sizeof(bench->path), "%s/" MESSAGE_SOCKET_NAME, bench->directory);
	CU_ASSERT_EQUAL_FATAL(loop_open(&bench->loop), 0);
	CU_ASSERT_EQUAL_FATAL(socket_open(&bench->server, &bench->loop, bench->directory, echo_rows,
					  1, &bench->late_client),
			      0);
}

static void
bench_close(struct bench *bench)
{
	socket_close(&bench->server);
	loop_close(&bench->loop);
	CU_ASSERT_EQUAL(rmdir(bench->directory), 0);
}

/* Runs the loop until no source is ready. */
static void
bench_serve(struct bench *bench)
{
	for (unsigned turn = 0; turn < 64; turn++)
		CU_ASSERT_EQUAL(loop_turn(&bench->loop, 0), 0);
}

static int
client_open(struct bench *bench)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench->path);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	bench_serve(bench);
	return fd;
}

struct echo_message {
	struct message_header header;
	struct echo echo;
};

/* Sends a request. Returns the size of the response, -1 if there is none, 0 at the end of the
 * connection. */
static ssize_t
client_ask(struct bench *bench, int fd, uint16_t version, uint64_t word,
	   struct echo_message *response)
{
	const struct echo_message ask = {.header = {.version = version, .type = 1, .cookie = ~word},
					 .echo.word = word};

	CU_ASSERT_EQUAL(send(fd, &ask, sizeof(ask), 0), sizeof(ask));
	bench_serve(bench);
	return recv(fd, response, sizeof(*response), 0);
}

static void
test_responses(void)
{
	const struct echo late = {.word = 99};
	struct message_header header = {.version = MESSAGE_VERSION, .type = 1, .cookie = 5};
	struct echo_message response;
	struct bench bench;
	int fd;

	bench_open(&bench);
	fd = client_open(&bench);
	CU_ASSERT_EQUAL(client_ask(&bench, fd, MESSAGE_VERSION, 41, &response), sizeof(response));
	CU_ASSERT(response.echo.word == 42 && response.header.status == 0 &&
		  response.header.cookie == ~UINT64_C(41));
	CU_ASSERT_EQUAL(client_ask(&bench, fd, MESSAGE_VERSION, 7, &response),
			sizeof(response.header));
	CU_ASSERT_EQUAL(response.header.status, -EBUSY);
	CU_ASSERT_EQUAL(client_ask(&bench, fd, MESSAGE_VERSION, 8, &response), sizeof(response));
	CU_ASSERT(response.header.status == -EBUSY && response.echo.word == 9);
	CU_ASSERT_EQUAL(client_ask(&bench, fd, MESSAGE_VERSION, 9, &response), -1);
	socket_send(&bench.server, bench.late_client, &header, &late, sizeof(late));
	CU_ASSERT_EQUAL(recv(fd, &response, sizeof(response), 0), sizeof(response));
	CU_ASSERT(response.echo.word == 99 && response.header.cookie == 5);
	/* A late response to a client that disconnected is dropped, and not sent to the next
	 * client. */
	close(fd);
	bench_serve(&bench);
	fd = client_open(&bench);
	socket_send(&bench.server, bench.late_client, &header, &late, sizeof(late));
	CU_ASSERT_EQUAL(recv(fd, &response, sizeof(response), 0), -1);
	/* A request of another version is refused and the connection closed. */
	CU_ASSERT_EQUAL(client_ask(&bench, fd, MESSAGE_VERSION + 1, 1, &response),
			sizeof(response.header));
	CU_ASSERT_EQUAL(response.header.status, -EPROTO);
	CU_ASSERT_EQUAL(recv(fd, &response, sizeof(response), 0), 0);
	close(fd);
	bench_close(&bench);
}

static unsigned
descriptors_open(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* All descriptors passed with a request are closed, and also those of a refused request. */
static void
test_descriptors(void)
{
	struct echo_message ask = {.header = {.version = MESSAGE_VERSION, .type = 1}}, response;
	struct iovec part = {.iov_base = &ask, .iov_len = sizeof(ask)};
	char control[CMSG_SPACE(3 * sizeof(int))] = {0};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	struct bench bench;
	int fd, file, files[3];
	unsigned before;

	bench_open(&bench);
	fd = client_open(&bench);
	file = open(bench.directory, O_TMPFILE | O_RDWR, 0600);
	CU_ASSERT_FATAL(file >= 0);
	CU_ASSERT_EQUAL(write(file, "ab", 2), 2);
	files[0] = files[1] = files[2] = file;
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(files));
	memcpy(CMSG_DATA(rights), files, sizeof(files));
	before = descriptors_open();
	for (unsigned type = 1; type <= 2; type++) { /* 2 is refused */
		ask.header.type = (uint16_t)type;
		CU_ASSERT_EQUAL(sendmsg(fd, &message, 0), sizeof(ask));
		bench_serve(&bench);
		CU_ASSERT(recv(fd, &response, sizeof(response), 0) > 0);
		CU_ASSERT(type == 2 || response.echo.word == 2001);
		CU_ASSERT_EQUAL(descriptors_open(), before);
	}
	close(file);
	close(fd);
	bench_close(&bench);
}

static void
test_too_many_clients(void)
{
	struct echo_message response;
	struct bench bench;
	int fds[SOCKET_CLIENTS_MAX + 1];

	bench_open(&bench);
	for (unsigned i = 0; i <= SOCKET_CLIENTS_MAX; i++)
		fds[i] = client_open(&bench);
	CU_ASSERT_EQUAL(recv(fds[SOCKET_CLIENTS_MAX], &response, sizeof(response), 0), 0);
	for (unsigned i = 0; i < SOCKET_CLIENTS_MAX; i++)
		CU_ASSERT_EQUAL(client_ask(&bench, fds[i], MESSAGE_VERSION, i, &response),
				i == 7 ? 16 : 24);
	/* After one disconnects, another can connect. */
	close(fds[0]);
	close(fds[SOCKET_CLIENTS_MAX]);
	bench_serve(&bench);
	fds[0] = client_open(&bench);
	CU_ASSERT_EQUAL(client_ask(&bench, fds[0], MESSAGE_VERSION, 1, &response),
			sizeof(response));
	for (unsigned i = 0; i < SOCKET_CLIENTS_MAX; i++)
		close(fds[i]);
	bench_close(&bench);
}

/* ---- the file ---- */

static void
test_file(void)
{
	struct socket_server second;
	struct bench bench;
	struct stat stat;
	char below[80];

	bench_open(&bench);
	CU_ASSERT_EQUAL(lstat(bench.path, &stat), 0);
	CU_ASSERT_EQUAL(stat.st_mode & 07777, 0660);
	/* A second server on the same path is refused; the first one's file stays. */
	CU_ASSERT_EQUAL(socket_open(&second, &bench.loop, bench.directory, echo_rows, 1, NULL),
			-EADDRINUSE);
	CU_ASSERT_EQUAL(lstat(bench.path, &stat), 0);
	socket_close(&bench.server);
	CU_ASSERT(lstat(bench.path, &stat) < 0 && errno == ENOENT);

	/* A directory that the server creates has mode 0750 and is removed with it. */
	umask(027);
	snprintf(below, sizeof(below), "%s/run", bench.directory);
	CU_ASSERT_EQUAL(socket_open(&bench.server, &bench.loop, below, echo_rows, 1, NULL), 0);
	CU_ASSERT(lstat(below, &stat) == 0 && (stat.st_mode & 07777) == 0750);
	socket_close(&bench.server);
	CU_ASSERT(lstat(below, &stat) < 0);

	loop_close(&bench.loop);
	CU_ASSERT_EQUAL(rmdir(bench.directory), 0);
}

static void
test_existing_file(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bench bench;
	int fd;

	bench_open(&bench);
	socket_close(&bench.server);

	/* A stale socket, which no process listens on, is replaced. */
	memcpy(address.sun_path, bench.path, strlen(bench.path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	CU_ASSERT_EQUAL(
		socket_open(&bench.server, &bench.loop, bench.directory, echo_rows, 1, NULL), 0);

	/* A file that replaced the socket is not removed. */
	CU_ASSERT_EQUAL(unlink(bench.path), 0);
	fd = open(bench.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	socket_close(&bench.server);
	CU_ASSERT_EQUAL(access(bench.path, F_OK), 0);

	/* A file that is not a socket is an error, and stays. */
	CU_ASSERT_EQUAL(
		socket_open(&bench.server, &bench.loop, bench.directory, echo_rows, 1, NULL),
		-EEXIST);
	CU_ASSERT_EQUAL(unlink(bench.path), 0);
	loop_close(&bench.loop);
	CU_ASSERT_EQUAL(rmdir(bench.directory), 0);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"requests", test_requests},
		{"table", test_table},
		{"responses", test_responses},
		{"descriptors", test_descriptors},
		{"too many clients", test_too_many_clients},
		{"file", test_file},
		{"existing file", test_existing_file},
		CU_TEST_INFO_NULL,
	};

	return suite_run("socket", tests);
}
