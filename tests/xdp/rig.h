/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig of the XDP tests: the loaded program under test, its maps, and a network device.
 *
 * The device is a TAP with two queues in a network namespace of this process. An AF_XDP socket is
 * bound to the second queue and is in xsks_map; the first queue has none. So a frame can be tested
 * with and without the dataplane. Threads: one. Needs root. */
#ifndef EPHEMERA_TESTS_XDP_RIG_H
#define EPHEMERA_TESTS_XDP_RIG_H

#include <stddef.h>
#include <stdint.h>

#include <bpf/libbpf.h>

#include "bpf/steer.h"

enum rig_queue {
	QUEUE_BARE = 0,	  /* no socket */
	QUEUE_SOCKET = 1, /* with the AF_XDP socket */
};

struct rig {
	struct bpf_object *object;
	int program_fd;
	int maps[STEER_MAP_COUNT];
	int xsks_fd;
	int tap_fds[2];
	int socket_fd;
	unsigned ifindex;
	void *umem;
	int cpus;
};

struct rig_result {
	uint32_t action; /* enum xdp_action */
	size_t frame_bytes;
	uint64_t grown[STEER_VERDICT_COUNT];
};

/* 0, or -errno after printing the failed step to stderr; call rig_close() in any case. */
int rig_open(struct rig *rig, const char *object_path);
void rig_close(struct rig *rig);

/* Runs the program on a frame of at least 14 bytes by BPF_PROG_TEST_RUN; copies the frame back,
 * with changes. The action is that of bpf_redirect_map(); the frame is not delivered. 0 or
 * -errno. */
int rig_run(const struct rig *rig, enum rig_queue queue, void *frame, size_t bytes,
	    struct rig_result *result);

/* Fills the maps. 0 or -errno. */
int rig_add_service(const struct rig *rig, const char *address, uint16_t port);
int rig_add_source(const struct rig *rig, const char *address);
int rig_add_upstream(const struct rig *rig, const char *address);
int rig_set_ports(const struct rig *rig, const struct steer_ports *ports);

#endif
