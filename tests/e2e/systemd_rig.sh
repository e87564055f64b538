#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A Debian of its own with a real systemd as process 1, in which Ephemera is installed as its README says.
#
#   systemd_rig.sh NETWORK-NAMESPACE DESTDIR
#
# It has namespaces of its own for processes, mounts, cgroups, IPC and the host's name, and the given one for the network.
# Its root is a tmpfs: this machine's /usr, read-only, with what `meson install` put into DESTDIR on top; an /etc of a few
# lines; the few units that it takes to boot, so that nothing of this machine's set-up is started or touched. Nothing of
# it is to be seen outside but two empty folders in DESTDIR.
# Prints the pid of its process 1, as this machine counts, and lives until its standard input ends: whoever started it
# may be killed, and the box goes with it.
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
	# Nothing of this machine's may be written there.
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

# --- outside: makes the namespaces, waits, and takes everything away ---

cgroup_remove() {
	local tries

	# A process that was killed is gone from its cgroup a moment later.
	for ((tries = 0; tries < 200; tries++)); do
		if find "$cgroup" -depth -type d -exec rmdir {} + 2> /dev/null; then
			return
		fi
		read -rt 0.05 <> <(:) || true
	done
	echo "systemd_rig.sh: processes are left in $cgroup" >&2
	return 1
}

outside() {
	local network=$1 destdir=$2 unshare_pid init=''

	mkdir -p "$destdir/root" "$destdir/cgroups"
	# cgroup2 for us alone: this machine may have none mounted, or one for somebody else to see.
	mount --make-rprivate /
	cgroups=$destdir/cgroups
	mount -t cgroup2 cgroup2 "$cgroups"
	cgroup=$cgroups/ephemera-systemd-rig
	# One that was killed may have left its own behind.
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
	cat > /dev/null || true # until whoever started us closes it, or dies
	kill -KILL $unshare_pid
	{ wait $unshare_pid; } 2> /dev/null || true # bash would report that it was killed
}

case $1 in
inside) inside "$2" ;;
outside) outside "$2" "$3" ;;
*) exec unshare --mount "$me" outside "$@" ;;
esac
