#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Ephemera (release) and runs its benchmarks, one or all:
#   pipeline  the pipeline's stages over rings in one process: cycles per query
#   wire      forwarder and load program on one core each, over vhost-user and memif; testpmd as the upper bound
#   kernel    network namespaces, AF_XDP over veth; dnsdist for comparison, testpmd as the upper bound
# Progress goes to stderr, tables to stdout, and JSON with machine, kernel, versions and commit to a directory.
# tests/bench/README.md explains the figures. Exit status 0 if all ran; a missed target is not a failure. Needs root,
# two cores, and an otherwise idle machine.
set -euo pipefail
. "$(dirname "$0")/common.sh"

usage() {
	cat <<-END
		usage: bench.sh [pipeline|wire|kernel|all] [--json DIR] [--build DIR] [--rounds N] [--append] [--smoke]
		  --json DIR   where the results go (build/bench)
		  --build DIR  a build directory (build); made if it is not there
		  --rounds N   of wire and kernel (5)
		  --append     adds the rounds of wire and kernel to those of an earlier run, in the same DIR
		  --smoke      a few packets through each, in seconds: only whether all works
	END
	exit 2
}

# 2 MiB pages that must be free: the flow table of the largest pipeline case has some gigabytes.
hugepages_wanted=1536
hugepages_smoke=512

build=$repo/build
results=''
which=all
smoke=()
rounds=()
append=()

while [ $# -gt 0 ]; do
	case $1 in
	pipeline | wire | kernel | all) which=$1 ;;
	--json | --build)
		[ -n "${2-}" ] || usage
		[ "$1" = --json ] && results=$2 || build=$2
		shift
		;;
	--rounds)
		[[ ${2-} =~ ^[1-9][0-9]*$ ]] || usage
		rounds=(--rounds "$2")
		shift
		;;
	--append) append=(--append) ;;
	--smoke) smoke=(--smoke) ;;
	*) usage ;;
	esac
	shift
done
[ "$which" = all ] && benches=(pipeline wire kernel) || benches=("$which")
[ -n "$results" ] || results=$build/bench

hugepages_before=''

# Raises the number of free huge pages to what is needed; hugepages_give_back undoes it.
hugepages_reserve() {
	local wanted=$1 free total

	free=$(hugepages_read free)
	total=$(hugepages_read nr)
	[ "$free" -lt "$wanted" ] || return 0
	hugepages_before=$total
	say "hugepages: raising the 2 MiB pages from $total to $((total + wanted - free)) during the benchmarks"
	echo $((total + wanted - free)) > "$hugepages/nr_hugepages"
	free=$(hugepages_read free)
	[ "$free" -ge "$wanted" ] || say "hugepages: only $free are free; a benchmark may run out of memory"
}

hugepages_give_back() {
	[ -z "$hugepages_before" ] || echo "$hugepages_before" > "$hugepages/nr_hugepages"
}

# bench NAME: its table goes to stdout, its progress to stderr.
bench() {
	local file=$results/$1.json

	say "$1"
	if [ ${#append[@]} -eq 0 ] || [ "$1" = pipeline ]; then
		rm -f "$file"
	fi
	case $1 in
	pipeline) "$build/tests/bench/pipeline/pipeline" --json "$file" "${smoke[@]}" ;;
	*)
		/usr/bin/python3 "$repo/tests/bench/$1/run.py" --build "$build" --json "$file" "${rounds[@]}" "${append[@]}" \
			"${smoke[@]}"
		;;
	esac
}

need_root
[ "$(nproc)" -ge 2 ] || die "needs two cores: one for the forwarder, one for everything else"
"$repo/scripts/setup.sh" >&2
say "build: release, in $build" >&2
[ -e "$build/build.ninja" ] || meson setup "$build" "$repo" --buildtype=release >&2
meson introspect "$build" --buildoptions | jq -e '.[] | select(.name == "buildtype") | .value == "release"' > /dev/null ||
	die "$build is not a release build: give another with --build"
ninja -C "$build" --quiet >&2
mkdir -p "$results"
trap hugepages_give_back EXIT
[ ${#smoke[@]} -eq 0 ] || hugepages_wanted=$hugepages_smoke
hugepages_reserve $hugepages_wanted

failed=()
files=()
for name in "${benches[@]}"; do
	if bench "$name"; then
		files+=("$results/$name.json")
	else
		failed+=("$name")
	fi
done
if [ ${#files[@]} -gt 0 ]; then
	say "targets"
	/usr/bin/python3 "$repo/tests/bench/collect.py" --build "$build" "${files[@]}"
	say "results: ${files[*]}"
fi
[ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
