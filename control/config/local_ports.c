/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares source.ports with the kernel's range of ephemeral ports. */
#include "control/config/local_ports.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/address.h"

#define SETTINGS_DIR  "/proc/sys/net/ipv4/"
#define SETTING_BYTES 65536
#define ADDRESSES_MAX 4096 /* further addresses of the host are ignored */

/* Parses the port at the start of *text and moves *text past it. False: no number, or no port. */
static bool
port_parse(const char **text, unsigned *port)
{
	char *end;
	unsigned long value;

	if (**text < '0' || **text > '9')
		return false;
	value = strtoul(*text, &end, 10);
	*text = end;
	*port = (unsigned)value;
	return value <= UINT16_MAX;
}

/* "first<spaces>last" to a bitmap. */
static void
range_parse(const char *text, uint64_t *ports)
{
	unsigned first, last;

	if (!port_parse(&text, &first))
		return;
	text += strspn(text, " \t");
	if (!port_parse(&text, &last))
		return;
	for (unsigned port = first; port <= last; port++)
		bitmap_set(ports, (uint16_t)port);
}

/* "a,b-c" to a bitmap. */
static void
list_parse(const char *text, uint64_t *ports)
{
	unsigned first, last;

	while (port_parse(&text, &first)) {
		last = first;
		if (*text == '-') {
			text++;
			if (!port_parse(&text, &last))
				return;
		}
		for (unsigned port = first; port <= last; port++)
			bitmap_set(ports, (uint16_t)port);
		text += *text == ',';
	}
}

/* The inverse, a bitmap to "a,b-c"; false if it does not fit. */
static bool
list_format(const uint64_t *ports, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = 0;
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		unsigned first = port;

		if (!bitmap_test(ports, (uint16_t)port))
			continue;
		while (port < UINT16_MAX && bitmap_test(ports, (uint16_t)(port + 1)))
			port++;
		used += (size_t)(first == port ? snprintf(text + used, bytes - used, "%s%u",
							  used > 0 ? "," : "", port)
					       : snprintf(text + used, bytes - used, "%s%u-%u",
							  used > 0 ? "," : "", first, port));
		if (used >= bytes)
			return false;
	}
	return true;
}

static void
addresses_compare(const struct config_source *source, const struct local_ports *kernel,
		  struct local_ports_clash *clash)
{
	for (unsigned i = 0; i < source->address_count; i++) {
		size_t n = 0;

		while (n < kernel->address_count &&
		       !address_equal(&kernel->addresses[n], &source->addresses[i]))
			n++;
		if (n == kernel->address_count)
			continue;
		if (clash->address == NULL)
			clash->address = &source->addresses[i];
		clash->address_count++;
	}
}

bool
local_ports_find(const struct config_source *source, const struct local_ports *kernel,
		 struct local_ports_clash *clash)
{
	uint64_t given[SNAPSHOT_BITMAP_WORDS] = {0}, reserved[SNAPSHOT_BITMAP_WORDS] = {0};
	uint64_t wanted[SNAPSHOT_BITMAP_WORDS];

	memset(clash, 0, sizeof(*clash));
	addresses_compare(source, kernel, clash);
	range_parse(kernel->range, given);
	list_parse(kernel->reserved, reserved);
	memcpy(wanted, reserved, sizeof(wanted));
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		if (!bitmap_test(given, (uint16_t)port) ||
		    !bitmap_test(source->ports, (uint16_t)port))
			continue;
		/* The list has to include what is reserved already. */
		bitmap_set(wanted, (uint16_t)port);
		if (bitmap_test(reserved, (uint16_t)port))
			continue;
		if (clash->port_count++ == 0)
			clash->first_port = port;
		clash->last_port = port;
	}
	if (clash->address == NULL || clash->port_count == 0)
		return false;
	if (list_format(wanted, clash->list, sizeof(clash->list)))
		return true;
	/* Excluded ports make the list too long: reserve the whole range. */
	for (unsigned port = clash->first_port; port <= clash->last_port; port++)
		bitmap_set(wanted, (uint16_t)port);
	if (!list_format(wanted, clash->list, sizeof(clash->list)))
		clash->list[0] = 0;
	return true;
}

/* The text of a setting, "" if it cannot be read; freed by the caller. NULL: no memory. */
static char *
setting_read(const char *path)
{
	char *text = malloc(SETTING_BYTES);
	FILE *file = fopen(path, "re");
	size_t bytes = 0;

	if (file != NULL && text != NULL)
		bytes = fread(text, 1, SETTING_BYTES - 1, file);
	if (file != NULL)
		fclose(file);
	if (text != NULL)
		text[bytes] = 0;
	return text;
}

/* The host's addresses; freed by the caller. NULL: none. */
static struct address *
addresses_read(size_t *count)
{
	struct address *addresses = calloc(ADDRESSES_MAX, sizeof(*addresses));
	struct ifaddrs *all = NULL;

	*count = 0;
	if (addresses == NULL || getifaddrs(&all) != 0) {
		free(addresses);
		return NULL;
	}
	for (const struct ifaddrs *one = all; one != NULL && *count < ADDRESSES_MAX;
	     one = one->ifa_next) {
		if (one->ifa_addr == NULL)
			continue;
		if (one->ifa_addr->sa_family == AF_INET)
			addresses[(*count)++] = address_from_ipv4(
				&((const struct sockaddr_in *)(const void *)one->ifa_addr)
					 ->sin_addr);
		else if (one->ifa_addr->sa_family == AF_INET6)
			memcpy(addresses[(*count)++].bytes,
			       &((const struct sockaddr_in6 *)(const void *)one->ifa_addr)
					->sin6_addr,
			       16);
	}
	freeifaddrs(all);
	return addresses;
}

static void
clash_write(const struct local_ports_clash *clash, const char *path, FILE *out)
{
	char address[ADDRESS_TEXT_BYTES], more[32] = "";

	if (clash->address_count > 1)
		snprintf(more, sizeof(more), " (and %u more)", clash->address_count - 1);
	fprintf(out,
		"%s: warning: source.addresses: %s%s is an address of this host, and the kernel "
		"may assign %u of source.ports, from %u to %u, to local sockets, which would then "
		"receive no responses: ",
		path, address_format(clash->address, address), more, clash->port_count,
		clash->first_port, clash->last_port);
	if (clash->list[0] != 0)
		fprintf(out, "set net.ipv4.ip_local_reserved_ports=%s (applies to IPv6 too)\n",
			clash->list);
	else
		fprintf(out,
			"add %u-%u to net.ipv4.ip_local_reserved_ports (applies to IPv6 too)\n",
			clash->first_port, clash->last_port);
}

void
local_ports_warn(const struct config_source *source, const char *path, FILE *out)
{
	struct local_ports kernel = {0};
	struct address *addresses = addresses_read(&kernel.address_count);
	char *range = setting_read(SETTINGS_DIR "ip_local_port_range");
	char *reserved = setting_read(SETTINGS_DIR "ip_local_reserved_ports");
	struct local_ports_clash clash;

	kernel.addresses = addresses;
	kernel.range = range;
	kernel.reserved = reserved;
	if (addresses != NULL && range != NULL && reserved != NULL &&
	    local_ports_find(source, &kernel, &clash))
		clash_write(&clash, path, out);
	free(addresses);
	free(range);
	free(reserved);
}
