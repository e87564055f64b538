#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs a container with a real systemd as process 1, in which Ephemera is installed as ephemera-operation(7) says.
#
#   systemd_rig.sh NETWORK-NAMESPACE DESTDIR
#
# It has its own PID, mount, cgroup, IPC and UTS namespaces, and uses the given network namespace.
# Its root is a tmpfs with this machine's /usr, read-only, overlaid with what `meson install` put into DESTDIR; an /etc
# of a few lines; and only the units that booting needs, so that no service of this machine is started or changed.
# Outside it leaves only two empty folders in DESTDIR.
# Prints the PID of its process 1 in this machine's PID namespace, and runs until its standard input ends, so that it
# also ends when the process that started it is killed.
set -euo pipefail

me=$(realpath "$0")
units=(
	basic.target sysinit.target local-fs.target sockets.target timers.target paths.target slices.target
	multi-user.target network.target network-pre.target network-online.target shutdown.target umount.target final.target
	systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket
)

# --- inside: process 1 of the new namespaces; the working directory is the new root ---

devices_make() {
	local name

	mount -t tmpfs -o mode=755,nosuid dev dev
	for name in null zero full random urandom tty; do
		mknod -m 666 dev/$name c "$((0x$(stat -c %t /dev/$name)))" "$((0x$(stat -c %T /dev/$name)))"
	done
	mkdir -m 1777 dev/shm
	mkdir dev/pts
	mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
	ln -s pts/ptmx dev/ptmx
	ln -s /proc/self/fd dev/fd
}

# usr_make DESTDIR
usr_make() {
	local name

	for name in bin sbin lib lib64; do
		ln -s usr/$name $name
	done
	mount -t overlay -o ro,lowerdir="$1/usr:/usr" usr usr
	for name in "${units[@]}"; do
		cp /usr/lib/systemd/system/"$name" units
	done
	[ ! -e "$1/usr/lib/systemd/system" ] || cp "$1"/usr/lib/systemd/system/* units
	mkdir units/sysinit.target.wants
	ln -s ../systemd-journald.service units/sysinit.target.wants
	mount --bind units usr/lib/systemd/system
	mount -t tmpfs -o mode=755 none usr/lib/systemd/system-generators
}

kernel_make() {
	mount -t proc proc proc
	# This machine's sysctls must not be written.
	mount --bind proc/sys proc/sys
	mount -o remount,bind,ro proc/sys
	mount -t sysfs -o ro sysfs sys
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount -t tmpfs -o mode=755 run run
}

etc_make() {
	printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/:/usr/sbin/nologin > etc/passwd
	printf '%s\n' root:x:0: nogroup:x:65534: > etc/group
	echo e9e0e9e0e9e0e9e0e9e0e9e0e9e0e9e0 > etc/machine-id
	cp /etc/ld.so.cache etc
	cp -R /etc/alternatives etc
}

# inside DESTDIR
inside() {
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 root "$1/root"
	cd "$1/root"
	mkdir dev etc home old proc root run sys tmp units usr var var/lib var/log var/tmp
	chmod 1777 tmp var/tmp
	ln -s ../run var/run
	usr_make "$1"
	kernel_make
	devices_make
	etc_make
	pivot_root . old
	umount -l /old
	rmdir /old
	exec env -i container=systemd-rig PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --system \
		--unit=multi-user.target --log-target=journal --show-status=no
}

# --- outside: makes the namespaces, waits, and removes everything ---

cgroup_remove() {
	local tries

	# A killed process leaves its cgroup a moment later.
	for ((tries = 0; tries < 200; tries++)); do
		if find "$cgroup" -depth -type d -exec rmdir {} + 2> /dev/null; then
			return
		fi
		read -rt 0.05 <> <(:) || true
	done
	echo "systemd_rig.sh: processes remain in $cgroup" >&2
	return 1
}

outside() {
	local network=$1 destdir=$2 unshare_pid init=''

	mkdir -p "$destdir/root" "$destdir/cgroups"
	# A private cgroup2 mount: this machine may have none, or one that others see.
	mount --make-rprivate /
	cgroups=$destdir/cgroups
	mount -t cgroup2 cgroup2 "$cgroups"
	cgroup=$cgroups/ephemera-systemd-rig
	# A killed rig may have left its cgroup behind.
	[ ! -e "$cgroup" ] || cgroup_remove
	mkdir "$cgroup"
	trap cgroup_remove EXIT
	(
		echo $BASHPID > "$cgroup/cgroup.procs"
		exec nsenter --net="/run/netns/$network" setpriv --pdeathsig KILL \
			unshare --pid --fork --kill-child --mount --uts --ipc --cgroup "$me" inside "$destdir"
	) < /dev/null >&2 &
	unshare_pid=$!
	while [ -z "$init" ]; do
		kill -0 $unshare_pid
		read -r init < <(cat /proc/$unshare_pid/task/$unshare_pid/children) || true
	done
	echo "${init% }"
	cat > /dev/null || true # until the process that started us closes it or dies
	kill -KILL $unshare_pid
	{ wait $unshare_pid; } 2> /dev/null || true # bash would report that it was killed
}

case $1 in
inside) inside "$2" ;;
outside) outside "$2" "$3" ;;
*) exec unshare --mount "$me" outside "$@" ;;
esac
