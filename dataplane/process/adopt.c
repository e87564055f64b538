/* SPDX-License-Identifier: BSD-3-Clause */
/* Adopts snapshots.
 * Runs:  the main thread.
 * The release store in view_publish() pairs with the acquire load of *current in
 * pipeline_turn(). */
#include "dataplane/process/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_rcu_qsbr.h>

void
adopt_open(struct adopt *adopt, struct workers *workers, struct stats_segment *segment,
	   uint32_t interface_count)
{
	adopt->workers = workers;
	adopt->segment = segment;
	adopt->interface_count = interface_count;
	adopt->wait_ms = ADOPT_WAIT_MS;
	adopt->replaced = NULL;
	adopt->current_fd = -1;
	owners_init(&adopt->owners, workers->count);
}

void
adopt_close(struct adopt *adopt)
{
	view_free(adopt->replaced);
	view_free(adopt->workers->view);
	adopt->workers->view = NULL;
	if (adopt->current_fd >= 0)
		close(adopt->current_fd);
}

const struct snapshot *
adopt_current(const struct adopt *adopt)
{
	return adopt->workers->view == NULL ? NULL : adopt->workers->view->snapshot;
}

/* Copies the snapshot and checks the copy: the sender can still write to the memfd. */
static int
snapshot_copy(int memfd, uint64_t size_bytes, struct snapshot **snapshot, const char **why)
{
	uint8_t *block;
	size_t done = 0;

	*why = "size out of range";
	if (size_bytes < sizeof(struct snapshot) || size_bytes > snapshot_size_max())
		return -EINVAL;
	*why = "out of memory";
	block = malloc(size_bytes);
	if (block == NULL)
		return -ENOMEM;
	while (done < size_bytes) {
		ssize_t count = pread(memfd, block + done, size_bytes - done, (off_t)done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0) {
			*why = count == 0 ? "shorter than announced" : "cannot be read";
			free(block);
			return count == 0 ? -EINVAL : -errno;
		}
		done += (size_t)count;
	}
	*snapshot = (struct snapshot *)block;
	return snapshot_validate(block, size_bytes, why);
}

/* Checks what snapshot_validate() cannot: the number of interfaces, and the generation. */
static int
snapshot_fits(const struct adopt *adopt, const struct snapshot *snapshot, const char **why)
{
	const struct snapshot *current = adopt_current(adopt);

	for (uint32_t i = 0; i < snapshot->upstream_count; i++)
		if (snapshot->upstreams[i].resolved &&
		    snapshot->upstreams[i].interface_index >= adopt->interface_count) {
			*why = "upstream behind an interface that does not exist";
			return -EINVAL;
		}
	if (current != NULL && snapshot->generation <= current->generation) {
		*why = "generation not newer than the current one";
		return -ESTALE;
	}
	return 0;
}

/* Returns a sealed memfd with the snapshot's bytes, for MESSAGE_SNAPSHOT_GET, or -errno. */
static int
bytes_keep(const struct snapshot *snapshot)
{
	int fd = memfd_create("ephemera-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < snapshot->size_bytes) {
		ssize_t count =
			write(fd, (const uint8_t *)snapshot + done, snapshot->size_bytes - done);

		if (count < 0) {
			int status = -errno;

			close(fd);
			return status;
		}
		done += (size_t)count;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		int status = -errno;

		close(fd);
		return status;
	}
	return fd;
}

/* Waits up to wait_ms until no worker uses the replaced view, and frees it. A worker that left its
 * loop is unregistered and not waited for. False: a worker still uses it. */
static bool
replaced_free(struct adopt *adopt, uint64_t wait_ms)
{
	const uint64_t end_ns = stats_segment_now_ns() + wait_ms * 1000000u;
	const struct timespec pause = {.tv_nsec = 20000};

	while (!rte_rcu_qsbr_check(adopt->workers->qsbr, adopt->replaced_token, false)) {
		if (stats_segment_now_ns() >= end_ns)
			return false;
		nanosleep(&pause, NULL);
	}
	view_free(adopt->replaced);
	adopt->replaced = NULL;
	adopt->segment->header->generation = adopt->workers->view->snapshot->generation;
	return true;
}

static int
view_publish(struct adopt *adopt, struct snapshot *snapshot, const char **why)
{
	int fd = bytes_keep(snapshot), status;
	struct view *view;

	*why = "out of memory or descriptors";
	if (fd < 0)
		return fd;
	status = view_make(snapshot, &adopt->owners, rte_get_tsc_hz(), &view);
	if (status != 0) {
		close(fd);
		return status;
	}
	if (adopt->current_fd >= 0)
		close(adopt->current_fd);
	adopt->current_fd = fd;
	adopt->replaced = adopt->workers->view;
	__atomic_store_n(&adopt->workers->view, view, __ATOMIC_RELEASE);
	adopt->replaced_token = rte_rcu_qsbr_start(adopt->workers->qsbr);
	*why = "adopted, but a worker did not confirm it in time";
	return replaced_free(adopt, adopt->wait_ms) ? 0 : -ETIMEDOUT;
}

int
adopt_put(struct adopt *adopt, int memfd, uint64_t size_bytes, const char **why)
{
	struct snapshot *snapshot = NULL;
	int status;

	*why = "a worker still uses the snapshot before the current one";
	if (adopt->replaced != NULL && !replaced_free(adopt, 0))
		return -EBUSY;
	status = snapshot_copy(memfd, size_bytes, &snapshot, why);
	if (status == 0)
		status = snapshot_fits(adopt, snapshot, why);
	if (status == 0)
		status = view_publish(adopt, snapshot, why);
	if (status != 0 &&
	    (adopt->workers->view == NULL || adopt->workers->view->snapshot != snapshot))
		free(snapshot);
	return status;
}
