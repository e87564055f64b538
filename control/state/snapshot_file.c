/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes and reads snapshots in memfds. */
#include "control/state/snapshot_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/state/snapshot_build.h"

int
snapshot_file_make(const struct snapshot *snapshot)
{
	int fd = memfd_create("ephemera-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING), status = -EIO;
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, snapshot, snapshot->size_bytes);
	if (written < 0)
		status = -errno;
	if (written != (ssize_t)snapshot->size_bytes)
		goto close;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		status = -errno;
		goto close;
	}
	return fd;
close:
	close(fd);
	return status;
}

int
snapshot_file_read(int fd, uint64_t size_bytes, struct snapshot *into, const char **why)
{
	ssize_t length;

	*why = "invalid size";
	if (size_bytes < sizeof(*into) || size_bytes > build_size_max())
		return -EINVAL;
	*why = NULL;
	length = pread(fd, into, size_bytes, 0);
	if (length < 0)
		return -errno;
	return snapshot_validate(into, (size_t)length, why);
}
