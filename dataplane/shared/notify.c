/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends notifications to the service manager. */
#include "dataplane/shared/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
notify_send(const char *assignments)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length;
	int fd, status = 0;

	if (path == NULL || path[0] == '\0')
		return 0;
	length = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || length < 2 || length >= sizeof(address.sun_path))
		return -EINVAL;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* an abstract name */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, assignments, strlen(assignments), MSG_NOSIGNAL,
		   (const struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		status = -errno;
	close(fd);
	return status;
}

/* The value of a variable that is a positive number, else 0. */
static uint64_t
variable_number(const char *name)
{
	const char *text = getenv(name);
	unsigned long long number;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? number : 0;
}

uint64_t
notify_watchdog_ns(void)
{
	uint64_t pid = variable_number("WATCHDOG_PID"), limit_us = variable_number("WATCHDOG_USEC");

	if (getenv("WATCHDOG_PID") != NULL && pid != (uint64_t)getpid())
		return 0; /* meant for another process */
	return limit_us > UINT64_MAX / 1000 ? 0 : limit_us * 1000 / 2;
}
