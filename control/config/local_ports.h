/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether this host's kernel gives its own sockets ports that upstream queries are drawn from.
 *
 * A source address may be one of the host's own. A socket of the kernel that gets a port of the
 * range there loses its responses to the XDP program. net.ipv4.ip_local_port_range says which ports
 * the kernel gives out, net.ipv4.ip_local_reserved_ports which of them it leaves alone; both hold
 * for IPv6 too. */
#ifndef EPHEMERA_CONTROL_CONFIG_LOCAL_PORTS_H
#define EPHEMERA_CONTROL_CONFIG_LOCAL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "control/config/config.h"

#define LOCAL_PORTS_LIST_BYTES                                                                     \
	1024 /* of a list of ports that is to be set; a longer one is only added to   \
				     */

/* What the kernel says: the host's addresses, and the texts of the two settings, "32768\t60999\n"
 * and "8080,9000-9010\n". */
struct local_ports {
	const struct address *addresses;
	size_t address_count;
	const char *range, *reserved;
};

/* What there is to warn of. */
struct local_ports_clash {
	const struct address
		*address;	/* the first one of the source addresses that is the host's */
	unsigned address_count; /* how many are */
	unsigned first_port, last_port; /* of the ports that both give out, and how many: */
	unsigned port_count;
	char list
		[LOCAL_PORTS_LIST_BYTES]; /* what to set ip_local_reserved_ports to; "": add first-last to it
					    */
};

/* True if there is a clash. Pure. Texts that are no ports count as empty. */
bool local_ports_find(const struct config_source *source, const struct local_ports *kernel,
		      struct local_ports_clash *clash);

/* Asks the kernel and writes one line, "PATH: warning: ...: what to set", if there is a clash. What
 * can't be read is no reason to warn. */
void local_ports_warn(const struct config_source *source, const char *path, FILE *out);

#endif
