/* SPDX-License-Identifier: BSD-3-Clause */
/* The XDP side of AF_XDP interfaces: who owns the interface, and the descriptors of the steering
 * program's maps.
 *
 * DPDK's driver loads and attaches the program (xdp_prog=), and detaches it when the interface is
 * closed - whatever program that is. So interfaces are claimed before EAL makes interfaces of them:
 *
 *   steer_claim()      each interface exists, is up, is nobody else's (a lock, held for life), and carries no
 * XDP program; one of ours that a killed dataplane left attached is removed, by its name
 *   ... EAL, interfaces_open() ...
 *   steer_find_maps()  the descriptors of the maps, to hand over
 *   steer_check()      now and then: is our program still the one attached?
 *   steer_release()    makes sure that it is gone
 *
 * The lock is an abstract unix socket's name. Any local user can take such a name first and so keep
 * a dataplane from starting - not stop one that runs - and is then named with process and user, for
 * an operator to end. What only root or we could take, and that dies with its process as well, is
 * no lock where it matters: a file is not one per network namespace; one below
 * /proc/sys/net/.../<interface> is, but each mount of procfs has locks of its own, and units and
 * containers have theirs; the namespace's own file, or a interface of netlink, any user can lock
 * too; a second AF_XDP socket on the queue is refused by the kernel, but it is the driver that
 * needs the first. To pass over a stranger's hold would leave two dataplanes free to take each
 * other's program for a dead one's. So whoever can't tell does not start.
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

/* Detaches what the driver left of our program, unlocks. */
void steer_release(struct steer *steer);

/* After the interfaces were opened. 0, or -errno after one line on stderr. */
int steer_find_maps(struct steer *steer);
void steer_close_maps(struct steer *steer);

/* 0; or -ENOENT after one line on stderr: an interface is gone, or its program is not ours any
 * more. Where the kernel can't be asked, all is taken to be well. */
int steer_check(const struct steer *steer);

/* May the interface on this interface be closed, which detaches its program? Not if that is
 * somebody else's. */
bool steer_closable(uint32_t ifindex);

const struct steer_interface *steer_find(const struct steer *steer, uint32_t ifindex);

#endif
