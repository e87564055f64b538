/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifications to the service manager: the datagrams sent, and how its environment variables are
 * read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "dataplane/shared/notify.h"
#include "tests/unit/suite.h"

/* Opens a manager's socket with an abstract name chosen by the kernel. Returns its descriptor. */
static int
manager_open(char name[32])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
	CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
	snprintf(name, 32, "@%.*s", (int)(bytes - sizeof(sa_family_t) - 1), address.sun_path + 1);
	return fd;
}

static void
test_send(void)
{
	char name[32], got[64];
	int fd = manager_open(name);

	setenv("NOTIFY_SOCKET", name, 1);
	CU_ASSERT_EQUAL(notify_send("READY=1"), 0);
	CU_ASSERT_EQUAL(recv(fd, got, sizeof(got), 0), 7);
	CU_ASSERT_EQUAL(memcmp(got, "READY=1", 7), 0);
	close(fd);
	CU_ASSERT_EQUAL(notify_send("READY=1"), -ECONNREFUSED);

	unsetenv("NOTIFY_SOCKET");
	CU_ASSERT_EQUAL(notify_send("READY=1"), 0);
}

static void
test_bad_address(void)
{
	char longer[200];
	const char *bad[] = {"relative", "@", "/", longer};

	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		SUITE_ASSERT(notify_send("READY=1") == -EINVAL, "%s", bad[i]);
	}
	unsetenv("NOTIFY_SOCKET");
}

static void
test_watchdog(void)
{
	char self[16];
	const struct {
		const char *limit_us, *pid;
		uint64_t expected_ns;
	} rows[] = {
		{NULL, NULL, 0},
		{"10000000", NULL, 5000000000},
		{"10000000", self, 5000000000},
		{"10000000", "1", 0}, /* for another process */
		{"10000000", "x", 0},
		{"0", NULL, 0},
		{"-5", NULL, 0},
		{"10s", NULL, 0},
		{"", NULL, 0},
		{"99999999999999999999", NULL, 0},
		{"18446744073709551615", NULL, 0},
	};

	snprintf(self, sizeof(self), "%d", getpid());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].limit_us != NULL)
			setenv("WATCHDOG_USEC", rows[i].limit_us, 1);
		if (rows[i].pid != NULL)
			setenv("WATCHDOG_PID", rows[i].pid, 1);
		SUITE_ASSERT(notify_watchdog_ns() == rows[i].expected_ns, "row %zu", i);
	}
}

int
main(void)
{
	CU_TestInfo tests[] = {{"sent datagrams", test_send},
			       {"invalid addresses", test_bad_address},
			       {"watchdog interval", test_watchdog},
			       CU_TEST_INFO_NULL};

	return suite_run("notify", tests);
}
