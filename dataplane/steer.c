/* SPDX-License-Identifier: BSD-3-Clause */
/* Claims interfaces for the steering program and finds its maps.
 * Runs:  the main thread, at start and at the end.
 * Never: touches a program that is not ours. */
#include "steer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "descriptor.h"
#include "report.h"

static const char *const map_names[STEER_MAP_COUNT] = {
#define X(name) #name,
	STEER_MAPS(X)
#undef X
};

/* An interface may carry a program in each of these modes. */
enum { MODES = 3 };
static const uint32_t mode_flags[MODES] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE, XDP_FLAGS_HW_MODE};

static int
attached_ids(uint32_t ifindex, uint32_t ids[MODES])
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int status = bpf_xdp_query((int)ifindex, 0, &query);

	if (status != 0)
		return status;
	ids[0] = query.drv_prog_id;
	ids[1] = query.skb_prog_id;
	ids[2] = query.hw_prog_id;
	return 0;
}

static int
program_look(int fd, struct bpf_prog_info *program)
{
	uint32_t bytes = sizeof(*program);

	memset(program, 0, sizeof(*program));
	return bpf_obj_get_info_by_fd(fd, program, &bytes);
}

/* Is the program `id` one that this process loaded? Found among our own descriptors, which needs no privilege. */
static int
own_program_fd(uint32_t id)
{
	struct descriptor_walk walk;
	int fd, found = -ENOENT;

	if (descriptor_walk_open(&walk, "anon_inode:bpf-prog") != 0)
		return -errno;
	while (found < 0 && (fd = descriptor_walk_next(&walk)) >= 0) {
		struct bpf_prog_info program;

		if (program_look(fd, &program) == 0 && program.id == id)
			found = fd;
	}
	descriptor_walk_close(&walk);
	return found;
}

/* ---- claiming ---- */

static int
capabilities_check(void)
{
	static const struct {
		uint32_t number;
		const char *name;
	} needed[] = {
		{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
		{CAP_NET_RAW, "CAP_NET_RAW"},
		{CAP_BPF, "CAP_BPF"},
		{CAP_PERFMON, "CAP_PERFMON"},
	};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) != 0)
		return -errno;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		uint32_t number = needed[i].number;
		bool has = sets[number / 32].effective >> (number % 32) & 1;

		if (number >= CAP_PERFMON) /* CAP_SYS_ADMIN contains these two */
			has = has || (sets[0].effective >> CAP_SYS_ADMIN & 1);
		if (!has) {
			report("no %s, which AF_XDP ports need: run as root, or grant "
			       "CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON",
			       needed[i].name);
			return -EPERM;
		}
	}
	return 0;
}

static int
interface_check(struct steer_interface *interface)
{
	struct ifreq request = {.ifr_flags = 0};
	int fd, status = 0;

	interface->ifindex = if_nametoindex(interface->name);
	if (interface->ifindex == 0) {
		report("no interface %s in this network namespace: `ip link` lists them", interface->name);
		return -ENODEV;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, interface->name, IF_NAMESIZE);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		status = -errno;
	else if (!(request.ifr_flags & IFF_UP)) {
		report("interface %s is down: `ip link set %s up` first", interface->name, interface->name);
		status = -ENETDOWN;
	}
	close(fd);
	return status;
}

/* The lock is the name of an abstract unix socket, which dies with its process and is one per network namespace,
 * as interfaces are. */
static int
interface_lock(struct steer_interface *interface)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "ephemera-dataplane/%s",
	                      interface->name);

	interface->lock_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (interface->lock_fd < 0)
		return -errno;
	if (bind(interface->lock_fd, (struct sockaddr *)&address,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) < 0) {
		int status = -errno;

		report("interface %s belongs to another ephemera-dataplane that is running: stop that one first",
		       interface->name);
		close(interface->lock_fd);
		return status;
	}
	return 0;
}

/* Removes program `id`, attached in mode `flags`, if it is one of ours. */
static int
stale_remove(const struct steer_interface *interface, uint32_t id, uint32_t flags)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, options);
	struct bpf_prog_info program;
	int fd, status;

	fd = bpf_prog_get_fd_by_id(id);
	if (fd == -ENOENT)
		return 0; /* just gone */
	if (fd < 0) {
		report("interface %s carries XDP program %u and CAP_SYS_ADMIN is missing to see whose: if it may go, "
		       "`ip link set %s xdp off`",
		       interface->name, id, interface->name);
		return fd;
	}
	status = program_look(fd, &program);
	if (status == 0 && strcmp(program.name, STEER_PROGRAM_NAME) != 0) {
		report("interface %s carries somebody else's XDP program \"%s\" (id %u): detach it with its own tool, or "
		       "with `ip link set %s xdp off`",
		       interface->name, program.name, id, interface->name);
		status = -EBUSY;
	} else if (status == 0) {
		options.old_prog_fd = fd; /* this program or none */
		status = bpf_xdp_detach((int)interface->ifindex, flags | XDP_FLAGS_REPLACE, &options);
		if (status != 0)
			report("interface %s: cannot remove the XDP program of an earlier run: %s", interface->name,
			       strerror(-status));
	}
	close(fd);
	return status;
}

static int
programs_remove(const struct steer_interface *interface)
{
	uint32_t ids[MODES];
	int status = attached_ids(interface->ifindex, ids);

	for (unsigned mode = 0; mode < MODES && status == 0; mode++)
		if (ids[mode] != 0)
			status = stale_remove(interface, ids[mode], mode_flags[mode]);
	return status;
}

static int
interface_claim(struct steer_interface *interface)
{
	int status = interface_check(interface);

	if (status == 0)
		status = interface_lock(interface);
	if (status != 0)
		return status;
	status = programs_remove(interface);
	if (status != 0)
		close(interface->lock_fd);
	return status;
}

int
steer_claim(struct steer *steer, uint32_t count, const char names[][IF_NAMESIZE])
{
	int status;

	steer->count = 0;
	if (count == 0)
		return 0;
	status = capabilities_check();
	for (uint32_t i = 0; i < count && status == 0; i++) {
		struct steer_interface *interface = &steer->interfaces[i];

		memset(interface, 0, sizeof(*interface));
		memcpy(interface->name, names[i], IF_NAMESIZE);
		status = interface_claim(interface);
		if (status == 0)
			steer->count++;
	}
	if (status != 0)
		steer_release(steer);
	return status;
}

void
steer_release(struct steer *steer)
{
	for (uint32_t i = 0; i < steer->count; i++) {
		struct steer_interface *interface = &steer->interfaces[i];
		uint32_t ids[MODES];

		/* The driver detaches the program when it closes the port; this is for when it did not. */
		if (interface->program_id != 0 && attached_ids(interface->ifindex, ids) == 0)
			for (unsigned mode = 0; mode < MODES; mode++)
				if (ids[mode] == interface->program_id)
					bpf_xdp_detach((int)interface->ifindex, mode_flags[mode], NULL);
		close(interface->lock_fd);
	}
	steer->count = 0;
}

/* ---- maps ---- */

/* Finds the program's maps among our own descriptors: the driver loaded them in this process and keeps them. Asking the
 * kernel for a map by its id would need CAP_SYS_ADMIN. */
static int
maps_find(struct steer_interface *interface, const uint32_t *ids, uint32_t id_count)
{
	struct descriptor_walk walk;
	int fd;

	if (descriptor_walk_open(&walk, "anon_inode:bpf-map") != 0)
		return -errno;
	while ((fd = descriptor_walk_next(&walk)) >= 0) {
		struct bpf_map_info map = {0};
		uint32_t bytes = sizeof(map), is_ours = 0;

		if (bpf_obj_get_info_by_fd(fd, &map, &bytes) != 0)
			continue;
		for (uint32_t i = 0; i < id_count; i++)
			is_ours |= ids[i] == map.id;
		for (unsigned m = 0; m < STEER_MAP_COUNT && is_ours; m++)
			if (interface->map_fds[m] < 0 && strcmp(map.name, map_names[m]) == 0)
				interface->map_fds[m] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	descriptor_walk_close(&walk);
	for (unsigned m = 0; m < STEER_MAP_COUNT; m++)
		if (interface->map_fds[m] < 0) {
			report("the XDP program on %s has no map \"%s\": xdp_prog= must name the steer.bpf.o of this version",
			       interface->name, map_names[m]);
			return -ENOENT;
		}
	return 0;
}

static int
interface_find_maps(struct steer_interface *interface)
{
	uint32_t ids[MODES], map_ids[32], bytes;
	struct bpf_prog_info program;
	int status = attached_ids(interface->ifindex, ids), fd = -ENOENT;

	for (unsigned mode = 0; mode < MODES && status == 0 && fd < 0; mode++)
		if (ids[mode] != 0) {
			fd = own_program_fd(ids[mode]);
			interface->program_id = fd >= 0 ? ids[mode] : 0;
		}
	if (fd < 0) {
		report("interface %s carries no XDP program of this process: give its device xdp_prog=STEER.BPF.O",
		       interface->name);
		return -ENOENT;
	}
	memset(&program, 0, sizeof(program));
	program.nr_map_ids = sizeof(map_ids) / sizeof(map_ids[0]);
	program.map_ids = (uintptr_t)map_ids;
	bytes = sizeof(program);
	status = bpf_obj_get_info_by_fd(fd, &program, &bytes);
	if (status != 0)
		return status;
	if (strcmp(program.name, STEER_PROGRAM_NAME) != 0) {
		report("the XDP program on %s is called \"%s\": xdp_prog= must name steer.bpf.o", interface->name,
		       program.name);
		return -EINVAL;
	}
	if (program.nr_map_ids > sizeof(map_ids) / sizeof(map_ids[0]))
		program.nr_map_ids = sizeof(map_ids) / sizeof(map_ids[0]);
	return maps_find(interface, map_ids, program.nr_map_ids);
}

int
steer_find_maps(struct steer *steer)
{
	int status = 0;

	for (uint32_t i = 0; i < steer->count; i++)
		for (unsigned m = 0; m < STEER_MAP_COUNT; m++)
			steer->interfaces[i].map_fds[m] = -1;
	for (uint32_t i = 0; i < steer->count && status == 0; i++)
		status = interface_find_maps(&steer->interfaces[i]);
	if (status != 0)
		steer_close_maps(steer);
	return status;
}

void
steer_close_maps(struct steer *steer)
{
	for (uint32_t i = 0; i < steer->count; i++)
		for (unsigned m = 0; m < STEER_MAP_COUNT; m++)
			if (steer->interfaces[i].map_fds[m] >= 0)
				close(steer->interfaces[i].map_fds[m]);
}

/* ---- while running ---- */

int
steer_check(const struct steer *steer)
{
	for (uint32_t i = 0; i < steer->count; i++) {
		const struct steer_interface *interface = &steer->interfaces[i];
		uint32_t ids[MODES];

		if (attached_ids(interface->ifindex, ids) != 0) {
			report("interface %s is gone: start again when it is back", interface->name);
			return -ENOENT;
		}
		if (ids[0] != interface->program_id && ids[1] != interface->program_id &&
		    ids[2] != interface->program_id) {
			report("interface %s: somebody detached or replaced our XDP program, so that no packet reaches "
			       "us: start again",
			       interface->name);
			return -ENOENT;
		}
	}
	return 0;
}

bool
steer_closable(uint32_t ifindex)
{
	uint32_t ids[MODES];

	if (attached_ids(ifindex, ids) != 0)
		return true; /* the interface is gone, and with it any program */
	for (unsigned mode = 0; mode < MODES; mode++)
		if (ids[mode] != 0 && own_program_fd(ids[mode]) < 0)
			return false;
	return true;
}

const struct steer_interface *
steer_find(const struct steer *steer, uint32_t ifindex)
{
	for (uint32_t i = 0; i < steer->count; i++)
		if (steer->interfaces[i].ifindex == ifindex)
			return &steer->interfaces[i];
	return NULL;
}
