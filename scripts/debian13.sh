#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Ephemera on Debian 13 and runs its unit tests and the table of the XDP program there, on a machine with Debian 12:
#   debian13.sh                 builds with gcc and with clang and tests, in build-13; exit status 0 only if nothing failed
#   debian13.sh run WORDS...    runs a command there, with the source tree read-only
# debootstrap makes a tree of Debian 13 under /var/cache/ephemera, from the mirror that this machine's apt uses. The tree is
# kept, and made again when the list of packages in setup.sh changes. Commands in it run in their own mount, PID and
# network namespaces: nothing stays mounted or running, however this ends. Needs root.
set -euo pipefail
. "$(dirname "$0")/common.sh"

cache=/var/cache/ephemera
tree=$cache/debian-13
stamp=$tree/etc/ephemera-packages
build=$repo/build-13

# Prints the mirror that apt uses for this release of Debian.
mirror() {
	# shellcheck disable=SC2016 # apt-get fills them in
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk '$2 ~ /^(bookworm|oldstable|stable)$/ && $3 == "main" && !found {print $1; found = 1}'
}

# Exports apt's proxy settings, for programs that read them from the environment.
proxy_settings() {
	local http='' https=''

	eval "$(apt-config shell http Acquire::http::Proxy https Acquire::https::Proxy)"
	[ -z "$http" ] || export http_proxy=$http
	[ -z "$https" ] || export https_proxy=$https
}

# isolated WORDS...: runs a command in namespaces that end with it, along with its mounts and processes.
isolated() {
	unshare --mount --pid --fork --kill-child "$@"
}

# tree_mount DIR: mounts what programs need in a tree, and the source, read-only. Only when isolated.
tree_mount() {
	mount -t proc proc "$1/proc"
	mount -t sysfs -o ro sysfs "$1/sys"
	mount --rbind /dev "$1/dev"
	mount --bind "$repo" "$1/src"
	mount -o remount,bind,ro "$1/src"
}

# tree_run DIR WORDS...: runs a command in a tree, with the environment of a new machine.
tree_run() {
	local dir=$1

	shift
	exec chroot "$dir" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# Makes the tree in DIR. Isolated.
tree_fill() {
	local dir=$1 from

	from=$(mirror)
	if [ -z "$from" ]; then
		apt-get update -q
		from=$(mirror)
	fi
	[ -n "$from" ] || die "apt has no mirror of Debian: add it to /etc/apt/sources.list.d"
	proxy_settings
	debootstrap --variant=minbase trixie "$dir" "$from"
	mkdir "$dir/src"
	cp -L /etc/hosts /etc/resolv.conf "$dir/etc/"
	# No fsync: a tree lost in a crash is made again. No manuals: they are not needed.
	echo force-unsafe-io > "$dir/etc/dpkg/dpkg.cfg.d/ephemera"
	printf 'path-exclude=/usr/share/%s/*\n' doc man locale >> "$dir/etc/dpkg/dpkg.cfg.d/ephemera"
	tree_mount "$dir"
	(tree_run "$dir" /src/scripts/setup.sh --build)
	chroot "$dir" apt-get clean
	rm -rf "$dir"/var/lib/apt/lists/*
}

# Makes the tree if there is none with these packages: in a directory beside it, which is renamed when complete.
tree_make() {
	local dir packages

	packages=$("$repo/scripts/setup.sh" --list 13)
	rm -rf --one-file-system "$cache"/debian-13.* # of a run that was killed
	if [ -e "$stamp" ] && [ "$(< "$stamp")" = "$packages" ]; then
		say "Debian 13: $tree has all packages"
		return
	fi
	command -v debootstrap > /dev/null || die "needs debootstrap: scripts/setup.sh installs it"
	dir=$(mktemp -d "$cache/debian-13.XXXXXX")
	chmod 755 "$dir"
	say "Debian 13: making $tree, which takes minutes; progress in $dir.log"
	if ! isolated "$0" tree-fill "$dir" > "$dir.log" 2>&1 < /dev/null; then
		tail -n 20 "$dir.log" >&2
		rm -rf --one-file-system "$dir"
		die "the tree of Debian 13 could not be made; the output is in $dir.log"
	fi
	echo "$packages" > "$dir/etc/ephemera-packages"
	rm -rf --one-file-system "$tree"
	mv "$dir" "$tree"
	rm -f "$dir.log"
}

# Runs a command in the tree, which is read-only except for build-13 and tmpfs mounts. Isolated.
tree_enter() {
	ip link set lo up
	mount --bind "$tree" "$tree"
	mount -t tmpfs tmpfs "$tree/tmp"
	mount -t tmpfs tmpfs "$tree/run"
	tree_mount "$tree"
	mount --bind "$build" "$tree/src/build-13"
	mount -o remount,bind,ro "$tree"
	tree_run "$tree" "$@"
}

# Removes a build that was made with other packages or other versions of them.
build_prepare() {
	local installed=$tree/var/lib/dpkg/status

	mkdir -p "$build"
	if ! cmp -s "$installed" "$build/packages"; then
		rm -rf "${build:?}"/*
		cp "$installed" "$build/packages"
	fi
}

# In the tree: builds and tests with both compilers.
build_and_test() {
	local status=0

	say "Debian 13, gcc: release build with warnings as errors"
	build_in "$build/gcc" gcc "${gcc_options[@]}" &&
		meson test -C "$build/gcc" --no-rebuild --print-errorlogs --suite unit --suite xdp || status=1
	say "Debian 13, clang: unit tests with AddressSanitizer and UndefinedBehaviorSanitizer"
	build_in "$build/clang" clang "${clang_options[@]}" &&
		meson test -C "$build/clang" --no-rebuild --print-errorlogs --suite unit || status=1
	return $status
}

need_root
case ${1-} in
tree-fill) tree_fill "$2" ;;
tree-enter) tree_enter "${@:2}" ;;
build-and-test) build_and_test ;;
'' | run)
	[ "${1-}" != run ] || [ $# -gt 1 ] || die "run takes a command"
	# One run at a time: another clone may need other packages. Commands in the tree hold the lock until they end.
	mkdir -p $cache
	exec 8< $cache
	if ! flock -n 8; then
		say "Debian 13: another run has the tree: waiting"
		flock 8
	fi
	tree_make
	build_prepare
	if [ $# -eq 0 ]; then
		isolated --net "$0" tree-enter /src/scripts/debian13.sh build-and-test
	else
		isolated --net "$0" tree-enter "${@:2}"
	fi
	;;
*) die "takes nothing, or run and a command" ;;
esac
