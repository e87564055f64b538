/* SPDX-License-Identifier: BSD-3-Clause */
/* Adopts snapshots.
 * Runs:  the main thread; pairs with the acquire load of *current at the top of each worker's
 * turn. */
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
	adopt->unseen = NULL;
	adopt->current_fd = -1;
	owners_init(&adopt->owners, workers->count);
}

void
adopt_close(struct adopt *adopt)
{
	view_free(adopt->unseen);
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

/* Copies first, checks the copy: the memfd may change under us. */
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

/* What only this process can judge. */
static int
snapshot_fits(const struct adopt *adopt, const struct snapshot *snapshot, const char **why)
{
	const struct snapshot *current = adopt_current(adopt);

	for (uint32_t i = 0; i < snapshot->upstream_count; i++)
		if (snapshot->upstreams[i].resolved &&
		    snapshot->upstreams[i].interface_index >= adopt->interface_count) {
			*why = "upstream behind a port that is not there";
			return -EINVAL;
		}
	if (current != NULL && snapshot->generation <= current->generation) {
		*why = "generation not above the running one";
		return -ESTALE;
	}
	return 0;
}

/* The bytes as they came, for SNAPSHOT_GET. */
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

/* Frees the view that was replaced, once every worker is past it. A worker whose loop ended is not
 * waited for. */
static bool
unseen_free(struct adopt *adopt, uint64_t wait_ms)
{
	const uint64_t end_ns = stats_segment_now_ns() + wait_ms * 1000000u;
	const struct timespec pause = {.tv_nsec = 20000};

	while (!rte_rcu_qsbr_check(adopt->workers->qsbr, adopt->unseen_token, false)) {
		if (stats_segment_now_ns() >= end_ns)
			return false;
		nanosleep(&pause, NULL);
	}
	view_free(adopt->unseen);
	adopt->unseen = NULL;
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
	adopt->unseen = adopt->workers->view;
	__atomic_store_n(&adopt->workers->view, view, __ATOMIC_RELEASE);
	adopt->unseen_token = rte_rcu_qsbr_start(adopt->workers->qsbr);
	*why = "adopted, but a worker does not answer";
	return unseen_free(adopt, adopt->wait_ms) ? 0 : -ETIMEDOUT;
}

int
adopt_put(struct adopt *adopt, int memfd, uint64_t size_bytes, const char **why)
{
	struct snapshot *snapshot = NULL;
	int status;

	*why = "a worker has not left the snapshot before the running one";
	if (adopt->unseen != NULL && !unseen_free(adopt, 0))
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
