/* SPDX-License-Identifier: BSD-3-Clause */
/* The HTTP server over loopback sockets: accepted and refused requests, limits, and changes of
 * address. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/serve/http.h"
#include "control/serve/http_headers.h"
#include "tests/unit/suite.h"

#define DEADLINE_NS (20 * NS_PER_S) /* only a failure takes so long */

static struct loop loop;
static struct http http;
static unsigned handled;

static void
handle(void *owner, const struct http_request *request, struct http_response *response)
{
	(void)owner;
	handled++;
	response->content_type = "text/plain";
	if (strcmp(request->path, "/constant") == 0) {
		response->body = "constant";
		response->body_is_constant = true;
	} else {
		response->body = strdup(request->accept);
	}
	response->body_bytes = strlen(response->body);
}

static struct config_http
place(const char *address, uint16_t port)
{
	struct config_http config = {.on = true, .port = port};
	struct in_addr four;

	if (inet_pton(AF_INET, address, &four) == 1)
		config.address = address_from_ipv4(&four);
	else if (inet_pton(AF_INET6, address, config.address.bytes) != 1)
		abort();
	return config;
}

static void
serve(const char *address)
{
	struct config_http config = place(address, 0);

	handled = 0;
	CU_ASSERT_EQUAL_FATAL(loop_init(&loop), 0);
	http_init(&http, &loop, &config, handle, NULL);
	CU_ASSERT_NOT_EQUAL_FATAL(http_port(&http), 0);
}

static void
stop(void)
{
	http_fini(&http);
	loop_fini(&loop);
}

static int
client(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	/* The kernel completes the connection; before that there may be no room to send. */
	poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, (int)(DEADLINE_NS / NS_PER_MS));
	return fd;
}

static void
turn_until(bool (*done)(void))
{
	uint64_t deadline = loop_now_ns() + DEADLINE_NS;

	while (!done() && loop_now_ns() < deadline)
		CU_ASSERT_EQUAL(loop_turn(&loop, 5), 0);
	CU_ASSERT_TRUE_FATAL(done());
}

/* Runs the loop until the server closes the connection or has sent `enough`; returns what it
 * sent. */
static const char *
response(int fd, const char *enough)
{
	static char text[65536];
	size_t bytes = 0;
	uint64_t deadline = loop_now_ns() + DEADLINE_NS;

	text[0] = 0;
	while (loop_now_ns() < deadline) {
		ssize_t got;

		CU_ASSERT_EQUAL(loop_turn(&loop, 5), 0);
		got = recv(fd, text + bytes, sizeof(text) - 1 - bytes, 0);
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return text;
		if (got > 0)
			text[bytes += (size_t)got] = 0;
		if (enough != NULL && strstr(text, enough) != NULL)
			return text;
	}
	return "nothing within the deadline";
}

static const char *
ask(const char *request)
{
	int fd = client(http_port(&http));
	const char *text;

	CU_ASSERT_EQUAL(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	text = response(fd, NULL);
	close(fd);
	return text;
}

#define CLOSE "Connection: close\r\n\r\n"

/* The start of the status line, and a text that must be in the response, or must not if it starts
 * with '!'. */
static const struct row {
	const char *name, *request, *status, *has;
	unsigned handled;
} rows[] = {
	{"GET", "GET /constant HTTP/1.1\r\nHost: 127.0.0.1\r\n" CLOSE, "HTTP/1.1 200",
	 "\r\n\r\nconstant", 1},
	{"the Accept header reaches the handler",
	 "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: x/y\r\n" CLOSE, "HTTP/1.1 200",
	 "\r\n\r\nx/y", 1},
	{"a path that decoding would end early",
	 "GET /constant%00x HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 200",
	 "!\r\n\r\nconstant", 1},
	{"the query is not part of the path",
	 "GET /constant?a=/b HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 200",
	 "\r\n\r\nconstant", 1},
	{"HEAD has no body", "HEAD /constant HTTP/1.1\r\nHost: [::1]:80\r\n" CLOSE, "HTTP/1.1 200",
	 "!\r\n\r\nconstant", 1},
	{"HTTP/1.0 without a Host", "GET /constant HTTP/1.0\r\n\r\n", "HTTP/1.1 200", "constant",
	 1},
	{"no content from other sites", "GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE,
	 "HTTP/1.1 200", "default-src 'none'", 1},
	{"no caching", "GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 200",
	 "Cache-Control: no-store", 1},
	{"no MIME sniffing", "GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 200",
	 "X-Content-Type-Options: nosniff", 1},
	{"POST", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
	 "HTTP/1.1 405", "Allow: GET, HEAD", 0},
	{"PUT", "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" CLOSE, "HTTP/1.1 405",
	 "", 0},
	{"DELETE", "DELETE / HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 405", "", 0},
	{"OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 405", "", 0},
	{"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n" CLOSE, "HTTP/1.1 405", "", 0},
	{"a body", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
	 "HTTP/1.1 413", "", 0},
	{"a chunked body",
	 "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 "HTTP/1.1 413", "", 0},
	{"an empty body", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" CLOSE,
	 "HTTP/1.1 200", "", 1},
	{"another site's name", "GET / HTTP/1.1\r\nHost: rebind.example\r\n" CLOSE, "HTTP/1.1 421",
	 "", 0},
	{"another site's name that starts like ours",
	 "GET / HTTP/1.1\r\nHost: localhost.example:8953\r\n" CLOSE, "HTTP/1.1 421", "", 0},
	{"no Host", "GET / HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400", "", 0},
	{"garbage: closed without a response", "\x16\x03\x01\x02\r\n\r\n\r\n", "", "!HTTP", 0},
};

static void
test_requests(void)
{
	serve("127.0.0.1");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text, *has = rows[i].has;

		handled = 0;
		text = ask(rows[i].request);
		SUITE_ASSERT(strncmp(text, rows[i].status, strlen(rows[i].status)) == 0, "%s: %s",
			     rows[i].name, text);
		SUITE_ASSERT(has[0] == '!' ? strstr(text, has + 1) == NULL
					   : strstr(text, has) != NULL,
			     "%s: %s", rows[i].name, text);
		SUITE_ASSERT(handled == rows[i].handled, "%s: handled %u times", rows[i].name,
			     handled);
	}
	stop();
}

/* On other addresses any Host is accepted: the operator decides who can reach them. */
static void
test_names_elsewhere(void)
{
	serve("0.0.0.0");
	CU_ASSERT(strncmp(ask("GET / HTTP/1.1\r\nHost: fwd1.example\r\n" CLOSE), "HTTP/1.1 200",
			  12) == 0);
	stop();
}

static const struct host_row {
	const char *host;
	bool local;
} hosts[] = {
	{"localhost", true},
	{"LocalHost:8953", true},
	{"localhost.", true},
	{"127.0.0.1", true},
	{"127.0.0.1:8953", true},
	{"192.0.2.1", true},
	{"[::1]", true},
	{"[2001:db8::1]:8953", true},
	{"", false},
	{":8953", false},
	{"example", false},
	{"localhost.example", false},
	{"127.0.0.1.example", false},
	{"[::1", false},
	{"[example]", false},
	{"::1", false},
	{"1270.0.1", false},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	 false},
};

static void
test_hosts(void)
{
	for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		SUITE_ASSERT(http_headers_host_is_local(hosts[i].host) == hosts[i].local,
			     "Host: %s", hosts[i].host);
}

static void
test_kept_connection(void)
{
	static const char *const request = "GET /constant HTTP/1.1\r\nHost: localhost\r\n\r\n";
	int fd;

	serve("127.0.0.1");
	fd = client(http_port(&http));
	for (unsigned i = 1; i <= 3; i++) {
		CU_ASSERT_EQUAL(send(fd, request, strlen(request), MSG_NOSIGNAL),
				(ssize_t)strlen(request));
		CU_ASSERT_PTR_NOT_NULL(strstr(response(fd, "\r\n\r\nconstant"), "200 OK"));
		CU_ASSERT_EQUAL(handled, i);
	}
	close(fd);
	stop();
}

static void
test_long_head(void)
{
	static char request[3 * HTTP_HEAD_BYTES];
	const char *text;

	serve("127.0.0.1");
	for (unsigned in_headers = 0; in_headers < 2; in_headers++) {
		int used = sprintf(request, in_headers ? "GET / HTTP/1.1\r\nHost: localhost\r\nX: "
						       : "GET /");

		memset(request + used, 'a', 2 * HTTP_HEAD_BYTES);
		strcpy(request + used + 2 * HTTP_HEAD_BYTES,
		       in_headers ? "\r\n\r\n" : " HTTP/1.1\r\nHost: localhost\r\n\r\n");
		text = ask(request);
		SUITE_ASSERT(strncmp(text, "HTTP/1.1 4", 10) == 0 || text[0] == 0, "%.40s", text);
		CU_ASSERT_EQUAL(handled, 0);
	}
	CU_ASSERT(strncmp(ask("GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE), "HTTP/1.1 200", 12) ==
		  0);
	stop();
}

static bool
has_connection(void)
{
	return http.connections[0].fd >= 0;
}

/* Time is advanced by changing when the client is due. */
static void
test_slow_client(void)
{
	uint64_t now = loop_now_ns();
	int fd;

	serve("127.0.0.1");
	fd = client(http_port(&http));
	CU_ASSERT_EQUAL(send(fd, "GET / HT", 8, MSG_NOSIGNAL), 8);
	turn_until(has_connection);
	CU_ASSERT(http.connections[0].due_ns >= now + HTTP_REQUEST_NS);
	CU_ASSERT(http.timer.armed && http.timer.due_ns <= http.connections[0].due_ns + NS_PER_MS);
	http.connections[0].due_ns = now;
	loop_timer_at(&loop, &http.timer, 0);
	CU_ASSERT_STRING_EQUAL(response(fd, NULL), "");
	CU_ASSERT_EQUAL(http.connections[0].fd, -1);
	close(fd);
	stop();
}

/* Connections beyond the limit of one address are closed; when there is room again, new ones are
 * served. */
static void
test_crowd(void)
{
	int fds[HTTP_CONNECTIONS_ADDRESS_MAX + 4];
	unsigned open = 0;
	uint64_t deadline = loop_now_ns() + DEADLINE_NS;

	serve("127.0.0.1");
	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = client(http_port(&http));
	do {
		CU_ASSERT_EQUAL(loop_turn(&loop, 5), 0);
		open = 0;
		for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
			char byte;

			open += recv(fds[i], &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
		}
	} while (open > HTTP_CONNECTIONS_ADDRESS_MAX && loop_now_ns() < deadline);
	CU_ASSERT_EQUAL(open, HTTP_CONNECTIONS_ADDRESS_MAX);
	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	while (http.connections[0].fd >= 0 && loop_now_ns() < deadline)
		CU_ASSERT_EQUAL(loop_turn(&loop, 5), 0);
	CU_ASSERT(strncmp(ask("GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE), "HTTP/1.1 200", 12) ==
		  0);
	stop();
}

static int
reusable(void)
{
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		abort();
	return fd;
}

/* A port with a listening socket. When that is closed, the port is still reserved for this test:
 * *keeper is bound to it but does not listen, so that the server under test can, and no other
 * program that asks for any port gets it. */
static int
occupy(uint16_t *port, int *keeper)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(at);
	int fd = reusable();

	*keeper = reusable();
	if (bind(*keeper, (struct sockaddr *)&at, bytes) < 0 ||
	    getsockname(*keeper, (struct sockaddr *)&at, &bytes) < 0 ||
	    bind(fd, (struct sockaddr *)&at, bytes) < 0 || listen(fd, 1) < 0)
		abort();
	*port = ntohs(at.sin_port);
	return fd;
}

static bool
serves(void)
{
	return strncmp(ask("GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE), "HTTP/1.1 200", 12) == 0;
}

static void
test_move(void)
{
	struct config_http next;
	uint16_t port, taken;
	int keeper, other = occupy(&taken, &keeper);

	serve("127.0.0.1");
	port = http_port(&http);
	/* To a port in use: refused, and the old one is still served. */
	next = place("127.0.0.1", taken);
	CU_ASSERT_EQUAL(http_prepare(&http, &next), -EADDRINUSE);
	http_commit(&http);
	CU_ASSERT(http_port(&http) == port && serves());
	/* Prepared and cancelled: nothing changes. */
	close(other);
	CU_ASSERT_EQUAL(http_prepare(&http, &next), 0);
	http_cancel(&http);
	http_commit(&http);
	CU_ASSERT(http_port(&http) == port && serves());
	other = client(taken);
	CU_ASSERT_EQUAL(http_prepare(&http, &next), 0);
	CU_ASSERT(serves()); /* still the old one */
	http_commit(&http);
	CU_ASSERT(http_port(&http) == taken && serves());
	/* The same configuration changes nothing. */
	CU_ASSERT_EQUAL(http_prepare(&http, &next), 0);
	http_commit(&http);
	CU_ASSERT(http_port(&http) == taken && serves());
	/* All addresses, the same port: our own socket uses it. */
	next = place("0.0.0.0", taken);
	CU_ASSERT_EQUAL(http_prepare(&http, &next), 0);
	http_commit(&http);
	CU_ASSERT(http_port(&http) == taken && serves());
	/* Off, and on again. */
	CU_ASSERT_EQUAL(http_prepare(&http, &(struct config_http){.on = false}), 0);
	http_commit(&http);
	CU_ASSERT_EQUAL(http_port(&http), 0);
	CU_ASSERT_FALSE(http.timer.armed);
	next = place("127.0.0.1", taken);
	CU_ASSERT_EQUAL(http_prepare(&http, &next), 0);
	http_commit(&http);
	CU_ASSERT(http_port(&http) == taken && serves());
	close(other);
	close(keeper);
	stop();
}

/* If the port is in use at the start, it waits for it without blocking. */
static void
test_taken_at_start(void)
{
	struct config_http config;
	uint64_t deadline;
	uint16_t taken;
	int keeper, other = occupy(&taken, &keeper);

	config = place("127.0.0.1", taken);
	CU_ASSERT_EQUAL_FATAL(loop_init(&loop), 0);
	http_init(&http, &loop, &config, handle, NULL);
	CU_ASSERT_EQUAL(http_port(&http), 0);
	CU_ASSERT_TRUE(http.timer.armed);
	close(other);
	deadline = loop_now_ns() + DEADLINE_NS;
	while (http_port(&http) == 0 && loop_now_ns() < deadline)
		CU_ASSERT_EQUAL(loop_turn(&loop, 100), 0);
	CU_ASSERT(http_port(&http) == taken && serves());
	close(keeper);
	stop();
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"accepted and refused requests", test_requests},
		{"any Host on other addresses", test_names_elsewhere},
		{"local hosts", test_hosts},
		{"several requests on one connection", test_kept_connection},
		{"a head that is too long", test_long_head},
		{"a slow client", test_slow_client},
		{"too many connections from one address", test_crowd},
		{"changes of the address", test_move},
		{"a port in use at the start", test_taken_at_start},
		CU_TEST_INFO_NULL,
	};

	return suite_run("http", tests);
}
