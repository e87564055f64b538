/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a configuration file into memory. The size is bounded twice, by what the file says and by what comes.
 */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
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
		    errno == ENOENT ? "name an existing file"
				    : "let this user read it, or run as one who may");
	return fd;
}

static int
file_check(struct faults *faults, int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		fault_error(faults, 0, "is %s: name a regular file",
			    S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	}
	if (status.st_size > CONFIG_FILE_BYTES_MAX) {
		fault_error(faults, 0, "is %lld bytes long: a configuration has at most %u",
			    (long long)status.st_size, CONFIG_FILE_BYTES_MAX);
		return -EFBIG;
	}
	return 0;
}

/* Reads up to the end; one byte more than the limit is read, so that a file that grew meanwhile is noticed.
 */
static int
file_fill(struct faults *faults, int fd, char *text, size_t *text_bytes)
{
	size_t used = 0;

	while (used <= CONFIG_FILE_BYTES_MAX) {
		ssize_t got = read(fd, text + used, CONFIG_FILE_BYTES_MAX + 1 - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = -errno;

			fault_error(faults, 0, "cannot be read: %s: check the disk or name another file",
				    strerror(errno));
			return err;
		}
		if (got == 0) {
			text[used] = 0;
			*text_bytes = used;
			return 0;
		}
		used += (size_t)got;
	}
	fault_error(faults, 0, "grows while it is read: a configuration has at most %u bytes",
		    CONFIG_FILE_BYTES_MAX);
	return -EFBIG;
}

int
config_file_read(struct faults *faults, char **text, size_t *text_bytes)
{
	int fd = file_open(faults), err;

	if (fd < 0)
		return fd;
	err = file_check(faults, fd);
	if (err != 0)
		goto close_file;
	*text = malloc(CONFIG_FILE_BYTES_MAX + 2);
	if (*text == NULL) {
		err = -ENOMEM;
		goto close_file;
	}
	err = file_fill(faults, fd, *text, text_bytes);
	if (err != 0)
		free(*text);
close_file:
	close(fd);
	return err;
}
