// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/* Somebody else's XDP program: it lets everything pass. */
__attribute__((section("xdp"), used)) int
foreign_xdp(void *packet)
{
	(void)packet;
	return 2; /* XDP_PASS */
}
