/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a configuration file into memory. The size is checked twice: as fstat() gives it, and as
 * bytes are read. */
#include "control/config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
file_open(struct faults *faults)
{
	int fd = open(faults->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		return fd;
	fd = -errno;
	fault_error(faults, 0, "cannot be opened: %s: %s", strerror(errno),
		    errno == ENOENT ? "give the path of an existing file"
				    : "allow this user to read it, or run as a user who may");
	return fd;
}

/* The size, of 0 or more, or -errno. */
static ssize_t
file_check(struct faults *faults, const char *what, size_t bytes_max, int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		fault_error(faults, 0, "is %s: give the path of a regular file",
			    S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	}
	if ((uint64_t)status.st_size > bytes_max) {
		fault_error(faults, 0,
			    "is %lld bytes long, too long for %s: shorten it to %zu bytes or less",
			    (long long)status.st_size, what, bytes_max);
		return -EFBIG;
	}
	return status.st_size;
}

/* Reads to the end of the file; `expected` is only a hint. -EFBIG for more than `bytes_max`. */
static int
file_fill(int fd, size_t expected, size_t bytes_max, char **text, size_t *text_bytes)
{
	size_t used = 0, room = 0;

	*text = NULL;
	for (;;) {
		ssize_t got;

		if (room - used < 2) { /* for a byte and the terminating 0 */
			char *larger;

			room = room == 0 ? expected + 2 : 2 * room;
			larger = realloc(*text, room);
			if (larger == NULL)
				return -ENOMEM;
			*text = larger;
		}
		got = read(fd, *text + used, room - 1 - used);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		used += got > 0 ? (size_t)got : 0;
		if (used > bytes_max)
			return -EFBIG;
	}
	(*text)[used] = 0;
	*text_bytes = used;
	return 0;
}

int
config_file_read(struct faults *faults, const char *what, size_t bytes_max, char **text,
		 size_t *text_bytes)
{
	int fd = file_open(faults), err;
	ssize_t size;

	if (fd < 0)
		return fd;
	size = file_check(faults, what, bytes_max, fd);
	err = size < 0 ? (int)size : file_fill(fd, (size_t)size, bytes_max, text, text_bytes);
	if (size >= 0 && err != 0) {
		free(*text);
		if (err == -EFBIG)
			fault_error(faults, 0,
				    "grew while it was read, too long for %s: shorten it to %zu "
				    "bytes or less",
				    what, bytes_max);
		else if (err != -ENOMEM)
			fault_error(faults, 0,
				    "cannot be read: %s: check the disk or use another file",
				    strerror(-err));
	}
	close(fd);
	return err;
}
