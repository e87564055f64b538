# SPDX-License-Identifier: BSD-3-Clause
# What the scripts share. Sourced, never run; the caller has set -euo pipefail.
# shellcheck shell=bash disable=SC2034

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hugepages=/sys/kernel/mm/hugepages/hugepages-2048kB # those of 2 MiB, which need not be the kernel's default size

say() {
	printf '==> %s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" -eq 0 ] || die "needs root: network namespaces, hugepages and XDP do"
}

# hugepages_read nr|free: how many there are, or are free.
hugepages_read() {
	[ -r "$hugepages/$1_hugepages" ] || die "this kernel has no hugepages of 2 MiB: $hugepages is not there"
	cat "$hugepages/$1_hugepages"
}

# Prints the cores that this process may use, one a line; a container may have others than the first ones.
cores_allowed() {
	local first last

	awk '$1 == "Cpus_allowed_list:" {gsub(",", "\n", $2); print $2}' /proc/self/status |
		while IFS=- read -r first last; do
			seq "$first" "${last:-$first}"
		done
}

# Prints the version of Debian that this is, as 12; nothing where it is another system, or no release.
debian_release() {
	local ID='' VERSION_ID=''

	[ ! -r /etc/os-release ] || . /etc/os-release
	[ "$ID" != debian ] || echo "$VERSION_ID"
}

# The two builds that the tests are run with: a release for /usr, and one with sanitizers and the packet balance asserted.
gcc_options=(--prefix=/usr --buildtype=release -Dwerror=true)
clang_options=(--buildtype=debugoptimized -Dwerror=true "-Db_sanitize=address,undefined" -Db_lundef=false
	-Dc_args=-fno-sanitize-recover=undefined -Ddebug_checks=true)

# build_in DIR COMPILER MESON-OPTIONS...: 1 when it does not build.
build_in() {
	local dir=$1 compiler=$2

	shift 2
	if [ -e "$dir/build.ninja" ]; then
		meson configure "$dir" "$@" || return 1
	else
		CC=$compiler meson setup "$dir" "$repo" "$@" || return 1
	fi
	ninja -C "$dir" --quiet
}

# wait_until SECONDS COMMAND...: runs the command again and again until it succeeds; 1 when the time is over.
wait_until() {
	local deadline=$((${EPOCHREALTIME/[^0-9]/} + $1 * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[^0-9]/}" -lt "$deadline" ] || return 1
		read -rt 0.05 <> <(:) || true
	done
}

# The moment a process began, in clock ticks since boot: with the pid it names a process for good.
process_start() {
	local stat

	{ stat=$(< "/proc/$1/stat"); } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # split on purpose: field 22 of the file is the 20th behind the name
	set -- $stat
	[ "$1" != Z ] || return 1
	echo "${20}"
}

# pid_write FILE PID
pid_write() {
	echo "$2 $(process_start "$2")" > "$1"
}

# Prints the pid that FILE names if that very process still lives.
pid_read() {
	local pid start

	read -r pid start 2>/dev/null < "$1" || return 1
	[ "$(process_start "$pid")" = "$start" ] || return 1
	echo "$pid"
}

# pid_stop FILE [SECONDS]: asks the process to end, insists after the time (5 s), and removes the file.
pid_stop() {
	local pid

	if pid=$(pid_read "$1"); then
		kill -TERM "$pid" 2>/dev/null || true
		if ! wait_until "${2:-5}" pid_gone "$1"; then
			kill -KILL "$pid" 2>/dev/null || true
			wait_until 5 pid_gone "$1" || return 1
		fi
	fi
	rm -f "$1"
}

pid_gone() {
	! pid_read "$1" >/dev/null
}

# lab_lock SECONDS: the lab is one for the whole machine, and a demo or a run of the tests has it for itself. Who
# holds the lock passes EPHEMERA_LAB_HELD on to the lab.sh that it calls. A lock on the directory leaves no file behind.
lab_lock() {
	[ -z "${EPHEMERA_LAB_HELD-}" ] || return 0
	exec 9< /run
	if ! flock -n 9; then
		say "another demo, test run or lab.sh has the lab: waiting, at most $1 s"
		flock -w "$1" 9 || die "the lab is still in use: try again when that has ended"
	fi
}
