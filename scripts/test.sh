#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds Ephemera and runs all its tests:
#   lint      layout, shell, Python, spelling, manual (scripts/lint.sh); the rest runs whatever it finds
#   gcc       release build for /usr with every warning an error; the unit tests and the table of the XDP program
#   clang     AddressSanitizer and UndefinedBehaviorSanitizer, and the packet balance asserted; the unit tests again
#   debian13  both again in a tree of Debian 13, on a machine with Debian 12 (scripts/debian13.sh)
#   e2e       network namespaces, real servers, both daemons (tests/e2e)
#   bench     every benchmark, for seconds: that it works, not how fast anything is
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

# count_meson NAME COMMAND...: runs a command that runs meson's tests, once or more; shows what failed, counts.
count_meson() {
	local name=$1 log status=0 good bad

	shift
	log=$(mktemp)
	"$@" 2>&1 < /dev/null | tee "$log" || status=1
	good=$(awk '/^Ok:/ || /^Expected Fail:/ {n += $NF} END {print n + 0}' "$log")
	bad=$(awk '/^Fail:/ || /^Unexpected Pass:/ || /^Timeout:/ {n += $NF} END {print n + 0}' "$log")
	rm -f "$log"
	# That no test ran at all is a failure, and so is a command that failed by something else than a test.
	if [ $((good + bad)) -eq 0 ] || { [ $status -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		bad=1
	fi
	count "$name" "$good" "$bad"
}

# meson_tests NAME DIR OPTIONS...
meson_tests() {
	count_meson "$1" meson test -C "$2" --no-rebuild --print-errorlogs "${@:3}"
}

lint() {
	local log good bad

	log=$(mktemp)
	"$repo/scripts/lint.sh" 2>&1 < /dev/null | tee "$log" || true
	read -r good bad < <(sed -nE '$s/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log") || { good=0 bad=1; }
	rm -f "$log"
	count lint "$good" "$bad"
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

say "lint: the source text"
lint

say "gcc: release build with warnings as errors, in $build"
if build_in "$build" gcc "${gcc_options[@]}"; then
	meson_tests gcc "$build"
else
	count gcc 0 1
	finish
	exit 1
fi

say "clang: unit tests with AddressSanitizer and UndefinedBehaviorSanitizer, in $build_asan"
if build_in "$build_asan" clang "${clang_options[@]}"; then
	meson_tests clang "$build_asan" --suite unit
else
	count clang 0 1
fi

if [ "$(debian_release)" = 12 ]; then
	say "debian13: both builds and their tests, in a tree of Debian 13"
	count_meson debian13 "$repo/scripts/debian13.sh"
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
