#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Demonstrates Ephemera on one machine: builds it, sets up the lab, forwards real queries for ten seconds, and tests the
# source ports in a capture at the farm for uniformity. Exit status 0 only if no query was lost and the ports are
# uniform. Everything is removed at the end, also after an interruption.
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
	cat <<-END
		usage: demo.sh [--keep] [--build DIR]
		  --keep       leave the lab running at the end
		  --build DIR  where to build (build)
	END
	exit 2
}

build=$repo/build
keep=no
seconds=10
outstanding=300 # few enough for the socket buffers of the lab, enough to keep every process busy
client_core=$(cores_allowed | head -n 1) # for dnsperf, tcpdump and the farm; the worker has the next one
lab=$repo/scripts/lab.sh
work=$(mktemp -d /tmp/ephemera-demo.XXXXXX)

while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=yes ;;
	--build)
		build=${2:?--build needs a directory}
		shift
		;;
	*) usage ;;
	esac
	shift
done
need_root

cleanup() {
	local status=$?

	trap - EXIT INT TERM HUP
	rm -rf "$work"
	if [ -n "${EPHEMERA_LAB_HELD-}" ]; then # else the lab was not started
		if [ "$keep" = yes ] && [ $status -le 1 ]; then
			commands_worth_trying
		else
			"$lab" down
		fi
	fi
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

commands_worth_trying() {
	local ctl="$build/control/ephemeractl -c /run/eph-lab/ephemera.yaml"

	cat <<-END

		The lab is still up. Worth trying:
		  nsenter --net=/run/netns/eph-client kdig @192.0.2.53 n00042.example AAAA
		  $ctl status
		  $ctl upstreams
		  $ctl stats
		  $ctl port 60107
		and $lab down at the end.
	END
}

within() {
	nsenter --net="/run/netns/$1" "${@:2}"
}

build_all() {
	say "build: $build"
	[ -e "$build/build.ninja" ] || meson setup --buildtype=release "$build" "$repo" > "$work/meson.log" || {
		cat "$work/meson.log"
		die "meson setup failed"
	}
	ninja -C "$build" > "$work/ninja.log" || {
		tail -n 30 "$work/ninja.log"
		die "the build failed"
	}
}

# ask SERVER NAME TYPE RDATA: sends one query with kdig and checks the response.
ask() {
	local got

	got=$(within eph-client kdig +short +time=2 +retry=0 "@$1" "$2" "$3" || true)
	printf '    kdig @%-14s %-15s %-5s %s\n' "$1" "$2" "$3" "$got"
	[ "$got" = "$4" ] || die "expected $4: see the logs in /run/eph-lab"
}

names_asked() {
	local server

	say "kdig: the address follows from the number in the name"
	for server in 192.0.2.53 2001:db8:1::53; do
		ask $server n00258.example A 10.0.1.2
		ask $server n04660.example AAAA 2001:db8:a::1234
	done
}

# Ten seconds of load; every query is captured where it reaches the farm.
load_and_capture() {
	awk 'BEGIN { for (n = 0; n < 20000; n++) printf "n%05d.example %s\n", n, n % 4 ? "A" : "AAAA" }' > "$work/names"
	say "dnsperf: $seconds seconds, at most $outstanding queries outstanding, captured at the farm"
	/usr/bin/python3 "$repo/tests/e2e/dump.py" "$work/farm.pcap" \
		nsenter --net=/run/netns/eph-client taskset -c "$client_core" \
		dnsperf -s 192.0.2.53 -d "$work/names" -l $seconds -c 20 -q $outstanding > "$work/dnsperf.log" 2>&1 &
	wait $! || { # `wait` is interrupted by a signal at once, unlike a command in the foreground
		tail -n 20 "$work/dnsperf.log"
		die "dnsperf or the capture failed"
	}
}

# dnsperf_field NAME: a number of dnsperf's summary.
dnsperf_field() {
	awk -F: -v name="$1" '{ gsub(/^ +/, "", $1) } $1 == name { split($2, word, " "); print word[1] }' "$work/dnsperf.log"
}

# report FIELD: a value of the analysis.
report() {
	jq -r "$1" "$work/report.json"
}

print_table() {
	local lost

	lost=$(dnsperf_field 'Queries lost')
	echo
	printf '%-28s %s\n' \
		'queries sent' "$(dnsperf_field 'Queries sent')" \
		'        answered' "$(dnsperf_field 'Queries completed')" \
		'        lost' "$lost" \
		'        a second' "$(dnsperf_field 'Queries per second' | cut -d. -f1)" \
		'captured at the farm' "$(report .queries) queries, $(report .probes) probes"
	jq -r --slurpfile names "$work/servers.json" '
		(.upstreams | add) as $all | .upstreams | to_entries[] |
		"  to \(.key)\t\(.value)\t\(.value * 1000 / $all | round / 10) %\t\($names[0][.key] // "")"' "$work/report.json" |
		while IFS=$'\t' read -r to count share name; do
			printf '%-28s %-8s %-7s %s\n' "$to" "$count" "$share" "$name"
		done
	printf '%-28s %s\n' \
		'distinct source ports' "$(report .distinct_ports) of 16384" \
		'share of 49152-65535' "$(report '.share_of_range * 10000 | round / 100') %" \
		'ports, chi-square p' "$(report '.p.ports * 10000 | round / 10000')" \
		'IDs, chi-square p' "$(report '.p.IDs * 10000 | round / 10000')" \
		'ports, serial p' "$(report '.p["ports, serial"] * 10000 | round / 10000')"
	echo
}

"$repo/scripts/setup.sh"
build_all
lab_lock 900
export EPHEMERA_LAB_HELD=1
"$lab" down > /dev/null
"$lab" up --daemons --build "$build"
names_asked
load_and_capture
"$build/control/ephemeractl" -c /run/eph-lab/ephemera.yaml upstreams --json |
	jq '[.upstreams[] | {(.address): .name}] | add' > "$work/servers.json"
uniform=0
/usr/bin/python3 "$repo/tests/e2e/capture.py" --json --probe probe.example "$work/farm.pcap" \
	> "$work/report.json" || uniform=$?
[ -s "$work/report.json" ] || die "the capture could not be read"
print_table

if [ "$(dnsperf_field 'Queries lost')" != 0 ]; then
	say "FAILED: queries were lost"
	exit 1
fi
if [ $uniform -ne 0 ]; then
	say "FAILED: the draw is not uniform: $(report '.failures | join("; ")')"
	exit 1
fi
say "every query was answered, and the ports are uniform"
