/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the maps of the steering program on each interface.
 * Runs:  the main thread, at start and at exit. */
#include "dataplane/port/steer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "dataplane/lib/descriptor.h"
#include "dataplane/lib/log.h"
#include "dataplane/port/xdp.h"

static const char *const map_names[STEER_MAP_COUNT] = {
#define X(name) #name,
	STEER_MAPS(X)
#undef X
};

/* Finds the program's maps among this process's descriptors, where the driver keeps them open. To
 * open a map by its id needs CAP_SYS_ADMIN. */
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
			log_line("interface %s: the XDP program has no map \"%s\": xdp_prog= must "
				 "name the steer.bpf.o of this version",
				 interface->name, map_names[m]);
			return -ENOENT;
		}
	return 0;
}

static int
interface_find_maps(struct steer_interface *interface)
{
	uint32_t ids[XDP_MODES], map_ids[32], bytes;
	struct bpf_prog_info program;
	int status = xdp_attached(interface->ifindex, ids), fd = -ENOENT;

	for (unsigned mode = 0; mode < XDP_MODES && status == 0 && fd < 0; mode++)
		if (ids[mode] != 0) {
			fd = xdp_own_program(ids[mode]);
			interface->program_id = fd >= 0 ? ids[mode] : 0;
		}
	if (fd < 0) {
		log_line("interface %s carries no XDP program of this process: add "
			 "xdp_prog=STEER.BPF.O to its --vdev",
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
		log_line("interface %s: the XDP program is named \"%s\": xdp_prog= must name "
			 "steer.bpf.o",
			 interface->name, program.name);
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
