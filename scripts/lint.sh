#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Checks the source text without building it: every file that git tracks, or would add.
#   lint.sh           runs all checks; exit status 0 only if none found anything
#   lint.sh format    runs the named checks: format columns shell python spelling manual licence
# Prints findings as FILE:LINE: FINDING, and last how many checks passed and failed. `clang-format-14 -i FILE` repairs
# what `format` finds. The generated manual pages are checked by a unit test (tests/unit/man/test_man.py).
set -euo pipefail
. "$(dirname "$0")/common.sh"

columns_max=100
status_skip=77
checks=(format columns shell python spelling manual licence)
passed=0
failed=0

# Files that can't hold a licence line, or whose bytes are the input of a test. LICENSE covers documents, which
# readers see whole.
unlicensed=(LICENSE '*.md' 'tests/fuzz/corpus/*' tests/unit/data/config/domains.txt)

# files PATTERN...: the files whose paths match one of git's patterns, one a line. A file that was deleted and not yet
# committed is not there.
files() {
	local file

	git -c safe.directory="$repo" ls-files --cached --others --exclude-standard --deduplicate -- "$@" |
		while read -r file; do
			[ ! -f "$file" ] || echo "$file"
		done
}

# scripts INTERPRETER PATTERN...: files that match one of git's patterns, or begin with "#!" and INTERPRETER.
scripts() {
	{
		files "${@:2}"
		files | xargs -d '\n' awk "/^#!.*$1/ {print FILENAME} {nextfile}"
	} | sort -u
}

# need PROGRAM: prints a finding where it is not installed.
need() {
	command -v "$1" > /dev/null || {
		echo "scripts/setup.sh:1: $1 is not installed: run scripts/setup.sh"
		return 1
	}
}

# Prints the name of version 14 of clang-format: another version lays out a few lines differently.
clang_format() {
	local program

	for program in clang-format-14 clang-format; do
		if [[ "$("$program" --version 2> /dev/null)" == *"version 14."* ]]; then
			echo "$program"
			return
		fi
	done
	return 1
}

# findings: reads the output of compilers and their like; prints its findings without columns and levels.
findings() {
	sed -nE 's/^(mandoc: )?([^: ]+:[0-9]+)(:[0-9]+)?: ((fatal )?(error|warning|note|ERROR|WARNING|UNSUPP|STYLE|BASE): )?/\2: /p'
}

check_format() {
	local program

	program=$(clang_format) || {
		[ "$(debian_release)" != 12 ] || need clang-format-14 || return 0
		return $status_skip
	}
	files '*.c' '*.h' | xargs -d '\n' -P "$(nproc)" -n 40 "$program" --dry-run --Werror 2>&1 | findings | sort -u
}

check_columns() {
	files '*.c' '*.h' | /usr/bin/python3 -c '
import sys

for path in sys.stdin.read().splitlines():
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            width = len(line.rstrip("\n").expandtabs(8))
            if width > int(sys.argv[1]):
                print(f"{path}:{number}: {width} columns, at most {sys.argv[1]} are allowed")' $columns_max
}

check_shell() {
	need shellcheck || return 0
	scripts 'sh$' '*.sh' '*.bash' |
		xargs -d '\n' shellcheck --external-sources --source-path=SCRIPTDIR --format=gcc | findings
}

check_python() {
	need pyflakes3 || return 0
	scripts python '*.py' | xargs -d '\n' pyflakes3 2>&1 | findings
}

# .codespellrc lists the words to accept.
check_spelling() {
	need codespell || return 0
	files ':!tests/fuzz/corpus' | xargs -d '\n' codespell --check-hidden 2>&1
}

check_manual() {
	need mandoc || return 0
	# Our own pages are not installed where this runs.
	files 'control/man/*.[1-9]' | { xargs -r -d '\n' mandoc -Tlint 2>&1 || true; } | findings |
		sed '/referenced manual not found: Xr ephemera/d'
}

check_licence() {
	files "${unlicensed[@]/#/:!}" | { xargs -d '\n' grep -L 'SPDX-License-Identifier: ' || true; } |
		sed 's/$/:1: no line "SPDX-License-Identifier: BSD-3-Clause"/'
}

# check NAME: runs a check, shows and counts what it found.
check() {
	local found status=0

	say "lint: $1"
	found=$("check_$1") || status=$?
	if [ $status -eq $status_skip ]; then
		say "lint: $1 is skipped: it needs clang-format 14, which only Debian 12 has"
		return
	fi
	if [ -z "$found" ] && [ $status -ne 0 ]; then
		found="scripts/lint.sh:1: the check '$1' failed without a finding: status $status"
	fi
	if [ -z "$found" ]; then
		passed=$((passed + 1))
	else
		printf '%s\n' "$found"
		failed=$((failed + 1))
	fi
}

cd "$repo"
need git || exit 1
files LICENSE | grep -q . || die "$repo is not a git repository: there is no list of the files to check"
[ $# -gt 0 ] || set -- "${checks[@]}"
for name in "$@"; do
	[[ " ${checks[*]} " == *" $name "* ]] || die "there is no check '$name'; there are: ${checks[*]}"
done
for name in "$@"; do
	check "$name"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
