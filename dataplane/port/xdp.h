/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries the XDP programs on interfaces: which are attached, and which are ours. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PORT_XDP_H
#define EPHEMERA_DATAPLANE_PORT_XDP_H

#include <stdint.h>

#include <bpf/bpf.h>

/* An interface may carry a program in each of these modes: driver, generic, hardware. */
#define XDP_MODES 3

extern const uint32_t xdp_mode_flags[XDP_MODES];

/* Gets the ids of the attached programs by mode, 0 for none. 0 or -errno. */
int xdp_attached(uint32_t ifindex, uint32_t ids[XDP_MODES]);

/* Describes the program behind a descriptor. 0 or -errno. */
int xdp_program_query(int fd, struct bpf_prog_info *program);

/* The descriptor of program `id` if this process loaded it, else -ENOENT. It is found among this
 * process's descriptors, which needs no privilege. The driver owns it: do not close it. */
int xdp_own_program(uint32_t id);

#endif
