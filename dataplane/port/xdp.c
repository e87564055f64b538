/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries the XDP programs on interfaces.
 * Runs:  the main thread. */
#include "dataplane/port/xdp.h"

#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "dataplane/lib/descriptor.h"

const uint32_t xdp_mode_flags[XDP_MODES] = {XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE,
					    XDP_FLAGS_HW_MODE};

int
xdp_attached(uint32_t ifindex, uint32_t ids[XDP_MODES])
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

int
xdp_program_query(int fd, struct bpf_prog_info *program)
{
	uint32_t bytes = sizeof(*program);

	memset(program, 0, sizeof(*program));
	return bpf_obj_get_info_by_fd(fd, program, &bytes);
}

int
xdp_own_program(uint32_t id)
{
	struct descriptor_walk walk;
	int fd, found = -ENOENT;

	if (descriptor_walk_open(&walk, "anon_inode:bpf-prog") != 0)
		return -errno;
	while (found < 0 && (fd = descriptor_walk_next(&walk)) >= 0) {
		struct bpf_prog_info program;

		if (xdp_program_query(fd, &program) == 0 && program.id == id)
			found = fd;
	}
	descriptor_walk_close(&walk);
	return found;
}
