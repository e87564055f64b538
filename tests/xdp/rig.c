/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/xdp/rig.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/xdp/frames.h"

#define UMEM_CHUNK_BYTES 2048
#define UMEM_CHUNKS	 64
#define RING_ENTRIES	 64

static int
complain(const char *what)
{
	int error = errno ? errno : EIO;

	fprintf(stderr, "xdp rig: %s: %s\n", what, strerror(error));
	return -error;
}

/* Opens a descriptor for each queue of the device with this name. */
static int
tap_open(struct rig *rig, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE};
	int control, rc;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	for (int i = 0; i < 2; i++) {
		rig->tap_fds[i] = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
		if (rig->tap_fds[i] < 0 || ioctl(rig->tap_fds[i], TUNSETIFF, &request) < 0)
			return complain("making a TAP device");
	}
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0)
		return complain("socket");
	request.ifr_flags = IFF_UP;
	rc = ioctl(control, SIOCSIFFLAGS, &request) || ioctl(control, SIOCGIFINDEX, &request);
	close(control);
	if (rc)
		return complain("setting the TAP device up");
	rig->ifindex = (unsigned)request.ifr_ifindex;
	return 0;
}

/* The minimum for a socket that the kernel really redirects to. */
static int
xsk_open(struct rig *rig, enum rig_queue queue)
{
	struct xdp_umem_reg region = {.len = UMEM_CHUNK_BYTES * UMEM_CHUNKS,
				      .chunk_size = UMEM_CHUNK_BYTES};
	struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
				       .sxdp_flags = XDP_COPY,
				       .sxdp_ifindex = rig->ifindex,
				       .sxdp_queue_id = queue};
	int entries = RING_ENTRIES;

	rig->umem =
		mmap(NULL, region.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rig->umem == MAP_FAILED)
		return complain("mmap");
	region.addr = (uintptr_t)rig->umem;
	rig->socket_fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (rig->socket_fd < 0)
		return complain("making an AF_XDP socket");
	if (setsockopt(rig->socket_fd, SOL_XDP, XDP_UMEM_REG, &region, sizeof(region)) ||
	    setsockopt(rig->socket_fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, sizeof(entries)) ||
	    setsockopt(rig->socket_fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries,
		       sizeof(entries)) ||
	    setsockopt(rig->socket_fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries)))
		return complain("giving the AF_XDP socket its memory and rings");
	if (bind(rig->socket_fd, (const struct sockaddr *)&address, sizeof(address)))
		return complain("binding the AF_XDP socket to a queue of the TAP device");
	return 0;
}

static int
maps_find(struct rig *rig)
{
#define X(name) #name,
	static const char *const names[] = {STEER_MAPS(X)};
#undef X

	for (int i = 0; i < STEER_MAP_COUNT; i++) {
		rig->maps[i] = bpf_object__find_map_fd_by_name(rig->object, names[i]);
		if (rig->maps[i] < 0)
			return complain(names[i]);
	}
	rig->xsks_fd = bpf_object__find_map_fd_by_name(rig->object, "xsks_map");
	return rig->xsks_fd < 0 ? complain("xsks_map") : 0;
}

/* The object's first program, as in the dataplane's driver. */
static int
object_open(struct rig *rig, const char *path)
{
	struct bpf_program *program;

	rig->object = bpf_object__open_file(path, NULL);
	if (rig->object == NULL)
		return complain(path);
	if (bpf_object__load(rig->object))
		return complain("loading the program");
	program = bpf_object__next_program(rig->object, NULL);
	if (program == NULL)
		return complain("the object has no program");
	rig->program_fd = bpf_program__fd(program);
	return maps_find(rig);
}

int
rig_open(struct rig *rig, const char *object_path)
{
	uint32_t queue = QUEUE_SOCKET;
	int rc;

	*rig = (struct rig){.tap_fds = {-1, -1}, .socket_fd = -1, .umem = MAP_FAILED};
	rig->cpus = libbpf_num_possible_cpus();
	if (geteuid() != 0) {
		fprintf(stderr, "xdp rig: must run as root to load a program and make a device: "
				"use sudo\n");
		return -EPERM;
	}
	if (unshare(CLONE_NEWNET))
		return complain("making a network namespace");
	rc = object_open(rig, object_path);
	if (rc == 0)
		rc = tap_open(rig, "rig");
	if (rc == 0)
		rc = xsk_open(rig, QUEUE_SOCKET);
	if (rc == 0 && bpf_map_update_elem(rig->xsks_fd, &queue, &rig->socket_fd, BPF_ANY))
		rc = complain("entering the socket in xsks_map");
	return rc;
}

void
rig_close(struct rig *rig)
{
	if (rig->socket_fd >= 0)
		close(rig->socket_fd);
	if (rig->umem != MAP_FAILED)
		munmap(rig->umem, UMEM_CHUNK_BYTES * UMEM_CHUNKS);
	for (int i = 0; i < 2; i++)
		if (rig->tap_fds[i] >= 0)
			close(rig->tap_fds[i]);
	bpf_object__close(rig->object);
}

static int
verdicts_read(const struct rig *rig, uint64_t *sums)
{
	uint64_t *values = calloc((size_t)rig->cpus, sizeof(*values));
	int rc = values ? 0 : -ENOMEM;

	for (uint32_t verdict = 0; rc == 0 && verdict < STEER_VERDICT_COUNT; verdict++) {
		rc = bpf_map_lookup_elem(rig->maps[STEER_MAP_verdicts], &verdict, values);
		sums[verdict] = 0;
		for (int cpu = 0; rc == 0 && cpu < rig->cpus; cpu++)
			sums[verdict] += values[cpu];
	}
	free(values);
	return rc;
}

int
rig_run(const struct rig *rig, enum rig_queue queue, void *frame, size_t bytes,
	struct rig_result *result)
{
	uint8_t out[FRAME_BYTES_MAX];
	uint64_t before[STEER_VERDICT_COUNT];
	struct xdp_md context = {.data_end = (uint32_t)bytes,
				 .ingress_ifindex = rig->ifindex,
				 .rx_queue_index = queue};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = (uint32_t)bytes,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1);
	int rc = verdicts_read(rig, before);

	if (rc == 0)
		rc = bpf_prog_test_run_opts(rig->program_fd, &options);
	if (rc == 0)
		rc = verdicts_read(rig, result->grown);
	if (rc)
		return rc;
	for (int verdict = 0; verdict < STEER_VERDICT_COUNT; verdict++)
		result->grown[verdict] -= before[verdict];
	result->action = options.retval;
	result->frame_bytes = options.data_size_out;
	memcpy(frame, out, options.data_size_out < bytes ? options.data_size_out : bytes);
	return 0;
}

static int
address_add(int map_fd, const char *text)
{
	struct steer_address key;
	uint32_t unused = 0;

	address_parse(text, key.bytes);
	return bpf_map_update_elem(map_fd, &key, &unused, BPF_ANY);
}

int
rig_add_service(const struct rig *rig, const char *address, uint16_t port)
{
	struct steer_service key = {.port = (__be16)htobe16(port)};
	uint32_t unused = 0;

	address_parse(address, key.address.bytes);
	return bpf_map_update_elem(rig->maps[STEER_MAP_services], &key, &unused, BPF_ANY);
}

int
rig_add_source(const struct rig *rig, const char *address)
{
	return address_add(rig->maps[STEER_MAP_sources], address);
}

int
rig_add_upstream(const struct rig *rig, const char *address)
{
	return address_add(rig->maps[STEER_MAP_upstreams], address);
}

int
rig_set_ports(const struct rig *rig, const struct steer_ports *ports)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(rig->maps[STEER_MAP_ports], &zero, ports, BPF_ANY);
}
