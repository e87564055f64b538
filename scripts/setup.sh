#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes a Debian 12 machine able to build and run Ephemera: packages, hugepages, hugetlbfs.
# Only what is missing is touched; with nothing missing it takes a fraction of a second. Needs root.
set -euo pipefail
. "$(dirname "$0")/common.sh"

packages=(
	# the build
	build-essential meson ninja-build pkg-config clang libdpdk-dev libbpf-dev libxxhash-dev libsodium-dev
	libyaml-dev libmnl-dev libjansson-dev libcap-ng-dev libmicrohttpd-dev python3
	# its tests
	libcunit1-dev libclang-rt-14-dev mandoc fish
	# the lab
	iproute2 ethtool nftables procps util-linux nsd knot knot-dnsutils unbound dnsperf tcpdump jq
	# the end-to-end tests
	python3-pytest systemd prometheus python3-prometheus-client chromium-headless-shell fonts-dejavu-core
	# scripts/pktgen and its tests; the benchmarks and the program they compare with
	lua5.4 python3-scapy python3-dnspython dpdk-dev dnsdist
)

# 2 MiB pages that must be free: the dataplane of the lab takes 128 (memory_mb: 256); tests of drivers and benchmarks start others
# and load programs beside it.
hugepages_wanted=768

policy=/usr/sbin/policy-rc.d

install_packages() {
	local missing=() package

	for package in "${packages[@]}"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done
	if [ ${#missing[@]} -eq 0 ]; then
		say "packages: all ${#packages[@]} are installed"
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

need_root
[ -r /etc/debian_version ] || die "knows Debian only; README.md lists what is needed elsewhere"
install_packages
reserve_hugepages
