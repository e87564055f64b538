#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Ephemera and runs all its tests:
#   gcc    release build for /usr with every warning an error; the unit tests and the table of the XDP program
#   clang  AddressSanitizer and UndefinedBehaviorSanitizer, and the packet balance asserted; the unit tests again
#   e2e    network namespaces, real servers, both daemons (tests/e2e)
#   bench  every benchmark, for seconds: that it works, not how fast anything is
# The last line says how many passed and failed; exit status 0 only if none failed. Needs root.
set -euo pipefail
. "$(dirname "$0")/common.sh"

build=$repo/build
build_asan=$repo/build-asan
passed=0
failed=0
summary=''

# count NAME PASSED FAILED
count() {
	passed=$((passed + $2))
	failed=$((failed + $3))
	summary+=$(printf '  %-8s %4d passed %4d failed' "$1" "$2" "$3")$'\n'
}

finish() {
	say "summary"
	printf '%s' "$summary"
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}

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

# meson_tests NAME DIR OPTIONS...: runs them, shows what failed, counts.
meson_tests() {
	local name=$1 dir=$2 log good bad

	shift 2
	log=$(mktemp)
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@" 2>&1 < /dev/null | tee "$log" || true
	good=$(awk '/^Ok:/ || /^Expected Fail:/ {n += $NF} END {print n + 0}' "$log")
	bad=$(awk '/^Fail:/ || /^Unexpected Pass:/ || /^Timeout:/ {n += $NF} END {print n + 0}' "$log")
	rm -f "$log"
	[ $((good + bad)) -gt 0 ] || bad=1 # that no test ran at all is a failure
	count "$name" "$good" "$bad"
}

e2e_tests() {
	local results good bad

	results=$(mktemp)
	EPHEMERA_BUILD=$build /usr/bin/python3 -m pytest -p no:cacheprovider -q -rfE --durations=8 --junitxml="$results" \
		"$repo/tests/e2e" < /dev/null || true
	read -r good bad < <(/usr/bin/python3 - "$results" <<-'END'
		import sys
		import xml.etree.ElementTree as tree

		try:
		    suite = tree.parse(sys.argv[1]).getroot().find("testsuite").attrib
		    bad = int(suite["failures"]) + int(suite["errors"])
		    print(int(suite["tests"]) - bad - int(suite["skipped"]), bad)
		except Exception:
		    print(0, 1)
	END
	)
	rm -f "$results"
	[ $((good + bad)) -gt 0 ] || bad=1
	count e2e "$good" "$bad"
}

need_root
"$repo/scripts/setup.sh"

say "gcc: release build with warnings as errors, in $build"
if build_in "$build" gcc --prefix=/usr --buildtype=release -Dwerror=true; then
	meson_tests gcc "$build"
else
	count gcc 0 1
	finish
	exit 1
fi

say "clang: unit tests with AddressSanitizer and UndefinedBehaviorSanitizer, in $build_asan"
if build_in "$build_asan" clang --buildtype=debugoptimized -Dwerror=true -Db_sanitize=address,undefined \
	-Db_lundef=false -Dc_args=-fno-sanitize-recover=undefined -Ddebug_checks=true; then
	meson_tests clang "$build_asan" --suite unit
else
	count clang 0 1
fi

say "e2e: in network namespaces"
e2e_tests

# After them: the benchmarks take the lab, too.
say "bench: a few packets through each benchmark"
if "$repo/scripts/bench.sh" all --smoke --build "$build" < /dev/null; then
	count bench 1 0
else
	count bench 0 1
fi
finish
