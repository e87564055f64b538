/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's socket: which requests are refused, the life of its file, its clients. */
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
	{"another version of what is not known", 0, 99, 0, -EPROTO},
	{"no type", MESSAGE_VERSION, 0, 0, -EOPNOTSUPP},
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

/* Adds one; refuses 7, and 8 with a body; keeps silent on 9 until told. A descriptor adds 1000 for
 * each byte in it. */
static int
echo_handle(void *owner, const struct socket_request *request, struct socket_response *response)
{
	const struct echo *asked = request->body;
	struct echo *said = response->body;
	uint64_t *late_client = owner;
	struct stat stat;

	said->word = asked->word + 1;
	if (request->fd >= 0 && fstat(request->fd, &stat) == 0)
		said->word += 1000 * (uint64_t)stat.st_size;
	if (asked->word == 9) {
		*late_client = request->client;
		response->later = 1;
	}
	if (asked->word == 8)
		response->refusal_bytes = sizeof(*said);
	return asked->word == 7 || asked->word == 8 ? -EBUSY : 0;
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

/* Serves until nothing is left to do. */
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

/* Asks, and returns the size of what came back: -1 for nothing, 0 for the end. */
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
test_answers(void)
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
	/* Who has gone gets nothing, and neither does who came in its place. */
	close(fd);
	bench_serve(&bench);
	fd = client_open(&bench);
	socket_send(&bench.server, bench.late_client, &header, &late, sizeof(late));
	CU_ASSERT_EQUAL(recv(fd, &response, sizeof(response), 0), -1);
	/* Another version ends the connection, after it was told. */
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

/* Descriptors that come with a request are closed, those too that nobody asked for. */
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
	for (unsigned type = 1; type <= 2; type++) { /* known, and refused */
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
	/* One leaves, one may come. */
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
	/* A live one is refused, and survives that. */
	CU_ASSERT_EQUAL(socket_open(&second, &bench.loop, bench.directory, echo_rows, 1, NULL),
			-EADDRINUSE);
	CU_ASSERT_EQUAL(lstat(bench.path, &stat), 0);
	socket_close(&bench.server);
	CU_ASSERT(lstat(bench.path, &stat) < 0 && errno == ENOENT);

	/* A directory that we make is 0750 and goes with us. */
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
test_file_in_the_way(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct bench bench;
	int fd;

	bench_open(&bench);
	socket_close(&bench.server);

	/* Stale: bound, and nobody listens. */
	memcpy(address.sun_path, bench.path, strlen(bench.path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	CU_ASSERT_EQUAL(
		socket_open(&bench.server, &bench.loop, bench.directory, echo_rows, 1, NULL), 0);

	/* Somebody else's in our place is not removed. */
	CU_ASSERT_EQUAL(unlink(bench.path), 0);
	fd = open(bench.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	socket_close(&bench.server);
	CU_ASSERT_EQUAL(access(bench.path, F_OK), 0);

	/* What is no socket is left alone. */
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
		{"responses", test_answers},
		{"descriptors", test_descriptors},
		{"too many clients", test_too_many_clients},
		{"file", test_file},
		{"file in the way", test_file_in_the_way},
		CU_TEST_INFO_NULL,
	};

	return suite_run("socket", tests);
}
