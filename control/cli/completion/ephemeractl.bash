# SPDX-License-Identifier: BSD-3-Clause
# Completion of ephemeractl for bash: the program prints the candidates, or fails if a file name is expected.
_ephemeractl()
{
	local lines

	COMPREPLY=()
	if lines=$("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); then
		[[ -z $lines ]] || mapfile -t COMPREPLY <<<"$lines"
		COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
	fi
}
complete -F _ephemeractl ephemeractl
