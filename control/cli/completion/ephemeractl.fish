# SPDX-License-Identifier: BSD-3-Clause
# Completion of ephemeractl for fish: the program prints the candidates, or fails if a file name is expected.
function __ephemeractl_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	$words[1] __complete $words[2..-1] "$current" 2>/dev/null
	or __fish_complete_path "$current"
end
complete -c ephemeractl -f -a '(__ephemeractl_complete)'
