#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes a machine with Debian 12 or 13 able to build and run Ephemera: packages, hugepages, hugetlbfs.
#   setup.sh              all that scripts/test.sh needs
#   setup.sh --build      only the packages that the build and its unit tests need
#   setup.sh --list 13    prints their names in Debian 13
# Only what is missing is touched; with nothing missing it takes a fraction of a second. Needs root.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# What has the same name in both releases. libdpdk-dev depends on the packages of all of DPDK's drivers.
build_packages=(
	build-essential meson ninja-build pkg-config clang libdpdk-dev libbpf-dev libxxhash-dev libsodium-dev
	libyaml-dev libmnl-dev libjansson-dev libcap-ng-dev libmicrohttpd-dev python3
	# its unit tests
	libcunit1-dev mandoc fish zsh
)
other_packages=(
	# the lab
	iproute2 ethtool nftables procps util-linux nsd knot knot-dnsutils unbound dnsperf tcpdump jq
	# the end-to-end tests
	python3-pytest systemd prometheus python3-prometheus-client chromium-headless-shell fonts-dejavu-core
	# scripts/pktgen and its tests; the benchmarks and the program they compare with
	lua5.4 python3-scapy python3-dnspython dpdk-dev dnsdist
	# scripts/lint.sh
	git shellcheck pyflakes3 codespell
)

# What else each release has, or calls otherwise.
release_packages() {
	case $1 in
	12)
		build_packages+=(libclang-rt-14-dev)
		other_packages+=(debootstrap) # for the tree of Debian 13 that scripts/debian13.sh makes
		other_packages+=(clang-format-14) # the version that decides the layout; Debian 13 has none older than 17
		;;
	13) build_packages+=(libclang-rt-19-dev) ;;
	*) die "there is no list of packages for Debian $1" ;;
	esac
}

# 2 MiB pages that must be free: the dataplane of the lab takes 128 (memory_mb: 256); tests of drivers and benchmarks start others
# and load programs beside it.
hugepages_wanted=768

policy=/usr/sbin/policy-rc.d

# install_packages NAMES...
install_packages() {
	local missing=() package

	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done
	if [ ${#missing[@]} -eq 0 ]; then
		say "packages: all $# are installed"
		return
	fi
	say "packages: installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# The servers of the lab are run by the lab alone: neither now nor at boot as services of the machine.
	if [ ! -e $policy ]; then
		trap 'rm -f $policy' EXIT
		printf '#!/bin/sh\nexit 101\n' > $policy
		chmod 755 $policy
	fi
	apt-get update -q
	apt-get install -q -y --no-install-recommends "${missing[@]}"
	for package in "${missing[@]}"; do
		case $package in
		nsd | unbound | knot | dnsdist)
			if command -v systemctl >/dev/null; then
				systemctl disable -q "$package" || true
			fi
			;;
		esac
	done
}

reserve_hugepages() {
	local free total

	free=$(hugepages_read free)
	total=$(hugepages_read nr)
	if [ "$free" -ge $hugepages_wanted ]; then
		say "hugepages: $free of $total are free, $hugepages_wanted are needed"
	else
		say "hugepages: raising those of 2 MiB from $total to $((total + hugepages_wanted - free))"
		echo $((total + hugepages_wanted - free)) > "$hugepages/nr_hugepages"
		free=$(hugepages_read free)
		[ "$free" -ge $hugepages_wanted ] ||
			die "only $free free hugepages of 2 MiB could be had: free memory, or reserve them at boot"
	fi
	if [ "$(awk '$3 == "hugetlbfs"' /proc/mounts)" ]; then
		say "hugetlbfs: mounted"
	else
		say "hugetlbfs: mounting it on /dev/hugepages"
		mkdir -p /dev/hugepages
		mount -t hugetlbfs -o pagesize=2M nodev /dev/hugepages
	fi
}

# Ends where this is another system, with a list of what is needed there.
other_system() {
	local PRETTY_NAME='a system without /etc/os-release'

	[ ! -r /etc/os-release ] || . /etc/os-release
	release_packages 13
	cat >&2 <<-END
		setup.sh: knows Debian 12 and Debian 13; this is $PRETTY_NAME. Install by hand, in these versions or later:
		  Linux 6.1 with BPF and AF_XDP; 2 MiB hugepages, $hugepages_wanted of them free, and hugetlbfs mounted
		  gcc 12; clang 14 with its bpf target and its sanitizers
		  meson 1.0, ninja, pkg-config, Python 3.11
		  DPDK 22.11 to 24.11 with its drivers, and libbpf 1.0, both with headers
		  libraries with headers: xxHash, libsodium, libyaml, libmnl, Jansson, libcap-ng, libmicrohttpd, CUnit
		By the names of Debian 13's packages that is
		  for the build and the unit tests: ${build_packages[*]}
		  for the lab, the end-to-end tests and the benchmarks: ${other_packages[*]}
	END
	exit 1
}

prepare_packages() {
	local release

	need_root
	release=$(debian_release)
	case $release in
	12 | 13) release_packages "$release" ;;
	*) other_system ;;
	esac
}

case ${1-} in
--list)
	release_packages "${2-}"
	printf '%s\n' "${build_packages[@]}"
	;;
--build)
	prepare_packages
	install_packages "${build_packages[@]}"
	;;
'')
	prepare_packages
	install_packages "${build_packages[@]}" "${other_packages[@]}"
	reserve_hugepages
	;;
*) die "takes nothing, --build, or --list RELEASE" ;;
esac
