/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes and reads the XDP maps. */
#include "control/link/steer_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#define CPUS_MAX	4096
#define KEY_BYTES_MAX	sizeof(struct steer_service)
#define MAP_ENTRIES_MAX STEER_UPSTREAMS_MAX /* of the largest of them */

static const enum steer_map hash_maps[] = {STEER_MAP_services, STEER_MAP_sources,
					   STEER_MAP_upstreams};

/* The expected layout of the maps. It also limits how much the kernel writes to our buffers. */
static const struct map_shape {
	enum bpf_map_type type;
	uint32_t key_bytes, value_bytes;
} shapes[STEER_MAP_COUNT] = {
	[STEER_MAP_services] = {BPF_MAP_TYPE_HASH, sizeof(struct steer_service), sizeof(uint32_t)},
	[STEER_MAP_sources] = {BPF_MAP_TYPE_HASH, sizeof(struct steer_address), sizeof(uint32_t)},
	[STEER_MAP_upstreams] = {BPF_MAP_TYPE_HASH, sizeof(struct steer_address), sizeof(uint32_t)},
	[STEER_MAP_ports] = {BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct steer_ports)},
	[STEER_MAP_verdicts] = {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t), sizeof(uint64_t)},
};

void
steer_maps_init(struct steer_maps *maps, const struct link *dataplane)
{
	memset(maps, 0, sizeof(*maps));
	maps->dataplane = dataplane;
}

int
steer_maps_connected(struct steer_maps *maps)
{
	const struct link_hello *hello = &maps->dataplane->hello;

	maps->known = maps->usable = false;
	maps->cpu_count = libbpf_num_possible_cpus();
	if (maps->cpu_count <= 0 || maps->cpu_count > CPUS_MAX)
		return maps->cpu_count < 0 ? maps->cpu_count : -EOVERFLOW;
	for (unsigned interface = 0; interface < hello->response.interface_count; interface++) {
		for (unsigned map = 0;
		     hello->response.interfaces[interface].steered && map < STEER_MAP_COUNT;
		     map++) {
			struct bpf_map_info info = {0};
			uint32_t bytes = sizeof(info);

			if (bpf_obj_get_info_by_fd(hello->map_fds[interface][map], &info, &bytes) <
			    0)
				return -errno;
			if (info.type != shapes[map].type ||
			    info.key_size != shapes[map].key_bytes ||
			    info.value_size != shapes[map].value_bytes)
				return -EPROTO;
		}
	}
	maps->usable = true;
	return 0;
}

static int
key_delete(int fd, const void *key)
{
	return bpf_map_delete_elem(fd, key) < 0 && errno != ENOENT ? -errno : 0;
}

/* Removes unwanted entries from a map. They are listed first and deleted afterwards, because the
 * kernel's iteration restarts when its current entry is deleted. */
static int
map_purge(int fd, const struct steer_keys *wanted)
{
	char stale[MAP_ENTRIES_MAX][KEY_BYTES_MAX], key[KEY_BYTES_MAX], next[KEY_BYTES_MAX];
	const void *from = NULL;
	unsigned count = 0;
	int status = 0;

	while (count < MAP_ENTRIES_MAX && bpf_map_get_next_key(fd, from, next) == 0) {
		if (!steer_keys_contain(wanted, next))
			memcpy(stale[count++], next, sizeof(next));
		memcpy(key, next, sizeof(key));
		from = key;
	}
	if (count < MAP_ENTRIES_MAX && errno != ENOENT)
		return -errno;
	for (unsigned i = 0; status == 0 && i < count; i++)
		status = key_delete(fd, stale[i]);
	return status;
}

/* Changes a map from its known content to the wanted content. */
static int
map_change(int fd, const struct steer_keys *held, const struct steer_keys *wanted)
{
	const uint32_t present = 1;

	for (unsigned i = 0; i < held->count; i++) {
		const void *key = (const char *)held->keys + i * held->key_bytes;
		int status = steer_keys_contain(wanted, key) ? 0 : key_delete(fd, key);

		if (status != 0)
			return status;
	}
	for (unsigned i = 0; i < wanted->count; i++) {
		const void *key = (const char *)wanted->keys + i * wanted->key_bytes;

		if (!steer_keys_contain(held, key) &&
		    bpf_map_update_elem(fd, key, &present, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static int
interface_hold(struct steer_maps *maps, const int *fds)
{
	const struct steer_keys nothing = {.count = 0};
	const uint32_t zero = 0;
	int status = 0;

	for (unsigned i = 0; status == 0 && i < sizeof(hash_maps) / sizeof(hash_maps[0]); i++) {
		struct steer_keys held = steer_set_keys(&maps->held, hash_maps[i]);
		struct steer_keys wanted = steer_set_keys(&maps->wanted, hash_maps[i]);

		if (!maps->known)
			status = map_purge(fds[hash_maps[i]], &wanted);
		if (status == 0)
			status = map_change(fds[hash_maps[i]], maps->known ? &held : &nothing,
					    &wanted);
	}
	if (status == 0 && (!maps->known || memcmp(&maps->held.ports, &maps->wanted.ports,
						   sizeof(maps->held.ports)) != 0))
		status = bpf_map_update_elem(fds[STEER_MAP_ports], &zero, &maps->wanted.ports,
					     BPF_ANY) < 0
				 ? -errno
				 : 0;
	return status;
}

int
steer_maps_hold(struct steer_maps *maps, const struct snapshot *a, const struct snapshot *b)
{
	const struct link_hello *hello = &maps->dataplane->hello;
	int status = 0;

	if (!maps->usable)
		return -EPROTO;
	steer_set_init(&maps->wanted);
	steer_set_add(&maps->wanted, a);
	steer_set_add(&maps->wanted, b);
	for (unsigned interface = 0; status == 0 && interface < hello->response.interface_count;
	     interface++)
		if (hello->response.interfaces[interface].steered)
			status = interface_hold(maps, hello->map_fds[interface]);
	maps->known = status == 0;
	maps->held = maps->wanted;
	return status;
}

int
steer_maps_verdicts(const struct steer_maps *maps, uint64_t sums[STEER_VERDICT_COUNT])
{
	const struct link_hello *hello = &maps->dataplane->hello;
	uint64_t values[CPUS_MAX];

	memset(sums, 0, STEER_VERDICT_COUNT * sizeof(sums[0]));
	if (!maps->usable)
		return -EPROTO;
	for (unsigned interface = 0; interface < hello->response.interface_count; interface++) {
		for (uint32_t verdict = 0;
		     hello->response.interfaces[interface].steered && verdict < STEER_VERDICT_COUNT;
		     verdict++) {
			if (bpf_map_lookup_elem(hello->map_fds[interface][STEER_MAP_verdicts],
						&verdict, values) < 0)
				return -errno;
			for (int cpu = 0; cpu < maps->cpu_count; cpu++)
				sums[verdict] += values[cpu];
		}
	}
	return 0;
}
