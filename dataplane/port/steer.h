/* SPDX-License-Identifier: BSD-3-Clause */
/* The XDP side of AF_XDP interfaces: locks the interfaces, and finds the descriptors of the
 * steering program's maps.
 *
 * DPDK's driver loads and attaches the program (xdp_prog=). When it closes the interface it
 * detaches whatever program is attached. So interfaces are claimed before EAL starts:
 *
 *   steer_claim()      checks that each interface exists and is up, locks it until steer_release(),
 *                      and checks that it carries no XDP program; removes a steering program that a
 *                      killed dataplane left attached, recognized by its name
 *   ... EAL, interfaces_open() ...
 *   steer_find_maps()  finds the descriptors of the maps, which ephemerad gets
 *   steer_check()      periodically: checks that our program is still attached
 *   steer_release()    detaches the program if it is still there, and unlocks
 *
 * The lock is the name of an abstract unix socket. Any local user can bind such a name first and so
 * keep a dataplane from starting, but cannot stop a running one. The dataplane that does not start
 * logs the process and user. No lock that only root or our user can take, and that the kernel frees
 * when the process ends, fits:
 *   - a lock file is not unique per network namespace
 *   - a file below /proc/sys/net/.../<interface> is, but its locks are per mount of procfs, and
 *     units and containers have their own mounts
 *   - any user can lock the namespace's file, or bind a netlink port, as well
 *   - the kernel refuses a second AF_XDP socket on a queue, but the driver needs the first one
 * Ignoring a held lock would let two dataplanes each take the other's program for that of a killed
 * one. So a dataplane that cannot get the lock does not start.
 *
 * All [main]. */
#ifndef EPHEMERA_DATAPLANE_PORT_STEER_H
#define EPHEMERA_DATAPLANE_PORT_STEER_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/steer.h"
#include "dataplane/shared/snapshot.h"

struct steer_interface {
	char name[IF_NAMESIZE];
	uint32_t ifindex;
	int lock_fd;
	uint32_t program_id; /* ours; 0 before steer_find_maps() */
	int map_fds[STEER_MAP_COUNT];
};

struct steer {
	uint32_t count;
	struct steer_interface interfaces[SNAPSHOT_INTERFACES_MAX];
};

/* Claims `count` interfaces. 0, or -errno after one line on stderr, with nothing claimed. */
int steer_claim(struct steer *steer, uint32_t count, const char names[][IF_NAMESIZE]);

/* Detaches our program if the driver did not, and unlocks the interfaces. */
void steer_release(struct steer *steer);

/* Finds the programs and maps after interfaces_open(). 0, or -errno after one line on stderr. */
int steer_find_maps(struct steer *steer);
void steer_close_maps(struct steer *steer);

/* 0, or -ENOENT after one line on stderr if an interface is gone or no longer carries our program.
 * An interface that cannot be queried counts as unchanged. */
int steer_check(const struct steer *steer);

/* True if closing the interface, which detaches its XDP program, is safe: the program is ours, or
 * there is none. */
bool steer_closable(uint32_t ifindex);

/* The claimed interface with that ifindex, or NULL. */
const struct steer_interface *steer_find(const struct steer *steer, uint32_t ifindex);

#endif
