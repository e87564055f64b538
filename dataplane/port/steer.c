/* SPDX-License-Identifier: BSD-3-Clause */
/* Claims interfaces for the steering program, and checks that it stays attached.
 * Runs:  the main thread.
 * Never: detaches a program that is not ours. */
#include "dataplane/port/steer.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "dataplane/lib/log.h"
#include "dataplane/port/xdp.h"

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

		if (number >= CAP_PERFMON) /* CAP_SYS_ADMIN includes CAP_PERFMON and CAP_BPF */
			has = has || (sets[0].effective >> CAP_SYS_ADMIN & 1);
		if (!has) {
			log_line("%s is missing, which AF_XDP needs: run as root, or grant "
				 "CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON",
				 needed[i].name);
			return -EPERM;
		}
	}
	return 0;
}

/* The packet buffers are pinned, which counts against this limit without CAP_IPC_LOCK. */
static void
memory_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int
interface_check(struct steer_interface *interface)
{
	struct ifreq request = {.ifr_flags = 0};
	int fd, status = 0;

	interface->ifindex = if_nametoindex(interface->name);
	if (interface->ifindex == 0) {
		log_line("no interface %s in this network namespace: `ip link` lists them",
			 interface->name);
		return -ENODEV;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, interface->name, IF_NAMESIZE);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		status = -errno;
	else if (!(request.ifr_flags & IFF_UP)) {
		log_line("interface %s is down: `ip link set %s up` first", interface->name,
			 interface->name);
		status = -ENETDOWN;
	}
	close(fd);
	return status;
}

/* Logs which process holds the lock: any local user can bind the name, but its process is known. */
static void
lock_report(const struct steer_interface *interface, const struct sockaddr_un *address,
	    socklen_t bytes)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred holder = {.pid = 0};
	socklen_t holder_bytes = sizeof(holder);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, bytes) == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &holder, &holder_bytes);
	if (fd >= 0)
		close(fd);
	if (holder.pid != 0 && (holder.uid == 0 || holder.uid == geteuid()))
		log_line("interface %s is in use by another ephemera-dataplane, process %d: stop "
			 "it first",
			 interface->name, (int)holder.pid);
	else if (holder.pid != 0)
		log_line("interface %s: its lock is held by process %d of user %u, which is not a "
			 "dataplane: stop that process first",
			 interface->name, (int)holder.pid, (unsigned)holder.uid);
	else
		log_line("interface %s: its lock is held by a process that does not accept "
			 "connections: find it with `ss -xlp` and stop it first",
			 interface->name);
}

/* The lock is the name of an abstract unix socket. The kernel frees it when the process ends, and
 * it is unique per network namespace, as interface names are. A lock file is neither: two
 * instances with different directories, or in two containers of one network namespace, would each
 * create their own. */
static int
interface_lock(struct steer_interface *interface)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
				    "ephemera-dataplane/%s", interface->name);
	const socklen_t bytes =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
	int status;

	interface->lock_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (interface->lock_fd < 0)
		return -errno;
	/* It listens so that lock_report() of another process can connect; it never accepts. */
	if (bind(interface->lock_fd, (struct sockaddr *)&address, bytes) == 0 &&
	    listen(interface->lock_fd, SOMAXCONN) == 0)
		return 0;
	status = -errno;
	if (status == -EADDRINUSE)
		lock_report(interface, &address, bytes);
	else
		log_line("interface %s: cannot lock it: %s", interface->name, strerror(-status));
	close(interface->lock_fd);
	return status;
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
		return 0; /* detached meanwhile */
	if (fd < 0) {
		log_line("interface %s carries XDP program %u, and CAP_SYS_ADMIN is missing to "
			 "identify it: if it is not needed, run `ip link set %s xdp off`",
			 interface->name, id, interface->name);
		return fd;
	}
	status = xdp_program_query(fd, &program);
	if (status == 0 && strcmp(program.name, STEER_PROGRAM_NAME) != 0) {
		log_line("interface %s carries the XDP program \"%s\" (id %u), which is not ours: "
			 "detach it with its own tool, or with `ip link set %s xdp off`",
			 interface->name, program.name, id, interface->name);
		status = -EBUSY;
	} else if (status == 0) {
		options.old_prog_fd = fd; /* fails if another program is attached by now */
		status = bpf_xdp_detach((int)interface->ifindex, flags | XDP_FLAGS_REPLACE,
					&options);
		if (status != 0)
			log_line(
				"interface %s: cannot remove the XDP program of an earlier run: %s",
				interface->name, strerror(-status));
	}
	close(fd);
	return status;
}

static int
programs_remove(const struct steer_interface *interface)
{
	uint32_t ids[XDP_MODES];
	int status = xdp_attached(interface->ifindex, ids);

	for (unsigned mode = 0; mode < XDP_MODES && status == 0; mode++)
		if (ids[mode] != 0)
			status = stale_remove(interface, ids[mode], xdp_mode_flags[mode]);
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
	memory_limit_raise();
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
		uint32_t ids[XDP_MODES];

		/* Only if the driver did not detach the program when it closed the interface. */
		if (interface->program_id != 0 && xdp_attached(interface->ifindex, ids) == 0)
			for (unsigned mode = 0; mode < XDP_MODES; mode++)
				if (ids[mode] == interface->program_id)
					bpf_xdp_detach((int)interface->ifindex,
						       xdp_mode_flags[mode], NULL);
		close(interface->lock_fd);
	}
	steer->count = 0;
}

/* ---- while running ---- */

int
steer_check(const struct steer *steer)
{
	for (uint32_t i = 0; i < steer->count; i++) {
		const struct steer_interface *interface = &steer->interfaces[i];
		char name[IF_NAMESIZE];
		uint32_t ids[XDP_MODES];

		if (if_indextoname(interface->ifindex, name) == NULL && errno == ENXIO) {
			log_line("interface %s is gone: restart the dataplane when it is back",
				 interface->name);
			return -ENOENT;
		}
		if (xdp_attached(interface->ifindex, ids) != 0)
			/* no descriptor or memory for the query: check again next time */
			continue;
		if (ids[0] != interface->program_id && ids[1] != interface->program_id &&
		    ids[2] != interface->program_id) {
			log_line("interface %s: our XDP program was detached or replaced, so no "
				 "packet reaches the dataplane: restart it",
				 interface->name);
			return -ENOENT;
		}
	}
	return 0;
}

bool
steer_closable(uint32_t ifindex)
{
	uint32_t ids[XDP_MODES];

	if (xdp_attached(ifindex, ids) != 0)
		return true; /* the interface is gone, and its program too */
	for (unsigned mode = 0; mode < XDP_MODES; mode++)
		if (ids[mode] != 0 && xdp_own_program(ids[mode]) < 0)
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
