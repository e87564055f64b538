# SPDX-License-Identifier: BSD-3-Clause
# Writes the zone of the farm, "example.". The records of a name follow from the name alone, so that a
# client can check every response (tests/e2e/wire.py knows the same rules).
#
#   nNNNNN  (00000 to 19999)  A 10.0.(N / 256).(N % 256)     AAAA 2001:db8:a::N, N in hexadecimal
#   tSIZE   (512 1232 1452 1472)  TXT that makes the whole response SIZE bytes; all but t512 asked with EDNS
#   probe                     A 192.0.2.254
BEGIN {
	print "$TTL 300"
	print "@ SOA ns.example. hostmaster.example. 1 3600 600 86400 300"
	print "@ NS ns"
	print "ns A 198.51.100.101"
	print "probe A 192.0.2.254"
	for (n = 0; n < 20000; n++) {
		printf "n%05d A 10.%d.%d.%d\n", n, n / 65536, int(n / 256) % 256, n % 256
		printf "n%05d AAAA 2001:db8:a::%x\n", n, n
	}
	txt(512, 0)
	txt(1232, 11)
	txt(1452, 11)
	txt(1472, 11)
}

# One TXT whose response is `size` bytes: header 12, question with the name, record 12 + text, EDNS `opt`.
function txt(size, opt,    name, left, take, line) {
	name = "t" size
	left = size - 12 - (length(name) + 10 + 4) - 12 - opt
	line = ""
	while (left > 0) {
		take = left > 256 ? 256 : left
		if (left - take == 1)
			take--
		line = line " \"" text(take - 1) "\""
		left -= take
	}
	print name " TXT" line
}

function text(length_,    t) {
	t = sprintf("%*s", length_, "")
	gsub(/ /, "x", t)
	return t
}
