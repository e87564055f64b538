/* SPDX-License-Identifier: BSD-3-Clause */
/* Warns if the kernel may assign source ports of upstream queries to local sockets.
 *
 * A source address may be an address of the host. The XDP program then takes the packets that come
 * in for local sockets on ports in source.ports. The kernel assigns the ports in
 * net.ipv4.ip_local_port_range except those in net.ipv4.ip_local_reserved_ports; both settings
 * apply to IPv6 too. */
#ifndef EPHEMERA_CONTROL_CONFIG_LOCAL_PORTS_H
#define EPHEMERA_CONTROL_CONFIG_LOCAL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "control/config/config.h"

/* The longest list of ports to suggest; otherwise a range to add to the list is suggested. */
#define LOCAL_PORTS_LIST_BYTES 1024

/* The kernel's state: the host's addresses, and the texts of the two settings, "32768\t60999\n" and
 * "8080,9000-9010\n". */
struct local_ports {
	const struct address *addresses;
	size_t address_count;
	const char *range, *reserved;
};

/* What to warn of. */
struct local_ports_clash {
	const struct address *address; /* the first source address that is an address of the host */
	unsigned address_count;	       /* how many of them are */
	/* The source ports that the kernel may assign. */
	unsigned first_port, last_port, port_count;
	/* The value for ip_local_reserved_ports; "": add first_port-last_port to it. */
	char list[LOCAL_PORTS_LIST_BYTES];
};

/* True if there is a clash. Pure. A text that is not a list of ports counts as empty. */
bool local_ports_find(const struct config_source *source, const struct local_ports *kernel,
		      struct local_ports_clash *clash);

/* Asks the kernel and writes one line, "PATH: warning: ...: what to set", if there is a clash. If
 * the settings cannot be read, there is no warning. */
void local_ports_warn(const struct config_source *source, const char *path, FILE *out);

#endif
