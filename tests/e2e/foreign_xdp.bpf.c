// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/* An XDP program that is not Ephemera's. It passes every packet to the kernel. */
__attribute__((section("xdp"), used)) int
foreign_xdp(void *packet)
{
	(void)packet;
	return 2; /* XDP_PASS */
}
