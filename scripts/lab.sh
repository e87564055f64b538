#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The lab: three network namespaces on this machine, a farm of real DNS servers, and, on request, Ephemera between them.
#
#   eph-client                      eph-fwd                              eph-farm
#   192.0.2.2/24          192.0.2.1/24    198.51.100.1/24        198.51.100.101, .102, .103 ...
#   2001:db8:1::2/64   2001:db8:1::1/64  2001:db8:2::1/64        2001:db8:2::101, ::102, ::103 ...
#       eph-c1 ------------- eph-c0          eph-f0 ------------- eph-f1
#                         service address    source addresses      NSD, Knot, Unbound in turn
#                         192.0.2.53         198.51.100.16-23
#                         2001:db8:1::53     2001:db8:2::16-1d
#
# The kernel has the service and source addresses, so that it answers ARP and ND for them. No packet leaves the three
# namespaces. State (PIDs, configurations, logs, sockets) is under /run/eph-lab.
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
	cat <<-END
		usage: lab.sh up [--farm N] [--config FILE] [--daemons] [--build DIR]
		       lab.sh start [--config FILE] [--build DIR]
		       lab.sh stop | down | status
		  up      makes the network and starts the farm; existing parts are kept
		  start   starts ephemera-dataplane and ephemerad in eph-fwd (up --daemons does both)
		  stop    stops these two
		  down    removes everything, also what a crash left behind
		  status  shows the state; exit status 1 if a part is missing
		  --farm N       servers in the farm, 1 to 9 (3)
		  --config FILE  configuration of the daemons (default: made from scripts/lab/ephemera.yaml)
		  --build DIR    build directory (build)
	END
	exit 2
}

dir=/run/eph-lab
templates=$repo/scripts/lab
kinds=(nsd knot unbound)
namespaces=(eph-client eph-fwd eph-farm)
mapfile -t cores < <(cores_allowed)
shared_core=${cores[0]} # for the servers and ephemerad; the dataplane's worker has its own core
worker_core=${cores[1]:-$shared_core}

farm_size=''
config=''
build=$repo/build
daemons=no

# within NAMESPACE COMMAND...: unlike `ip netns exec` this does not change the mounts.
within() {
	nsenter --net="/run/netns/$1" "${@:2}"
}

# background NAME NAMESPACE COMMAND...: runs a daemon; writes its PID to NAME.pid and its output to NAME.log.
background() {
	local name=$1 namespace=$2

	shift 2
	setsid nsenter --net="/run/netns/$namespace" "$@" < /dev/null >> "$dir/$name.log" 2>&1 9>&- &
	pid_write "$dir/$name.pid" $!
	disown
}

# --- the network ---

namespaces_are_up() {
	local namespace

	for namespace in "${namespaces[@]}"; do
		[ -e "/run/netns/$namespace" ] && within "$namespace" true || return 1
	done
}

network_is_up() {
	[ -e $dir/network ] && namespaces_are_up && within eph-fwd ip link show eph-c0 && within eph-fwd ip link show eph-f0
}

# Makes a deleted link again beside running daemons; if more is missing, makes the whole network again.
network_up() {
	if network_is_up >/dev/null 2>&1; then
		say "network: is up already"
		return
	fi
	if [ ! -e $dir/network ] || ! namespaces_are_up >/dev/null 2>&1; then
		network_down
		say "network: making ${namespaces[*]}"
		namespaces_up
	fi
	rm -f $dir/network
	within eph-fwd ip link show eph-c0 >/dev/null 2>&1 || client_link_up
	within eph-fwd ip link show eph-f0 >/dev/null 2>&1 || farm_link_up
	touch $dir/network
}

namespaces_up() {
	local namespace

	for namespace in "${namespaces[@]}"; do
		ip netns add "$namespace"
		within "$namespace" sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
			net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.all.accept_dad=0
		within "$namespace" ip link set lo up
	done
	within eph-fwd nft -f "$templates/guard.nft"
	# The kernel has the source addresses, too: it must not assign a port of the range to its own sockets.
	within eph-fwd sysctl -q -w net.ipv4.ip_local_reserved_ports=49152-65535
}

client_link_up() {
	link eph-client eph-c1 eph-c0
	address eph-client eph-c1 192.0.2.2/24 2001:db8:1::2/64
	address eph-fwd eph-c0 192.0.2.1/24 2001:db8:1::1/64 192.0.2.53/32 2001:db8:1::53/128
}

farm_link_up() {
	local i

	link eph-farm eph-f1 eph-f0
	address eph-fwd eph-f0 198.51.100.1/24 2001:db8:2::1/64
	for ((i = 0; i < 8; i++)); do
		address eph-fwd eph-f0 "198.51.100.$((16 + i))/32" "$(printf '2001:db8:2::%x/128' $((0x16 + i)))"
	done
	for ((i = 1; i <= 9; i++)); do
		address eph-farm eph-f1 "198.51.100.10$i/24" "2001:db8:2::10$i/64"
	done
}

# link NAMESPACE INNER OUTER: a veth from the namespace to eph-fwd, with one queue per direction. Packets from the kernel
# to the dataplane must have complete checksums and no segmentation offload: the offloads are off at that end.
link() {
	ip link add "$2" numtxqueues 1 numrxqueues 1 netns "$1" type veth \
		peer name "$3" numtxqueues 1 numrxqueues 1 netns eph-fwd
	within "$1" ethtool -K "$2" tx off tso off gso off gro off > /dev/null
	within eph-fwd ethtool -K "$3" gso off gro off > /dev/null
	within "$1" ip link set "$2" up
	within eph-fwd ip link set "$3" up
}

address() {
	local namespace=$1 device=$2 one

	for one in "${@:3}"; do
		case $one in
		# preferred_lft 0: the kernel must not choose a service or source address for its own traffic.
		*:*/128) within "$namespace" ip addr add "$one" dev "$device" nodad preferred_lft 0 ;;
		*:*) within "$namespace" ip addr add "$one" dev "$device" nodad ;;
		*) within "$namespace" ip addr add "$one" dev "$device" ;;
		esac
	done
}

network_down() {
	local namespace pid

	for namespace in "${namespaces[@]}"; do
		[ -e "/run/netns/$namespace" ] || continue
		# Kills what still runs in there: the namespace and all its processes belong to the lab.
		for pid in $(ip netns pids "$namespace" 2>/dev/null); do
			say "killing process $pid ($(tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | cut -c 1-60)), which still runs in $namespace"
			kill -KILL "$pid" 2>/dev/null || true
		done
		wait_until 5 namespace_is_empty "$namespace" || true
		ip netns del "$namespace"
	done
	rm -f $dir/network
}

namespace_is_empty() {
	[ -z "$(ip netns pids "$1")" ]
}

# --- the farm ---

# The name of server I: its kind, with a number from the second of a kind.
server_name() {
	local name=${kinds[$(($1 % 3))]}

	[ "$1" -lt 3 ] || name+=$(($1 / 3 + 1))
	echo "$name"
}

# fill TEMPLATE NAME I
fill() {
	sed -e "s|@IPV4@|198.51.100.$((101 + $3))|" -e "s|@IPV6@|2001:db8:2::$((101 + $3))|" \
		-e "s|@NAME@|$2|g" -e "s|@DIR@|$dir|g" "$1"
}

server_up() {
	local i=$1 name kind

	name=$(server_name "$i")
	kind=${kinds[$((i % 3))]}
	pid_read "$dir/$name.pid" > /dev/null && return
	rm -f "$dir/$name.pid"
	fill "$templates/$kind.conf" "$name" "$i" > "$dir/$name.conf"
	case $kind in
	nsd) background "$name" eph-farm taskset -c "$shared_core" nsd -d -c "$dir/$name.conf" ;;
	knot)
		rm -rf "${dir:?}/$name" # it may have its own PID file of a killed server
		mkdir "$dir/$name"
		background "$name" eph-farm taskset -c "$shared_core" knotd -c "$dir/$name.conf"
		;;
	unbound) background "$name" eph-farm taskset -c "$shared_core" unbound -d -c "$dir/$name.conf" ;;
	esac
	started+=("$name")
}

server_answers() {
	local address

	for address in "198.51.100.$((101 + $1))" "2001:db8:2::$((101 + $1))"; do
		[ "$(within eph-farm kdig +short +time=1 +retry=0 "@$address" n00258.example A)" = 10.0.1.2 ] || return 1
	done
}

farm_up() {
	local i name started=()

	[ -s $dir/example.zone ] || awk -f "$templates/zone.awk" > $dir/example.zone
	for ((i = 8; i >= farm_size; i--)); do
		pid_stop "$dir/$(server_name "$i").pid"
	done
	for ((i = 0; i < farm_size; i++)); do
		server_up "$i"
	done
	for ((i = 0; i < farm_size; i++)); do
		name=$(server_name "$i")
		wait_until 20 server_answers "$i" || {
			tail -n 5 "$dir/$name.log" >&2
			die "$name does not respond; its log is $dir/$name.log"
		}
	done
	echo "$farm_size" > $dir/farm
	say "farm: $farm_size servers respond${started[*]:+; started now: ${started[*]}}"
}

# --- the daemons ---

config_write() {
	local i name upstreams=''

	for ((i = 0; i < farm_size; i++)); do
		name=$(server_name "$i")
		upstreams+="    - {name: $name, address: 198.51.100.$((101 + i))}\n"
		upstreams+="    - {name: $name-v6, address: \"2001:db8:2::$((101 + i))\"}\n"
	done
	sed -e "s|@DIR@|$dir|g" -e "s|@SHARED_CORE@|$shared_core|" -e "s|@WORKER_CORE@|$worker_core|" \
		-e "s|@UPSTREAMS@|${upstreams%\\n}|" "$templates/ephemera.yaml" > $dir/ephemera.yaml
}

daemons_are_ready() {
	daemons_live || return 0 # a daemon has ended: stop waiting; the caller checks again
	"$build/control/ephemeractl" -c "$config" status --json | jq -e \
		'.dataplane.connected and .generation > 0 and .dataplane.generation == .generation and .upstreams_total > 0
		 and .upstreams_up == .upstreams_total'
}

daemons_live() {
	pid_read $dir/dataplane.pid > /dev/null && pid_read $dir/ephemerad.pid > /dev/null
}

daemons_start() {
	local name took began=$EPOCHREALTIME

	[ -e $dir/network ] || die "the lab is not up: run lab.sh up"
	for name in control/ephemeractl control/ephemerad dataplane/ephemera-dataplane bpf/steer.bpf.o; do
		[ -e "$build/$name" ] || die "$build/$name is missing: build first (meson setup build && ninja -C build)"
	done
	pid_read $dir/dataplane.pid > /dev/null ||
		background dataplane eph-fwd "$build/control/ephemeractl" exec-dataplane -c "$config"
	pid_read $dir/ephemerad.pid > /dev/null ||
		background ephemerad eph-fwd taskset -c "$shared_core" "$build/control/ephemerad" -c "$config"
	if ! wait_until 20 daemons_are_ready || ! daemons_live; then
		tail -n 5 $dir/dataplane.log $dir/ephemerad.log >&2
		die "the daemons did not become ready; their logs are $dir/dataplane.log and $dir/ephemerad.log"
	fi
	took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}')
	say "daemons: ready after $took s, configuration $config"
}

daemons_stop() {
	pid_stop $dir/ephemerad.pid
	pid_stop $dir/dataplane.pid 10
}

# --- commands ---

lab_up() {
	mkdir -p $dir
	[ -n "$farm_size" ] || farm_size=$(cat $dir/farm 2>/dev/null || echo 3)
	case $farm_size in
	[1-9]) ;;
	*) die "--farm $farm_size: give a number from 1 to 9" ;;
	esac
	network_up
	farm_up
	config_write
	config_choose
	[ "$daemons" = no ] || daemons_start
}

# Stores --config, so that a later `start` uses the same file.
config_choose() {
	[ -n "$config" ] || config=$(cat $dir/config 2>/dev/null || echo $dir/ephemera.yaml)
	[ -r "$config" ] || die "$config cannot be read"
	config=$(realpath "$config")
	echo "$config" > $dir/config
}

lab_start() {
	config_choose
	daemons_start
}

lab_down() {
	local file

	daemons_stop
	for file in "$dir"/*.pid; do
		[ ! -e "$file" ] || pid_stop "$file"
	done
	network_down
	rm -rf $dir
	say "lab: everything is removed"
}

lab_status() {
	local i file name complete=0

	if network_is_up > /dev/null 2>&1; then
		say "network: up"
	else
		say "network: down"
		complete=1
	fi
	for file in "$dir"/*.pid; do
		[ -e "$file" ] || continue
		name=${file##*/}
		name=${name%.pid}
		if i=$(pid_read "$file"); then
			say "$name: runs, PID $i"
		else
			say "$name: has ended"
			complete=1
		fi
	done
	return $complete
}

verb=${1-}
[ $# -eq 0 ] || shift
while [ $# -gt 0 ]; do
	case $1 in
	--farm) farm_size=${2-} ;;
	--config) config=${2-} ;;
	--build) build=${2-} ;;
	--daemons)
		daemons=yes
		shift
		continue
		;;
	*) usage ;;
	esac
	[ -n "${2-}" ] || usage
	shift 2
done

case $verb in
up | start | stop | down | status) ;;
*) usage ;;
esac
need_root
lab_lock 60
case $verb in
up) lab_up ;;
start) lab_start ;;
stop) daemons_stop ;;
down) lab_down ;;
status) lab_status ;;
esac
